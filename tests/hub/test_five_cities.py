"""The five practices whole: of each a made-up district of the published size, and every row of it asked for."""

import asyncio
from collections import Counter
from typing import Any

import asyncpg

from hub.db import Database
from hub.plugin import Record
from plugins.practices import SHIPPED, said
from tests.hub.commands import Command

ROWS = {"fancheng": 20, "xiangyang": 19, "baohe": 20, "dongsheng": 22, "hudai": 13}

STANDS = {
    "requests": "closed_at IS NULL",
    "requests, published": "public",
    "public_notices": "closed_on IS NULL",
    "documents": "public",
    "offers": "closed_on IS NULL",
    "stations": "closed_on IS NULL",
    "service_items": "closed_on IS NULL",
    "activities": "closed_on IS NULL",
    "meetings": "closed_on IS NULL",
    "resolutions": "closed_on IS NULL AND done_on IS NULL",
    "proposals": "closed_on IS NULL",
    "topics": "status IN ('PROPOSED', 'SCREENED', 'DELIBERATED')",
    "needs": "closed_on IS NULL",
    "projects": "closed_on IS NULL",
    "claims": "withdrawn_at IS NULL",
    "agreements": "closed_on IS NULL",
    "outcomes": "closed_on IS NULL",
    "budget_projects": "closed_on IS NULL",
    "members": "left_on IS NULL",
    "affiliations": "until IS NULL",
    "posts": "until IS NULL",
    "report_ins": "left_at IS NULL",
    "shifts": "withdrawn_at IS NULL",
    "service_records": "status <> 'WITHDRAWN'",
    "procedures": "ended_at IS NULL",
    "care_labels": "true",
}
"""What stands of each noun: a scenario takes down what it puts up."""

MERGE = "UPDATE requests SET merged_into_id = (SELECT max(id::text)::uuid FROM requests) WHERE id = ({})"
FIRST = "SELECT min(id::text)::uuid FROM {}"


def one(table: str, change: str, which: str) -> str:
    """End one row of a table."""
    return f"UPDATE {table} SET {change} WHERE id = ({FIRST.format(f'{table} WHERE {which}')})"


def off(table: str, which: str) -> str:
    return one(table, "closed_on = current_date", which)


def item(code: str) -> str:
    """Take an item off a list."""
    return off("scheme_items", f"code = '{code}'")


def kind(name: str, prefix: str) -> str:
    """End an organization of a kind."""
    return off("parties", f"organization_kind = '{name}' AND code LIKE '{prefix}-%'")


def post(person: str) -> str:
    """End a person's post."""
    return one("posts", "until = current_date", f"person_id = (SELECT id FROM parties WHERE code = '{person}')")


