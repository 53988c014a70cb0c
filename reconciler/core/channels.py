"""Where notices go, and when one is due: on transitions only, after thresholds, with reminders and quiet hours."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Final

from reconciler.core.events import EventType
from reconciler.core.gate_values import GateVerdict

BAD: Final = frozenset({GateVerdict.NO_GO, GateVerdict.HOLD})
USUAL: Final = frozenset(
    {
        EventType.VERDICT_CHANGED,
        EventType.APPROVAL_REQUESTED,
        EventType.APPROVAL_VOIDED,
        EventType.FLIP_OBSERVED,
        EventType.ROLLBACK_OBSERVED,
        EventType.SCHEDULE_MISSED,
    }
)
DAY: Final = timedelta(days=1)
LATEST_DIGEST: Final = timedelta(hours=6)


class ChannelKind(StrEnum):
    """What a channel speaks."""

    WEBHOOK = "webhook"
    SLACK = "slack"


class Say(StrEnum):
    """What a channel is to be told of a gate."""

    CHANGE = "change"
    REMINDER = "reminder"
    NOTHING = "nothing"  # it counts as told all the same


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """A stretch of each day in a zone, over midnight where it ends before it begins; equal ends are never quiet."""

    begin: time
    end: time
    zone: tzinfo = UTC

    def over(self, at: datetime) -> datetime:
        """When it is loud again; `at` itself where it is."""
        here = at.astimezone(self.zone)
        if not self._quiet(here.time()):
            return at
        end = datetime.combine(here.date(), self.end, tzinfo=self.zone)
        return (end if end > here else end + DAY).astimezone(UTC)

    def _quiet(self, now: time) -> bool:
        if self.begin <= self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One place that is told; its address and secrets are kept elsewhere.

    No `domains` are all of them. Thresholds count looks in a row; `reminder_every` None reminds of nothing. `digest` is
    the time of day (UTC) of the summary, None for none.
    """

    name: str
    kind: ChannelKind
    events: frozenset[EventType] = USUAL
    domains: frozenset[str] = frozenset()
    failure_threshold: int = 1
    success_threshold: int = 1
    reminder_every: timedelta | None = None
    send_resolved: bool = True
    quiet: QuietHours | None = None
    digest: time | None = None

    def wants(self, kind: EventType, domain: str) -> bool:
        """Whether it is told of such an event; of what is about no domain every channel that asked for the kind."""
        return kind in self.events and (not domain or self.follows(domain))

    def follows(self, domain: str) -> bool:
        """Whether it is told of the domain at all."""
        return not self.domains or domain in self.domains

    def loud_from(self, at: datetime) -> datetime:
        """When something of that moment may be sent."""
        return self.quiet.over(at) if self.quiet else at


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a gate stands: its verdict, since when it is bad or not bad, and whether reads are on PostgreSQL."""

    verdict: GateVerdict
    since: datetime
    flipped: bool = False

    @property
    def bad(self) -> bool:
        """Whether somebody has to act."""
        return self.verdict in BAD

    @property
    def pages(self) -> bool:
        """Whether it is told at night too: what was flipped is at NO-GO."""
        return self.flipped and self.verdict is GateVerdict.NO_GO


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a channel was told last of a gate, and when."""

    verdict: GateVerdict
    at: datetime


def due(standing: Standing, heard: Heard | None, channel: Channel, *, now: datetime, look: timedelta) -> Say | None:
    """What to tell a channel now; None where nothing is due yet. `look` is the time between two looks.

    A gate that the channel has never heard of is told if it is bad, and else only noted.
    """
    if channel.loud_from(now) > now and not standing.pages:
        return None
    if heard is not None and heard.verdict is standing.verdict:
        remind = channel.reminder_every
        return Say.REMINDER if standing.bad and remind and now - heard.at >= remind else None
    was_bad = heard is not None and heard.verdict in BAD
    if now - standing.since < _patience(channel, was_bad=was_bad, bad=standing.bad) * look:
        return None
    silent = not standing.bad and (heard is None or (was_bad and not channel.send_resolved))
    return Say.NOTHING if silent else Say.CHANGE


def _patience(channel: Channel, *, was_bad: bool, bad: bool) -> int:
    """How many looks after the first have to agree; a change from bad to bad waits for none."""
    if was_bad == bad:
        return 0
    return (channel.failure_threshold if bad else channel.success_threshold) - 1


def digest_due(channel: Channel, *, now: datetime) -> datetime | None:
    """The moment of today's summary if it has come within the last hours; None where it has not, or there is none."""
    if channel.digest is None:
        return None
    moment = datetime.combine(now.astimezone(UTC).date(), channel.digest, tzinfo=UTC)
    return moment if moment <= now < moment + LATEST_DIGEST else None


def wanting(channels: Iterable[Channel], kind: EventType, domain: str) -> tuple[Channel, ...]:
    """The channels that are told of such an event."""
    return tuple(channel for channel in channels if channel.wants(kind, domain))
