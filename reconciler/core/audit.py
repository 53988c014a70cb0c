"""The audit log as a hash chain: what an act is, how an entry is chained to the one before it, and proving a chain."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from reconciler.core.access import Actor

BEGINNING = "sha256:" + "0" * 64


class AuditAction(StrEnum):
    """What is written down when it happens."""

    APPROVE = "approve"
    REJECT = "reject"
    REVOKE = "revoke"
    VOID = "void"  # an approval lapsed by itself; the comment says why
    WAIVE = "waive"
    WAIVER_CONFIRMED = "waiver_confirmed"
    WAIVER_ENDED = "waiver_ended"
    REHEARSE = "rehearse"
    FLIP = "flip"
    ROLLBACK = "rollback"
    RULES_CHANGED = "rules_changed"
    POLICY_CHANGED = "policy_changed"
    REVEAL = "reveal"
    EXPORT = "export"
    RUN_STARTED = "run_started"
    RUN_CANCELLED = "run_cancelled"
    TOKEN_CREATED = "token_created"  # noqa: S105 - a word, not a token
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - the same
    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    CLUSTER_NOTED = "cluster_noted"
    STEP_MARKED = "step_marked"
    STEP_UNMARKED = "step_unmarked"
    SCHEDULE_PAUSED = "schedule_paused"
    SCHEDULE_RESUMED = "schedule_resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something done, before it has its place in the chain. It never holds a value of a record, a token or a DSN.

    `domain` is empty where the act is about none; `verdict` is the gate's then, empty where none was asked;
    `evidence_digest` is `sha256:…` or empty; `comment` is the person's words or what was seen.
    """

    actor: Actor
    action: AuditAction
    at: datetime
    domain: str = ""
    verdict: str = ""
    evidence_digest: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """An act in its place: numbered from 1 without a gap, `digest` covers the act and `previous`."""

    number: int
    act: Act
    previous: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What was proved of a chain: how many entries hold, the newest digest, and the first trouble in words."""

    entries: int
    head: str
    trouble: str = ""

    @property
    def intact(self) -> bool:
        """Whether every entry is where and what it was when it was written."""
        return not self.trouble


def chained(act: Act, *, number: int, previous: str) -> AuditEntry:
    """The act as entry `number`, chained to the digest `previous` (`BEGINNING` for the first)."""
    return AuditEntry(number=number, act=act, previous=previous, digest=_digest(act, number=number, previous=previous))


def prove(entries: Iterable[AuditEntry], *, number: int = 0, previous: str = BEGINNING) -> Chain:
    """Walks entries in order, from the one after `number` whose digest is `previous`; stops at the first wrong one."""
    for entry in entries:
        trouble = _trouble(entry, number=number + 1, previous=previous)
        if trouble:
            return Chain(entries=number, head=previous, trouble=trouble)
        number, previous = entry.number, entry.digest
    return Chain(entries=number, head=previous)


def _trouble(entry: AuditEntry, *, number: int, previous: str) -> str:
    """What is wrong with an entry that should be `number`, in words; empty where nothing is."""
    if entry.number != number:
        return f"entry {number} is missing: entry {entry.number} follows entry {number - 1}"
    if entry.previous != previous:
        return f"entry {number} is not chained to entry {number - 1}"
    if entry.digest != _digest(entry.act, number=number, previous=previous):
        return f"entry {number} was changed after it was written"
    return ""


def _digest(act: Act, *, number: int, previous: str) -> str:
    """`sha256:…` over the entry's canonical JSON."""
    told = {
        "version": 1,
        "number": number,
        "previous": previous,
        "at": act.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": act.actor.name,
        "role": act.actor.role.value,
        "means": act.actor.means.value,
        "action": act.action.value,
        "domain": act.domain,
        "verdict": act.verdict,
        "evidence_digest": act.evidence_digest,
        "comment": act.comment,
    }
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
