"""Pauses of scheduled runs as rows: one for each job that is paused, one without an end for each that goes on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlite_utils import Database

from reconciler.adapters.report_store.auditing import append
from reconciler.adapters.report_store.recording import insert
from reconciler.adapters.report_store.texts import safe, to_micros, to_time, to_time_or_none
from reconciler.core.audit import Act
from reconciler.core.model import Mode
from reconciler.core.pauses import Pause

ROWS = "SELECT domain, mode, until, reason, actor, at FROM schedule_pauses {} ORDER BY domain, mode, id"


def note(db: Database, act: Act, *, jobs: Sequence[tuple[str, Mode]], reason: str, until: datetime | None) -> None:
    """Pauses the jobs until then, or lets them go on where there is no end; one act for all of them."""
    append(db, act)
    for domain, mode in jobs:
        row: dict[str, object] = {
            "domain": domain,
            "mode": mode.value,
            "until": None if until is None else to_micros(until),
            "reason": safe(reason),
            "actor": safe(act.actor.name),
            "at": to_micros(act.at),
        }
        insert(db, "schedule_pauses", row)


def pauses(db: Database, *, since: datetime, domain: str | None = None) -> tuple[Pause, ...]:
    """Every pause that held at that time or later, by domain and mode, oldest first; a row ends the one before it."""
    found: list[Pause] = []
    narrowed = "WHERE domain = ?" if domain is not None else ""
    waiting: Pause | None = None
    for name, mode, until, reason, actor, at in db.execute(ROWS.format(narrowed), [domain] if domain else []):
        job, when, end = (name, Mode(mode)), to_time(at), to_time_or_none(until)
        if waiting is not None:
            same = (waiting.domain, waiting.mode) == job
            found.append(_ended(waiting, actor, when) if same else waiting)
        waiting = None
        if end is not None:
            waiting = Pause(domain=name, mode=Mode(mode), reason=reason, actor=actor, at=when, until=end)
    found += [waiting] if waiting is not None else []
    return tuple(one for one in found if one.over_at >= since)


def _ended(pause: Pause, actor: str, at: datetime) -> Pause:
    """The pause with whoever ended it, where it was not over by itself before."""
    return replace(pause, ended_by=actor, ended_at=at) if at < pause.until else pause
