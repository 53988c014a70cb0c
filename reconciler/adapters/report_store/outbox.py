"""The Outbox on SQLite: what is told outside lies beside what it tells of, and is noticed once."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from sqlite_utils import Database

from reconciler.adapters.report_store import noticing, posting
from reconciler.adapters.report_store.threads import Readers, Writer, refuse_writing
from reconciler.app.notices import ChannelHealth, Delivery, DeliveryStatus, Look, Sent
from reconciler.core.channels import Channel
from reconciler.core.events import Event, EventType, Happening

T = TypeVar("T")


class SqliteOutbox:
    """Events and their deliveries in the report database. Every method raises ReportStoreError where that fails."""

    def __init__(self, *, readers: Readers, writer: Writer | None) -> None:
        """Without a writer every write is refused."""
        self._readers = readers
        self._writer = writer

    async def watermark(self, subject: str) -> str | None:
        """How far a subject was looked through, None where never."""
        return await self._readers.read(partial(noticing.watermark, subject=subject))

    async def note(
        self,
        happenings: Sequence[Happening],
        *,
        channels: Sequence[Channel],
        watermarks: Mapping[str, str],
        at: datetime,
    ) -> int:
        """Stores what is not known yet with its deliveries, and how far was looked."""
        return await self._write(
            partial(noticing.note, happenings=happenings, channels=channels, watermarks=watermarks, at=at)
        )

    async def look(self, looks: Sequence[Look], *, channels: Sequence[Channel], every: timedelta, at: datetime) -> int:
        """Compares gates with how they stood, and channels with what they heard."""
        return await self._write(partial(noticing.look, looks=looks, channels=channels, every=every, at=at))

    async def look_at_clusters(self, *, channels: Sequence[Channel], at: datetime) -> int:
        """Compares clusters with how they stood."""
        return await self._write(partial(noticing.look_at_clusters, channels=channels, at=at))

    async def ended_since(self, since: datetime) -> Sequence[int]:
        """The runs that ended at or after that moment, in the order they ended."""
        return await self._readers.read(partial(noticing.ended_since, since=since))

    async def events(self, kinds: Sequence[EventType], *, limit: int) -> Sequence[Event]:
        """The newest events of these kinds, newest first."""
        return await self._readers.read(partial(noticing.newest, kinds=kinds, limit=limit))

    async def missed(self) -> Mapping[tuple[str, str], int]:
        """How many scheduled runs did not start, by domain and mode."""
        return await self._readers.read(noticing.missed)

    async def next_due(self, channel: str, *, at: datetime) -> Delivery | None:
        """What is to be sent to the channel now."""
        return await self._readers.read(partial(posting.next_due, channel=channel, at=at))

    async def settle(self, delivery: Delivery, sent: Sent, *, next_at: datetime | None, at: datetime) -> Delivery:
        """Stores how a try ended."""
        return await self._write(partial(posting.settle, delivery=delivery, sent=sent, next_at=next_at, at=at))

    async def put(self, happening: Happening, *, channel: str, at: datetime) -> Delivery:
        """Stores an event that whoever asks is about to send."""
        return await self._write(partial(posting.put, happening=happening, channel=channel, at=at))

    async def retry(self, *, channel: str | None, at: datetime) -> int:
        """Puts what was given up back in line."""
        return await self._write(partial(posting.retry, channel=channel, at=at))

    async def deliveries(
        self, *, channel: str | None = None, status: DeliveryStatus | None = None, limit: int = 50
    ) -> Sequence[Delivery]:
        """Deliveries, newest first."""
        return await self._readers.read(partial(posting.listed, channel=channel, status=status, limit=limit))

    async def health(self, channels: Sequence[str]) -> Sequence[ChannelHealth]:
        """How each of these channels does."""
        return await self._readers.read(partial(posting.health, channels=channels))

    async def results(self) -> Mapping[tuple[str, str], int]:
        """How many tries ended how, by channel and result."""
        return await self._readers.read(posting.results)

    async def _write(self, work: Callable[[Database], T]) -> T:
        """Does the work in one transaction."""
        if self._writer is None:
            raise refuse_writing(self._readers.path)
        return await self._writer.write(work)