BUSIEST = "code = (SELECT code FROM activities WHERE code LIKE 'HD-ACT-%' ORDER BY attendance DESC LIMIT 1)"
WISH = "requests WHERE practice = 'hudai' AND kind = 'WISH' AND title LIKE '示例微心愿{}'"
ENDED = {
    "F5-01.degrees": item("hudai.SANDU.3"),
    "F5-01.year": item("hudai.MILESTONES.1"),
    "F5-02.founders": one(
        "affiliations", "until = current_date", "affiliation_kind = 'FOUNDER' AND practice = 'hudai'"
    ),
    "F5-02.tiers": item("hudai.TIERS.3"),
    "F5-03.members F5-03.pillars": off("alliances", "code = 'HD-A-SILIAN'"),
    "F5-04.attendances": one("service_records", "status = 'WITHDRAWN'", "code = 'HD-R-001'"),
    "F5-04.gaps": off("needs", "code = 'HD-GAP-1'"),
    "F5-04.named": item("hudai.GAPS.1"),
    "F5-05.directions": item("hudai.IDEAS.1"),
    "F5-05.suggestions": MERGE.format("SELECT id FROM requests WHERE number = 'HD-S-01'"),
    "F5-06.facilities": off("resources", "code = 'HD-FAC-1'"),
    "F5-06.zones": off("stations", "code = 'HD-S-BINFENG'"),
    "F5-07.activities F5-07.workers": off("activities", BUSIEST),
    "F5-08.steps": off("workflow_steps", "code = 'hudai.WUSHE5.solve'"),
    "F5-09.colours": off("parties", "code = 'HD-V-BLUE'"),
    "F5-10.named": item("hudai.OFFICERS.1"),
    "F5-10.officers": post("HD-O-1"),
    "F5-11.beneficiaries": off("activities", "code = 'HD-EXT-01'"),
    "F5-12.datasets": off("resources", "code = 'HD-DATA-1'"),
    "F5-12.named": item("hudai.DATASETS.1"),
    "F5-13.wishes": MERGE.format(FIRST.format(WISH.format("1"))),
    "F5-13.closed F5-13.closure": f"UPDATE requests SET closed_at = NULL WHERE id = ({FIRST.format(WISH.format('2'))})",
    # of the others those of which one less is too few
    "F1-03.team_size": post("FC-SP-0001"),
    "F1-06.teams": kind("VOLUNTEER_TEAM", "FC-V"),
    "F1-11.sunk": off("service_items", "code = 'FC-I-SUNK-01'"),
    "F1-13.stations": off("stations", "code = 'FC-S-0001'"),
    "F1-14.extended": off("service_items", "code = 'FC-I-EXT-02'"),
    "F2-09.pledges": off("agreements", "code = 'XY-AG-01'"),
    "F2-09.services": off("service_items", "code = 'XY-I-01'"),
    "F2-12.parties": one(
        "members",
        "left_on = current_date",
        "party_id = (SELECT id FROM parties WHERE code='XY-OC-DF')"
        " AND alliance_id = (SELECT id FROM alliances WHERE code = 'XY-A-THREE')",
    ),
    "F2-15.general_branches": kind("GENERAL_BRANCH", "XY-GB"),
    "F2-15.branches": kind("BRANCH", "XY-BR"),
    "F2-15.members": one("report_ins", "left_at = now()", "code = 'XY-RI-00001'"),
    "F2-16.resources": off("resources", "code = 'XY-R-1126'"),
    "F2-16.needs": off("needs", "code = 'XY-N-O-540'"),
    "F2-16.done F2-16.projects": off("projects", "code = 'XY-PJ-D-001'"),
    "F2-18.teams": kind("VOLUNTEER_TEAM", "XY-V"),
    "F2-18.volunteers": off("parties", "code = '4206069000000001'"),
    "F3-01.estates": post("BH-P-0500"),
    "F3-06.estate_bodies": kind("ESTATE_BODY", "BH-EB"),
    "F3-06.building_groups": kind("BUILDING_GROUP", "BH-BG"),
    "F3-06.households": post("BH-H-00001"),
    "F3-17.joint_meetings": kind("JOINT_MEETING", "BH-JM"),
    "F4-07.members": off("parties", "code = 'DS-U-0014'"),
    "F4-07.students": off("outcomes", "code = 'DS-OUT-STUDENTS'"),
    "F4-08.area F4-08.stations": off("stations", "code = 'DS-S-233'"),
    "F4-09.social_workers": post("DS-SW-001"),
    "F4-19.activities": off("activities", "code = 'DS-ACT-01'"),
    "F4-22.projects": off("budget_projects", "code = 'DS-BP-01'"),
}
"""What ends one row under each figure -> the figures that it must be seen by."""


def standing(url: str) -> dict[str, int]:
    """How much stands."""

    async def count() -> dict[str, int]:
        connection = await asyncpg.connect(url)
        try:
            return {
                noun: await connection.fetchval(f"SELECT count(*) FROM {noun.partition(',')[0]} WHERE {which}")
                for noun, which in STANDS.items()
            }
        finally:
            await connection.close()

    return asyncio.run(count())


def end(url: str) -> dict[str, str]:
    """End one row under each figure; what each of them did."""

    async def run() -> dict[str, str]:
        connection = await asyncpg.connect(url)
        try:
            return {figures: await connection.execute(statement) for figures, statement in ENDED.items()}
        finally:
            await connection.close()

    return asyncio.run(run())


def test_94_of_94(command: Command, database: Database) -> None:
    """One long test: everything after the first command looks at what that has built."""
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    built: Any = command("demo", "--practices", "--json")
    assert built.code == 0, built.err
    assert [one["source"] for one in built.json["sources"] if one["rejected"]] == []
    before = standing(url)
    verified: Any = command("practices", "verify", "--json")
    found = verified.json
    assert [one for one in found if not one["ok"]] == []
    assert verified.code == 0
    assert Counter(practice for practice, _ in {(one["practice"], one["row"]) for one in found}) == ROWS
    assert {"practice", "row", "figure", "qualifier", "got", "ok"} <= found[0].keys()
    sizes = {(one["row"], one["figure"]): one["got"] for one in found}
    assert (sizes["F2-15", "members"], sizes["F2-18", "volunteers"]) == (15_013, 24_079)
    repeated: Any = command("practices", "verify", "--json")
    assert repeated.json == found  # a scenario ends what it begins, and no figure drifts
    assert standing(url) == before
    again: Any = command("demo", "--practices", "--json")
    assert (again.json["created"], again.code) == (0, 0)
    assert set(end(url).values()) == {"UPDATE 1"}
    fallen: Any = command("practices", "verify", "--figures", "--json")
    assert fallen.code == 1
    missed = {f"{one['row']}.{one['figure']}" for one in fallen.json if not one["ok"]}
    assert missed == {name for names in ENDED for name in names.split()}


def test_every_figure_of_one_practice_is_ended() -> None:
    found = [one for one in said(SHIPPED / "hudai.yaml") if isinstance(one, Record)]
    figures = {one.key.removeprefix("hudai.") for one in found if one.kind == "figure"}
    assert {name for names in ENDED for name in names.split() if name.startswith("F5-")} == figures
