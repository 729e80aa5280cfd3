"""Bugs to plant into the hub, so that the tests can be tested: `SEEDED_BUG=no-fence .venv/bin/pytest tests/sync`.

A bug is a piece of a module's source and what stands there instead. The piece must be there exactly once, or nothing is
imported: whoever rewrites that module rewrites the bug too. Importing this file plants the one that SEEDED_BUG names,
so it comes before any import of the hub; the hub knows nothing of it. tests/test_seeded.py plants each of them.
"""

import importlib.abc
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType


@dataclass(frozen=True)
class Bug:
    """What is wrong, where it is planted, and the tests of which each must fail by itself."""

    says: str
    module: str
    old: str
    new: str
    caught: tuple[str, ...]

    def planted(self, source: str) -> str:
        """The module's source with the bug in it. Raises LookupError where its place is not what it was."""
        if (times := source.count(self.old)) != 1:
            raise LookupError(f"{self.module} has the place of the bug {times} times instead of once:\n{self.old}")
        return source.replace(self.old, self.new)


BUGS = {
    "cursor-before-data": Bug(
        "A page's cursor is committed before its rows.",
        "hub.sync.run",
        "    run, page = pull.run, ready.page\n",
        "    run, page = pull.run, ready.page\n"
        "    if page.cursor is not None and not keep_cursor:\n"
        "        async with fenced(pull) as session:\n"
        "            await _further(pull, session, page.cursor)\n",
        ("tests/sync/test_faults.py::test_a_worker_that_is_killed[inside page 3]",),
    ),
    "no-fence": Bug(
        "A run that was taken over goes on writing.",
        "hub.sync.work",
        "        if fence != work.run.fence:\n",
        "        if False:\n",
        (
            "tests/sync/test_run.py::test_a_dead_run_is_taken_over_and_writes_nothing_more[it is silent]",
            "tests/sync/test_frozen.py::test_a_worker_that_was_frozen_writes_nothing_when_it_wakes_up[1 committed]",
        ),
    ),
    "overlap-only": Bug(
        "The page inside a run moves the saved mark: only the overlap finds what came late.",
        "plugins.hotline12345",
        "            return Position(mark=self.mark, page=info.next_cursor, started=started, seen=seen)\n",
        "            return Position(mark=seen or self.mark, page=info.next_cursor, started=started, seen=seen)\n",
        (
            "tests/sync/test_late.py::test_what_comes_late_during_a_run_is_brought_by_the_next_without_an_overlap",
            "tests/sync/test_late.py::test_what_came_late_behind_a_page_that_expired_is_brought_without_an_overlap",
        ),
    ),
    "reject-stops-page": Bug(
        "One bad record fails its page.",
        "hub.sync.outcome",
        "        await rejected.reject(session, work.run, [*bad, *refused])\n",
        '        from hub.errors import Conflict\n\n        raise Conflict("A record was refused.")\n',
        ("tests/sync/test_poison.py::test_one_bad_record_in_a_thousand_waits_and_the_others_are_in",),
    ),
    "mark-before-send": Bug(
        "A delivery counts as sent before it is.",
        "hub.sync.sending",
        "status=DeliveryStatus.SENDING, tries=tries, hash=known, reason=None)",
        "status=DeliveryStatus.SENT, tries=tries, hash=known, reason=None, sent_at=at)",
        ("tests/sync/test_webhooks.py::test_a_sender_that_is_killed_has_told_each_change_once[before it is sent]",),
    ),
    "raw-by-key-alone": Bug(
        "What a raw record says is not compared: what is known by its key is never read again.",
        "hub.sync.reading",
        "hashlib.blake2b(orjson.dumps(record.fields), ",
        "hashlib.blake2b(record.key.encode(), ",
        ("tests/sync/test_raw.py::test_only_what_is_new_is_read",),
    ),
    "raw-without-meaning": Bug(
        "A raw record is taken for known although it would be read otherwise now.",
        "hub.sync.raw",
        '    return hashlib.blake2b(b"\\0".join(parts), digest_size=16).digest()\n',
        "    return bytes(16)\n",
        ("tests/sync/test_raw.py::test_all_is_read_anew_where_it_may_mean_something_else[settings]",),
    ),
    "no-version-guard": Bug(
        "What a source said before overwrites what it said later.",
        "hub.sync.reading",
        "        return same or older(self.record.at, self.link.at)\n",
        "        return same\n",
        ("tests/sync/test_run.py::test_an_older_word_never_overwrites_a_newer_one",),
    ),
    "new-token-each-try": Bug(
        "Each try of a delivery has a token of its own.",
        "hub.sync.telling",
        '{delivery.change_id}"\n',
        '{delivery.change_id}:{delivery.tries}"\n',
        ("tests/sync/test_sending_faults.py::test_an_answer_after_our_time_limit_has_one_effect",),
    ),
    "no-again": Bug(
        "A plugin is not told that it may have said this before.",
        "hub.sync.telling",
        "again=delivery.tries > 0,",
        "again=False,",
        ("tests/sync/test_sending_faults.py::test_a_target_without_tokens_is_looked_at_before_it_is_written_again",),
    ),
    "undo-ignores-later-writers": Bug(
        "An undo takes back what others have written since.",
        "hub.sync.undo",
        "    of_others = or_(Change.run_id.is_(None), Change.run_id.not_in(ours))\n",
        "    of_others = Change.id.is_(None)\n",
        ("tests/sync/test_undo.py::test_what_others_wrote_since_stays_and_is_named[1]",),
    ),
    "plan-applies-what-has-moved": Bug(
        "Rows of a plan are applied although they have changed since.",
        "hub.sync.stored_plan",
        "_moved(meant[one.kind, one.record.key], one) for one in now}",
        "one.rule if one.action is PlanAction.REJECT else None for one in now}",
        ("tests/sync/test_plans.py::test_what_has_moved_since_is_refused_and_not_lost[1]",),
    ),
    "no-guard": Bug(
        "A run may mark everything as gone.",
        "hub.sync.gone",
        "    if not closing or gone <= FEW:\n",
        "    if True:\n",
        ("tests/sync/test_gone.py::test_half_a_list_twice_stops_and_asks",),
    ),
    "empty-is-gone": Bug(
        "An empty answer counts as a list of what there is.",
        "hub.sync.gone",
        "    found = sorted(kind for kind, part in complete if part == EVERY_KEY and kind in kinds)\n",
        "    found = sorted(kind for kind, part in complete if part == EVERY_KEY)\n",
        ("tests/sync/test_gone.py::test_an_empty_answer_is_no_deletion",),
    ),
    "unsettled-log": Bug(
        "The outbox passes by what is being committed.",
        "hub.services.changes",
        '    statement = statement.where(text(f"changes.position < {HORIZON}"))\n',
        "",
        ("tests/sync/test_outbox.py::test_a_late_commit_is_never_skipped",),
    ),
}


class Loader(SourceFileLoader):
    """Compiles the module with the bug in it, and leaves no trace of that on disk."""

    bug: Bug

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_source(fullname)
        assert source is not None
        code: CodeType = compile(self.bug.planted(source), self.path, "exec", dont_inherit=True)
        return code


@dataclass(frozen=True)
class Finder(importlib.abc.MetaPathFinder):
    """Finds the one module."""

    bug: Bug

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.bug.module or (spec := PathFinder.find_spec(fullname, path, target)) is None:
            return None
        assert spec.origin is not None
        loader = Loader(fullname, spec.origin)
        loader.bug = self.bug
        spec.loader = loader
        return spec


def plant(name: str) -> None:
    """Plant the bug of that name, from now on, in this process. Raises LookupError where that cannot be."""
    if name not in BUGS:
        raise LookupError(f"SEEDED_BUG={name} is no bug. There are: {', '.join(BUGS)}.")
    if BUGS[name].module in sys.modules:
        raise LookupError(f"{BUGS[name].module} is imported already: import tests.seeded before it.")
    sys.meta_path.insert(0, Finder(BUGS[name]))


if chosen := os.environ.get("SEEDED_BUG"):
    plant(chosen)
