"""The contract of pull(): whatever happens, nothing is lost, nothing is made up, and the hub is told what to do."""

from pathlib import Path

import pytest

from hub.testing import faults
from hub.testing.bench import Bench, Held, Pulled, differences, held, told
from hub.testing.faults import Fault
from hub.testing.knobs import Knobs

FAULTS = pytest.mark.parametrize("fault", faults.READING, ids=lambda fault: fault.name)


class Reading(Knobs):
    """What the plugin reads, and from where it goes on."""

    def test_all_there_is_is_read(self, simulating: Bench) -> None:
        assert differences(held(simulating.pull().whole()), simulating.truth()) == []

    def test_reading_twice_gives_the_same(self, puller: Bench) -> None:
        first, again = puller.pull().whole(), puller.pull().whole()
        assert first.records, "The simulator (or the files) should hold something to read."
        assert differences(held(again), held(first)) == differences(held(first), held(again)) == []

    def test_a_run_goes_on_from_any_page(self, puller: Bench) -> None:
        pages = puller.pull(**puller.small).whole().pages
        for at in range(1, len(pages) + 1):
            before = Pulled(pages[:at])
            found = held(before, puller.pull(before.cursor, **puller.small).whole())
            assert differences(found, held(Pulled(pages))) == [], f"gone on from page {at}, cursor {before.cursor}"

    def test_equal_times_over_a_page_border_lose_nothing(self, simulating: Bench) -> None:
        tied = simulating.advance("ties", 12)
        found = held(simulating.pull(**simulating.small).whole())
        assert sorted(tied - which(found)) == []
        assert differences(found, simulating.truth()) == []

    def test_what_comes_late_is_found_by_the_next_run(self, simulating: Bench) -> None:
        before = simulating.pull().whole()
        late = simulating.advance("late")
        assert late & which(held(before)) == set(), "What comes late should not have been there before."
        after = simulating.pull(before.cursor).whole()
        assert sorted(late - which(held(after))) == []
        assert differences(held(before, after), simulating.truth()) == []

    def test_duplicates_and_older_versions_change_nothing(self, simulating: Bench) -> None:
        before = simulating.pull().whole()
        simulating.advance("duplicates")
        assert differences(held(simulating.pull().whole()), simulating.truth()) == []
        assert differences(held(before, simulating.pull(before.cursor).whole()), simulating.truth()) == []

    def test_a_cursor_from_the_future_does_no_harm(self, simulating: Bench, tmp_path: Path) -> None:
        later = self.built(tmp_path)
        later.advance("days", 3650)
        pulled = simulating.pull(later.pull().whole().cursor)
        assert sorted(which(held(pulled)) - which(simulating.truth())) == []

    def test_a_cursor_that_means_nothing_is_told_or_overlooked(self, puller: Bench) -> None:
        pulled = puller.pull(self.lost_cursor)
        assert pulled.error is not None or differences(held(pulled), held(puller.pull().whole())) == []


class Troubled(Knobs):
    """What the plugin makes of a source that misbehaves."""

    @FAULTS
    def test_a_fault_is_told_in_the_words_of_the_hub(self, networked: Bench, fault: Fault) -> None:
        networked.begin(fault)
        pulled = networked.pull()
        assert pulled.records == []
        told(fault, pulled.error)

    @FAULTS
    def test_after_a_fault_the_next_run_lacks_nothing(self, networked: Bench, fault: Fault) -> None:
        whole = networked.pull(**networked.small).whole()
        requests = len(networked.faults.asked)
        if requests < 2:
            pytest.skip(f"{self.plugin.name} reads it all with one request")
        networked.begin(fault, after=requests // 2)
        broken = networked.pull(**networked.small)
        told(fault, broken.error)
        networked.faults.clear()
        rest = networked.pull(broken.cursor, **networked.small).whole()
        assert differences(held(broken, rest), held(whole)) == []

    @pytest.mark.parametrize("fault", faults.ONCE, ids=lambda fault: fault.name)
    def test_what_goes_by_is_waited_for(self, networked: Bench, fault: Fault) -> None:
        networked.begin(fault, times=1)
        assert differences(held(networked.pull().whole()), networked.truth()) == []

    def test_a_slow_drip_is_read_whole(self, networked: Bench) -> None:
        networked.begin(faults.SLOW)
        assert differences(held(networked.pull().whole()), networked.truth()) == []

    @pytest.mark.parametrize("fault", faults.CHARSETS, ids=lambda fault: fault.name)
    def test_another_charset_is_read_right_or_told(self, networked: Bench, fault: Fault) -> None:
        networked.begin(fault)
        pulled = networked.pull()
        if pulled.error is None:
            assert differences(held(pulled), networked.truth()) == []


class Files(Knobs):
    """What the plugin makes of files that are damaged, gone, or in another charset."""

    @pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.9])
    def test_a_file_that_was_cut_off_makes_up_nothing(self, puller: Bench, folder: Path, share: float) -> None:
        whole = held(puller.pull().whole())
        for file in written(folder):
            content = file.read_bytes()
            file.write_bytes(content[: int(len(content) * share)])
        pulled = puller.pull()
        assert sorted(which(held(pulled)) - which(whole)) == []
        assert share > 0 or pulled.error is not None, "An empty file is no empty list: raise SourceBroken."

    def test_a_file_in_gb18030_is_read_right_or_told(self, puller: Bench, folder: Path) -> None:
        whole = held(puller.pull().whole())
        for file in written(folder):
            try:
                file.write_bytes(file.read_bytes().decode("utf-8-sig").encode("gb18030"))
            except UnicodeDecodeError:
                pytest.skip(f"{file.name} is no text")
        pulled = puller.pull()
        if pulled.error is None:
            assert differences(held(pulled), whole) == []

    def test_a_file_that_is_gone_is_told(self, puller: Bench, folder: Path) -> None:
        for file in written(folder):
            file.unlink()
        pulled = puller.pull()
        assert (pulled.records, pulled.error is not None) == ([], True)


def which(found: Held) -> set[tuple[str, str]]:
    return {(kind, key) for kind, things in found.items() for key in things}


def written(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
