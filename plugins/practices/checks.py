"""What a form cannot see: whether a workflow can be walked, names stand once, queries can be asked."""

from collections import Counter
from collections.abc import Iterator, Sequence

from hub.plugin import query_faults
from plugins.practices.files import Where
from plugins.practices.form import PracticeFile, Step, Workflow
from plugins.practices.rules import wrong_rule
from plugins.practices.vocabulary import ACTIONS, SCHEME_KINDS, TAKERS, instead

Fault = tuple[Where, str]
"""Where in the file, and what to write instead, in words."""

ASKED = "Write what the graph knows: `hub sdl` prints it."


def faults(file: PracticeFile) -> Iterator[Fault]:
    """Everything that is wrong, from the top down."""
    yield from _twice("schemes", [one.code for one in file.schemes], "code")
    yield from _twice("workflows", [one.code for one in file.workflows], "code")
    yield from _twice("indicators", [one.code for one in file.indicators], "code")
    yield from _twice("catalogue", [one.code for one in file.catalogue], "code")
    for section, rows in (("series", file.series), ("rotas", file.rotas)):
        yield from _twice(section, [one.code for one in rows], "code")
        for number, row in enumerate(rows):
            if (words := wrong_rule(row.rule, row.starts_on)) is not None:
                yield (section, number, "rule"), words
    yield from _twice("features", [one.row for one in file.features], "row")
    for number, scheme in enumerate(file.schemes):
        if scheme.kind not in SCHEME_KINDS:
            yield ("schemes", number, "kind"), f"{scheme.kind} is no kind of list. {instead(scheme.kind, SCHEME_KINDS)}"
    for number, workflow in enumerate(file.workflows):
        for where, words in (*known(workflow), *walkable(workflow)):
            yield ("workflows", number, *where), words
    for number, feature in enumerate(file.features):
        place: Where = ("features", number)
        if not feature.figures and not feature.scenario:
            yield place, f"{feature.row} has neither figures nor a scenario. Write one of them."
        yield from _twice(("features", number, "figures"), [one.name for one in feature.figures], "name")
        for at, figure in enumerate(feature.figures):
            for line, words in query_faults(figure.query):
                yield (*place, "figures", at, "query"), f"line {line} of the query: {words} {ASKED}"
        for at, act in enumerate(feature.scenario):
            for line, words in query_faults(act.do):
                yield (*place, "scenario", at, "do"), f"line {line} of the operation: {words} {ASKED}"


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
