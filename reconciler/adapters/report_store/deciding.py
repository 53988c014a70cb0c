"""What people decide and the audit entry of it in one transaction: decisions, evidence, waivers, rehearsals, flags."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from reconciler.adapters.report_store.auditing import append
from reconciler.adapters.report_store.recording import insert
from reconciler.adapters.report_store.texts import safe, to_micros, to_time, to_time_or_none
from reconciler.core.approval_checks import person
from reconciler.core.audit import Act, AuditAction
from reconciler.core.evidence import digest_of
from reconciler.core.history import Decision, FlagChange, Rehearsal, Waiver
from reconciler.errors import Conflict, NotFound, ReportStoreError

DECISIONS = """
    SELECT d.id, d.domain, d.action, d.evidence_digest, d.actor, d.comment, d.at, COALESCE(l.reason, ''), d.entry
    FROM decisions d LEFT JOIN lapses l ON l.id = d.id
"""
WAIVERS = """
    SELECT w.id, w.domain, w.check_name, w.reason, w.until, w.most, w.asked_by, w.asked_at,
        COALESCE(c.actor, ''), c.at, COALESCE(e.actor, ''), e.at, w.result
    FROM waivers w LEFT JOIN waiver_confirmations c ON c.id = w.id LEFT JOIN waiver_endings e ON e.id = w.id
"""
SAME_APPROVAL = "SELECT decision_id FROM approvals WHERE evidence_digest = ? AND person = ? AND follows = ?"


def decide(db: Database, act: Act, *, evidence: str, follows: int | None) -> Decision:
    """Stores a decision, its evidence and its act; an approval that is there already is answered again."""
    approval = [act.evidence_digest, person(act.actor.name), follows] if act.action is AuditAction.APPROVE else None
    found = db.execute(SAME_APPROVAL, approval).fetchone() if approval else None
    if found is not None:
        return get_decision(db, found[0])
    if evidence:
        freeze(db, evidence, act)
    entry = append(db, act)
    row: dict[str, object] = {
        "domain": act.domain,
        "action": act.action.value,
        "evidence_digest": act.evidence_digest,
        "actor": safe(act.actor.name),
        "comment": safe(act.comment),
        "at": to_micros(act.at),
        "entry": entry.number,
    }
    decision_id = insert(db, "decisions", row)
    if approval:
        db.execute("INSERT INTO approvals VALUES (?, ?, ?, ?)", [*approval, decision_id])
    return get_decision(db, decision_id)


def freeze(db: Database, text: str, act: Act) -> None:
    """Keeps the evidence that somebody decides on, under the SHA-256 of its text."""
    if digest_of(text) != act.evidence_digest:
        raise ReportStoreError(
            "the evidence is not what its digest says", expected=act.evidence_digest, got=digest_of(text)
        )
    db.execute(
        "INSERT INTO evidence VALUES (?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING",
        [act.evidence_digest, act.domain, text, to_micros(act.at)],
    )


def get_evidence(db: Database, digest: str) -> str:
    """The text of the evidence of that digest; NotFound where it is not kept, ReportStoreError where it changed."""
    found = db.execute("SELECT text FROM evidence WHERE digest = ?", [digest]).fetchone()
    if found is None:
        raise NotFound("no such evidence is kept", expected="a digest that somebody decided on", got=digest[:80])
    if digest_of(found[0]) != digest:
        raise ReportStoreError(
            "frozen evidence was changed after it was frozen", expected=digest, got=digest_of(found[0]),
            next_step="restore the report database from a backup",
        )  # fmt: skip
    return str(found[0])


def lapse(db: Database, act: Act, *, decision_id: int) -> bool:
    """Notes once that an approval has lapsed by itself; says whether this was the time."""
    if db.execute("SELECT 1 FROM lapses WHERE id = ?", [decision_id]).fetchone():
        return False
    entry = append(db, act)
    values = [decision_id, safe(act.comment), to_micros(act.at), entry.number]
    db.execute("INSERT INTO lapses (id, reason, at, entry) VALUES (?, ?, ?, ?)", values)
    return True


def get_decision(db: Database, decision_id: int) -> Decision:
    """The decision of that id; NotFound where there is none."""
    row = db.execute(f"{DECISIONS} WHERE d.id = ?", [decision_id]).fetchone()
    if row is None:
        raise NotFound(f"decision {decision_id} does not exist", next_step="`reconciler audit list`")
    return _decision(row)


def decisions_of(db: Database, domain: str) -> tuple[Decision, ...]:
    """A domain's decisions, oldest first."""
    return tuple(_decision(row) for row in db.execute(f"{DECISIONS} WHERE d.domain = ? ORDER BY d.id", [domain]))


def _decision(row: tuple[int, str, str, str, str, str, int, str, int | None]) -> Decision:
    """A row as a decision."""
    number, domain, action, digest, actor, comment, at, voided, entry = row
    return Decision(
        id=number, domain=domain, action=action, evidence_digest=digest, actor=actor, comment=comment, at=to_time(at),
        voided=voided, entry=entry,
    )  # fmt: skip


# -- waivers -----------------------------------------------------------------------------------------------------------


