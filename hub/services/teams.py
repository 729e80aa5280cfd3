"""Figures of teams and grids: how many hold a post there, and which share of them are Party members.

They count what is there, not what the viewer sees: a figure names nobody. The share of members tells of single persons
where a body is small, so it is for those who may read persons there.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Integer,
    Select,
    and_,
    any_,
    cast,
    distinct,
    exists,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.orm import aliased

from hub.auth import Viewer
from hub.models import Grid, Organization, Post, PostRole
from hub.services.parties import STEWARDS, held


def sizes(_viewer: Viewer, keys: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """How many persons hold a post in each organization."""
    holders = cast(func.count(distinct(Post.person_id)), Integer)
    held_there = select(Post.organization_id, holders).where(Post.organization_id == any_(keys), held())
    return held_there.group_by(Post.organization_id)


def _size() -> Any:
    return (
        select(func.count(distinct(Post.person_id)))
        .where(Post.organization_id == Organization.id, held())
        .correlate(Organization)
        .scalar_subquery()
    )


ENOUGH: ColumnElement[bool] = and_(Organization.minimum_size.is_not(None), _size() >= Organization.minimum_size)
"""Whether an organization has the people that it must have at least: a condition on Organization."""


def enough(_viewer: Viewer, keys: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """Whether each organization has the people that it must have; of those without such a rule there is no row."""
    ruled = Organization.minimum_size.is_not(None)
    return select(Organization.id, ENOUGH).where(Organization.id == any_(keys), ruled)


def member_shares(viewer: Viewer, keys: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """Which share of those who hold a post in each organization are Party members, from 0 to 1."""
    other = aliased(Post)
    member = exists().where(other.person_id == Post.person_id, other.role == PostRole.MEMBER, held(other))
    share = cast(func.count(distinct(Post.person_id)).filter(member), Float) / func.count(distinct(Post.person_id))
    seen = select(Organization.id).where(viewer.covers(Organization.grid_path))
    return (
        select(Post.organization_id, share if viewer.can("parties:read") else cast(null(), Float))
        .where(Post.organization_id == any_(keys), Post.organization_id.in_(seen), held())
        .group_by(Post.organization_id)
    )


def _steward_below() -> ColumnElement[bool]:
    end = func.concat(func.substr(Grid.path, 1, func.length(Grid.path) - 1), literal_column("'0'"))
    return (
        exists()
        .where(Post.grid_path >= Grid.path, Post.grid_path < end, Post.role.in_(STEWARDS), held())
        .correlate(Grid)
    )


STEWARDED: ColumnElement[bool] = _steward_below()
"""Whether somebody is a steward on a grid or below it: a condition on Grid."""


def stewarded(_viewer: Viewer, keys: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """Whether each grid has a steward, on it or below it."""
    return select(Grid.id, STEWARDED).where(Grid.id == any_(keys))
