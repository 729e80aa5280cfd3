"""Raw records: what the hub knows already is never read; what is new means what it would have meant."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.auth import system
from hub.db import Database
from hub.models import (
    Drift,
    DriftRule,
    Link,
    Organization,
    Party,
    PlanAction,
    PlanRow,
    RunMode,
    RunStatus,
)
from hub.sync import raw
from hub.sync.stored_plan import apply_plan
from hub.sync.undo import undo
from tests.sync.sources import column, counts, organization, rows, run, sizes, stored, told
from tests.sync.wordy import Wordy, names, some, word


async def test_only_what_is_new_is_read(database: Database) -> None:
    source = Wordy(*some(6), size=3)
    done, read = await source.run(database)
    assert (counts(done), len(read)) == ({"created": 6}, 6)
    source.words[4] = word("O4", "二")
    source.words.append(word("O6"))
    done, read = await source.run(database)
    assert counts(done) == {"created": 1, "updated": 1, "unchanged": 5}
    assert (await names(database))["O4"] == "二"
    assert read == ["O4", "O6"]
    done, read = await source.run(database)
    assert (counts(done), read) == ({"unchanged": 7}, [])


async def test_it_comes_out_as_if_all_were_read(database: Database) -> None:
    """Whether a page was mostly new or hardly: the rows are those that plain records would make."""
    source = Wordy(*some(40), size=10)
    await source.run(database)
    for at in (*range(15), 31):
        source.words[at] = word(f"O{at}", f"新{at}")
    done, _ = await source.run(database)
    assert counts(done) == {"updated": 16, "unchanged": 24}
    assert await names(database) == {row["code"]: row["name"] for row in source.words}


@pytest.mark.parametrize("which", ["settings", "full"])
async def test_all_is_read_anew_where_it_may_mean_something_else(database: Database, which: str) -> None:
    source = Wordy(*some(4), size=2)
    await source.run(database)
    more = {"overrides": {"prefix": "新"}} if which == "settings" else {"full": True}
    done, read = await source.run(database, **more)
    assert len(read) == 4
    assert (await source.run(database, **({} if which == "full" else more)))[1] == []
    assert counts(done) == ({"updated": 4} if which == "settings" else {"unchanged": 4})
    assert set((await names(database)).values()) == {"新一" if which == "settings" else "一"}


async def test_settings_that_mean_nothing_to_it_change_nothing(database: Database) -> None:
    source = Wordy(*some(4), size=2, meaning=lambda self: self.config.prefix)
    await source.run(database)
    done, read = await source.run(database, overrides={"pages": 2})
    assert (counts(done), read) == ({"unchanged": 4}, [])


def test_its_files_are_part_of_what_it_means(tmp_path: Path) -> None:
    def digest(**files: str) -> bytes:
        raw._code.cache_clear()
        for name, text in files.items():
            (tmp_path / name.replace("_py", ".py").replace("_toml", ".toml")).write_text(text)
        return raw._code(tmp_path / "one.py")

    first = digest(one_py="1", other_py="1")
    assert digest(other_py="2") == first != digest(one_py="2")  # a lone file, and others beside it
    for folder in (tmp_path, tmp_path / "below"):
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
    package = digest(one_py="1")
    assert package != digest(words_toml="a") != digest(words_toml="b")
    whole = digest(words_toml="b")
    assert digest() == whole
    raw._code.cache_clear()
    assert raw._code(tmp_path / "below" / "__init__.py") == whole
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").touch()
    assert digest() == whole
    os.close(os.open(os.fsencode(tmp_path) + b"/\xd0\xc2.txt", os.O_CREAT))
    assert digest() != whole


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_of_several_in_a_page_the_newest_counts(database: Database, order: Sequence[int]) -> None:
    source = Wordy(*some(3), *(word("O9", f"{hour}", hour=hour) for hour in order))
    done, _ = await source.run(database)
    assert (counts(done), (await names(database))["O9"]) == ({"created": 4, "unchanged": 1}, "2")
    source.words.insert(0, word("O8"))
    done, _ = await source.run(database)
    assert counts(done) == {"created": 1, "unchanged": 5}
    assert (await names(database))["O9"] == "2"


async def test_what_names_something_unknown_is_read_again_when_that_is_there(database: Database) -> None:
    source = Wordy(word("A"), *some(3), word("B", parent="P"), size=4)
    await source.run(database)
    _, read = await source.run(database)
    assert "B" not in read
    await run(database, told([organization("P")], name="other"), "other")
    done, read = await source.run(database)
    assert (counts(done), "B" in read) == ({"updated": 1, "unchanged": 4}, True)
    ids = dict(await rows(database, select(Party.code, Party.id)))
    assert (await stored(database, Organization))["B"]["parent_id"] == ids["P"]


async def test_what_is_gone_and_comes_again(database: Database) -> None:
    source = Wordy(*some(3), size=2)
    await source.run(database)
    source.words[2] = {"code": "O2", "gone": True}
    assert counts((await source.run(database))[0]) == {"closed": 1, "unchanged": 2}
    assert counts((await source.run(database))[0]) == {"unchanged": 3}
    source.words[2] = word("O2")
    assert counts((await source.run(database))[0]) == {"updated": 1, "unchanged": 2}
    assert (await stored(database, Organization))["O2"]["closed_on"] is None


async def test_what_was_not_read_was_there_all_the_same(database: Database) -> None:
    source = Wordy(*some(30), size=10, whole=frozenset({"organization"}))
    await source.run(database)
    del source.words[29]
    done = [counts((await source.run(database))[0]) for _ in range(2)]
    assert done == [{"unchanged": 29}, {"closed": 1, "unchanged": 29}]


async def test_a_plan_of_raw_records_is_applied_as_it_was_read(database: Database) -> None:
    source = Wordy(*some(3), size=2)
    planned, _ = await source.run(database, mode=RunMode.PLAN)
    assert len(await column(database, select(PlanRow.id))) == 3
    done = await apply_plan(database, planned.id, started_by="test")
    assert counts(done) == {"created": 3}
    _, read = await source.run(database)
    assert read == []


async def test_a_plan_keeps_of_what_it_did_not_read_only_which_it_is(database: Database) -> None:
    source = Wordy(*some(2), word("B", phone="13800138000"))
    await source.run(database)
    async with database.write(system("王芳")) as session:
        (await session.scalars(select(Organization).where(Organization.code == "B"))).one().name = "此处"
    source.words[2]["name"] = "来源"
    await source.run(database)
    planned, read = await source.run(database, mode=RunMode.PLAN)
    ((action, private),) = await rows(database, select(PlanRow.action, PlanRow.private))
    assert (read, action, planned.status) == ([], PlanAction.KEEP, RunStatus.PLANNED)
    assert "13800138000" not in str(private)


async def test_after_an_undo_the_source_is_read_again(database: Database) -> None:
    source = Wordy(*some(4), size=2)
    await source.run(database)
    source.words[3] = word("O3", "二")
    done, _ = await source.run(database)
    await undo(database, done.id, started_by="test")
    assert (await names(database))["O3"] == "一"
    done, _ = await source.run(database)
    assert (counts(done), (await names(database))["O3"]) == ({"updated": 1, "unchanged": 3}, "二")


async def test_an_older_word_stays_older_when_what_the_newer_one_named_is_there(database: Database) -> None:
    source = Wordy(*some(3), word("B", "新", parent="P", hour=2))
    await source.run(database)
    await run(database, told([organization("P")], name="other"), "other")
    source.words[3] = word("B", "旧", hour=1)
    done, _ = await source.run(database)
    assert (counts(done), (await names(database))["B"]) == ({"unchanged": 4}, "新")


async def test_what_a_raw_record_says_beside_its_fields_counts_too(database: Database) -> None:
    source = Wordy(*some(4), size=2)
    await source.run(database)
    source.deleted = {"O0", "O3"}
    done, _ = await source.run(database)
    assert counts(done) == {"closed": 2, "unchanged": 2}


async def test_a_rule_for_changed_structures_concerns_what_is_known_too(database: Database) -> None:
    source = Wordy(*some(2), word("B", extra={"colour": "红"}))
    await source.run(database)
    async with database.write(system("test")) as session:
        session.add(DriftRule(kind="organization", field="colour", policy=Drift.QUARANTINE))
    done, _ = await source.run(database)
    assert counts(done) == {"unchanged": 2, "rejected": 1}


async def test_fields_beyond_are_kept_beside_as_ever(database: Database) -> None:
    source = Wordy(*some(2), word("B", extra={"colour": "红"}))
    done, _ = await source.run(database)
    assert counts(done) == {"created": 3}
    assert (await sizes(database))["extras"] == 1


async def test_the_hash_that_is_kept_is_that_of_the_source_s_words(database: Database) -> None:
    source = Wordy(*some(2))
    await source.run(database)
    first = await column(database, select(Link.hash).order_by(Link.key))
    source.words = [dict(reversed(row.items())) for row in source.words]
    done, _ = await source.run(database)
    assert counts(done) == {"unchanged": 2}
    assert await column(database, select(Link.hash).order_by(Link.key)) != first
