"""How long the hub waits for what a stranger wrote. Whatever takes longer is left behind; the hub goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from threading import Thread
from typing import Any, TypeVar, cast

T = TypeVar("T")

GRACE = 5.0
"""Seconds that it has for cleaning up."""


class TooLong(TimeoutError):
    """It took longer than it may."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"nothing came for {seconds:g} seconds")


async def awaited(step: Awaitable[T], seconds: float) -> T:
    """Its value, or what it raises. It runs in a task of its own; TooLong where it takes longer.

    A step that does not even let itself be cancelled is left to itself after a moment.
    """
    task = asyncio.create_task(_contained(step))
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        late = not task.done()
        if late:
            task.cancel()
            await asyncio.wait({task}, timeout=GRACE)
    if late:
        task.add_done_callback(_unheard)
        raise TooLong(seconds)
    value, ending = task.result()
    if ending is not None:
        raise ending
    return cast(T, value)


async def _contained(step: Awaitable[T]) -> tuple[T | None, SystemExit | None]:
    """Its value; a SystemExit would end the event loop if a task raised it."""
    try:
        return await step, None
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


def _unheard(task: "asyncio.Future[Any]") -> None:
    if not task.cancelled():
        task.exception()
