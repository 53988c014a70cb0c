"""What moved between the gate that somebody saw and the gate as it is: in sentences, and check by check."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.core.evidence_changes import what_changed
from reconciler.core.gate import Check, Gate
from reconciler.web.words import CHECK, GATE, Word, check_name

TIMED: Final = frozenset({"soak", "last_scan", "rollback_plan", "audit_chain"})
"""Checks whose words change as time passes or entries come: only another result tells something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckMove:
    """A check as it was seen, if it was, and as it is."""

    name: str
    check: str
    before: Check | None
    before_word: Word | None
    now: Check
    word: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Both digests, what changed in sentences (nothing where it is no longer known what was seen), and the checks."""

    named: str
    gate: Gate
    word: Word
    sentences: tuple[str, ...]
    checks: tuple[CheckMove, ...]
    known: bool


def what_moved(gate: Gate, *, named: str, seen: Gate | None, frozen: str) -> Moved:
    """Compares today's gate with the one seen; `frozen` is the evidence named, where somebody decided on it."""
    text = seen.evidence if seen else frozen
    before = {check.name: check for check in seen.checks} if seen else {}
    rows = tuple(_move(check, before.get(check.name)) for check in gate.checks if _differs(check, before))
    return Moved(
        named=named,
        gate=gate,
        word=GATE[gate.verdict],
        sentences=what_changed(text, gate.evidence) if text else (),
        checks=rows,
        known=bool(text),
    )


def _differs(check: Check, before: dict[str, Check]) -> bool:
    """Whether a check reads otherwise than it was seen."""
    seen = before.get(check.name)
    if seen is None:
        return bool(before)
    return check.result is not seen.result or (check.measured != seen.measured and check.name not in TIMED)


def _move(check: Check, seen: Check | None) -> CheckMove:
    """A check then and now."""
    return CheckMove(
        name=check_name(check.name),
        check=check.name,
        before=seen,
        before_word=CHECK[seen.result] if seen else None,
        now=check,
        word=CHECK[check.result],
    )


def moves(rows: Sequence[CheckMove]) -> list[dict[str, object]]:
    """The moves as JSON."""
    return [
        {
            "name": row.check,
            "before": {"result": row.before.result.value, "measured": row.before.measured} if row.before else None,
            "now": {"result": row.now.result.value, "measured": row.now.measured},
        }
        for row in rows
    ]
