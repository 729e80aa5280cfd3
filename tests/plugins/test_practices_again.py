"""Practices that are read again: a file replaces its own practice, and no other; what is no more is ended."""

from pathlib import Path
from textwrap import dedent

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import select, text, update

from hub import verifying
from hub.db import Database
from hub.models import Escalation, Feature, Grid, GridLevel, Practice, WorkflowStep, now
from hub.plugin import BadRecord
from hub.services import practices
from hub.services.working_days import local_day
from hub.sync import registry
from migrations import configuration
from tests.plugins.test_practices import read
from tests.plugins.test_practices_damage import pages
from tests.sync.sources import column, counts, rows, run


def city(code: str, *, steps: str = "", rungs: str = "", more: str = "") -> str:
    """A practice with two steps and one row, and what is added to them."""
    return dedent(
        f"""\
        practice: {{code: {code}, name: 示例{code}, title: 示例邻里通{more}}}
        workflows:
          - code: WAY
            name: 报—办
            steps: [{{key: report, name: 报, phase: INTAKE}}, {{key: handle, name: 办, phase: HANDLE}}{steps}]
            overdue: [{rungs}]
        features:
          - row: L1-01
            title: 两步办事
            figures:
              - {{name: steps, title: 步骤, value: 2, said: 两步, at: workflow.steps.totalCount,
                 query: '{{ workflow(code: "{code}.WAY") {{ steps {{ totalCount }} }} }}'}}
        """
    )


STEP = ", {key: judge, name: 评, phase: EVALUATE}"
RUNG = "{days: 1, do: URGE}"


def written(folder: Path, **cities: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in cities.items():
        (folder / f"{name}.yaml").write_text(content, encoding="utf-8")
    return folder


async def standing(database: Database) -> list[str]:
    """The codes of the practices, steps and rungs that hold."""
    found = [await column(database, select(table.code).where(table.closed_on.is_(None))) for table in TABLES]
    return sorted(code for codes in found for code in codes)


TABLES = (Practice, WorkflowStep, Escalation)


async def test_a_practice_that_was_read_from_elsewhere_stays(database: Database, tmp_path: Path) -> None:
    own, other = written(tmp_path / "own", heyuan=city("heyuan")), written(tmp_path / "other", linhe=city("linhe"))
    await read(database, own)
    await run(database, registry.load(), "cities", overrides={"path": str(other)})
    for _ in range(3):
        assert counts(await run(database, registry.load(), "cities")) == {"unchanged": 6}
    assert [code for code in await standing(database) if "." not in code] == ["heyuan", "linhe"]


async def test_what_a_file_lacks_is_ended_also_where_the_path_is_given_for_the_run(
    database: Database, tmp_path: Path
) -> None:
    own = written(tmp_path / "own", heyuan=city("heyuan", rungs=RUNG))
    other = written(tmp_path / "other", linhe=city("linhe", steps=STEP, rungs=RUNG))
    await read(database, own)
    path = {"path": str(other)}
    await run(database, registry.load(), "cities", overrides=path)
    written(other, linhe=city("linhe"))
    assert counts(await run(database, registry.load(), "cities", overrides=path)) == {"updated": 1, "unchanged": 5}
    assert counts(await run(database, registry.load(), "cities", overrides=path)) == {"closed": 2, "unchanged": 6}
    heyuan = ["heyuan", "heyuan.WAY.handle", "heyuan.WAY.report", "heyuan.WAY.urge.1"]
    assert await standing(database) == [*heyuan, "linhe", "linhe.WAY.handle", "linhe.WAY.report"]


async def test_a_refused_file_takes_nothing_away_and_holds_up_no_other(database: Database, tmp_path: Path) -> None:
    folder = written(tmp_path / "own", heyuan=city("heyuan", rungs=RUNG), linhe=city("linhe", rungs=RUNG))
    await read(database, folder)
    written(folder, heyuan=city("heyuan"), linhe="- 1\n")
    for _ in range(2):
        await run(database, registry.load(), "cities")
    assert [code for code in await standing(database) if "urge" in code] == ["linhe.WAY.urge.1"]


async def test_a_practice_is_ended_by_saying_so(database: Database, tmp_path: Path) -> None:
    folder = written(tmp_path / "own", heyuan=city("heyuan"), linhe=city("linhe"))
    await read(database, folder)
    written(folder, linhe=city("linhe", more=", ended: true"))
    assert counts(await run(database, registry.load(), "cities")) == {"closed": 1, "unchanged": 6}
    assert counts(await run(database, registry.load(), "cities")) == {"closed": 5, "unchanged": 7}
    (folder / "linhe.yaml").unlink()
    assert counts(await run(database, registry.load(), "cities")) == {"unchanged": 6}
    assert await standing(database) == ["heyuan", "heyuan.WAY.handle", "heyuan.WAY.report"]


async def test_two_practices_may_number_their_rows_alike(database: Database, tmp_path: Path) -> None:
    await read(database, written(tmp_path / "own", heyuan=city("heyuan"), linhe=city("linhe")))
    assert await rows(database, select(Feature.code, Feature.row).order_by(Feature.code)) == [
        ("heyuan.L1-01", "L1-01"),
        ("linhe.L1-01", "L1-01"),
    ]
    found = [one async for one in verifying.verify(database)]
    assert [(one.practice, one.row, one.figure, one.ok) for one in found] == [
        ("heyuan", "L1-01", "steps", True),
        ("linhe", "L1-01", "steps", True),
    ]


async def test_of_two_files_with_one_code_the_second_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "own", linhe=city("linhe"), other="\n" + city("linhe", more="又"))
    items = [item for page in await pages(folder) for item in page.items]
    assert [item.reason for item in items if isinstance(item, BadRecord)] == [
        "other.yaml, line 2: practice.code: linhe is the practice of linhe.yaml. Give it another code."
    ]
    assert [item.where for item in items if not isinstance(item, BadRecord) and item.kind == "practice"] == [
        "linhe.yaml:1"
    ]


