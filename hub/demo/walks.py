"""Made-up requests that go their whole way by the services: submitted, sent, done, told, judged, closed."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import system
from hub.db import Database
from hub.demo.tables import MADE_UP, spots
from hub.demo.templates import At, Place, written
from hub.errors import Misconfigured
from hub.models import (
    Channel,
    Phase,
    Request,
    RequestAction,
    RequestEvent,
    RequestKind,
    RequestStatus,
    Satisfaction,
    Workflow,
)
from hub.services import (
    closing,
    grids,
    handling,
    intake,
    parties,
    practices,
    publicity,
    requests,
    steps,
    supervision,
    triage,
)
from hub.sync.work import insist
from hub.synthetic import Requests

HUB = system("hub demo")
TOGETHER = 4
"""So many at a time: most of a step is waiting for the database."""

DONE = "示例：已办理完成。"
TOLD = "示例：已将办理结果告知提出人。"
A, S = RequestAction, RequestStatus

Verb = Callable[[AsyncSession, UUID], Awaitable[Any]]

SENT = (A.TRIAGE, A.DISPATCH, A.SIGN, A.ACCEPT, A.SUPERVISE, A.RELEASE, A.HANDLE, A.VERIFY, A.FEED_BACK, A.EVALUATE)
AT_ONCE = (A.TRIAGE, A.CLOSE, A.EVALUATE)
OVERLAYS = {A.SUPERVISE: Phase.SUPERVISE, A.RELEASE: Phase.SUPERVISE, A.PUBLISH: Phase.PUBLISH}
"""Taken only where the workflow has such a step."""

LEFT_AT: Mapping[RequestStatus, RequestAction] = {
    S.TRIAGED: A.TRIAGE,
    S.DISPATCHED: A.DISPATCH,
    S.SIGNED: A.SIGN,
    S.IN_PROGRESS: A.ACCEPT,
    S.HANDLED: A.HANDLE,
    S.VERIFIED: A.VERIFY,
    S.CALLBACK: A.FEED_BACK,
    S.CLOSED: A.CLOSE,
    S.ARCHIVED: A.ARCHIVE,
}
"""The action after which a request that is sent to somebody is left, by the status."""


def verbs(party_id: UUID | None) -> Mapping[RequestAction, Verb]:
    """What is done for each action; the request is sent to this party."""
    found: dict[RequestAction, Verb] = {
        A.TRIAGE: lambda session, id: triage.triage(session, HUB, id),
        A.SIGN: lambda session, id: handling.sign(session, HUB, id),
        A.ACCEPT: lambda session, id: handling.accept(session, HUB, id),
        A.SUPERVISE: lambda session, id: supervision.supervise(session, HUB, id),
        A.RELEASE: lambda session, id: supervision.release(session, HUB, id),
        A.HANDLE: lambda session, id: handling.handle(session, HUB, id, result=DONE),
        A.VERIFY: lambda session, id: closing.verify(session, HUB, id, ok=True),
        A.FEED_BACK: lambda session, id: closing.feed_back(session, HUB, id, note=TOLD, solved=True),
        A.EVALUATE: lambda session, id: closing.evaluate(
            session, HUB, id, satisfaction=Satisfaction.SATISFIED, solved=True
        ),
        A.PUBLISH: lambda session, id: publicity.publish(session, HUB, id),
        A.CLOSE: lambda session, id: closing.close(session, HUB, id, result=DONE),
        A.ARCHIVE: lambda session, id: closing.archive(session, HUB, id),
    }
    if party_id is not None:
        found[A.DISPATCH] = lambda session, id: triage.dispatch(session, HUB, id, party_id=party_id)
    return found


def way(phases: Collection[Phase], until: RequestStatus, *, sent: bool) -> list[RequestAction]:
    """The actions that lead a request through a workflow of these phases, until it has this status."""
    taken = (*SENT, A.PUBLISH, A.CLOSE, A.ARCHIVE) if sent else (*AT_ONCE, A.PUBLISH, A.ARCHIVE)
    found = [action for action in taken if OVERLAYS.get(action) in (None, *phases)]
    if until is S.RECEIVED:
        return []
    if not sent and until is S.CLOSED:
        return found[:-1]
    return found[: found.index(LEFT_AT[until]) + 1]


@dataclass(frozen=True, slots=True)
class Walk:
    """One batch of requests of a practice."""

    db: Database
    practice: str
    wanted: Requests
    workflow: Workflow | None
    actions: Sequence[RequestAction]

    async def lead(self, at: At) -> bool:
        """One request, from where it stands, in one transaction. Whether anything was left to do."""
        title = written(self.wanted.title)(at)
        async with self.db.read() as session:
            mine = requests.visible(HUB).where(Request.practice == self.practice, Request.title == title)
            known = await session.scalar(mine.limit(1))
            taken = await _taken(session, known) if known is not None else set[RequestAction]()
            party = None
            if self.wanted.assignee is not None:
                party = (await parties.by_code(session, HUB, written(self.wanted.assignee)(at))).id
        left = [action for action in self.actions if action not in taken]
        if known is not None and not left:
            return False
        does = verbs(party)
        async with self.db.write(HUB) as session:
            id = known.id if known is not None else (await self._submitted(session, title, at)).id
            for action in left:
                await does[action](session, id)
        return True

    async def _submitted(self, session: AsyncSession, title: str, at: At) -> Request:
        grid = await grids.by_code(session, HUB, at.place.code)
        return await intake.submit(
            session,
            HUB,
            grid_id=grid.id,
            title=title,
            content=written(self.wanted.content or MADE_UP)(at),
            kind=RequestKind[self.wanted.kind],
            channel=Channel[self.wanted.channel],
            practice=self.practice,
            workflow_id=self.workflow.id if self.workflow is not None else None,
        )


async def walk(
    db: Database, practice: str, wanted: Requests, places: Sequence[Place], show: Callable[[int], None]
) -> int:
    """Lead all of them as far as they shall go; how many were not there yet."""
    for name, terms in ((wanted.kind, RequestKind), (wanted.channel, Channel), (wanted.until, RequestStatus)):
        if name not in terms.__members__:
            raise Misconfigured(f"{practice}, demo, requests: {name} is none of {', '.join(terms.__members__)}.")
    until, sent = RequestStatus[wanted.until], wanted.assignee is not None
    workflow, phases = await _workflow(db, practice, wanted.workflow)
    try:
        actions = way(phases, until, sent=sent)
    except (KeyError, ValueError):
        raise Misconfigured(f"{practice}, demo, requests: no way leads them to {until.name}.") from None
    moving, left = Walk(db, practice, wanted, workflow, actions), spots(wanted.count, places, practice)
    done = 0
    while together := list(islice(left, TOGETHER)):
        led = await asyncio.gather(*(insist(partial(moving.lead, at)) for at in together), return_exceptions=True)
        for one in led:
            if isinstance(one, BaseException):
                raise one
            done += one
        show(together[-1].n)
    return done


async def _workflow(db: Database, practice: str, name: str | None) -> tuple[Workflow | None, set[Phase]]:
    """A workflow of the practice, with the phases of its steps."""
    if name is None:
        return None, set()
    async with db.read() as session:
        found = await session.scalar(practices.workflows(HUB).where(Workflow.code == f"{practice}.{name}"))
        if found is None:
            raise Misconfigured(f"{practice}, demo, requests: there is no workflow {name}.")
        return found, {step.phase for step in await steps.of_workflow(session, found.id)}


async def _taken(session: AsyncSession, request: Request) -> set[RequestAction]:
    """The actions that were taken on it."""
    events = requests.events(HUB).where(RequestEvent.request_id == request.id)
    return {event.action for event in await session.scalars(events)}
