"""What happened in the last day: domains whose runs began to say something else, and what people and flags did."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from reconciler.core.audit import AuditAction, AuditEntry
from reconciler.core.history import DomainHistory, DomainRun
from reconciler.core.model import RunStatus, Verdict
from reconciler.web.views.days import Judgements
from reconciler.web.words import RUN, Family, Word

WINDOW: Final = timedelta(hours=24)
MOST: Final = 8
LONGEST_COMMENT: Final = 80
TOLD: Final[Mapping[AuditAction, str]] = {
    AuditAction.APPROVE: "approved by",
    AuditAction.REJECT: "rejected by",
    AuditAction.REVOKE: "approvals revoked by",
    AuditAction.VOID: "an approval lapsed, noted by",
    AuditAction.WAIVER_CONFIRMED: "a check set aside by",
    AuditAction.WAIVER_ENDED: "a waiver ended by",
    AuditAction.FLIP: "reads went to PostgreSQL, seen by",
    AuditAction.ROLLBACK: "reads went back to MongoDB, seen by",
    AuditAction.RULES_CHANGED: "other mapping or rules, seen by",
    AuditAction.POLICY_CHANGED: "another policy, seen by",
    AuditAction.SCHEDULE_PAUSED: "scheduled runs paused by",
    AuditAction.SCHEDULE_RESUMED: "scheduled runs resumed by",
}
ACTIONS: Final = tuple(TOLD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened: when, to which domain (empty for several), what, and where to read on.

    `before` and `after` are the words of runs where they changed; else `told` says what somebody did.
    """

    at: datetime
    domain: str
    told: str
    href: str
    before: Word | None = None
    after: Word | None = None


def lately(
    histories: Mapping[str, DomainHistory], entries: Sequence[AuditEntry], *, now: datetime, judgements: Judgements
) -> tuple[Event, ...]:
    """The events of the last day, the newest first, at most `MOST` of them."""
    since = now - WINDOW
    changed = (event for name, history in histories.items() for event in _changes(name, history.runs, judgements))
    acted = (_act(entry) for entry in entries if entry.act.action in TOLD)
    found = sorted((one for one in (*changed, *acted) if one.at >= since), key=lambda one: one.at, reverse=True)
    return tuple(found[:MOST])


def _changes(domain: str, runs: Sequence[DomainRun], judgements: Judgements) -> Iterator[Event]:
    """Where a run said something else than the one before it."""
    ended = [run for run in runs if run.status is not RunStatus.RUNNING]
    for newer, older in pairwise(ended):
        after, before = judgements.of(newer), judgements.of(older)
        if _plain(after) is not _plain(before):
            yield Event(
                at=newer.finished_at or newer.started_at,
                domain=domain,
                told=f"run {newer.run_id}",
                href=f"/runs/{newer.run_id}",
                before=RUN[before],
                after=RUN[after],
            )


def _plain(verdict: Verdict) -> Family:
    """What a person sees of a verdict at a glance: nothing compared is as little as inconclusive."""
    return RUN[verdict].family


def _act(entry: AuditEntry) -> Event:
    """Something that was done."""
    act = entry.act
    told = f"{TOLD[act.action]} {act.actor.name}"
    comment = act.comment if len(act.comment) <= LONGEST_COMMENT else f"{act.comment[:LONGEST_COMMENT]}…"
    href = f"/domains/{act.domain}" if act.domain else f"/audit?action={act.action.value}"
    return Event(at=act.at, domain=act.domain, told=f"{told}: {comment}" if comment else told, href=href)
