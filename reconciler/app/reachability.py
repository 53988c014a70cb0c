"""Whether both stores can be reached and only be read, and how long they take to say so."""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reconciler.app.ports import Clock, RecordReader, StoreHealth
from reconciler.app.rereading import BothStores
from reconciler.core.model import Side
from reconciler.errors import ReconcilerError

REMEMBERED: Final = 50

OpenStores = Callable[[], AbstractAsyncContextManager[BothStores]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLook:
    """What one store answered: its health, or in words why there is none. `seconds` are those of the last answers."""

    side: Side
    at: datetime
    health: StoreHealth | None
    problem: str
    next_step: str
    seconds: tuple[float, ...]


class Reachability:
    """Looks at both stores, with connections of its own, and remembers how long the last answers took."""

    def __init__(self, *, open_stores: OpenStores, clock: Clock) -> None:
        """`open_stores` opens both; nothing is asked before somebody wants to know."""
        self._open_stores = open_stores
        self._clock = clock
        self._seconds: dict[Side, deque[float]] = {side: deque(maxlen=REMEMBERED) for side in Side}

    async def look(self) -> Sequence[StoreLook]:
        """A look at each store, source first; one that can't be had is told in words."""
        try:
            async with self._open_stores() as stores:
                return (await self._ask(stores.source), await self._ask(stores.target))
        except ReconcilerError as problem:
            return tuple(self._told(side, problem) for side in Side)

    async def _ask(self, reader: RecordReader) -> StoreLook:
        """One store's health, with the time that it took."""
        began = self._clock.monotonic()
        try:
            health = await reader.health()
        except ReconcilerError as problem:
            return self._told(reader.side, problem)
        seconds = self._seconds[reader.side]
        seconds.append(self._clock.monotonic() - began)
        return StoreLook(
            side=reader.side, at=self._clock.now(), health=health, problem="", next_step="", seconds=tuple(seconds)
        )

    def _told(self, side: Side, problem: ReconcilerError) -> StoreLook:
        """Why a store did not answer, in our own words."""
        parts = (problem.message, f"got {problem.got}" if problem.got else "")
        return StoreLook(
            side=side,
            at=self._clock.now(),
            health=None,
            problem="; ".join(part for part in parts if part),
            next_step=problem.next_step,
            seconds=tuple(self._seconds[side]),
        )
