"""hub doctor: what may be wrong, and what to do."""

from dataclasses import asdict

import typer

from hub.cli.answers import AsJSON, Exit, answer_json
from hub.config import settings
from hub.doctor import Health, examine

SIGNS = {Health.GOOD: "ok  ", Health.POOR: "poor", Health.BAD: "BAD "}


def doctor(as_json: AsJSON = False) -> None:
    """Look at database, disk, clock, plugins and browser files; exit code 1 if something is bad. Changes nothing."""
    findings = []
    for finding in examine(settings()):
        findings.append(finding)
        if not as_json:
            typer.echo(f"{SIGNS[finding.health]}  {finding.check:15} {finding.words}")
    healthy = all(finding.health is not Health.BAD for finding in findings)
    if as_json:
        answer_json({"healthy": healthy, "findings": [asdict(one) | {"health": one.health.value} for one in findings]})
    if not healthy:
        raise typer.Exit(Exit.FAILED)
