"""How long the hub waits for what a stranger wrote. Whatever takes longer is left behind; the hub goes on.

The steps of a plugin run on an event loop of its own, in a thread of its own: one that blocks it blocks nobody else.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from threading import Thread
from typing import Any, TypeVar, cast

T = TypeVar("T")

GRACE = 5.0
"""Seconds that it has for cleaning up."""
SHORT_GRACE = 0.3
"""Seconds in which a loop that is not blocked answers, and ends."""


class TooLong(TimeoutError):
    """It took longer than it may."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"nothing came for {seconds:g} seconds")


class Loop:
    """An event loop in a thread that no process waits for."""

    def __init__(self, name: str) -> None:
        self._loop = type(asyncio.get_running_loop())()
        self._pool = ThreadPoolExecutor(thread_name_prefix=name)
        self._loop.set_default_executor(self._pool)
        self.thread = Thread(target=self._loop.run_forever, name=name, daemon=True)
        self.thread.start()

    def begin(self, step: Callable[[], Awaitable[T]]) -> "tuple[asyncio.Future[asyncio.Task[T]], Callable[[], None]]":
        """The task of the step, once it has ended, and how it is cancelled."""
        here, ended = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()
        context, begun = copy_context(), list[asyncio.Task[Any]]()

        def tell(task: asyncio.Task[Any]) -> None:
            with contextlib.suppress(RuntimeError):  # whoever waited is gone
                here.call_soon_threadsafe(lambda: None if ended.done() else ended.set_result(task))

        def start() -> None:
            begun.append(self._loop.create_task(_contained(step), context=context))
            begun[0].add_done_callback(tell)

        def cancel() -> None:
            self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in begun])

        self._loop.call_soon_threadsafe(start)
        return ended, cancel

    async def answers(self) -> bool:
        """Whether it does anything at all just now."""
        here, answered = asyncio.get_running_loop(), asyncio.Event()
        self._loop.call_soon_threadsafe(lambda: here.call_soon_threadsafe(answered.set))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(answered.wait(), SHORT_GRACE)
        return answered.is_set()

    async def end(self) -> bool:
        """Let it end, whatever is on it; False: it is blocked, and left behind. It ends when it comes back."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        asyncio.run_coroutine_threadsafe(self._wind_up(), self._loop)
        await asyncio.to_thread(self.thread.join, SHORT_GRACE)
        if not self.thread.is_alive():
            self._loop.close()
        return not self.thread.is_alive()

    async def _wind_up(self) -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=SHORT_GRACE / 3)
        await self._loop.shutdown_asyncgens()
        self._loop.stop()


LOOP: ContextVar[Loop | None] = ContextVar("the loop on which the steps of the plugin at work here run", default=None)


@contextlib.asynccontextmanager
async def apart(name: str) -> AsyncIterator[Loop]:
    """What is awaited inside runs on a loop of its own."""
    loop = Loop(name)
    token = LOOP.set(loop)
    try:
        yield loop
    finally:
        LOOP.reset(token)


async def answers() -> bool:
    """Whether the loop of the plugin at work here does anything just now."""
    loop = LOOP.get()
    return loop is None or await loop.answers()


async def awaited(step: Callable[[], Awaitable[T]], seconds: float, *, grace: float | None = None) -> T:
    """Its value, or what it raises. It runs in a task of its own; TooLong where it takes longer.

    A step that does not even let itself be cancelled is left to itself after a moment.
    """
    ended, cancel = (LOOP.get() or _Here).begin(step)
    try:
        await asyncio.wait({ended}, timeout=seconds)
    finally:
        late = not ended.done()
        if late:
            cancel()
            await asyncio.wait({ended}, timeout=GRACE if grace is None else grace)
    if late:
        ended.add_done_callback(_unheard)
        raise TooLong(seconds)
    value, ending = cast("tuple[T, SystemExit | None]", ended.result().result())
    if ending is not None:
        raise ending
    return value


class _Here:
    """The loop that runs already: where nothing is set apart."""

    @staticmethod
    def begin(step: Callable[[], Awaitable[T]]) -> "tuple[asyncio.Future[asyncio.Task[T]], Callable[[], None]]":
        ended = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(_contained(step))
        task.add_done_callback(lambda task: None if ended.done() else ended.set_result(task))

        def cancel() -> None:
            task.cancel()

        return ended, cancel


async def _contained(step: Callable[[], Awaitable[T]]) -> tuple[T | None, SystemExit | None]:
    """Its value; a SystemExit would end the event loop if a task raised it."""
    try:
        return await step(), None
    except SystemExit as error:
        return None, error


def called(call: Callable[[], T], seconds: float) -> T:
    """Its value, or what it raises. It runs in a thread of its own; TooLong where it takes longer."""
    done: Future[T] = Future()

    def work() -> None:
        try:
            done.set_result(call())
        except BaseException as error:  # noqa: BLE001 (it is raised again where it was called)
            done.set_exception(error)

    Thread(target=work, daemon=True).start()
    try:
        return done.result(seconds)
    except TimeoutError:
        if done.done():
            raise
        raise TooLong(seconds) from None


def _unheard(ended: "asyncio.Future[asyncio.Task[Any]]") -> None:
    if not ended.cancelled() and not ended.result().cancelled():
        ended.result().exception()
