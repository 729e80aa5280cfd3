"""What a form cannot see: whether a workflow can be walked, names stand once, queries can be asked."""

from collections import Counter
from collections.abc import Iterator, Sequence

from hub.plugin import query_faults
from plugins.practices.files import Where
from plugins.practices.form import PracticeFile, Step, Workflow

Fault = tuple[Where, str]
"""Where in the file, and what to write instead, in words."""


def faults(file: PracticeFile) -> Iterator[Fault]:
    """Everything that is wrong, from the top down."""
    yield from _twice("schemes", [one.code for one in file.schemes], "code")
    yield from _twice("workflows", [one.code for one in file.workflows], "code")
    yield from _twice("indicators", [one.code for one in file.indicators], "code")
    yield from _twice("features", [one.row for one in file.features], "row")
    for number, workflow in enumerate(file.workflows):
        for where, words in walkable(workflow):
            yield ("workflows", number, *where), words
    for number, feature in enumerate(file.features):
        place: Where = ("features", number)
        if not feature.figures and not feature.scenario:
            yield place, f"{feature.row} has neither figures nor a scenario. Write one of them."
        yield from _twice(("features", number, "figures"), [one.name for one in feature.figures], "name")
        for at, figure in enumerate(feature.figures):
            for line, words in query_faults(figure.query):
                yield (*place, "figures", at, "query"), f"line {line} of the query: {words}"
        for at, act in enumerate(feature.scenario):
            for line, words in query_faults(act.do):
                yield (*place, "scenario", at, "do"), f"line {line} of the operation: {words}"


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


def walkable(workflow: Workflow) -> Iterator[Fault]:
    """Every step can be taken by somebody, can be reached, and leads to an end."""
    steps, keys = workflow.steps, [step.key for step in workflow.steps]
    yield from _twice("steps", keys, "key")
    follow = {step.key: leads_to(steps, number) for number, step in enumerate(steps)}
    for number, step in enumerate(steps):
        if step.by == []:
            yield ("steps", number, "by"), f"Nobody may take {step.key}. Name who does, or leave `by` out."
        for at, name in enumerate(step.next or ()):
            if name not in follow:
                words = f"There is no step {name}. Write one of: {', '.join(keys)}."
                yield ("steps", number, "next", at), words
    reached = _reached(follow, {keys[0]})
    ends = {key for key, after in follow.items() if not after}
    back: dict[str, list[str]] = {key: [one for one, after in follow.items() if key in after] for key in keys}
    leaving = _reached(back, ends)
    for number, step in enumerate(steps):
        if step.key not in reached:
            words = f"No way leads to {step.key}. Name it in the `next` of another step, or leave it out."
            yield ("steps", number), words
        elif step.key not in leaving:
            words = f"From {step.key} no way leads out of the loop. Let one of its steps end (`next: []`) or go on."
            yield ("steps", number), words


def _reached(follow: dict[str, list[str]], begin: set[str]) -> set[str]:
    reached, fresh = set(begin), set(begin)
    while fresh:
        fresh = {name for key in fresh for name in follow.get(key, ())} - reached
        reached |= fresh
    return reached
