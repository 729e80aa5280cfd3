"""Records that cannot be applied: kept as work items, one each, closed when they make sense; the others go on."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from hub.auth import Viewer
from hub.db import Database
from hub.models import Organization, Rejected, RejectedStatus, RunStatus
from hub.plugin import BadRecord, Caller, Issue, Place, Record
from hub.sync import registry
from tests.sync.sources import (
    column,
    counts,
    districts,
    gone,
    grid,
    organization,
    paths,
    rows,
    run,
    sizes,
    stored,
    told,
    work_items,
)

HALF = "a\ud800"
STRANGE: Any = {"tel": 13912345678, "n": 10**30, "x": float("nan"), 5: HALF}


async def names(database: Database) -> dict[str, str]:
    return {code: row["name"] for code, row in (await stored(database, Organization)).items()}


def saying(key: Any = "K", kind: Any = "organization", **fields: Any) -> Record:
    return Record(kind, key, {"code": "K", "name": "n", **fields})


BAD: list[tuple[Any, str]] = [
    (saying(""), "key: it has 0 characters; 1 to 200 are possible."),
    (saying("k" * 201), "key: it has 201 characters; 1 to 200 are possible."),
    (saying("a\x00"), "key: it holds a NUL byte."),
    (saying(HALF), "key: it holds half a character (a lone surrogate)."),
    (saying(5), "The kind is 'organization' and the key 5: both must be text."),
    (saying(["k"]), "The kind is 'organization' and the key ['k']: both must be text."),
    (saying(code="c" * 201), "code: it has 201 characters; 1 to 200 are possible."),
    (saying(code=None), "code: a new organization needs it."),
    (saying(name="  "), "name: a new organization needs it."),
    (saying(name="a\x00"), "name: it holds a NUL byte."),
    (saying(name=HALF), "name: it holds half a character (a lone surrogate)."),
    (saying(parent="a\x00"), "parent: it holds a NUL byte."),
    (saying(grid=HALF), "grid: it holds half a character (a lone surrogate)."),
    (saying(grid=Place("1", ("a\x00",))), "grid: it holds a NUL byte."),
    (saying(parent=["P"]), "parent: ['P'] is neither a code nor a place."),
    (saying(organization_kind="CLUB"), "organization_kind: 'CLUB' is none of "),
    (saying(flavour="red"), "flavour: a organization has no such field. It has: code, colour, description, "),
    (saying(kind="ship"), "No kind 'ship'. There are: grid, practice, scheme, scheme_item, workflow, "),
    (saying(kind="a\x00"), "No kind 'a\\x00'. There are: grid, "),
    (Record("organization", "K", None), "key: its fields are a NoneType, no mapping."),  # type: ignore[arg-type]
    (Record("request", "K", {"number": "K", "longitude": 10**400}), "longitude: 1000000"),
    (Record("request", "K", {"number": "K", "due_at": "0001-01-01T00:00:00+08:00"}), "due_at: '0001-01-01"),
    (Record("request", "K", {"number": "K", "caller": Caller("a\x00")}), "caller: it holds a NUL byte."),
    (Record("request", "K", {"number": "K", "caller": "Wang"}), "caller: a str is no Caller."),
    (Record("request", "K", {"number": "K", "issues": [Issue("1", HALF)]}), "issues: it holds half a character"),
    (Record("request", "K", {"number": "K", "issues": "many"}), "issues: they are no sequence of Issue."),
    (Record("request", "K", {"number": "K", "issues": [Issue("1", "a"), Issue("1", "b")]}), "issues: '1' needs a"),
    (Record("member", "K", {"alliance": None}), "alliance, party: a new member needs it."),
    ("text", "A str is neither a Record nor a BadRecord."),
    (replace(saying(), at="soon"), "at: 'soon' is no time."),  # type: ignore[arg-type]
    (replace(saying(), at=datetime(2026, 1, 1)), "at: datetime.datetime(2026, 1, 1, 0, 0) has no time zone"),
    (BadRecord("no number", STRANGE), "no number"),
]


async def test_bad_records_are_kept_with_their_reasons_and_the_others_go_on(database: Database) -> None:
    own_keys = (replace(bad, key=f"K{at}") if getattr(bad, "key", 0) == "K" else bad for at, (bad, _) in enumerate(BAD))
    page: list[Any] = [organization("A"), *own_keys, organization("Z")]
    done = await run(database, told(*([item] for item in page)))
    assert (done.status, counts(done)) == (RunStatus.DONE, {"created": 2, "rejected": len(BAD)})
    assert await names(database) == {"A": "一", "Z": "一"}
    kept = await column(database, select(Rejected.reason).order_by(Rejected.id))
    assert [reason[: len(said)] for reason, (_, said) in zip(kept, BAD, strict=True)] == [said for _, said in BAD]
    assert (await sizes(database))["requests"] == 0


async def test_the_second_run_counts_and_makes_no_second_work_item(database: Database) -> None:
    page: list[Record | BadRecord] = [
        organization("A"),
        saying(flavour="red"),
        BadRecord("row 3: empty", {"a": ""}, where="row 3"),
    ]
    for times in (1, 2, 3):
        await run(database, told([*page, page[2]]), overrides={"any": 1})
        assert set(await work_items(database)) == {("K", "OPEN", times), (None, "OPEN", times)}
    assert (await sizes(database))["rejected"] == 2


async def test_one_record_has_one_work_item_that_shows_its_latest_words(database: Database) -> None:
    await run(database, told([saying(flavour="red")]))
    await run(database, told([saying(name="new", parent=["P"])]), overrides={"any": 1})
    ((raw, reason, record),) = await rows(database, select(Rejected.raw, Rejected.reason, Rejected.record))
    assert raw == {"code": "K", "name": "new", "parent": ["P"]}
    assert reason == "parent: ['P'] is neither a code nor a place."
    assert record["fields"]["name"] == "new"


async def test_a_fixed_file_closes_its_work_items(database: Database, tmp_path: Path) -> None:
    file, shipped = tmp_path / "a.csv", registry.load()
    settings = {"path": str(file)}
    file.write_text("code,name,level,parentCode\n1,一,DISTRICT,\nS1,街,STREET,\nS2,街,STREET,9\n,无,STREET,\n")
    await districts(database, "11")
    done = await run(database, shipped, "divisions", overrides=settings)
    assert counts(done) == {"rejected": 4}
    file.write_text("code,name,level,parentCode\nD1,一,DISTRICT,\nS1,街,STREET,D1\nS2,街,STREET,11\nS3,无,STREET,D1\n")
    done = await run(database, shipped, "divisions", overrides=settings)
    assert counts(done) == {"created": 4}
    assert [status for _, status, _ in await work_items(database)] == ["REPLAYED"] * 4


async def test_a_row_that_repeats_a_code_is_one_work_item_run_after_run(database: Database, tmp_path: Path) -> None:
    file, shipped = tmp_path / "a.csv", registry.load()
    file.write_text("code,name,level,parentCode\nD1,一,DISTRICT,\nD1,二,DISTRICT,\n")
    for times in (1, 2):
        done = await run(database, shipped, "divisions", overrides={"path": str(file)})
        assert (done.rejected, await work_items(database)) == (1, [("D1", "OPEN", times)])
    file.write_text("code,name,level,parentCode\nD1,一,DISTRICT,\n")
    await run(database, shipped, "divisions", overrides={"path": str(file)})
    assert await work_items(database) == [("D1", "REPLAYED", 2)]


async def test_a_parent_in_a_later_page_is_waited_for(database: Database) -> None:
    await districts(database, "1")
    pages = [grid("C", "S")], [grid("E", "C", "ESTATE")], [grid("S", "1", "STREET")]
    done = await run(database, told(*pages))
    assert counts(done) == {"created": 3}
    assert await paths(database) == {"1": "1/", "S": "1/S/", "C": "1/S/C/", "E": "1/S/C/E/"}
    assert await work_items(database) == [("C", "REPLAYED", 1), ("E", "REPLAYED", 1)]


async def test_a_parent_in_a_later_run_is_waited_for_with_the_latest_words(database: Database) -> None:
    await districts(database, "1")
    await run(database, told([grid("C", "S", name="old")]))
    await run(database, told([], [grid("C", "S", name="new")]))
    done = await run(database, told([], [], [grid("S", "1", "STREET")]))
    assert (counts(done), done.records) == ({"created": 2}, 1)
    assert await work_items(database) == [("C", "REPLAYED", 2)]
    assert await paths(database) == {"1": "1/", "S": "1/S/", "C": "1/S/C/"}


async def test_the_same_code_under_two_keys_is_refused_wherever_the_page_ends(database: Database) -> None:
    first, second = organization("A"), Record("organization", "B", {"code": "A", "name": "two"})
    for name, pages in (("one page", ([first, second],)), ("two pages", ([first], [second]))):
        done = await run(database, told(*pages, name=name), name)
        assert (done.rejected, done.created + done.updated + done.unchanged) == (1, 1)
    assert await names(database) == {"A": "一"}
    reasons = await column(database, select(Rejected.reason).order_by(Rejected.id))
    assert reasons == [
        "code A stands already at row A.",
        "code A belongs to the organization that this source calls A.",
    ]


async def test_the_later_of_two_with_the_same_key_counts(database: Database) -> None:
    done = await run(database, told([organization("A", "old"), organization("A", "new")]))
    assert (counts(done), await names(database)) == ({"created": 1, "unchanged": 1}, {"A": "new"})


async def test_a_code_is_not_taken_by_another_type_of_party(database: Database) -> None:
    person = Record("person", "P", {"code": "A", "name": "人"})
    done = await run(database, told([organization("A"), person], [person]))
    assert counts(done) == {"created": 1, "rejected": 2}
    assert await rows(database, select(Rejected.key, Rejected.reason, Rejected.times)) == [
        ("P", "code A belongs to something that is no person.", 1)
    ]
    assert await names(database) == {"A": "一"}


async def test_a_record_with_a_time_closes_its_work_item_too(database: Database) -> None:
    bad, good = (
        replace(record, at=datetime(2026, 1, 1, hour, tzinfo=UTC))
        for hour, record in enumerate((saying(flavour="red"), saying()))
    )
    await run(database, told([bad]))
    await run(database, told([], [good]))
    assert await work_items(database) == [("K", "REPLAYED", 1)]


async def test_one_key_of_two_kinds_is_two_records(database: Database) -> None:
    for _ in range(2):
        await run(database, told([saying("A", "person", flavour="red"), organization("A")]), overrides={"any": 1})
    assert await work_items(database) == [("A", "OPEN", 2)]


async def test_what_was_freed_in_the_same_run_can_be_taken(database: Database) -> None:
    await run(database, told([organization("A"), organization("B")]))
    renamed = Record("organization", "A", {"code": "A2"}), Record("organization", "N", {"code": "A", "name": "new"})
    again = Record("organization", "N2", {"code": "B", "name": "heir"})
    done = await run(database, told([], [*renamed, gone("organization", "B"), again]))
    assert counts(done) == {"created": 1, "updated": 2, "closed": 1}
    found = {code: (row["name"], row["closed_on"]) for code, row in (await stored(database, Organization)).items()}
    assert found == {"A2": ("一", None), "A": ("new", None), "B": ("heir", None)}


async def test_an_empty_field_that_every_row_needs_is_refused_or_kept(database: Database) -> None:
    await run(database, told([organization("A", organization_kind="MERCHANT"), organization("B")]))
    emptied = [organization("A", "new", organization_kind=None), organization("B", "")]
    done = await run(database, told([], emptied))
    assert counts(done) == {"updated": 1, "rejected": 1}
    assert await names(database) == {"A": "new", "B": "一"}
    assert await column(database, select(Rejected.reason)) == ["name: a organization cannot be without it."]


async def test_an_ignored_record_stays_ignored_while_its_words_are_the_same(database: Database, hub: Viewer) -> None:
    await run(database, told([saying(flavour="red")]))
    async with database.write(hub) as session:
        await session.execute(update(Rejected).values(status=RejectedStatus.IGNORED))
    await run(database, told([saying(flavour="blue")]), overrides={"any": 1})
    assert await work_items(database) == [("K", "IGNORED", 2)]
    await run(database, told([saying(parent=["P"])]), overrides={"any": 1})
    assert [status for _, status, _ in await work_items(database)] == ["IGNORED", "OPEN"]


PHONES = {
    "call 139 1234 5678 or +8613912345678": "call 139****5678 or +86139****5678",
    "(0477) 8123456, 0477-8123456": "(0477) ****3456, 0477-****3456",
    "order 139123456789, 20139123456781 code 150602001001": "order 139123456789, 20139123456781 code 150602001001",
}


async def test_telephone_numbers_are_masked(database: Database) -> None:
    for raw, shown in PHONES.items():
        inside = {"n": 13912345678, "list": [raw], raw: {"deep": raw}}
        await run(database, told([BadRecord(raw, raw, where=raw), BadRecord(raw, inside)], name=raw[:9]), raw[:9])
        kept = await rows(database, select(Rejected.raw, Rejected.reason, Rejected.where).order_by(Rejected.id))
        assert kept[-2:] == [
            ({"text": shown}, shown, shown),
            ({"n": "139****5678", "list": [shown], shown: {"deep": shown}}, shown, ""),
        ]


async def test_a_refusal_names_the_column_as_the_file_does(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "区划.csv"
    file.write_text("代码,名称,级别,上级代码\n150602,东胜区,区县,\n150602001,交通街道,街道,888888\n", encoding="utf-8")
    await run(database, registry.load(), "divisions", overrides={"path": str(file)})
    assert await rows(database, select(Rejected.where, Rejected.reason)) == [
        (
            "区划.csv, row 3",
            "column 上级代码: 888888 is not known to the hub. Bring it in first, or in the same run.",
        )
    ]
