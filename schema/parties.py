"""Who: organizations and persons, their posts, and where they reported in."""

import strawberry

from hub import models
from hub.services import affiliations as see_affiliations
from hub.services import alliances as see_alliances
from hub.services import grids as see_grids
from hub.services import parties as see_parties
from hub.services import report_ins, teams
from hub.services import requests as see_requests
from hub.services import resources as see_resources
from hub.services import rotas as see_rotas
from hub.services import stations as see_stations
from schema.changes import history
from schema.edges import connection, found, many, one
from schema.node import Identified, node, reckoned
from schema.ownership import extras, provenance, withheld
from schema.verbs import write

PARTY = models.Party.id
ORGANIZATION = models.Organization.id
PERSON = models.Person.id


@node(
    models.Party,
    see_parties.visible,
    "type code name public practice closed_on created_at updated_at",
    natural="code",
    interface=True,
)
class Party(Identified):
    grid = one(
        "Grid", see_grids.visible, models.Grid.id, key=models.Party.grid_id, description="Where it stands (网格)."
    )
    report_ins = many(
        "ReportIn",
        see_parties.report_ins,
        models.ReportIn.party_id,
        key=PARTY,
        order="-at",
        description="Where it reported in (报到).",
    )
    memberships = many(
        "Member",
        see_alliances.members,
        models.Member.party_id,
        key=PARTY,
        description="Its places in alliances (所在联盟).",
    )
    affiliations = many(
        "Affiliation",
        see_affiliations.visible,
        models.Affiliation.party_id,
        key=PARTY,
        order="since",
        description="The organizations that it belongs to beside the tree (隶属).",
    )
    agreements = many(
        "Agreement",
        see_alliances.agreements,
        models.Agreement.party_id,
        key=PARTY,
        order="-signed_on",
        description="What it signed (协议).",
    )
    resources = many(
        "Resource",
        see_resources.visible,
        models.Resource.owner_id,
        key=PARTY,
        order="title",
        description="What it puts at the city's disposal (资源).",
    )
    requests = many(
        "Request",
        see_requests.visible,
        models.Request.assignee_id,
        key=PARTY,
        order="-submitted_at",
        description="The requests that it handles (承办诉求).",
    )
    submitted = many(
        "Request",
        see_requests.visible,
        models.Request.submitter_id,
        key=PARTY,
        order="-submitted_at",
        description="The requests that it submitted (提交的诉求).",
    )
    called_in = many(
        "CoHandler",
        see_requests.co_handlers,
        models.CoHandler.party_id,
        key=PARTY,
        order="-asked_at",
        description="Where it was called in beside the assignee (协办).",
    )
    claims = many(
        "Claim",
        see_resources.claims,
        models.Claim.party_id,
        key=PARTY,
        order="-claimed_at",
        description="What it took on (认领).",
    )
    history = history(PARTY)
    provenance = provenance(PARTY)
    withheld = withheld(PARTY)
    extras = extras(PARTY)


@node(
    models.Organization,
    see_parties.organizations,
    "organization_kind description industry colour minimum_size established_on",
    natural="code",
)
class Organization(Party):
    parent = one(
        "Organization",
        see_parties.organizations,
        ORGANIZATION,
        key=models.Organization.parent_id,
        description="The organization above it (上级组织).",
    )
    children = many(
        "Organization",
        see_parties.organizations,
        models.Organization.parent_id,
        key=ORGANIZATION,
        order="name",
        description="The organizations below it (下级组织).",
    )
    affiliated = many(
        "Affiliation",
        see_affiliations.visible,
        models.Affiliation.organization_id,
        key=ORGANIZATION,
        order="since",
        description="Who belongs to it beside the tree: member units, founders (成员单位, 组建单位).",
    )
    size = reckoned(
        ORGANIZATION,
        teams.sizes,
        type=int,
        empty=0,
        description="How many people hold a post in it today (人数).",
    )
    meets_minimum = reckoned(
        ORGANIZATION,
        teams.enough,
        type=bool | None,
        where=teams.ENOUGH,
        description="Whether it has as many as it must have (是否达到最少人数); null: no such rule.",
    )
    party_member_share = reckoned(
        ORGANIZATION,
        teams.member_shares,
        type=float | None,
        description="Which share of them are Party members, 0 to 1 (党员占比); null: nobody, or not for your eyes.",
    )
    posts = many(
        "Post",
        see_parties.posts,
        models.Post.organization_id,
        key=ORGANIZATION,
        description="Who plays which part in it (岗位, 成员).",
    )
    hosted = many(
        "ReportIn",
        see_parties.report_ins,
        models.ReportIn.host_id,
        key=ORGANIZATION,
        order="-at",
        description="Who reported in with it (来报到的).",
    )
    leads = many(
        "Alliance",
        see_alliances.visible,
        models.Alliance.lead_id,
        key=ORGANIZATION,
        order="name",
        description="The alliances that it leads (牵头联盟).",
    )
    stations = many(
        "Station",
        see_stations.visible,
        models.Station.operator_id,
        key=ORGANIZATION,
        order="name",
        description="The stations that it runs (运营驿站).",
    )
    service_items = many(
        "ServiceItem",
        see_stations.service_items,
        models.ServiceItem.provider_id,
        key=ORGANIZATION,
        order="title",
        description="The services that it gives (服务事项).",
    )
    offers = many(
        "Offer",
        see_resources.offers,
        models.Offer.provider_id,
        key=ORGANIZATION,
        order="title",
        description="What it gives to groups of people (优惠).",
    )
    activities = many(
        "Activity",
        see_stations.activities,
        models.Activity.organizer_id,
        key=ORGANIZATION,
        order="-starts_at",
        description="What it organizes (活动).",
    )


