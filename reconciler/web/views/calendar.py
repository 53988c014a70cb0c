"""Five weeks of a domain as a calendar: a cell a day, Monday first, with what its runs said at worst."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from reconciler.core.history import DomainRun
from reconciler.core.model import Mode, RunStatus
from reconciler.core.summary import worst
from reconciler.core.wording import counted
from reconciler.web.views.days import Judgements
from reconciler.web.words import RUN, Word

WEEKS: Final = 5
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDay:
    """A day: its runs, how many of them were scans, and the worst word among them, None without one."""

    label: str
    scans: int
    word: Word | None
    to_come: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The weeks, oldest first, each of seven days."""

    weekdays: tuple[str, ...]
    weeks: tuple[tuple[CalendarDay, ...], ...]


def first_monday(now: datetime) -> datetime:
    """The midnight, in UTC, at which the calendar begins."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=today.weekday(), weeks=WEEKS - 1)


def calendar(runs: Iterable[DomainRun], *, now: datetime, judgements: Judgements) -> Calendar:
    """The calendar of a domain from its parts of runs, in any order."""
    by_day: dict[date, list[DomainRun]] = {}
    for run in runs:
        if run.status is not RunStatus.RUNNING:
            by_day.setdefault(run.started_at.astimezone(UTC).date(), []).append(run)
    first, today = first_monday(now).date(), now.astimezone(UTC).date()
    dates = [first + timedelta(days=number) for number in range(7 * WEEKS)]
    days = [_day(one, by_day.get(one, ()), today=today, judgements=judgements) for one in dates]
    return Calendar(weekdays=WEEKDAYS, weeks=tuple(tuple(days[start : start + 7]) for start in range(0, len(days), 7)))


def _day(day: date, runs: Sequence[DomainRun], *, today: date, judgements: Judgements) -> CalendarDay:
    """One cell."""
    scans = sum(run.mode is Mode.SCAN for run in runs)
    word = RUN[worst(judgements.of(run) for run in runs)] if runs else None
    said = f"{word.word.lower()}, {counted(len(runs), 'run')}, {counted(scans, 'scan')}" if word else "no run"
    month = f" {day:%b}" if day.day == 1 else ""
    told = f"{day.day} {day:%b}: {'to come' if day > today else said}"
    return CalendarDay(label=f"{day.day}{month}", scans=scans, word=word, to_come=day > today, text=told)
