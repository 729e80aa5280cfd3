"""hub plugins: what the hub can be kept in step with, and the kit for authors."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.answers import AsJSON, Exit, answer_json, say
from hub.config import settings
from hub.errors import Misconfigured
from hub.kit import beginning, checking
from hub.kit.checking import UNGRADED, Finding
from hub.kit.package import Package, opened
from hub.plugin import Plugin
from hub.sync import registry
from hub.sync.registry import Registry
from schema.schema import extended

VERBS = ("pull", "push", "receive")

plugins = typer.Typer(invoke_without_command=True)

Where = Annotated[Path, typer.Argument(help="The plugin: its project, its package or its file.")]


@plugins.callback()
def plugins_group(context: typer.Context, as_json: AsJSON = False) -> None:
    """The plugins with their verbs, ready-made sources and settings; broken ones with the reason.

    `list` is done where nothing else is asked for. For authors: `new`, `check`, `test` (docs/plugins.md).
    """
    if context.invoked_subcommand is None:
        list_command(as_json)


@plugins.command("list")
def list_command(as_json: AsJSON = False) -> None:
    """The plugins with their verbs, ready-made sources and settings; broken ones with the reason."""
    known = registry.load(settings().plugins)
    found = [_described(known, plugin) for plugin in known.plugins.values()]
    left_out = extended(known.plugins.values()).broken
    broken = [{"name": name, "reason": reason} for name, reason in (*known.broken, *left_out)]
    if as_json:
        answer_json({"plugins": found, "broken": broken})
        return
    for one in found:
        typer.echo(f"{one['name']} {one['version']}: {one['title']}")
        typer.echo(f"  verbs     {', '.join(one['verbs'])}{', simulated' if one['simulated'] else ''}")
        typer.echo(f"  sources   {', '.join(one['presets']) or 'none ready-made'}")
        typer.echo(f"  settings  {', '.join(one['settings']['properties']) or 'none'}")
    for one in broken:
        say(f"{one['name']} is broken: {one['reason']}")


@plugins.command("new")
def new_command(
    name: Annotated[str, typer.Argument(help="How it is called: small letters, digits, underscores.")],
    path: Annotated[Path | None, typer.Option(help="An empty folder for it. Default: ./lianshu-NAME")] = None,
    as_json: AsJSON = False,
) -> None:
    """Write a plugin that works: pull, push and receive, a simulator, a recorded reply, tests, README.

    hub plugins new parks && hub plugins test lianshu-parks
    """
    folder = path or Path(f"lianshu-{name.replace('_', '-')}")
    written = beginning.begin(name, folder)
    if as_json:
        answer_json({"folder": str(folder), "files": [str(file) for file in written]})
        return
    for file in written:
        typer.echo(file)
    say(f"Next: hub plugins test {folder}")


@plugins.command("check")
def check_command(path: Where, as_json: AsJSON = False) -> None:
    """Check a plugin by the written rules, running none of it but its import, and grade it.

    hub plugins check plugins/hotline12345
    """
    found = opened(path)
    findings = checking.check(found)
    grade = checking.grade(findings)
    if as_json:
        answer_json({"plugin": _name(found), "grade": grade, "rules": [_told(one) for one in findings]})
    else:
        _show(findings)
        typer.echo(f"{_name(found)}: {grade}")
    if grade == UNGRADED:
        raise typer.Exit(Exit.FAILED)


@plugins.command("test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test_command(context: typer.Context, path: Where) -> None:
    """Run a plugin's tests, the contract among them. What stands after PATH goes to pytest.

    hub plugins test lianshu-parks -k push
    """
    found = opened(path)
    if importlib.util.find_spec("pytest") is None:
        raise Misconfigured(
            "The contract runs with pytest, which a hub that only serves does without. "
            f"Run: {sys.executable} -m pip install 'lianshu[plugins]'"
        )
    under = [str(test.path) for test in found.tests if _tests(test.text, found.module)]
    if not under:
        raise Misconfigured(f"No test below {found.root} speaks of {found.module}. docs/plugins.md shows two lines.")
    paths = os.pathsep.join(filter(None, [str(found.root), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "pytest", *under, *context.args]
    done = subprocess.run(command, cwd=found.root, env={**os.environ, "PYTHONPATH": paths})
    if done.returncode:
        raise typer.Exit(Exit.FAILED)


def _name(found: Package) -> str:
    """As it calls itself; what it is imported as, where it cannot say."""
    return str(found.seen.get("name", found.module))


def _tests(text: str, module: str) -> bool:
    return f"import {module}" in text or f"from {module}" in text


def _told(finding: Finding) -> dict[str, Any]:
    rule = finding.rule
    why = {"rule": rule.id, "tier": rule.tier, "why": rule.why, "mend": rule.mend}
    return {**why, "verdict": finding.verdict, "broken": list(finding.broken), "exempt": finding.exempt}


def _show(findings: Sequence[Finding]) -> None:
    """A line for each rule; what is broken, and how to mend it."""
    for finding in findings:
        rule = finding.rule
        spared = f" because {finding.exempt}" if finding.verdict == "exempt" else ""
        typer.echo(f"{finding.verdict:6}  {rule.tier:6}  {rule.id:9}  {rule.why}{spared}")
        if finding.verdict == "not":
            for words in finding.broken:
                typer.echo(f"          {words}")
            typer.echo(f"          -> {rule.mend}")


def _described(known: Registry, plugin: type[Plugin[Any]]) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "title": plugin.title,
        "version": _version(plugin, packages_distributions()),
        "module": plugin.__module__,
        "verbs": [verb for verb in VERBS if hasattr(plugin, verb)],
        "simulated": plugin.name in known.simulators,
        "presets": list(plugin.presets),
        "settings": plugin.Config.model_json_schema(),
    }


def _version(plugin: type[Plugin[Any]], distributions: Mapping[str, list[str]]) -> str:
    """Of the package that brought it; a plugin from a folder has none."""
    for package in distributions.get(plugin.__module__.partition(".")[0], ()):
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return "local"
