"""Together: alliances and their members."""

import strawberry

from hub import models
from hub.services import alliances as see_alliances
from hub.services import deliberation as see_deliberation
from hub.services import grids as see_grids
from hub.services import parties as see_parties
from hub.services import rotas as see_rotas
from schema.asked import asked
from schema.changes import history
from schema.edges import connection, found, many, one
from schema.node import Identified, NamedField, named, node, registered
from schema.ownership import extras, provenance, withheld
from schema.verbs import write

ALLIANCE = models.Alliance.id
PARTY = models.Party.id


@registered
@strawberry.type(description="A party that may belong to an alliance, and why (推荐成员).")
class SuggestedMember:
    party = NamedField(type_annotation=named("Organization"), description="The party (单位).")
    reasons: list[str] = strawberry.field(description="What speaks for it (推荐理由).")


@node(
    models.Alliance,
    see_alliances.visible,
    "code name alliance_kind pillars match_basis practice description closed_on created_at updated_at",
    natural="code",
)
class Alliance(Identified):
    lead = one("Party", see_parties.visible, PARTY, key=models.Alliance.lead_id, description="Who leads it (牵头方).")
    grid = one(
        "Grid", see_grids.visible, models.Grid.id, key=models.Alliance.grid_id, description="Where it acts (网格)."
    )
    members = many(
        "Member",
        see_alliances.members,
        models.Member.alliance_id,
        key=ALLIANCE,
        order="joined_on",
        description="Its members (成员).",
    )
    agreements = many(
        "Agreement",
        see_alliances.agreements,
        models.Agreement.alliance_id,
        key=ALLIANCE,
        order="-signed_on",
        description="What was signed in it (协议).",
    )
    meetings = many(
        "Meeting",
        see_deliberation.meetings,
        models.Meeting.alliance_id,
        key=ALLIANCE,
        order="-held_at",
        description="Its meetings (会议).",
    )
    series = many(
        "Series",
        see_rotas.series,
        models.Series.alliance_id,
        key=ALLIANCE,
        order="title",
        description="Its meetings and activities that come again (系列).",
    )
    outcomes = many(
        "Outcome",
        see_alliances.outcomes,
        models.Outcome.alliance_id,
        key=ALLIANCE,
        order="metric",
        description="What came of it (成效).",
    )
    suggested_members = asked(
        see_alliances.suggested_members,
        "list[SuggestedMember] | None",
        "Merchants and firms that may belong to it, with the reasons, at most 50; a person decides (推荐成员).",
        rows=50,
    )
    history = history(ALLIANCE)
    provenance = provenance(ALLIANCE)
    withheld = withheld(ALLIANCE)
    extras = extras(ALLIANCE)


@node(models.Member, see_alliances.members, "role joined_on left_on created_at updated_at")
class Member(Identified):
    alliance = one(
        "Alliance",
        see_alliances.visible,
        ALLIANCE,
        key=models.Member.alliance_id,
        description="In which alliance (联盟).",
    )
    party = one("Party", see_parties.visible, PARTY, key=models.Member.party_id, description="Who it is (成员主体).")


@strawberry.type
class Query:
    alliance = found("Alliance", see_alliances.visible, models.Alliance.code, description="One alliance (联盟).")
    alliances = connection("Alliance", see_alliances.visible, order="name", description="The alliances (联盟).")


@strawberry.type
class Mutation:
    create_alliance = write(see_alliances.create_alliance, "Alliance")
    update_alliance = write(see_alliances.update_alliance, "Alliance")
    join_alliance = write(see_alliances.join, "Member", id="alliance_id")
    leave_alliance = write(see_alliances.leave, "Member", id="alliance_id")
