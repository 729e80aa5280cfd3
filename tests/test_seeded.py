"""The tests are tested: each bug of tests/seeded.py turns the tests red that must catch it, for the right reason."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.seeded import BUGS, Bug

ROOT = Path(__file__).parents[1]
WRONG = ("assert ", "AssertionError", "Failed: DID NOT RAISE")


class Suite:
    """Runs tests in a process of their own, on the server of this test run."""

    def __init__(self, server_url: str, template: str, report: Path) -> None:
        self.report = report
        ours = ("SEEDED_BUG", "PYTEST_ADDOPTS")
        self.env = {name: value for name, value in os.environ.items() if name not in ours}
        self.env |= {"HUB_TEST_URL": server_url, "HUB_TEST_TEMPLATE": template}

    def results(self, nodes: set[str], bug: str | None) -> dict[str, str | None]:
        """The tests that ran, by node: None, or why it failed."""
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={self.report}"]
        env = self.env | ({"SEEDED_BUG": bug} if bug else {})
        ran = subprocess.run([*command, *sorted(nodes)], cwd=ROOT, env=env, capture_output=True, text=True)
        assert ran.returncode in (0, 1), ran.stdout + ran.stderr
        found: dict[str, str | None] = {}
        for case in ElementTree.parse(self.report).iter("testcase"):
            assert case.find("error") is None, ran.stdout
            failure = case.find("failure")
            node = f"{case.attrib['classname'].replace('.', '/')}.py::{case.attrib['name']}"
            found[node] = None if failure is None else failure.attrib["message"]
        return found


@pytest.fixture
def suite(server_url: str, template: str, tmp_path: Path) -> Suite:
    return Suite(server_url, template, tmp_path / "report.xml")


@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS)
def test_the_place_of_a_bug_is_there_once(bug: Bug) -> None:
    spec = find_spec(bug.module)
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).read_text(encoding="utf-8")
    compile(bug.planted(source), bug.module, "exec")
    with pytest.raises(LookupError, match="0 times instead of once"):
        bug.planted(source.replace(bug.old, ""))


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_is_caught_by_a_failed_assertion(name: str, suite: Suite) -> None:
    found = suite.results(set(BUGS[name].caught), name)
    assert found.keys() == set(BUGS[name].caught)
    assert {node: why for node, why in found.items() if why is None or not why.startswith(WRONG)} == {}


def test_without_a_bug_the_same_tests_pass(suite: Suite) -> None:
    nodes = {node for bug in BUGS.values() for node in bug.caught}
    assert suite.results(nodes, None) == dict.fromkeys(nodes)
