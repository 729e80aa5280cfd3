"""Where: the tree of divisions and grids."""

import strawberry

from hub import models
from hub.services import alliances as see_alliances
from hub.services import deliberation as see_deliberation
from hub.services import grids as see_grids
from hub.services import notices as see_notices
from hub.services import parties as see_parties
from hub.services import requests as see_requests
from hub.services import resources as see_resources
from hub.services import rotas as see_rotas
from hub.services import stations as see_stations
from hub.services import teams
from schema.changes import history
from schema.edges import above, connection, found, inside, many, one
from schema.node import Identified, node, reckoned
from schema.ownership import extras, provenance, withheld

GRID = models.Grid.id
PATH = models.Grid.path


@node(
    models.Grid,
    see_grids.visible,
    """code name level kind buildings households population longitude latitude valid_from valid_to
    created_at updated_at""",
    natural="code",
)
class Grid(Identified):
    parent = one("Grid", see_grids.visible, GRID, key=models.Grid.parent_id, description="What it is a part of (上级).")
    children = many(
        "Grid", see_grids.visible, models.Grid.parent_id, key=GRID, order="code", description="Its direct parts (下级)."
    )
    ancestors = above(
        "Grid", see_grids.visible, PATH, key=PATH, description="What it is a part of, from the top down (所有上级)."
    )
    descendants = inside(
        "Grid", see_grids.visible, PATH, key=PATH, order="path", strictly=True, description="All below it (所有下级)."
    )
    jurisdiction = one(
        "Grid",
        see_grids.visible,
        GRID,
        key=models.Grid.jurisdiction_id,
        description="Who governs it, where that is not the parent of its code (管辖).",
    )
    governs = many(
        "Grid",
        see_grids.visible,
        models.Grid.jurisdiction_id,
        key=GRID,
        order="code",
        description="What it governs that is coded under another one (代管).",
    )
    leader = one(
        "Party", see_parties.visible, models.Party.id, key=models.Grid.leader_id, description="Who leads it (网格长)."
    )
    alt_codes = many(
        "AltCode",
        see_grids.alt_codes,
        models.AltCode.grid_id,
        key=GRID,
        order="scheme",
        description="What other schemes call it (其他编码).",
    )
    posts = many(
        "Post", see_parties.posts, models.Post.grid_id, key=GRID, description="Who works on it, as what (网格力量)."
    )
    has_steward = reckoned(
        GRID,
        teams.stewarded,
        type=bool,
        empty=False,
        where=teams.STEWARDED,
        description="Whether somebody is a steward on it or below it (有无管家).",
    )
    requests = inside(
        "Request",
        see_requests.visible,
        models.Request.grid_path,
        key=PATH,
        order="-submitted_at",
        description="The requests on it and below it (诉求).",
    )
    organizations = inside(
        "Organization",
        see_parties.organizations,
        models.Organization.grid_path,
        key=PATH,
        order="name",
        description="The organizations on it and below it (组织).",
    )
    persons = inside(
        "Person",
        see_parties.persons,
        models.Person.grid_path,
        key=PATH,
        order="name",
        description="The persons on it and below it (人员).",
    )
    report_ins = inside(
        "ReportIn",
        see_parties.report_ins,
        models.ReportIn.grid_path,
        key=PATH,
        order="-at",
        description="Who reported in on it and below it (双报到).",
    )
    alliances = inside(
        "Alliance",
        see_alliances.visible,
        models.Alliance.grid_path,
        key=PATH,
        order="name",
        description="The alliances on it and below it (联盟).",
    )
    resources = inside(
        "Resource",
        see_resources.visible,
        models.Resource.grid_path,
        key=PATH,
        order="title",
        description="The resources on it and below it (资源).",
    )
    needs = inside(
        "Need",
        see_resources.needs,
        models.Need.grid_path,
        key=PATH,
        order="-raised_at",
        description="What people on it and below it lack (需求).",
    )
    projects = inside(
        "Project",
        see_resources.projects,
        models.Project.grid_path,
        key=PATH,
        order="title",
        description="The projects on it and below it (项目).",
    )
    ledger = one(
        "Ledger",
        see_grids.ledgers,
        models.Ledger.id,
        key=GRID,
        description="The three lists of it and of all below it (一台账三清单).",
    )
    stations = inside(
        "Station",
        see_stations.visible,
        models.Station.grid_path,
        key=PATH,
        order="name",
        description="The stations on it and below it (驿站).",
    )
    activities = inside(
        "Activity",
        see_stations.activities,
        models.Activity.grid_path,
        key=PATH,
        order="-starts_at",
        description="What goes on on it and below it (活动).",
    )
    rotas = inside(
        "Rota",
        see_rotas.visible,
        models.Rota.grid_path,
        key=PATH,
        order="title",
        description="When somebody is on duty on it and below it (轮值).",
    )
    topics = inside(
        "Topic",
        see_deliberation.topics,
        models.Topic.grid_path,
        key=PATH,
        order="-raised_at",
        description="What people on it and below it want to talk about (议题).",
    )
    notices = inside(
        "PublicNotice",
        see_notices.visible,
        models.PublicNotice.grid_path,
        key=PATH,
        order="-since",
        description="What is posted on it and below it (公示).",
    )
    history = history(GRID)
    provenance = provenance(GRID)
    withheld = withheld(GRID)
    extras = extras(GRID)


@node(models.Ledger, see_grids.ledgers, "")
class Ledger:
    needs = inside(
        "Need",
        see_resources.needs,
        models.Need.grid_path,
        key=models.Ledger.path,
        order="-raised_at",
        description="What people lack (需求清单).",
    )
    resources = inside(
        "Resource",
        see_resources.visible,
        models.Resource.grid_path,
        key=models.Ledger.path,
        order="title",
        description="What there is (资源清单).",
    )
    projects = inside(
        "Project",
        see_resources.projects,
        models.Project.grid_path,
        key=models.Ledger.path,
        order="title",
        description="What is done (项目清单).",
    )


@node(models.AltCode, see_grids.alt_codes, "scheme code")
class AltCode:
    grid = one("Grid", see_grids.visible, GRID, key=models.AltCode.grid_id, description="The grid meant (网格).")


@strawberry.type
class Query:
    grid = found("Grid", see_grids.visible, models.Grid.code, description="One grid (网格).")
    grids = connection("Grid", see_grids.visible, order="code", description="The grids (网格).")
