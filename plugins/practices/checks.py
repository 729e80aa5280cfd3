"""What a form cannot see: whether a workflow can be walked, names stand once, queries can be asked."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from hub.plugin import Demo, figure_faults, indicator_faults, operation_faults, times_faults, workflow_faults
from plugins.practices.files import Where
from plugins.practices.form import Act, Feature, PracticeFile, Scheme, Step, Workflow
from plugins.practices.vocabulary import (
    ACTIONS,
    CHANNELS,
    LEVELS,
    REFUSALS,
    REQUEST_KINDS,
    SCHEME_KINDS,
    STATUSES,
    TAKERS,
    VIEWERS,
    instead,
)

Fault = tuple[Where, str]
"""Where in the file, and what to write instead, in words."""


def faults(file: PracticeFile) -> Iterator[Fault]:
    """Everything that is wrong, from the top down."""
    for section in ("schemes", "workflows", "indicators", "series", "rotas", "catalogue"):
        yield from _twice(section, [one.code for one in getattr(file, section)], "code")
    yield from _twice("features", [one.row for one in file.features], "row")
    for number, scheme in enumerate(file.schemes):
        yield from _under(("schemes", number), _scheme(scheme))
    for number, workflow in enumerate(file.workflows):
        yield from _under(("workflows", number), (*known(workflow), *walkable(workflow)))
    for number, indicator in enumerate(file.indicators):
        yield from _under(("indicators", number), indicator_faults(indicator.model_dump()))
    for number, series in enumerate(file.series):
        yield from _under(("series", number), times_faults(series.model_dump()))
    for number, rota in enumerate(file.rotas):
        yield from _under(("rotas", number), times_faults(rota.model_dump()))
    for number, feature in enumerate(file.features):
        yield from _under(("features", number), _feature(feature))
    if file.demo is not None:
        yield from _under(("demo",), _demo(file.demo, [one.code for one in file.workflows if one.subject == "REQUEST"]))


def _demo(demo: Demo, workflows: Collection[str]) -> Iterator[Fault]:
    """What a made-up district names of the hub's, and of the file's own workflows of requests."""
    places = [(("rows", number), one.on) for number, one in enumerate(demo.rows)]
    places += [(("requests", number), one.on) for number, one in enumerate(demo.requests)]
    for place, on in places:
        if on is None or isinstance(on, list):
            continue
        for level in [on.level] if on.level else on.split or ():
            if level not in LEVELS:
                yield (*place, "on"), f"{level} is no level of grids. {instead(level, LEVELS)}"
    for number, one in enumerate(demo.requests):
        known = (("kind", REQUEST_KINDS), ("channel", CHANNELS), ("until", STATUSES), ("workflow", workflows))
        for name, words in known:
            if (said := getattr(one, name)) is not None and said not in words:
                other = instead(said, words) if words else "The file has none of requests."
                yield ("requests", number, name), f"{said} is not known here. {other}"


def _under(place: Where, found: Iterable[Fault]) -> Iterator[Fault]:
    for where, words in found:
        yield (*place, *where), words


def _scheme(scheme: Scheme) -> Iterator[Fault]:
    if scheme.kind not in SCHEME_KINDS:
        yield ("kind",), f"{scheme.kind} is no kind of list. {instead(scheme.kind, SCHEME_KINDS)}"
    if scheme.expected is not None and scheme.expected < (count := len(scheme.items)):
        words = f"{scheme.expected} are expected, and {count} are named. Write {count} or more, or leave it out."
        yield ("expected",), words


def _feature(feature: Feature) -> Iterator[Fault]:
    if not feature.figures and not feature.scenario:
        yield (), f"{feature.row} has neither figures nor a scenario. Write one of them."
    yield from _twice("figures", [one.name for one in feature.figures], "name")
    for number, figure in enumerate(feature.figures):
        yield from _under(("figures", number), figure_faults(figure.query, figure.at))
    kept = set[str]()
    for number, act in enumerate(feature.scenario):
        yield from _under(("scenario", number), _act(act, kept))
        kept |= act.keep.keys()


def _act(act: Act, kept: Collection[str]) -> Iterator[Fault]:
    """A step of a scenario, after steps that have kept something by these names."""
    role = act.who.partition(":")[0].partition("@")[0]
    if role not in VIEWERS:
        yield ("as",), f"there is no role {role}. {instead(role, VIEWERS)}"
    if act.refused is not None and act.refused not in REFUSALS:
        yield ("refused",), f"{act.refused} is no code of an error. {instead(act.refused, REFUSALS)}"
    places = {place: ("keep", name) for name, place in act.keep.items()}
    places |= {place: ("expect", place) for place in act.expect}
    for where, words in operation_faults(act.do, frozenset(act.variables), tuple(places)):
        yield places.get(str(where[0]), where), words
    for part, values, there in (("with", act.variables, kept), ("expect", act.expect, {*kept, *act.keep})):
        for name, value in values.items():
            for said in _named(value):
                if said not in there:
                    words = instead(said, there) if there else "Let one keep it."
                    yield (part, name), f"no step above keeps {said}. {words}"


def _named(value: Any) -> Iterator[str]:
    """The names that stand for something kept, in a value: "$name"."""
    if isinstance(value, str) and NAMED.fullmatch(value) and not value.startswith("$today"):
        yield value[1:]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        yield from _named(part)


NAMED = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*")


def _twice(section: str | Where, names: Sequence[str], field: str) -> Iterator[Fault]:
    place: Where = (section,) if isinstance(section, str) else section
    counts, seen = Counter(names), set[str]()
    for number, name in enumerate(names):
        if counts[name] > 1 and name in seen:
            yield (*place, number, field), f"{name} stands twice. Give it another {field}."
        seen.add(name)


def leads_to(steps: Sequence[Step], number: int) -> list[str]:
    """The keys of the steps that may follow this one."""
    said = steps[number].next
    if said is not None:
        return said
    return [steps[number + 1].key] if number + 1 < len(steps) else []


def known(workflow: Workflow) -> Iterator[Fault]:
    """Steps name actions and takers that the hub knows."""
    for number, step in enumerate(workflow.steps):
        for at, word in enumerate(step.actions or ()):
            if word not in ACTIONS:
                yield ("steps", number, "actions", at), f"{word} is no action. {instead(word, ACTIONS)}"
        for at, word in enumerate(step.by or ()):
            if word not in TAKERS:
                yield ("steps", number, "by", at), f"{word} takes no step. {instead(word, TAKERS)}"


def walkable(workflow: Workflow) -> Iterator[Fault]:
    """Every step can be taken by somebody, can be reached, and leads to an end."""
    steps, keys = workflow.steps, [step.key for step in workflow.steps]
    yield from _twice("steps", keys, "key")
    for number, step in enumerate(steps):
        if step.by == []:
            yield ("steps", number, "by"), f"Nobody may take {step.key}. Name who does, or leave `by` out."
    follow = {step.key: leads_to(steps, number) for number, step in enumerate(steps)}
    if unknown := list(_nowhere(steps, keys)):
        yield from unknown
        return
    reached = _reached(follow, {keys[0]})
    back = {key: [one for one, after in follow.items() if key in after] for key in keys}
    leaving = _reached(back, {key for key, after in follow.items() if not after})
    for key in keys:
        if key not in reached:
            words = f"No way leads to {key}. Name it in the `next` of another step, or leave it out."
            yield ("steps", keys.index(key)), words
    steps_said = [step.model_dump(include={"key", "phase", "actions", "by", "days"}) for step in steps]
    if all(word in ACTIONS for step in steps for word in step.actions or ()):
        yield from workflow_faults(workflow.subject, steps_said, [rung.model_dump() for rung in workflow.overdue])
    if stuck := [key for key in keys if key in reached - leaving]:
        words = (
            f"No way leads out of {', '.join(stuck)}. Let one of them end (`next: []`), or lead on to one that does."
        )
        yield ("steps", keys.index(stuck[0])), words


def _nowhere(steps: Sequence[Step], keys: Sequence[str]) -> Iterator[Fault]:
    for number, step in enumerate(steps):
        for at, name in enumerate(step.next or ()):
            if name not in keys:
                yield ("steps", number, "next", at), f"There is no step {name}. Write one of: {', '.join(keys)}."


def _reached(follow: dict[str, list[str]], begin: set[str]) -> set[str]:
    reached, fresh = set(begin), set(begin)
    while fresh:
        fresh = {name for key in fresh for name in follow.get(key, ())} - reached
        reached |= fresh
    return reached