async def test_a_large_file_comes_in_pages_and_only_the_last_one_is_all_of_it(tmp_path: Path) -> None:
    many = "\n".join(f"  - {{code: S{n}, kind: GOALS, name: 目标, items: [甲]}}" for n in range(1_200))
    folder = written(tmp_path / "own", linhe=f"{city('linhe')}schemes:\n{many}\n")
    found = await pages(folder)
    assert [(len(page.items), sorted(page.within), page.total) for page in found] == [
        (1_000, [], 2_406),
        (1_000, [], 2_406),
        (406, ["linhe"], 2_406),
    ]


async def test_what_stands_at_a_step_that_was_ended_goes_on(database: Database, tmp_path: Path) -> None:
    await read(database, written(tmp_path / "own", linhe=city("linhe").replace("    name: 报—办", OTHER)))
    viewer = verifying.VIEWER
    async with database.write(viewer) as session:
        grid = Grid(code="1", name="示例区", level=GridLevel.DISTRICT, path="1/")
        session.add(grid)
        await session.flush()
        first, then = await session.scalars(select(WorkflowStep).order_by(WorkflowStep.position))
        begun = {"workflow_id": first.workflow_id, "title": "评议", "grid_id": grid.id}
        procedure = await practices.start_procedure(session, viewer, **begun)
    async with database.write(viewer) as session:
        ended = update(WorkflowStep).where(WorkflowStep.id == first.id).values(closed_on=local_day(now()))
        await session.execute(ended)
    async with database.write(viewer) as session:
        taken = await practices.take_step(session, viewer, procedure.id, step_id=then.id)
        assert (taken.step_id, taken.ended_at is None) == (then.id, False)


OTHER = "    name: 报—办\n    subject: TOPIC"


async def test_the_step_to_rows_of_each_practice_leads_there_and_back(database: Database, tmp_path: Path) -> None:
    await read(database, written(tmp_path / "own", linhe=city("linhe")))

    async def moved(verb: str, to: str) -> list[list[str]]:
        async with database.engine.begin() as connection:
            await connection.run_sync(lambda found: getattr(command, verb)(configuration(found), to))
            codes = "SELECT code FROM features UNION ALL SELECT code FROM figures"
            keys = "SELECT key FROM {} WHERE kind IN ('feature', 'figure') ORDER BY kind"
            asked = (codes, keys.format("links"), keys.format("sightings"))
            return [list(await connection.scalars(text(one))) for one in asked]

    found = ScriptDirectory.from_config(configuration()).walk_revisions()
    (before,) = [one.down_revision for one in found if one.doc.startswith("features and figures are known by their")]
    assert await moved("downgrade", str(before)) == [["L1-01", "L1-01.steps"]] * 3
    assert await moved("upgrade", "head") == [["linhe.L1-01", "linhe.L1-01.steps"]] * 3
    assert await rows(database, select(Feature.row)) == [("L1-01",)]
    assert counts(await run(database, registry.load(), "cities")) == {"unchanged": 6}
