"""The schedule: the next day on lanes, and each job with its last run, what it missed, and who paused it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reconciler.core.history import DomainHistory, DomainRun
from reconciler.core.model import Mode, RunStatus
from reconciler.core.pauses import Pause, held
from reconciler.core.wording import counted, span
from reconciler.web.reading import clock_time, cron_words
from reconciler.web.services import ScheduledRun
from reconciler.web.views.runs import Part, part
from reconciler.web.views.sparks import Spark, Value, spark
from reconciler.web.words import Family

AHEAD: Final = timedelta(hours=24)
BACK: Final = timedelta(hours=24)
GRACE: Final = timedelta(hours=1)
WIDTH: Final = 1000
THINNEST: Final = 2.5
LAST: Final = 8

Firings = Callable[[str, datetime, datetime], Sequence[datetime]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A rectangle on a lane: a start that is due, or a time in which nothing is started."""

    x: float
    width: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A day of one group of jobs; `paused` is drawn only where all of them are."""

    title: str
    words: str
    due: tuple[Stretch, ...]
    paused: Stretch | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A domain's runs of one mode. `missed` of `expected` starts of the last day found no run."""

    domain: str
    mode: Mode
    next_at: datetime | None
    last: Part | None
    took: Spark | None
    missed: int
    expected: int
    pause: Pause | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobGroup:
    """Jobs of the same mode and cron expression."""

    mode: Mode
    cron: str
    words: str
    next_at: datetime | None
    rows: tuple[JobRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePage:
    """The page; `active` is whether this process starts the runs, `late` are the jobs that missed a start."""

    active: bool
    lanes: tuple[Lane, ...]
    hours: tuple[str, ...]
    groups: tuple[JobGroup, ...]
    late: tuple[JobRow, ...]
    pauses: tuple[Pause, ...]
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What the schedule is made of: jobs, what is stored of their domains, pauses, and when an expression is due."""

    jobs: Sequence[ScheduledRun]
    histories: Mapping[str, DomainHistory]
    pauses: Sequence[Pause]
    firings: Firings
    now: datetime

    def pause_of(self, job: ScheduledRun) -> Pause | None:
        """The pause that holds a job now."""
        return held(self.pauses, domain=job.domain, mode=job.mode, at=self.now)

    def runs_of(self, job: ScheduledRun) -> list[DomainRun]:
        """The job's runs that are stored, newest first, whoever started them."""
        return [run for run in self.histories[job.domain].runs if run.mode is job.mode]


def schedule_page(planned: Planned, *, active: bool) -> SchedulePage:
    """The page as of now."""
    groups = tuple(_groups(planned))
    rows = [row for group in groups for row in group.rows]
    return SchedulePage(
        active=active,
        lanes=tuple(_lane(group, planned) for group in groups),
        hours=tuple(f"{planned.now + AHEAD * quarter / 4:%H:%M}" for quarter in range(5)),
        groups=groups,
        late=tuple(row for row in rows if row.missed and not row.pause),
        pauses=tuple(pause for row in rows if (pause := row.pause) is not None),
        domains=tuple(sorted({row.domain for row in rows})),
    )


def _groups(planned: Planned) -> Iterator[JobGroup]:
    """Scans before samples, the sooner before the later."""
    gathered: dict[tuple[Mode, str], list[ScheduledRun]] = {}
    for job in sorted(planned.jobs, key=lambda one: (one.mode is not Mode.SCAN, one.cron, one.domain)):
        gathered.setdefault((job.mode, job.cron), []).append(job)
    for (mode, cron), jobs in gathered.items():
        rows = tuple(_row(job, planned) for job in jobs)
        coming = [row.next_at for row in rows if row.next_at is not None]
        yield JobGroup(mode=mode, cron=cron, words=cron_words(cron), next_at=min(coming, default=None), rows=rows)


def _row(job: ScheduledRun, planned: Planned) -> JobRow:
    """One job."""
    runs = planned.runs_of(job)
    ended = [run for run in runs if run.status is not RunStatus.RUNNING]
    missed, expected = _missed(job, runs, planned)
    return JobRow(
        domain=job.domain,
        mode=job.mode,
        next_at=job.next_at,
        last=part(ended[0], "") if ended else None,
        took=_took(ended) if len(ended) > 1 else None,
        missed=missed,
        expected=expected,
        pause=planned.pause_of(job),
    )


def _missed(job: ScheduledRun, runs: Sequence[DomainRun], planned: Planned) -> tuple[int, int]:
    """How many starts of the last day found no run before the next one was due, and how many there were.

    Counted from the job's first stored run; what fell into a pause was not expected, and the newest has time to begin.
    """
    if not runs:
        return 0, 0
    now = planned.now
    since = max(now - BACK, runs[-1].started_at)
    due = [at for at in planned.firings(job.cron, since, now) if at >= since]
    wanted = [
        (at, end)
        for at, end in zip(due, [*due[1:], now], strict=False)
        if not held(planned.pauses, domain=job.domain, mode=job.mode, at=at) and (end < now or now - at > GRACE)
    ]
    started = [run.started_at for run in runs]
    missed = sum(not any(at <= one < end for one in started) for at, end in wanted)
    return missed, len(wanted)


def _took(ended: Sequence[DomainRun]) -> Spark:
    """How long the last runs took."""
    parts = [part(run, "") for run in reversed(ended[:LAST])]
    seconds = [_seconds(run) for run in reversed(ended[:LAST])]
    values = [
        Value(number=number, text=f"run {one.id}: {one.took}", family=Family.PROGRESS)
        for one, number in zip(parts, seconds, strict=True)
    ]
    return spark("Time taken", values, newest=parts[-1].took)


def _seconds(run: DomainRun) -> float | None:
    """How long it took; None where a clock stepped back."""
    took = (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0.0
    return took if took >= 0 else None


def _lane(group: JobGroup, planned: Planned) -> Lane:
    """The next day of a group."""
    due = tuple(_due(group, planned))
    paused = _paused(group, planned.now)
    title = f"{group.mode.value.capitalize()} of {counted(len(group.rows), 'domain')}"
    first = f"the first at {clock_time(group.next_at, planned.now)}" if group.next_at else "none, it is paused"
    return Lane(
        title=title,
        words=group.words,
        due=due,
        paused=paused,
        text=f"{title}: {counted(len(due), 'start')} in the next 24 hours, {first}",
    )


def _due(group: JobGroup, planned: Planned) -> Iterator[Stretch]:
    """Each start as long as the last run took, where one of the group's jobs is not paused then."""
    longest = max((_length(row, planned) for row in group.rows), default=timedelta(0))
    for at in planned.firings(group.cron, planned.now, planned.now + AHEAD):
        if any(held(planned.pauses, domain=row.domain, mode=row.mode, at=at) is None for row in group.rows):
            width = max(THINNEST, longest / AHEAD * WIDTH)
            yield Stretch(x=_x(at, planned.now), width=round(width, 1), text=clock_time(at, planned.now))


def _length(row: JobRow, planned: Planned) -> timedelta:
    """How long the job's last run took."""
    runs = [run for run in planned.histories[row.domain].runs if run.mode is row.mode and run.finished_at is not None]
    return max(timedelta(0), (runs[0].finished_at or runs[0].started_at) - runs[0].started_at) if runs else timedelta(0)


def _paused(group: JobGroup, now: datetime) -> Stretch | None:
    """From now to when the first of them goes on, where all of them are paused."""
    ends = [row.pause.over_at for row in group.rows if row.pause is not None]
    if len(ends) < len(group.rows):
        return None
    first = min(ends)
    return Stretch(x=0, width=_x(min(first, now + AHEAD), now), text=f"paused for {span(first - now)} more")


def _x(at: datetime, now: datetime) -> float:
    """The place of a time on a lane."""
    return round((at - now) / AHEAD * WIDTH, 1)
