import pytest

from hub.db import Database
from hub.errors import Conflict, Forbidden
from hub.models import RequestAction, RequestStatus
from hub.services import supervision
from tests.services.town import columns, founded

A, S = RequestAction, RequestStatus


async def test_supervision_lies_over_the_status(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.IN_PROGRESS)
    watched = await town.do(supervision.supervise, request.id, note="区领导关注")
    assert (watched.supervised, watched.status) == (True, S.IN_PROGRESS)
    assert [(await town.do(supervision.urge, request.id)).urged for _ in range(2)] == [1, 2]
    assert (await town.do(supervision.release, request.id)).supervised is False
    assert await town.steps(request.id) == [A.SUPERVISE, A.URGE, A.URGE, A.RELEASE]


async def test_supervision_begins_and_ends_once(database: Database) -> None:
    town = await founded(database)
    plain, watched = await town.put(S.IN_PROGRESS), await town.put(S.IN_PROGRESS, supervised=True)
    with pytest.raises(Conflict, match=r" is under supervision already: urge it instead\.$"):
        await town.do(supervision.supervise, watched.id)
    with pytest.raises(Conflict, match=r" is not under supervision: there is nothing to release\.$"):
        await town.do(supervision.release, plain.id)
    assert columns(await town.get(watched.id)) == columns(watched)


async def test_a_clerk_does_not_supervise(database: Database) -> None:
    town = await founded(database)
    request = await town.put(S.IN_PROGRESS)
    with pytest.raises(Forbidden, match=r"^anonymous lacks the ability requests:supervise\."):
        await town.do(supervision.urge, request.id, viewer=town.clerk())
    assert (await town.get(request.id)).urged == 0
