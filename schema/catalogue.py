"""Who is responsible for what: the catalogue of duties, and whom it suggests for a request."""

from collections.abc import Sequence
from typing import Any

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from hub import models
from hub.auth import Viewer
from hub.services import catalogue
from hub.services import grids as see_grids
from hub.services import parties as see_parties
from schema.changes import history
from schema.edges import connection, found, many, one
from schema.node import Identified, NamedField, looked_up, named, node, registered
from schema.ownership import extras, provenance, withheld
from schema.verbs import verb, write

ENTRY = models.CatalogueEntry.id


@node(
    models.CatalogueEntry,
    catalogue.visible,
    "code practice category basis version valid_from valid_to created_at updated_at",
    natural="code",
)
class CatalogueEntry(Identified):
    grid = one(
        "Grid",
        see_grids.visible,
        models.Grid.id,
        key=models.CatalogueEntry.grid_id,
        description="On this grid and all below it (网格); null: everywhere.",
    )
    party = one(
        "Party",
        see_parties.visible,
        models.Party.id,
        key=models.CatalogueEntry.party_id,
        description="Who is responsible (责任单位).",
    )
    current = one(
        "CatalogueEntry",
        catalogue.visible,
        ENTRY,
        key=models.CatalogueEntry.current_id,
        description="Of a former version: what stands now (现行条目).",
    )
    former = many(
        "CatalogueEntry",
        catalogue.visible,
        models.CatalogueEntry.current_id,
        key=ENTRY,
        order="-version",
        description="What stood before, newest first (历史版本).",
    )
    history = history(ENTRY)
    provenance = provenance(ENTRY)
    withheld = withheld(ENTRY)
    extras = extras(ENTRY)


@registered
@strawberry.type(description="Somebody whom the catalogue names for a request (建议承办方).")
class SuggestedAssignee:
    party = NamedField(type_annotation=named("Party | None"), description="Who (承办方).")
    reason: str = strawberry.field(description="Why, in words (理由).")
    entry = NamedField(type_annotation=named("CatalogueEntry"), description="By which entry (职责清单条目).")


async def _suggested(
    session: AsyncSession, viewer: Viewer, rows: Sequence[tuple[Any, ...]]
) -> list[list[catalogue.Suggestion]]:
    return await catalogue.suggestions(session, viewer, rows)


def suggested() -> Any:
    """The field of a request."""
    return looked_up(
        [models.Request.grid_path, models.Request.category, models.Request.practice],
        _suggested,
        type=list[SuggestedAssignee],
        description="Whom the catalogue of duties names for it, the best first: the most specific grid, then the "
        f"longest category, then the newest; at most {catalogue.MOST_SUGGESTED} (建议承办方).",
    )


@strawberry.type
class Query:
    catalogue_entry = found(
        "CatalogueEntry",
        catalogue.visible,
        models.CatalogueEntry.code,
        description="One entry of the catalogue of duties (职责清单条目).",
    )
    catalogue_entries = connection(
        "CatalogueEntry",
        catalogue.visible,
        order="code",
        description="Who is responsible for what; former versions, which have no code, come last (职责清单).",
    )


WORDS = {"id": "The entry (职责清单条目).", "valid_to": "The last day; today unless said (失效日期)."}


@strawberry.type
class Mutation:
    create_catalogue_entry = write(catalogue.create_entry, "CatalogueEntry")
    update_catalogue_entry = write(catalogue.update_entry, "CatalogueEntry")
    end_catalogue_entry = verb(catalogue.end_entry, WORDS, returns="CatalogueEntry", ids={"id": "CatalogueEntry"})
