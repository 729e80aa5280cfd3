"""Parties: organizations and persons, their posts, and where they reported in."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypedDict, TypeVar, Unpack
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Invalid, NotFound
from hub.models import (
    Organization,
    OrganizationKind,
    Party,
    Person,
    Post,
    PostRole,
    ReportIn,
    StewardKind,
    now,
    uuid7,
)
from hub.services import changes as _the_log  # noqa: F401  once it is imported, every write is logged
from hub.services import writing
from hub.services.working_days import local_day, today

WRITE = "parties:write"
SAME_POST = frozenset({"role", "organization_id", "grid_id", "title", "since", "until"})
STEWARDS = (PostRole.STEWARD, PostRole.ALLEY_STEWARD)
Row = TypeVar("Row", Organization, Person, Post)


def _seen(viewer: Viewer, table: type[Party] | type[Post], own: Any) -> ColumnElement[bool]:
    inside = viewer.covers(table.grid_path) if viewer.can("parties:read") else false()
    return or_(table.public, inside, own == viewer.party_id if viewer.party_id is not None else false())


def visible(viewer: Viewer) -> Select[Party]:
    """Public parties; the others for those who may read persons on their grid; everyone sees themselves."""
    return select(Party).where(_seen(viewer, Party, Party.id))


def organizations(viewer: Viewer) -> Select[Organization]:
    """The organizations among the visible parties."""
    return select(Organization).where(_seen(viewer, Organization, Organization.id))


def persons(viewer: Viewer) -> Select[Person]:
    """The persons among the visible parties."""
    return select(Person).where(_seen(viewer, Person, Person.id))


def posts(viewer: Viewer) -> Select[Post]:
    """Posts that are posted in public; the others for those who may read persons on their grid."""
    return select(Post).where(_seen(viewer, Post, Post.person_id))


def held(post: Any = Post) -> ColumnElement[bool]:
    """Those that are held today."""
    begun = or_(post.since.is_(None), post.since <= today())
    return and_(begun, or_(post.until.is_(None), post.until > today()))


def report_ins(viewer: Viewer) -> Select[ReportIn]:
    """Those of visible parties."""
    return select(ReportIn).where(and_(ReportIn.party_id.in_(visible(viewer).with_only_columns(Party.id))))


async def by_id(session: AsyncSession, viewer: Viewer, id: UUID) -> Party:
    """The party with this id. Raises NotFound."""
    party = await session.scalar(visible(viewer).where(Party.id == id))
    if party is None:
        raise NotFound("party", id)
    return party


async def by_code(session: AsyncSession, viewer: Viewer, code: str) -> Party:
    """The party with this code. Raises NotFound."""
    party = await session.scalar(visible(viewer).where(Party.code == code))
    if party is None:
        raise NotFound("party", code)
    return party


async def living(session: AsyncSession, viewer: Viewer, id: UUID) -> Party:
    """The party with this id, if it still lives. Raises NotFound, Conflict."""
    party = await by_id(session, viewer, id)
    if party.closed_on is not None and party.closed_on <= local_day(now()):
        raise Conflict(f"{party.name} is no more since {party.closed_on}: choose another party.")
    return party


class OrganizationFields(TypedDict, total=False):
    """What can be written of an organization: what is left out stays, None empties."""

    name: str
    organization_kind: OrganizationKind
    code: str | None
    grid_id: UUID | None
    parent_id: UUID | None
    description: str | None
    industry: str | None
    colour: str | None
    minimum_size: int | None
    established_on: date | None
    public: bool
    practice: str | None
    closed_on: date | None


class PersonFields(TypedDict, total=False):
    """What can be written of a person."""

    name: str
    code: str | None
    grid_id: UUID | None
    skills: list[str] | None
    public: bool
    practice: str | None
    closed_on: date | None


class PostFields(TypedDict, total=False):
    """What can be written of a post."""

    role: PostRole
    organization_id: UUID | None
    grid_id: UUID | None
    title: str | None
    steward_kind: StewardKind | None
    public: bool
    practice: str | None
    since: date | None
    until: date | None


async def create_organization(
    session: AsyncSession, viewer: Viewer, **fields: Unpack[OrganizationFields]
) -> Organization:
    """Enter an organization (组织): a name, what it is, and its grid."""
    return await _create(session, viewer, Organization(id=uuid7()), fields, "name", "organization_kind")


async def update_organization(
    session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[OrganizationFields]
) -> Organization:
    """Change what is given of an organization; `closed_on` ends it."""
    viewer.must(WRITE)
    row = await writing.found(session, "organization", id, organizations(viewer).where(Organization.id == id))
    await _must_not_circle(session, row.id, fields.get("parent_id"))
    return await _write(session, viewer, row, fields)


async def create_person(session: AsyncSession, viewer: Viewer, **fields: Unpack[PersonFields]) -> Person:
    """Enter a person (人员), by the name that others may know."""
    return await _create(session, viewer, Person(id=uuid7()), fields, "name")


async def update_person(session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[PersonFields]) -> Person:
    """Change what is given of a person."""
    viewer.must(WRITE)
    row = await writing.found(session, "person", id, persons(viewer).where(Person.id == id))
    return await _write(session, viewer, row, fields)


async def create_post(session: AsyncSession, viewer: Viewer, *, person_id: UUID, **fields: Unpack[PostFields]) -> Post:
    """Give a person a part (岗位) in an organization or on a grid. Public only by consent (公示)."""
    viewer.must(WRITE)
    person = await writing.found(session, "person", person_id, persons(viewer).where(Person.id == person_id))
    _must_begin_before_it_ends(fields.get("since"), fields.get("until"))
    made = Post(id=uuid7(), person_id=person.id)
    await _must_be_new(session, person, made, fields)
    return await _create(session, viewer, made, fields, "role")


async def update_post(session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[PostFields]) -> Post:
    """Change what is given of a post; `until` ends it."""
    viewer.must(WRITE)
    row = await writing.found(session, "post", id, posts(viewer).where(Post.id == id))
    writing.must_cover(viewer, row.grid_path)
    _must_begin_before_it_ends(fields.get("since", row.since), fields.get("until", row.until))
    if fields.keys() & SAME_POST:
        person = await session.get_one(Person, row.person_id, with_for_update=True)
        await _must_be_new(session, person, row, fields)
    return await _write(session, viewer, row, fields)


def _must_begin_before_it_ends(since: date | None, until: date | None) -> None:
    if since is not None and until is not None and since > until:
        raise Invalid(f"until is {until}, and that lies before {since}: give a later day.", field="until")


async def _must_be_new(session: AsyncSession, person: Person, row: Post, fields: PostFields) -> None:
    """Raise Conflict if the person, who is locked, holds the same post in that time already, by another row."""
    stands = {name: fields.get(name, getattr(row, name)) for name in SAME_POST}
    since, until = stands["since"], stands["until"]
    same = (
        Post.person_id == person.id,
        Post.id != row.id,
        *(getattr(Post, name).is_not_distinct_from(stands[name]) for name in SAME_POST - {"since", "until"}),
        or_(Post.until.is_(None), true() if since is None else Post.until > since),
        or_(Post.since.is_(None), true() if until is None else Post.since < until),
    )
    if await session.scalar(select(Post.id).where(*same).limit(1)) is not None:
        raise Conflict(f"{person.name} holds that post already: change it, or end it first.")


async def _create(session: AsyncSession, viewer: Viewer, row: Row, fields: Mapping[str, object], *needed: str) -> Row:
    viewer.must(WRITE)
    writing.must_have(fields, *needed)
    await _write(session, viewer, row, {"grid_id": None} | dict(fields))
    session.add(row)
    return row


async def _write(session: AsyncSession, viewer: Viewer, row: Row, fields: Mapping[str, object]) -> Row:
    """Write the fields, once the organizations that they name are seen to be there, and on one's own grid: whoever
    holds a post in one counts there, and whoever stands below one is shown under it."""
    for name in ("parent_id", "organization_id"):
        id = fields.get(name)
        if isinstance(id, UUID) and id != getattr(row, name):
            writing.must_cover(viewer, (await by_id(session, viewer, id)).grid_path)
    least = fields.get("minimum_size")
    if isinstance(least, int) and least < 1:
        raise Invalid(f"minimum_size is {least}: give 1 or more, or leave it empty.", field="minimum_size")
    if isinstance(row, Post):
        _must_be_steward(row, fields)
    await writing.fill(session, viewer, row, fields)
    return row


def _must_be_steward(row: Post, fields: Mapping[str, object]) -> None:
    """Raise Invalid if a sort of steward is said of somebody who is none."""
    role, sort = fields.get("role", row.role), fields.get("steward_kind", row.steward_kind)
    if sort is not None and role not in STEWARDS:
        allowed = " or ".join(one.name for one in STEWARDS)
        raise Invalid(f"steward_kind is for stewards: leave it out, or give the role {allowed}.", field="steward_kind")


async def _must_not_circle(session: AsyncSession, id: UUID, parent_id: UUID | None) -> None:
    """Raise Invalid if the organization would come to stand below itself."""
    above = parent_id
    while above is not None:
        if above == id:
            raise Invalid("That organization stands below this one: it cannot become its parent.", field="parent_id")
        above = await session.scalar(select(Organization.parent_id).where(Organization.id == above))
