"""Care labels: no node, so that nothing lists, filters, orders or counts them; and who looked at them."""

from datetime import date
from typing import Annotated

import strawberry

from hub import models
from hub.services import care
from hub.services import parties as see_parties
from schema import ids
from schema.context import Info
from schema.edges import connection, one
from schema.errors import BadId
from schema.node import Identified, node, registered, term, uuid_for

term(models.CarePurpose)


@node(models.CareReveal, care.reveals, "by purpose reason created_at")
class CareReveal(Identified):
    person = one(
        "Person",
        see_parties.persons,
        models.Person.id,
        key=models.CareReveal.person_id,
        description="Whose labels were looked at (当事人).",
    )


@registered
@strawberry.type(description="How a person in need of care is classed (分类分色). Shown only where it was asked for.")
class CareLabel:
    id: strawberry.ID = strawberry.field(description="Its id: only to remove it (标识).")
    scheme: str = strawberry.field(description="Whose classes they are (分类方案).")
    label: str = strawberry.field(description="The class or colour (类别).")
    basis: str = strawberry.field(description="By which right it is kept (处理依据).")
    assessment: str = strawberry.field(description="The number of the impact assessment (影响评估编号).")
    purpose: str = strawberry.field(description="What it is kept for (处理目的).")
    until: date = strawberry.field(description="The last day on which it holds (有效期至).")


def _shown(row: models.CareLabel) -> CareLabel:
    said = {name: getattr(row, name) for name in ("scheme", "label", "basis", "assessment", "purpose", "until")}
    return CareLabel(id=strawberry.ID(ids.encode("CareLabel", (row.id,))), **said)


@strawberry.type
class Query:
    care_reveals = connection(
        "CareReveal",
        care.reveals,
        order="-created_at",
        description="Who looked at whose care labels, and why (查阅记录).",
    )


PERSON = strawberry.argument(description="Whose (当事人).")


async def _reveal(
    info: Info,
    person_id: Annotated[strawberry.ID, PERSON],
    purpose: Annotated[models.CarePurpose, strawberry.argument(description="What for (查阅目的).")],
    reason: Annotated[str, strawberry.argument(description="Why just now, in words (理由).")],
) -> list[CareLabel] | None:
    person = uuid_for("Person", person_id, field="personId")
    async with info.context.write() as session:
        found = await care.reveal(session, info.context.viewer, person_id=person, purpose=purpose, reason=reason)
    return [_shown(row) for row in found]


async def _record(
    info: Info,
    person_id: Annotated[strawberry.ID, PERSON],
    scheme: Annotated[str, strawberry.argument(description="Whose classes they are (分类方案).")],
    label: Annotated[str, strawberry.argument(description="The class or colour (类别).")],
    basis: Annotated[str, strawberry.argument(description="By which right it is kept (处理依据).")],
    purpose: Annotated[str, strawberry.argument(description="What it is kept for (处理目的).")],
    until: Annotated[date, strawberry.argument(description="The last day on which it holds (有效期至).")],
    assessment: Annotated[
        str | None, strawberry.argument(description="The number of the impact assessment (影响评估编号).")
    ] = None,
) -> CareLabel | None:
    person = uuid_for("Person", person_id, field="personId")
    async with info.context.write() as session:
        made = await care.record(
            session,
            info.context.viewer,
            person_id=person,
            scheme=scheme,
            label=label,
            basis=basis,
            purpose=purpose,
            until=until,
            assessment=assessment,
        )
    return _shown(made)


async def _remove(
    info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id (标识).")]
) -> bool | None:
    name, key = ids.decode(id)
    if name != "CareLabel" or len(key) != 1:
        raise BadId(id, expected="CareLabel", field="id")
    async with info.context.write() as session:
        await care.remove(session, info.context.viewer, key[0])
    return True


@strawberry.type
class Mutation:
    reveal_care_labels = strawberry.mutation(
        resolver=_reveal,
        description="Look at the care labels of one person (查阅标签). Who looks, what for and why, is kept.",
    )
    record_care_label = strawberry.mutation(
        resolver=_record, description="Keep a care label of a person (登记标签). Refused without its impact assessment."
    )
    remove_care_label = strawberry.mutation(
        resolver=_remove, description="Remove a care label (删除标签): nothing of what it said is left."
    )
