"""A domain over time: the states that its runs put it in as bands, and what happened to it as moments."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import assert_never

from reconciler.core.evidence import lapse
from reconciler.core.gate_values import Action, Reads
from reconciler.core.history import Decision, DomainRun, FlagChange, Rehearsal
from reconciler.core.model import Mode, RunStatus, Verdict
from reconciler.core.wording import span

Judge = Callable[[DomainRun], Verdict]


class BandState(StrEnum):
    """What was known of a domain for a stretch of time."""

    CLEAN = "clean"
    DIFFS = "diffs"
    INCONCLUSIVE = "inconclusive"
    NO_DATA = "no_data"


class MomentKind(StrEnum):
    """What happened at a moment."""

    DIFFS = "diffs"
    RULES = "rules_changed"
    CODE = "code_changed"
    POLICY = "policy_changed"
    APPROVAL = "approval"
    REJECTION = "rejection"
    REVOCATION = "revocation"
    FLIP = "flip"
    ROLLBACK = "rollback"
    REHEARSAL = "rehearsal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A stretch of one state: the run that began it, and how many runs ended in it; no run where data ran out."""

    start: datetime
    end: datetime
    state: BandState
    run: int | None
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that happened, in a word and in words, with the run that shows it."""

    at: datetime
    kind: MomentKind
    told: str
    run: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is stored of a domain that a timeline is drawn from, in any order."""

    runs: tuple[DomainRun, ...]
    decisions: tuple[Decision, ...] = ()
    rehearsals: tuple[Rehearsal, ...] = ()
    flags: tuple[FlagChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Bands without a gap from `since` to `until`, and moments between them, both oldest first."""

    since: datetime
    until: datetime
    bands: tuple[Band, ...]
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A state as of a moment, with the run that ended then."""

    at: datetime
    state: BandState
    run: int | None


def timeline(past: Past, *, since: datetime, until: datetime, max_scan_age: timedelta, judge: Judge) -> Timeline:
    """The domain from `since` to `until`; runs from before it tell in which state it begins.

    Only a clean scan makes a stretch clean, and for `max_scan_age` at most; a difference lasts until the next one.
    """
    ended = [run for run in past.runs if run.status is not RunStatus.RUNNING and _ended(run) <= until]
    runs = sorted(ended, key=lambda run: (_ended(run), run.run_id))
    changes = list(_changes(runs, until=until, max_scan_age=max_scan_age, judge=judge))
    bands = tuple(_bands(changes, since=since, until=until))
    moments = [*_found(bands, since), *_changed(runs), *_decided(past.decisions), *_walked(past.rehearsals)]
    moments += _turned(past.flags)
    within = (one for one in moments if since <= one.at <= until)
    return Timeline(since=since, until=until, bands=bands, moments=tuple(sorted(within, key=lambda one: one.at)))


def _ended(run: DomainRun) -> datetime:
    """When a run that is over ended."""
    return run.finished_at or run.started_at


def _changes(runs: Sequence[DomainRun], *, until: datetime, max_scan_age: timedelta, judge: Judge) -> Iterator[_Change]:
    """The state after each run, and after each time that a clean scan grew too old."""
    state, by_scan, holds = BandState.NO_DATA, BandState.NO_DATA, until
    for run in runs:
        at = _ended(run)
        if state is BandState.CLEAN and holds < at:
            state = by_scan = BandState.NO_DATA
            yield _Change(at=holds, state=state, run=None)
        said = _said(judge(run))
        if run.mode is Mode.SCAN:
            state = by_scan = said
            holds = lapse(run.started_at, max_scan_age)
        elif said is BandState.CLEAN:
            state = by_scan
        else:
            state = BandState.DIFFS if BandState.DIFFS in (state, said) else said
            by_scan = BandState.DIFFS if state is BandState.DIFFS else by_scan
        yield _Change(at=at, state=state, run=run.run_id)
    if state is BandState.CLEAN and holds < until:
        yield _Change(at=holds, state=BandState.NO_DATA, run=None)


def _said(verdict: Verdict) -> BandState:
    """What a run's verdict makes of a domain."""
    match verdict:
        case Verdict.CLEAN:
            return BandState.CLEAN
        case Verdict.DIFFS:
            return BandState.DIFFS
        case Verdict.INCONCLUSIVE | Verdict.NOTHING_COMPARED:
            return BandState.INCONCLUSIVE
        case _ as never:
            assert_never(never)


def _bands(changes: Sequence[_Change], *, since: datetime, until: datetime) -> Iterator[Band]:
    """Neighbours of one state joined, cut to the time asked for; of changes at one moment the last counts."""
    ended = Counter(change.at for change in changes if change.run is not None)
    last = {change.at: change for change in changes if change.at < until}
    before = [change for at, change in last.items() if at <= since]
    start, state, run, runs = since, BandState.NO_DATA, None, 0
    if before:
        state, run = before[-1].state, before[-1].run
    for at, change in list(last.items())[len(before) :]:
        if change.state is not state:
            yield Band(start=start, end=at, state=state, run=run, runs=runs)
            start, state, run, runs = at, change.state, change.run, 0
        runs += ended[at]
    yield Band(start=start, end=until, state=state, run=run, runs=runs)


def _found(bands: Sequence[Band], since: datetime) -> Iterator[Moment]:
    """The beginning of each stretch of differences."""
    for band in bands:
        if band.state is BandState.DIFFS and band.start > since:
            told = f"run {band.run} found something wrong"
            yield Moment(at=band.start, kind=MomentKind.DIFFS, told=told, run=band.run)


def _changed(runs: Sequence[DomainRun]) -> Iterator[Moment]:
    """Where a run was made under something else than the one before it."""
    in_turn = sorted(runs, key=lambda run: run.run_id)
    for before, run in pairwise(in_turn):
        for kind, what, same in (
            (MomentKind.RULES, "mapping or rules", before.config_digest == run.config_digest),
            (MomentKind.POLICY, "the policy", before.policy_digest == run.policy_digest),
            (MomentKind.CODE, "the code of reconciler", before.code_version == run.code_version),
        ):
            if not same:
                told = f"{what} changed between run {before.run_id} and run {run.run_id}"
                yield Moment(at=run.started_at, kind=kind, told=told, run=run.run_id)


def _decided(decisions: Iterable[Decision]) -> Iterator[Moment]:
    """What people decided."""
    words = {
        Action.APPROVE: (MomentKind.APPROVAL, "approved"),
        Action.REJECT: (MomentKind.REJECTION, "rejected"),
        Action.REVOKE: (MomentKind.REVOCATION, "revoked"),
    }
    for one in decisions:
        kind, word = words[Action(one.action)]
        yield Moment(at=one.at, kind=kind, told=f"{word} by {one.actor}")


def _walked(rehearsals: Iterable[Rehearsal]) -> Iterator[Moment]:
    """When the way back was rehearsed."""
    for one in rehearsals:
        took = span(timedelta(minutes=one.minutes))
        yield Moment(at=one.at, kind=MomentKind.REHEARSAL, told=f"way back rehearsed by {one.actor} in {took}")


def _turned(flags: Iterable[FlagChange]) -> Iterator[Moment]:
    """When reads were flipped and turned back; the first sight of a flag on MongoDB is neither."""
    was_on = False
    for one in sorted(flags, key=lambda change: change.at):
        on = one.reads == Reads.POSTGRES
        if on and not was_on:
            told = f"reads flipped to PostgreSQL {'after' if one.had_go else 'without'} a go"
            yield Moment(at=one.at, kind=MomentKind.FLIP, told=told)
        if was_on and not on:
            yield Moment(at=one.at, kind=MomentKind.ROLLBACK, told="reads turned back to MongoDB")
        was_on = on
