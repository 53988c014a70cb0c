"""The audit log as a hash chain: what an act is, how an entry is chained to the one before it, and proving a chain."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from reconciler.core.access import Actor, Means, Role

BEGINNING = "sha256:" + "0" * 64
VERSION = 1
TEXTS = (
    "previous",
    "at",
    "actor",
    "role",
    "means",
    "action",
    "domain",
    "verdict",
    "evidence_digest",
    "comment",
    "digest",
)


class AuditAction(StrEnum):
    """What is written down when it happens."""

    REQUEST = "request"  # somebody asks for an approval
    APPROVE = "approve"
    REJECT = "reject"
    REVOKE = "revoke"
    VOID = "void"  # an approval lapsed by itself; the comment says why
    WAIVE = "waive"
    WAIVER_CONFIRMED = "waiver_confirmed"
    WAIVER_ENDED = "waiver_ended"
    REHEARSE = "rehearse"
    FLAG_SEEN = "flag_seen"  # the first look at a flag that reads mongo
    FLIP = "flip"
    ROLLBACK = "rollback"
    RULES_CHANGED = "rules_changed"
    POLICY_CHANGED = "policy_changed"
    CONFIG_ACCEPTED = "config_accepted"  # somebody answers for a domain's configuration
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
    NOTICES_TESTED = "notices_tested"
    NOTICES_RETRIED = "notices_retried"


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

    @property
    def told(self) -> str:
        """`412 entries, chain intact`, or what is broken."""
        held = f"{self.entries:,} {'entry' if self.entries == 1 else 'entries'}"
        return f"{held}, chain intact" if self.intact else f"chain broken: {self.trouble}"


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


def told(entry: AuditEntry) -> dict[str, object]:
    """What an entry's digest covers, by name; it is the SHA-256 of this as JSON in ASCII, keys sorted, no spaces."""
    return _told(entry.act, number=entry.number, previous=entry.previous)


def untold(document: Mapping[str, object]) -> AuditEntry:
    """The entry that `told` and its digest tell of. Raises ValueError, KeyError or TypeError where that is none."""
    text = {name: _text(document[name]) for name in TEXTS}
    actor = Actor(name=text["actor"], role=Role(text["role"]), means=Means(text["means"]))
    act = Act(
        actor=actor,
        action=AuditAction(text["action"]),
        at=datetime.fromisoformat(text["at"]),
        domain=text["domain"],
        verdict=text["verdict"],
        evidence_digest=text["evidence_digest"],
        comment=text["comment"],
    )
    number = document["number"]
    if type(number) is not int or document["version"] != VERSION or act.at.tzinfo is None:
        raise ValueError("no entry of an audit log")
    return AuditEntry(number=number, act=act, previous=text["previous"], digest=text["digest"])


def _text(value: object) -> str:
    """A text. Raises TypeError for anything else."""
    if not isinstance(value, str):
        raise TypeError(type(value).__name__)
    return value


def _digest(act: Act, *, number: int, previous: str) -> str:
    """`sha256:…` over the entry's canonical JSON."""
    covered = _told(act, number=number, previous=previous)
    text = json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _told(act: Act, *, number: int, previous: str) -> dict[str, object]:
    """An act in its place as JSON has it."""
    return {
        "version": VERSION,
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
