"""What there is, what is needed, and what comes of both: the three lists (三张清单)."""

import strawberry

from hub import models
from hub.services import claims, matching
from hub.services import grids as see_grids
from hub.services import parties as see_parties
from hub.services import requests as see_requests
from hub.services import resources as see_resources
from hub.services import stations as see_stations
from schema.changes import history
from schema.edges import connection, found, many, one
from schema.node import Identified, node, reckoned
from schema.ownership import extras, provenance, withheld
from schema.verbs import write

GRID = models.Grid.id
PARTY = models.Party.id


@node(
    models.Resource,
    see_resources.visible,
    """code title resource_kind category capacity available_from available_until description practice closed_on
    created_at updated_at""",
    natural="code",
)
class Resource(Identified):
    owner = one("Party", see_parties.visible, PARTY, key=models.Resource.owner_id, description="Whose it is (提供方).")
    grid = one("Grid", see_grids.visible, GRID, key=models.Resource.grid_id, description="Where it is (网格).")
    projects = many(
        "Project",
        see_resources.projects,
        models.Project.resource_id,
        key=models.Resource.id,
        order="title",
        description="What it is used for (项目).",
    )
    suggested_needs = many(
        "SuggestedNeed",
        matching.suggested_needs,
        models.SuggestedNeed.resource_id,
        key=models.Resource.id,
        order="-score",
        description="Open needs that it may meet, the best first, twenty at most (推荐需求).",
    )
    history = history(models.Resource.id)
    provenance = provenance(models.Resource.id)
    withheld = withheld(models.Resource.id)
    extras = extras(models.Resource.id)


@node(
    models.Need,
    see_resources.needs,
    "code title category raised_at wanted_on met_at closed_on practice created_at updated_at",
    natural="code",
)
class Need(Identified):
    grid = one("Grid", see_grids.visible, GRID, key=models.Need.grid_id, description="Where (网格).")
    raised_by = one(
        "Party", see_parties.visible, PARTY, key=models.Need.raised_by_id, description="Who said so (提出者)."
    )
    projects = many(
        "Project",
        see_resources.projects,
        models.Project.need_id,
        key=models.Need.id,
        order="title",
        description="What is done about it (项目).",
    )
    suggested_resources = many(
        "SuggestedResource",
        matching.suggested_resources,
        models.SuggestedResource.need_id,
        key=models.Need.id,
        order="-score",
        description="Resources that may meet it, the best first, twenty at most (推荐资源).",
    )
    declined = many(
        "MatchDecline",
        matching.declines,
        models.MatchDecline.need_id,
        key=models.Need.id,
        description="Resources that a person found unfit for it (不采纳).",
    )


@node(
    models.Project,
    see_resources.projects,
    "code title category capacity starts_on done_on closed_on practice created_at updated_at",
    natural="code",
)
class Project(Identified):
    need = one(
        "Need", see_resources.needs, models.Need.id, key=models.Project.need_id, description="For which need (需求)."
    )
    resource = one(
        "Resource",
        see_resources.visible,
        models.Resource.id,
        key=models.Project.resource_id,
        description="With which resource (资源).",
    )
    owner = one("Party", see_parties.visible, PARTY, key=models.Project.owner_id, description="Who does it (责任方).")
    grid = one("Grid", see_grids.visible, GRID, key=models.Project.grid_id, description="Where (网格).")
    claims = many(
        "Claim",
        see_resources.claims,
        models.Claim.project_id,
        key=models.Project.id,
        order="-claimed_at",
        description="Who took it on (认领).",
    )


@node(
    models.Claim,
    see_resources.claims,
    "code claimed_at withdrawn_at note skill practice created_at updated_at",
    natural="code",
)
class Claim(Identified):
    party = one("Party", see_parties.visible, PARTY, key=models.Claim.party_id, description="Who took it on (认领方).")
    request = one(
        "Request",
        see_requests.visible,
        models.Request.id,
        key=models.Claim.request_id,
        description="The wish or request taken on (诉求).",
    )
    project = one(
        "Project",
        see_resources.projects,
        models.Project.id,
        key=models.Claim.project_id,
        description="The project taken on (项目).",
    )
    service_item = one(
        "ServiceItem",
        see_stations.service_items,
        models.ServiceItem.id,
        key=models.Claim.service_item_id,
        description="The service or slip of mutual aid taken on (互助事项).",
    )
    skill_match = reckoned(
        models.Claim.id,
        claims.skill_matches,
        type=bool | None,
        description="Whether the person has the skill that it is claimed by (特长匹配); null: no skill, or no person.",
    )


@strawberry.type
class Query:
    resource = found("Resource", see_resources.visible, models.Resource.code, description="One resource (资源).")
    resources = connection("Resource", see_resources.visible, order="title", description="What there is (资源清单).")
    needs = connection("Need", see_resources.needs, order="-raised_at", description="What is lacking (需求清单).")
    projects = connection("Project", see_resources.projects, order="title", description="What is done (项目清单).")
    claims = connection("Claim", see_resources.claims, order="-claimed_at", description="Who took on what (认领).")


@strawberry.type
class Mutation:
    create_resource = write(see_resources.create_resource, "Resource")
    update_resource = write(see_resources.update_resource, "Resource")
    create_need = write(see_resources.create_need, "Need")
    update_need = write(see_resources.update_need, "Need")
    create_project = write(see_resources.create_project, "Project")
    update_project = write(see_resources.update_project, "Project")
    claim = write(claims.claim, "Claim")
    withdraw_claim = write(claims.withdraw, "Claim")
