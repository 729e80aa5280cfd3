"""What is wrong with a workflow that a practice has written down: steps that nothing is, steps that nobody may take."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.auth import ROLES
from hub.checks import Fault, workflow_faults
from hub.models import Phase, RequestAction, WorkflowStep, WorkflowSubject
from hub.services import steps
from hub.services.workflow import TABLE, Side

Written = Mapping[str, Any]


@workflow_faults.answered_by
def faults(subject: str, written: Sequence[Written], rungs: Sequence[Written]) -> Sequence[Fault]:
    """Of a workflow whose words are all known: which of its steps stands for nothing, or for nobody."""
    said = (*_of_requests(written),) if subject == WorkflowSubject.REQUEST.name else (*_of_others(subject, written),)
    if rungs and subject != WorkflowSubject.REQUEST.name:
        said += ((("overdue",), f"only requests climb it, and no {subject} does. Leave it out."),)
    return [*said, *_rungs(rungs)]


def _of_requests(written: Sequence[Written]) -> Iterator[Fault]:
    known = [WorkflowStep(phase=Phase[one["phase"]], actions=list(one["actions"] or ())) for one in written]
    taken = [[action for action in TABLE if steps.of_action(known, action) is step] for step in known]
    for number, (one, actions) in enumerate(zip(written, taken, strict=True)):
        place, by = ("steps", number), one["by"] or ()
        if not actions:
            words = f"Nothing that is done with a request is {one['key']}: other steps come before it."
            yield place, f"{words} Name an action in its `actions` that no other step names, or leave it out."
        elif by and not any(_may(name, action) for name in by for action in actions):
            may = sorted({name for action in actions for name in _takers(action)})
            words = f"{', '.join(by)} may not {actions[0].name}. Write one of: {', '.join(may)}, or a post."
            yield (*place, "by"), words


def _takers(action: RequestAction) -> set[str]:
    """Who may take an action, whatever a practice says."""
    row = TABLE[action]
    return {row.staff_ability, *(side.name for side in row.sides)}


def _may(name: str, action: RequestAction) -> bool:
    """Whether somebody who is this may take that action, as one of those on the grid or as a side of the request.

    Posts say nothing of abilities. Who supervises is not meant by any name.
    """
    if name in steps.SIDES or name in _takers(action):
        return name in _takers(action)
    row = TABLE[action]
    needed = [{name, row.staff_ability}, *([{name, row.ability}] if row.sides else [])]
    return name in steps.ROLES or any(
        has >= one for one in needed for has in ROLES.values() if steps.SUPERVISE not in has
    )


def _of_others(subject: str, written: Sequence[Written]) -> Iterator[Fault]:
    for number, one in enumerate(written):
        if one["actions"]:
            words = f"actions are done with requests, and with no {subject}. Leave them out."
            yield ("steps", number, "actions"), words
        if one["by"] and (steps.SIDES - {Side.ASSIGNEE.name}).issuperset(one["by"]):
            words = f"a {subject} has no {' and no '.join(one['by'])}."
            yield ("steps", number, "by"), f"{words} Write abilities, posts, or ASSIGNEE, which is whom it is about."


def _rungs(rungs: Sequence[Written]) -> Iterator[Fault]:
    seen = set[int]()
    for number, rung in enumerate(rungs):
        if rung["days"] in seen:
            yield ("overdue", number, "days"), f"{rung['days']} stands twice. Keep one of them, or write other days."
        seen.add(rung["days"])
