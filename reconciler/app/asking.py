"""Questions that take their time, asked in the background at most every so often; the last answer stands meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from reconciler.app.ports import Clock

Answer = TypeVar("Answer")


class Asking(Generic[Answer]):
    """Asks one question again when its answer has grown old and somebody wants to know."""

    def __init__(self, ask: Callable[[], Awaitable[Answer]], *, every: float, patience: float, clock: Clock) -> None:
        """`every` is how many seconds an answer is good for, `patience` how long the first one is waited for."""
        self._ask = ask
        self._every = every
        self._patience = patience
        self._clock = clock
        self._answer: Answer | None = None
        self._answered = float("-inf")
        self._task: asyncio.Task[None] | None = None

    async def latest(self) -> Answer | None:
        """The last answer; None where there is none yet."""
        old = self._clock.monotonic() - self._answered >= self._every
        if old and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._work())
        if self._answer is None and self._task is not None:
            await asyncio.wait({self._task}, timeout=self._patience)
        return self._answer

    async def close(self) -> None:
        """Stops asking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _work(self) -> None:
        """Asks once."""
        self._answer = await self._ask()
        self._answered = self._clock.monotonic()