def waive(db: Database, act: Act, *, check: str, until: datetime, result: str, most: int | None) -> Waiver:
    """Stores that somebody asks for a waiver; asked for again before anybody confirmed it, it is the same one."""
    asked = [act.domain, check, to_micros(until)]
    same = "w.domain = ? AND w.check_name = ? AND w.until = ? AND c.id IS NULL AND e.id IS NULL"
    waiting = [_waiver(row) for row in db.execute(f"{WAIVERS} WHERE {same}", asked)]
    mine = next((one for one in waiting if person(one.asked_by) == person(act.actor.name)), None)
    if mine is not None:
        return mine
    entry = append(db, act)
    row: dict[str, object] = {
        "domain": act.domain,
        "check_name": check,
        "reason": safe(act.comment),
        "until": to_micros(until),
        "most": most,
        "result": result,
        "asked_by": safe(act.actor.name),
        "asked_at": to_micros(act.at),
        "entry": entry.number,
    }
    return get_waiver(db, insert(db, "waivers", row))


def confirm_waiver(db: Database, act: Act, *, waiver_id: int) -> Waiver:
    """Stores that a second person stands by a waiver, once. Raises Conflict where it is over or confirmed already."""
    waiver = get_waiver(db, waiver_id)
    if waiver.confirmed_by or waiver.ended_at is not None:
        state = "ended" if waiver.ended_at else f"confirmed by {waiver.confirmed_by}"
        raise Conflict(f"waiver {waiver_id} can't be confirmed", expected="one that waits", got=f"one {state}")
    entry = append(db, act)
    values = [waiver_id, safe(act.actor.name), to_micros(act.at), entry.number]
    db.execute("INSERT INTO waiver_confirmations (id, actor, at, entry) VALUES (?, ?, ?, ?)", values)
    return get_waiver(db, waiver_id)


def end_waiver(db: Database, act: Act, *, waiver_id: int) -> Waiver:
    """Stores that a waiver ends now; one that has ended stays as it is."""
    waiver = get_waiver(db, waiver_id)
    if waiver.ended_at is not None:
        return waiver
    entry = append(db, act)
    values = [waiver_id, safe(act.actor.name), safe(act.comment), to_micros(act.at), entry.number]
    db.execute("INSERT INTO waiver_endings (id, actor, comment, at, entry) VALUES (?, ?, ?, ?, ?)", values)
    return get_waiver(db, waiver_id)


def get_waiver(db: Database, waiver_id: int) -> Waiver:
    """The waiver of that id; NotFound where there is none."""
    row = db.execute(f"{WAIVERS} WHERE w.id = ?", [waiver_id]).fetchone()
    if row is None:
        raise NotFound(f"waiver {waiver_id} does not exist", next_step="`reconciler audit list`")
    return _waiver(row)


def waivers_of(db: Database, domain: str) -> tuple[Waiver, ...]:
    """A domain's waivers, oldest first."""
    return tuple(_waiver(row) for row in db.execute(f"{WAIVERS} WHERE w.domain = ? ORDER BY w.id", [domain]))


def _waiver(row: Sequence[Any]) -> Waiver:
    """A row as a waiver."""
    number, domain, check, reason, until, most, asked_by, asked_at, *others = row
    confirmed_by, confirmed_at, ended_by, ended_at, result = others
    return Waiver(
        id=number, domain=domain, check=check, reason=reason, until=to_time(until), most=most, asked_by=asked_by,
        asked_at=to_time(asked_at), confirmed_by=confirmed_by, confirmed_at=to_time_or_none(confirmed_at),
        ended_by=ended_by, ended_at=to_time_or_none(ended_at), result=result,
    )  # fmt: skip


# -- rehearsals and flags ----------------------------------------------------------------------------------------------


def rehearse(db: Database, rehearsal: Rehearsal, *, act: Act) -> None:
    """Stores a rehearsal."""
    append(db, act)
    row: dict[str, object] = {
        "domain": rehearsal.domain,
        "minutes": float(rehearsal.minutes),
        "comment": safe(rehearsal.comment),
        "actor": safe(rehearsal.actor),
        "at": to_micros(rehearsal.at),
    }
    insert(db, "rehearsals", row)


def note_flag(db: Database, change: FlagChange, *, act: Act) -> FlagChange:
    """Stores a flag's change, unless another process noted it first; answers with what is stored."""
    last = next((one for one in reversed(flag_changes(db)) if one.domain == change.domain), None)
    if last is not None and last.reads == change.reads:
        return last
    append(db, act)
    row: dict[str, object] = {
        "domain": change.domain,
        "reads": change.reads,
        "had_go": int(change.had_go),
        "origin": safe(change.origin),
        "at": to_micros(change.at),
    }
    insert(db, "flag_changes", row)
    return change


def flag_changes(db: Database) -> list[FlagChange]:
    """Every change of every flag, oldest first."""
    rows = db.execute("SELECT domain, reads, had_go, origin, at FROM flag_changes ORDER BY id")
    return [
        FlagChange(domain=domain, reads=reads, had_go=bool(had_go), origin=origin, at=to_time(at))
        for domain, reads, had_go, origin, at in rows
    ]
