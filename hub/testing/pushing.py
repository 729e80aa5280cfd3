"""The contract of push(): what was told twice is there once, and what did not arrive is said to be so."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from hub.plugin import BadRecord, Change, SourceError, SourceRefused
from hub.testing import faults
from hub.testing.bench import Bench, told, words
from hub.testing.faults import Fault
from hub.testing.knobs import Knobs

NOT_TAKEN = (*faults.OVERLOADED, *faults.LATER, *faults.UNREACHED, *faults.KEY_REFUSED, faults.LOGIN)
REFUSED = tuple(Fault(f"{status}", faults.answers(status, "{}")) for status in (400, 422))


class Telling(Knobs):
    """What stands there after a push, and after a second one."""

    def test_a_change_told_twice_is_there_once(self, bench: Bench, all_pushed: Sequence[Change]) -> None:
        for pushed in all_pushed:
            before = len(bench.effects())
            key = taken(bench.push(pushed))
            once = bench.effects()
            assert len(once) > before, f"GET /sim/effects should tell what the push of {pushed.token} did."
            assert taken(bench.push(replace(pushed, again=True))) == key
            assert bench.effects() == once

    @pytest.mark.parametrize("fault", faults.UNSAID, ids=lambda fault: fault.name)
    def test_what_arrived_unsaid_is_not_done_twice(
        self, bench: Bench, pushed: Change, fault: Fault, tmp_path: Path
    ) -> None:
        bench.begin(fault, writes_only=True)
        told(fault, bench.push(pushed))
        self.ends_well(bench, pushed, tmp_path)

    @pytest.mark.parametrize("fault", NOT_TAKEN, ids=lambda fault: fault.name)
    def test_what_did_not_arrive_is_told_later(
        self, bench: Bench, pushed: Change, fault: Fault, tmp_path: Path
    ) -> None:
        bench.begin(fault, writes_only=True)
        told(fault, bench.push(pushed))
        assert bench.effects() == []
        self.ends_well(bench, pushed, tmp_path)

    @pytest.mark.parametrize("fault", REFUSED, ids=lambda fault: fault.name)
    def test_what_is_refused_is_shown_to_a_person(self, bench: Bench, pushed: Change, fault: Fault) -> None:
        bench.begin(fault, writes_only=True)
        answer = bench.push(pushed)
        right = isinstance(answer, BadRecord | SourceRefused)
        assert right, f"{fault.name}: give a BadRecord or raise SourceRefused; it was {said(answer)}"
        assert bench.effects() == []

    def test_half_an_answer_is_no_key(self, bench: Bench, pushed: Change, tmp_path: Path) -> None:
        bench.begin(faults.HALF, writes_only=True)
        answer = bench.push(pushed)
        if isinstance(answer, SourceError):
            told(faults.HALF, answer)
        self.ends_well(bench, pushed, tmp_path, None if isinstance(answer, SourceError) else taken(answer))

    def ends_well(self, bench: Bench, pushed: Change, folder: Path, key: str | None = None) -> None:
        """Told again, by a source that is well again, it is there once, as if nothing had been."""
        bench.faults.clear()
        again = taken(bench.push(replace(pushed, again=True)))
        assert key in (None, again)
        untroubled = self.built(folder)
        taken(untroubled.push(pushed))
        assert len(bench.effects()) == len(untroubled.effects()), f"done there: {bench.effects()}"


def taken(answer: str | BadRecord | SourceError) -> str:
    """The key, where push() gave one."""
    assert isinstance(answer, str), f"push() should give a key; it was {said(answer)}"
    return answer


def said(answer: object) -> str:
    return words(answer) if isinstance(answer, SourceError) else repr(answer)
