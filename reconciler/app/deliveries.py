"""Brings what waits in the outbox to its channels: one try at a time for each channel, later each time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reconciler.app.notices import Delivery, Outbox, Sender, Sent
from reconciler.app.ports import Clock
from reconciler.core.channels import Channel
from reconciler.core.events import EventType
from reconciler.core.telling import happening
from reconciler.errors import ReconcilerError

WAITS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 300, 900, 1800, 3600, 2 * 3600, 4 * 3600, 8 * 3600)
)
LONGEST_WAIT: Final = timedelta(hours=8)
LOOK_SECONDS: Final = 1.0
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """Delivers at least once: a process that dies between sending and noting it sends again, under the same id."""

    outbox: Outbox
    sender: Sender
    clock: Clock
    channels: tuple[Channel, ...]
    say: Say

    async def run(self) -> None:
        """Delivers until it is cancelled; a channel that hangs keeps no other one waiting."""
        async with asyncio.TaskGroup() as group:
            for channel in self.channels:
                group.create_task(self._serve(channel))

    async def _serve(self, channel: Channel) -> None:
        """One channel; what goes wrong here is said, and tried again."""
        while True:
            try:
                busy = await self.deliver_one(channel)
            except ReconcilerError as problem:
                self.say(f"channel {channel.name}: {problem}")
                busy = False
            except Exception as problem:  # noqa: BLE001 - a channel never ends the service, nor another channel
                self.say(f"channel {channel.name}: internal error {type(problem).__name__}")
                busy = False
            if not busy:
                await self.clock.sleep(LOOK_SECONDS)

    async def deliver_one(self, channel: Channel) -> bool:
        """One try of what is due; False where nothing is."""
        delivery = await self.outbox.next_due(channel.name, at=self.clock.now())
        if delivery is None:
            return False
        sent = await self.sender.send(channel, delivery.event)
        now = self.clock.now()
        later = None if sent.ok else next_try(delivery, sent, now=now)
        await self.outbox.settle(delivery, sent, next_at=later, at=now)
        if not sent.ok:
            end = f"next try at {later:%H:%M:%S} UTC" if later else "given up; `reconciler notify retry` tries again"
            self.say(f"channel {channel.name}: {sent.told}; {end}")
        return True

    async def test(self, channel: Channel) -> Delivery:
        """Sends a test at once, past quiet hours and rules, and stores how it went."""
        now = self.clock.now()
        told = happening(
            f"test:{channel.name}:{now.isoformat()}", EventType.TEST, at=now, facts={"channel": channel.name}
        )
        delivery = await self.outbox.put(told, channel=channel.name, at=now)
        sent = await self.sender.send(channel, delivery.event)
        return await self.outbox.settle(delivery, sent, next_at=None, at=self.clock.now())


def next_try(delivery: Delivery, sent: Sent, *, now: datetime) -> datetime | None:
    """When to try again: later each time, and not before the receiver asks for; None after the last try."""
    if not sent.again or delivery.tries >= len(WAITS):
        return None
    wait = max(WAITS[delivery.tries], sent.wait or timedelta(0))
    return now + min(wait, LONGEST_WAIT)
