"""When a cluster began: what earlier scans had seen of its records, and how old the records are."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, assert_never

from reconciler.core.wording import counted

OBJECT_ID: Final = re.compile(r"[0-9a-f]{24}")
FIRST_OBJECT_IDS: Final = datetime(2007, 1, 1, tzinfo=UTC)
MOST_BARS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A completed scan that saw every record of an entity."""

    run: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterInRun:
    """How many diffs of a cluster a completed scan of its domain saw; 0 where it saw none."""

    run: int
    at: datetime
    diffs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPast:
    """A cluster over time.

    `scans` are the newest completed scans that saw its entity whole, by the rules of the run that first saw the
    cluster. `trend` has the newest completed scans of its domain, oldest first. `lowest` and `highest` are ids of its
    diffs, 0 where it has none.
    """

    scans: tuple[Scan, ...]
    trend: tuple[ClusterInRun, ...]
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """A record of a cluster: when it was created, None where its key does not tell, and the run that first saw it."""

    born: datetime | None
    first_run: int


class Era(StrEnum):
    """What a record's difference began with."""

    FIRST_LOOK = "first_look"  # no scan had seen the entity whole before
    CHANGED = "changed"  # an earlier scan saw the record equal
    NEW = "new"  # the record is younger than that scan
    SINCE = "since"  # it came after that scan; how old the record is, nobody knows


class Points(StrEnum):
    """Which writer the beginning points to."""

    BACKFILL = "backfill"
    DUAL_WRITE = "dual_write"
    BOTH = "both"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """How many records were created in a stretch of time."""

    start: datetime
    label: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """When a cluster began, told from the records looked at."""

    first_run: int
    before: Scan | None
    eras: tuple[tuple[Era, int], ...]
    oldest: datetime | None
    newest: datetime | None
    bars: tuple[Bar, ...]
    dated: int
    looked_at: int

    @property
    def points_to(self) -> Points:
        """The writer that the eras point to."""
        found = {era for era, count in self.eras if count}
        later = found - {Era.FIRST_LOOK}
        if Era.FIRST_LOOK in found:
            return Points.BOTH if later else Points.BACKFILL
        return Points.DUAL_WRITE if later else Points.UNKNOWN

    @property
    def sentences(self) -> tuple[str, ...]:
        """What each part of the records says, largest part first."""
        ranked = sorted(self.eras, key=lambda pair: -pair[1])
        return tuple(self._told(era, count) for era, count in ranked if count)

    def _told(self, era: Era, count: int) -> str:
        """One part of the records in words."""
        records, scan = counted(count, "record"), self.before
        was = "was" if count == 1 else "were"
        differs = "differs" if count == 1 else "differ"
        match era:
            case Era.FIRST_LOOK:
                return f"{records} differed already when run {self.first_run} first compared them by these rules."
            case Era.CHANGED:
                seen = f"equal in run {scan.run}" if scan else "equal before"
                return f"{records} {was} {seen} and {differs} since: one store was written, the other was not."
            case Era.NEW:
                than = f"run {scan.run}" if scan else "the scan before"
                return f"{records} {was} created after {than} and {differs} from the start."
            case Era.SINCE:
                after = f"run {scan.run}" if scan else "the scan before"
                return f"{records} came up after {after}."
        assert_never(era)

    @property
    def conclusion(self) -> str:
        """Which writer to look at."""
        match self.points_to:
            case Points.BACKFILL:
                return "That points to the backfill, or to writes from before it."
            case Points.DUAL_WRITE:
                return "That points to the dual write, or to a job that wrote one store only since then."
            case Points.BOTH:
                return "That points to both: the backfill left it behind, and the dual write still makes it."
            case Points.UNKNOWN:
                return "When it began can't be told."
        assert_never(self.points_to)

    @property
    def ages(self) -> str:
        """From when to when the records were created, as far as their keys tell."""
        if self.oldest is None or self.newest is None:
            return ""
        first, last = f"{self.oldest:%Y-%m-%d}", f"{self.newest:%Y-%m-%d}"
        when = f"on {first}" if first == last else f"between {first} and {last}"
        those = "" if self.dated == self.looked_at else f"{self.dated:,} of {self.looked_at:,} tell their age: "
        return f"{those}created {when}"


def born(key: str, *, now: datetime) -> datetime | None:
    """When the document that a key begins with was created; None where the key is no ObjectId or one made up."""
    text = key.split("/", 1)[0]
    if not OBJECT_ID.fullmatch(text):
        return None
    at = datetime.fromtimestamp(int(text[:8], 16), tz=UTC)
    return at if FIRST_OBJECT_IDS <= at <= now + timedelta(days=1) else None


def beginning(records: Sequence[Appearance], scans: Sequence[Scan]) -> Beginning:
    """When the cluster of these records began; `scans` are those that saw its entity whole by the same rules."""
    known = sorted(scans, key=lambda scan: scan.run)
    first_run = min((one.first_run for one in records), default=0)
    before = {_before(known, one.first_run) for one in records}
    eras = Counter(_era(one, _before(known, one.first_run)) for one in records)
    births = sorted(one.born for one in records if one.born is not None)
    return Beginning(
        first_run=first_run,
        before=before.pop() if len(before) == 1 else None,
        eras=tuple((era, eras[era]) for era in Era),
        oldest=births[0] if births else None,
        newest=births[-1] if births else None,
        bars=bars(births),
        dated=len(births),
        looked_at=len(records),
    )


def _before(scans: Sequence[Scan], run: int) -> Scan | None:
    """The newest scan before a run."""
    return next((scan for scan in reversed(scans) if scan.run < run), None)


def _era(record: Appearance, scan: Scan | None) -> Era:
    """What a record's difference began with."""
    if scan is None:
        return Era.FIRST_LOOK
    if record.born is None:
        return Era.SINCE
    return Era.CHANGED if record.born < scan.at else Era.NEW


def bars(births: Sequence[datetime]) -> tuple[Bar, ...]:
    """Records by their age, oldest first, in days, months or years: at most two dozen stretches, empty ones too."""
    if not births:
        return ()
    for form, step in (("%Y-%m-%d", timedelta(days=1)), ("%Y-%m", timedelta(days=28)), ("%Y", timedelta(days=365))):
        found = Counter(f"{at:{form}}" for at in births)
        labels = _labels(births[0], births[-1], form, step)
        if len(labels) <= MOST_BARS or form == "%Y":
            return tuple(Bar(start=at, label=label, count=found[label]) for label, at in labels.items())
    return ()


def _labels(first: datetime, last: datetime, form: str, step: timedelta) -> dict[str, datetime]:
    """Every stretch from the first to the last; steps are shorter than a stretch, so none is left out."""
    labels: dict[str, datetime] = {}
    at = first
    while at < last and len(labels) <= MOST_BARS * 2:
        labels.setdefault(f"{at:{form}}", at)
        at += step
    labels.setdefault(f"{last:{form}}", last)
    return labels
