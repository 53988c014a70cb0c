"""Ports and values of what is told outside: the outbox, what sends, and how each delivery stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from reconciler.core.channels import Channel, Standing
from reconciler.core.events import Event, EventType, Fact, Happening


class DeliveryStatus(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"  # given up after the last try; kept, and shown until somebody tries again


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A gate as it was looked at: how it stands, and the facts that an event of it tells."""

    domain: str
    standing: Standing
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one channel; `told` is how the last try ended, in words that hold no value."""

    id: int
    channel: str
    event: Event
    status: DeliveryStatus
    tries: int
    next_at: datetime
    last_at: datetime | None
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """How a try ended; `again` False where no later one can succeed, `wait` is how long the receiver asks to wait."""

    ok: bool
    told: str
    again: bool = True
    wait: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelHealth:
    """How a channel does: what waits, what was given up, the last arrival, and what went wrong since then."""

    channel: str
    pending: int
    dead: int
    delivered_at: datetime | None
    failed_at: datetime | None
    trouble: str


class Sender(Protocol):
    """Brings one event to one channel."""

    async def send(self, channel: Channel, event: Event) -> Sent:
        """One try, bounded in time; what goes wrong is an answer, never an error."""

    def problem(self, channel: str) -> str:
        """Why nothing can be sent to the channel at all, in words; empty where it can."""


class Outbox(Protocol):
    """Events and their deliveries; every call is one transaction, durable when it returns."""

    async def watermark(self, subject: str) -> str | None:
        """How far a subject was looked through, None where never."""

    async def note(
        self,
        happenings: Sequence[Happening],
        *,
        channels: Sequence[Channel],
        watermarks: Mapping[str, str],
        at: datetime,
    ) -> int:
        """Stores what is not known yet, with a delivery for each channel that wants it; says how many were new."""

    async def look(self, looks: Sequence[Look], *, channels: Sequence[Channel], every: timedelta, at: datetime) -> int:
        """Compares gates with how they stood, stores what changed, and what channels are to be told; how many that is.

        `every` is the time between two looks.
        """

    async def look_at_clusters(self, *, channels: Sequence[Channel], at: datetime) -> int:
        """Compares clusters with how they stood: new ones, ones that are back, and ones that are resolved."""

    async def ended_since(self, since: datetime) -> Sequence[int]:
        """The runs that ended at or after that moment, in the order they ended."""

    async def events(self, kinds: Sequence[EventType], *, limit: int) -> Sequence[Event]:
        """The newest events of these kinds, newest first."""

    async def missed(self) -> Mapping[tuple[str, str], int]:
        """How many scheduled runs did not start, by domain and mode."""

    async def next_due(self, channel: str, *, at: datetime) -> Delivery | None:
        """What is to be sent to the channel now: of each domain the oldest first."""

    async def settle(self, delivery: Delivery, sent: Sent, *, next_at: datetime | None, at: datetime) -> Delivery:
        """Stores how a try ended; `next_at` is when the next one comes, None where there is none."""

    async def put(self, happening: Happening, *, channel: str, at: datetime) -> Delivery:
        """Stores an event for one channel that is about to be sent by whoever asks, and by nobody else."""

    async def retry(self, *, channel: str | None, at: datetime) -> int:
        """Puts what was given up back in line; says how much that is."""

    async def deliveries(
        self, *, channel: str | None = None, status: DeliveryStatus | None = None, limit: int = 50
    ) -> Sequence[Delivery]:
        """Deliveries, newest first."""

    async def health(self, channels: Sequence[str]) -> Sequence[ChannelHealth]:
        """How each of these channels does."""

    async def results(self) -> Mapping[tuple[str, str], int]:
        """How many tries ended how, by channel and `delivered`, `failed` or `dead`."""
