"""Together: alliances, their members, what they agreed and decided."""

import strawberry

from hub import models
from hub.services import alliances as see_alliances
from hub.services import grids as see_grids
from hub.services import parties as see_parties
from schema.changes import history
from schema.edges import connection, found, many, one
from schema.node import Identified, node
from schema.ownership import extras, provenance, withheld
from schema.verbs import write

ALLIANCE = models.Alliance.id
PARTY = models.Party.id


@node(
    models.Alliance,
    see_alliances.visible,
    "code name alliance_kind pillars practice description closed_on created_at updated_at",
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
        see_alliances.meetings,
        models.Meeting.alliance_id,
        key=ALLIANCE,
        order="-held_at",
        description="Its meetings (会议).",
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


@node(
    models.Agreement,
    see_alliances.agreements,
    "agreement_kind title services signed_on expires_on created_at updated_at",
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


@node(models.Meeting, see_alliances.meetings, "title held_at place minutes created_at updated_at")
class Meeting(Identified):
    alliance = one(
        "Alliance", see_alliances.visible, ALLIANCE, key=models.Meeting.alliance_id, description="Whose meeting (联盟)."
    )
    grid = one(
        "Grid", see_grids.visible, models.Grid.id, key=models.Meeting.grid_id, description="Of which grid (网格)."
    )
    resolutions = many(
        "Resolution",
        see_alliances.resolutions,
        models.Resolution.meeting_id,
        key=models.Meeting.id,
        description="What was decided (决议).",
    )


@node(models.Resolution, see_alliances.resolutions, "text due_on done_on created_at updated_at")
class Resolution(Identified):
    meeting = one(
        "Meeting",
        see_alliances.meetings,
        models.Meeting.id,
        key=models.Resolution.meeting_id,
        description="Where it was decided (会议).",
    )
    owner = one(
        "Party", see_parties.visible, PARTY, key=models.Resolution.owner_id, description="Who does it (责任方)."
    )


@strawberry.type
class Query:
    alliance = found("Alliance", see_alliances.visible, models.Alliance.code, description="One alliance (联盟).")
    alliances = connection("Alliance", see_alliances.visible, order="name", description="The alliances (联盟).")
    agreements = connection(
        "Agreement", see_alliances.agreements, order="-signed_on", description="What was signed (协议)."
    )
    meetings = connection("Meeting", see_alliances.meetings, order="-held_at", description="The meetings (会议).")


@strawberry.type
class Mutation:
    create_alliance = write(see_alliances.create_alliance, "Alliance")
    update_alliance = write(see_alliances.update_alliance, "Alliance")
    join_alliance = write(see_alliances.join, "Member", id="alliance_id")
    leave_alliance = write(see_alliances.leave, "Member", id="alliance_id")
