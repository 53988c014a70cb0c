"""Fourteen days of a domain at a glance: a cell a day, coloured by the worst that a run of the day said."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from reconciler.core.history import DomainRun
from reconciler.core.model import Mode, RunStatus, Verdict
from reconciler.core.summary import domain_verdict, worst
from reconciler.core.wording import counted
from reconciler.web.words import RUN, Family

DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day: its family, the glyph drawn on it, whether only samples looked, and the sentence that says so."""

    family: Family
    glyph: str
    partly: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """The days, oldest first, and all of them as one sentence."""

    days: tuple[Day, ...]
    text: str


class Judgements:
    """Verdicts of sealed parts of runs, which never change, kept by run and domain."""

    def __init__(self) -> None:
        """Starts empty; each application has one."""
        self._kept: dict[tuple[int, str], Verdict] = {}

    def of(self, run: DomainRun) -> Verdict:
        """The verdict of a domain's part of a run."""
        if run.status is RunStatus.RUNNING:
            return domain_verdict(run)
        key = (run.run_id, run.domain)
        if key not in self._kept:
            self._kept[key] = domain_verdict(run)
        return self._kept[key]


def first_day(now: datetime) -> datetime:
    """The midnight, in UTC, at which the strip begins."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=DAYS - 1)


def strip(runs: Iterable[DomainRun], *, now: datetime, judgements: Judgements) -> Strip:
    """The strip of a domain from its parts of runs, in any order."""
    by_day: dict[date, list[DomainRun]] = {}
    for run in runs:
        if run.status is not RunStatus.RUNNING:
            by_day.setdefault(run.started_at.astimezone(UTC).date(), []).append(run)
    dates = [(first_day(now) + timedelta(days=number)).date() for number in range(DAYS)]
    days = tuple(_day(one, by_day.get(one, ()), judgements) for one in dates)
    return Strip(days=days, text=_sentence(days))


def _day(day: date, runs: Sequence[DomainRun], judgements: Judgements) -> Day:
    """The day's cell; without a run it is no data."""
    told = f"{day.day} {day:%b}"
    if not runs:
        return Day(family=Family.NODATA, glyph="", partly=False, text=f"{told}: no run")
    word = RUN[worst(judgements.of(run) for run in runs)]
    glyph = {Family.DIFFS: "\N{MULTIPLICATION SIGN}", Family.INCONCLUSIVE: "!"}.get(word.family, "")
    partly = word.family is Family.OK and all(run.mode is not Mode.SCAN for run in runs)
    how = f"{counted(len(runs), 'run')}{', no full scan' if partly else ''}"
    return Day(family=word.family, glyph=glyph, partly=partly, text=f"{told}: {word.word.lower()}, {how}")


def _sentence(days: Sequence[Day]) -> str:
    """What the strip shows, for those who don't see it: how many days of each, and which went wrong."""
    clean = sum(1 for day in days if day.family is Family.OK)
    empty = sum(1 for day in days if day.family is Family.NODATA)
    wrong = [day.text for day in days if day.family in (Family.DIFFS, Family.INCONCLUSIVE)]
    parts = [f"Last {DAYS} days: {counted(clean, 'clean day')}", f"{counted(empty, 'day')} without a run", *wrong]
    return "; ".join(parts)