@node(models.Person, see_parties.persons, "skills", natural="code")
class Person(Party):
    posts = many(
        "Post",
        see_parties.posts,
        models.Post.person_id,
        key=PERSON,
        description="The parts that the person plays (岗位).",
    )
    shifts = many(
        "Shift",
        see_rotas.shifts,
        models.Shift.person_id,
        key=PERSON,
        order="-starts_at",
        description="The person's turns on duty (班次).",
    )
    service_records = many(
        "ServiceRecord",
        see_stations.service_records,
        models.ServiceRecord.person_id,
        key=PERSON,
        order="-started_at",
        description="The hours that the person gave (服务记录).",
    )


@node(models.Affiliation, see_affiliations.visible, "affiliation_kind practice since until created_at updated_at")
class Affiliation(Identified):
    organization = one(
        "Organization",
        see_parties.organizations,
        ORGANIZATION,
        key=models.Affiliation.organization_id,
        description="To which organization (组织).",
    )
    party = one(
        "Party", see_parties.visible, PARTY, key=models.Affiliation.party_id, description="Who belongs to it (成员)."
    )


@node(models.Post, see_parties.posts, "role title steward_kind public practice since until created_at updated_at")
class Post(Identified):
    person = one("Person", see_parties.persons, PERSON, key=models.Post.person_id, description="Who holds it (任职人).")
    organization = one(
        "Organization",
        see_parties.organizations,
        ORGANIZATION,
        key=models.Post.organization_id,
        description="In which organization (组织).",
    )
    grid = one("Grid", see_grids.visible, models.Grid.id, key=models.Post.grid_id, description="On which grid (网格).")


@node(models.ReportIn, see_parties.report_ins, "code at offer practice left_at created_at updated_at", natural="code")
class ReportIn(Identified):
    party = one(
        "Party", see_parties.visible, PARTY, key=models.ReportIn.party_id, description="Who reported in (报到者)."
    )
    organization = one(
        "Organization",
        see_parties.organizations,
        ORGANIZATION,
        key=models.ReportIn.party_id,
        description="Who reported in, where it is an organization (报到单位).",
    )
    person = one(
        "Person",
        see_parties.persons,
        PERSON,
        key=models.ReportIn.party_id,
        description="Who reported in, where it is a person (报到党员).",
    )
    host = one(
        "Party", see_parties.visible, PARTY, key=models.ReportIn.host_id, description="Who took the report (接收组织)."
    )
    grid = one("Grid", see_grids.visible, models.Grid.id, key=models.ReportIn.grid_id, description="Where (报到社区).")


@strawberry.type
class Query:
    party = found("Party", see_parties.visible, models.Party.code, description="One party (主体).")
    parties = connection(
        "Party", see_parties.visible, order="name", description="The parties: organizations and persons (主体)."
    )
    organizations = connection(
        "Organization", see_parties.organizations, order="name", description="The organizations (组织)."
    )
    persons = connection("Person", see_parties.persons, order="name", description="The persons (人员).")
    posts = connection("Post", see_parties.posts, order="id", description="Who plays which part (岗位).")
    affiliations = connection(
        "Affiliation", see_affiliations.visible, order="id", description="Who belongs to whom beside the tree (隶属)."
    )
    report_ins = connection(
        "ReportIn", see_parties.report_ins, order="-at", description="Who reported in for service, where (双报到)."
    )


@strawberry.type
class Mutation:
    create_organization = write(see_parties.create_organization, "Organization")
    update_organization = write(see_parties.update_organization, "Organization")
    create_person = write(see_parties.create_person, "Person")
    update_person = write(see_parties.update_person, "Person")
    create_post = write(see_parties.create_post, "Post")
    update_post = write(see_parties.update_post, "Post")
    affiliate = write(see_affiliations.affiliate, "Affiliation")
    update_affiliation = write(see_affiliations.update_affiliation, "Affiliation")
    report_in = write(report_ins.report_in, "ReportIn")
    leave_report_in = write(report_ins.leave, "ReportIn")
