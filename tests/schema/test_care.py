"""Care labels in the graph: shown where they are asked for with a purpose and a reason, and nowhere else."""

from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
)
from structlog.testing import capture_logs

from hub import models
from hub.auth import ABILITIES, EVERYWHERE, ROLES, Viewer
from hub.services.tallies import SUBJECTS, TallyOf
from hub.sync.kinds import KINDS
from schema.node import NODES, REGISTRY
from tests.schema.api import Api, schema
from tests.schema.city import ADMIN, City, ask, gid
from tests.schema.test_changes import following, place, told

SAID = {"scheme": "分类分色", "label": "红色-独居老人", "basis": "本人同意书", "purpose": "上门探访"}
RECORD = """mutation ($p: ID!, $a: String, $label: String!) { recordCareLabel(personId: $p, scheme: "分类分色",
    label: $label, basis: "本人同意书", purpose: "上门探访", until: "2099-01-01", assessment: $a) {
    id label until } }"""
REVEAL = """mutation ($p: ID!, $r: String!) { revealCareLabels(personId: $p, purpose: VISIT, reason: $r) {
    id scheme label basis assessment purpose until } }"""


EVERYTHING = Viewer("every", frozenset(ABILITIES), EVERYWHERE, name="every")


def named_in(kind: Any) -> set[str]:
    """The names of a type's fields or values."""
    return set(kind.values if isinstance(kind, GraphQLEnumType) else kind.fields)


def carer(city: City) -> Viewer:
    return Viewer("carer", ROLES["carer"], (city.grids["150602001"].path,), name="carer")


def test_a_label_is_reached_by_two_mutations_alone() -> None:
    types = schema()._schema.type_map
    leads = {
        f"{kind.name}.{name}"
        for kind in types.values()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
        for name, field in kind.fields.items()
        if get_named_type(field.type).name == "CareLabel"
    }
    assert leads == {"Mutation.revealCareLabels", "Mutation.recordCareLabel"}
    label = types["CareLabel"]
    assert isinstance(label, GraphQLObjectType)
    assert label.interfaces == ()  # no `node(id)` finds it
    unions = [kind for kind in types.values() if isinstance(kind, GraphQLUnionType)]
    assert not any(label in kind.types for kind in unions)


def test_no_filter_order_tally_or_record_knows_of_labels() -> None:
    types = schema()._schema.type_map
    assert not [one for node in NODES.values() for one in node.columns.values() if one.class_ is models.CareLabel]
    for name in NODES:
        for field in REGISTRY[name].__strawberry_definition__.fields:
            assert field.metadata.get("edge") is None or field.metadata["edge"].target != "CareLabel", name
            assert "care_labels" not in str(field.metadata.get("where")), (name, field.python_name)
    for kind in types.values():
        if isinstance(kind, GraphQLInputObjectType):
            assert not {"label", "assessment", "careLabels"} & set(kind.fields), kind.name
            assert "CareLabel" not in {get_named_type(field.type).name for field in kind.fields.values()}
            assert "care" not in kind.name.lower() or kind.name == "CareRevealFilter", kind.name
        if isinstance(kind, GraphQLEnumType):
            assert "care" not in kind.name.lower() or kind.name in ("CareRevealOrder", "CarePurpose"), kind.name
            assert not any("LABEL" in value for value in kind.values), kind.name
    assert "CareLabel" not in NODES
    reveal = types["CareReveal"], types["CareRevealFilter"], types["CareRevealOrder"]
    assert not [one for one in reveal if "SHOWN" in {name.upper().partition("_")[0] for name in named_in(one)}]
    assert not [name for name in TallyOf.__members__ if "CARE" in name]
    assert {subject.model.__name__ for subject in SUBJECTS.values()}.isdisjoint({"CareLabel", "CareReveal"})
    assert {kind.model.__name__ for kind in KINDS.values()}.isdisjoint({"CareLabel", "CareReveal"})


