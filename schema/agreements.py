"""What was signed, and what came of it."""

import strawberry

from hub import models
from hub.services import agreements
from hub.services import alliances as see_alliances
from hub.services import grids as see_grids
from hub.services import parties as see_parties
from schema.changes import history
from schema.edges import connection, found, many, one
from schema.node import Identified, node
from schema.verbs import write

AGREEMENT = models.Agreement.id
ALLIANCE = models.Alliance.id
PARTY = models.Party.id


@node(
    models.Agreement,
    see_alliances.agreements,
    "code agreement_kind title services signed_on expires_on practice closed_on created_at updated_at",
    natural="code",
)
class Agreement(Identified):
    alliance = one(
        "Alliance",
        see_alliances.visible,
        ALLIANCE,
        key=models.Agreement.alliance_id,
        description="In which alliance (联盟).",
    )
    party = one(
        "Party", see_parties.visible, PARTY, key=models.Agreement.party_id, description="Who signed it (签约方)."
    )
    partner = one(
        "Party", see_parties.visible, PARTY, key=models.Agreement.partner_id, description="With whom (结对方)."
    )
    grid = one(
        "Grid", see_grids.visible, models.Grid.id, key=models.Agreement.grid_id, description="On which grid (网格)."
    )
    outcomes = many(
        "Outcome",
        see_alliances.outcomes,
        models.Outcome.agreement_id,
        key=AGREEMENT,
        order="metric",
        description="What came of it (成效).",
    )
    history = history(AGREEMENT)


@node(
    models.Outcome,
    see_alliances.outcomes,
    "code metric value unit qualifier practice closed_on created_at updated_at",
    natural="code",
)
class Outcome(Identified):
    agreement = one(
        "Agreement",
        see_alliances.agreements,
        AGREEMENT,
        key=models.Outcome.agreement_id,
        description="Of which agreement (协议).",
    )
    alliance = one(
        "Alliance",
        see_alliances.visible,
        ALLIANCE,
        key=models.Outcome.alliance_id,
        description="Of which alliance (联盟).",
    )


@strawberry.type
class Query:
    agreement = found("Agreement", see_alliances.agreements, models.Agreement.code, description="One agreement (协议).")
    agreements = connection(
        "Agreement", see_alliances.agreements, order="-signed_on", description="What was signed (协议)."
    )
    outcomes = connection("Outcome", see_alliances.outcomes, order="metric", description="What came of it (成效).")


@strawberry.type
class Mutation:
    create_agreement = write(agreements.create_agreement, "Agreement")
    update_agreement = write(agreements.update_agreement, "Agreement")
    create_outcome = write(agreements.create_outcome, "Outcome")
    update_outcome = write(agreements.update_outcome, "Outcome")
