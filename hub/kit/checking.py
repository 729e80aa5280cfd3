"""A plugin against the written rules, and the grade that comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.kit.package import Package
from hub.kit.rules import RULES, TIERS, Rule

UNGRADED = "none"


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one rule: `broken` says where it is broken; `exempt` why that may be."""

    rule: Rule
    broken: Sequence[str] = ()
    exempt: str | None = None

    @property
    def verdict(self) -> str:
        """ok, exempt or not"""
        return "ok" if not self.broken else "exempt" if self.exempt else "not"


def check(package: Package) -> list[Finding]:
    """Every rule, in order. From a rule of bronze nothing is exempt."""
    spared = package.exempt
    return [
        Finding(rule, list(rule.broken(package)), spared.get(rule.id) if rule.tier != "bronze" else None)
        for rule in RULES
    ]


def grade(findings: Sequence[Finding]) -> str:
    """bronze, silver or gold: all rules up to that tier hold. Else none."""
    missed = {finding.rule.tier for finding in findings if finding.verdict == "not"}
    reached = UNGRADED
    for tier in TIERS:
        if tier in missed:
            break
        reached = tier
    return reached