async def test_it_is_looked_at_with_a_reason_and_the_look_is_kept(api: Api, city: City) -> None:
    person = gid(city.person)
    made = await api(RECORD, carer(city), p=person, a="PIA-1", label=SAID["label"])
    assert made["recordCareLabel"] | {"id": ""} == {"id": "", "label": SAID["label"], "until": "2099-01-01"}
    found = (await api(REVEAL, carer(city), p=person, r="每周探访"))["revealCareLabels"]
    assert found == [SAID | {"id": made["recordCareLabel"]["id"], "assessment": "PIA-1", "until": "2099-01-01"}]
    looks = "{ careReveals { nodes { by purpose reason person { name } } } }"
    assert (await api(looks, carer(city)))["careReveals"]["nodes"] == [
        {"by": "carer", "purpose": "VISIT", "reason": "每周探访", "person": {"name": "李雷"}}
    ]
    assert (await api(looks, city.clerk("150602001")))["careReveals"]["nodes"] == []
    assert await api.refused("query ($i: ID!) { node(id: $i) { id } }", ADMIN, i=found[0]["id"]) == (
        "BAD_ID",
        f"'{found[0]['id']}' is no id of a Node. Take ids from the field `id` of what you read.",
    )
    remove = "mutation ($i: ID!) { removeCareLabel(id: $i) }"
    assert await api(remove, carer(city), i=found[0]["id"]) == {"removeCareLabel": True}
    assert (await api(REVEAL, carer(city), p=person, r="复核"))["revealCareLabels"] == []


@pytest.mark.parametrize("role", ["admin", "clerk", "district", "handler", "resident", None])
async def test_who_was_not_given_the_ability_can_neither_look_nor_write(api: Api, city: City, role: str | None) -> None:
    person, path = gid(city.person), city.grids["150602001"].path
    viewer = Viewer(role, ROLES[role], (path,), name=role) if role else None
    code = "FORBIDDEN" if role else "UNAUTHENTICATED"
    assert (await api.refused(REVEAL, viewer, p=person, r="看看"))[0] == code
    assert (await api.refused(RECORD, viewer, p=person, a="PIA-1", label="x"))[0] == code
    assert (await api("{ careReveals { totalCount } }", carer(city)))["careReveals"]["totalCount"] == 0


async def test_no_refusal_log_or_change_repeats_it(api: Api, city: City) -> None:
    person = gid(city.person)
    with capture_logs() as logs:
        code, message = await api.refused(RECORD, carer(city), p=person, a=None, label=SAID["label"])
        assert (code, SAID["label"] in message) == ("INVALID", False)
        await api(RECORD, carer(city), p=person, a="PIA-1", label=SAID["label"])
        again = await api(RECORD, carer(city), p=person, a="PIA-1", label=SAID["label"])  # as if it were the first
        assert again["recordCareLabel"].keys() == {"id", "label", "until"}
        assert (await api.refused(REVEAL, carer(city), p=person, r=" "))[0] == "INVALID"
    assert not any(text in str(logs) for text in SAID.values())
    counted = """{ label: changes(filter: {entity: {eq: "CareLabel"}}) { totalCount nodes { id } }
        reveal: changes(filter: {entity: {startsWith: "Care"}}) { totalCount } all: changes { totalCount } }"""
    for viewer in (ADMIN, city.clerk("150602"), EVERYTHING):
        found = await api(counted, viewer)
        assert (found["label"], found["reveal"]) == ({"totalCount": 0, "nodes": []}, {"totalCount": 0})
        assert found["all"]["totalCount"] > 0


@pytest.mark.parametrize("viewer", [ADMIN, EVERYTHING], ids=["admin", "every ability"])
async def test_a_subscriber_is_told_nothing_of_it(api: Api, city: City, viewer: Viewer) -> None:
    after = f'(after: "{await place(api, city)}")'
    person = gid(city.person)
    async with following(api, viewer, after) as stream:
        await api(RECORD, carer(city), p=person, a="PIA-1", label=SAID["label"])
        await api(REVEAL, carer(city), p=person, r="每周探访")
        await ask(city, "R9", "150602001001")
        events = []
        while not events or events[-1]["change"]["patch"].get("number") != "R9":
            events.append(await told(stream))
    assert {event["change"]["entity"] for event in events} == {"Request"}
