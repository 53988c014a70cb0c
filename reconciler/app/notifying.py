"""Notices what happens and tells it while the service is up; of several services on one database one does it."""

import asyncio
from dataclasses import dataclass
from typing import Final

from reconciler.app.deliveries import Deliveries, Say
from reconciler.app.event_watch import EventWatch
from reconciler.app.ports import Clock, DomainLocks
from reconciler.errors import AlreadyRunning, ReconcilerError

TURN: Final = "_notices"  # no domain's name begins so
TURN_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifying:
    """Looks and delivers side by side. Nothing that goes wrong here ends the service or moves a gate."""

    watch: EventWatch
    deliveries: Deliveries
    turns: DomainLocks
    clock: Clock
    say: Say

    async def run(self) -> None:
        """Until it is cancelled: waits for its turn, and keeps it."""
        while True:
            try:
                async with self.turns.hold((TURN,)):
                    await self._in_turn()
            except AlreadyRunning:
                await self.clock.sleep(TURN_SECONDS)
            except ReconcilerError as problem:
                self.say(f"notices can't be sent: {problem}")
                await self.clock.sleep(TURN_SECONDS)

    async def _in_turn(self) -> None:
        """Both halves."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look())
            group.create_task(self.deliveries.run())

    async def _look(self) -> None:
        """One look after the other; what fails is said, and looked for again."""
        while True:
            try:
                await self.watch.look()
            except ReconcilerError as problem:
                self.say(f"events can't be noticed: {problem}")
            except Exception as problem:  # noqa: BLE001 - what is unforeseen here holds up notices, never a gate
                self.say(f"events can't be noticed: internal error {type(problem).__name__}")
            await self.clock.sleep(self.watch.every.total_seconds())
