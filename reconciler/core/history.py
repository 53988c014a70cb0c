"""What is stored about a domain and looked at by its gate: its parts of runs, decisions, rehearsals, flags."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.core.model import EntitySummary, Mode, RunStatus, Verdict
from reconciler.core.pauses import Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainRun:
    """One domain's part of a run as it is stored; the verdict is derived from it by `summary.domain_verdict`.

    `judged` is where that keeps what it derived, so that it is derived once; it is no part of the value.
    """

    run_id: int
    domain: str
    mode: Mode
    status: RunStatus
    started_at: datetime
    finished_at: datetime | None
    config_digest: str
    policy_digest: str
    code_version: str
    entities: tuple[EntitySummary, ...]
    notes: tuple[str, ...]
    gaps: int | None
    error: str
    canaries_planted: int = 0
    canaries_caught: int = 0
    identities: Mapping[str, str] = field(default_factory=dict)
    judged: list[Verdict] = field(default_factory=list, init=False, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An approval, rejection, revocation or request: who, when, on which evidence, why.

    `voided` says why an approval has lapsed by itself, where that was noted; `entry` is its number in the audit log.
    """

    id: int
    domain: str
    action: str
    evidence_digest: str
    actor: str
    comment: str
    at: datetime
    voided: str = ""
    entry: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A check set aside by two people until a time; it counts from when the second one confirmed it.

    `most` is how many things were wrong when it was asked for (None where the check does not count), `result` how the
    check came out then: it covers no more and nothing worse.
    """

    id: int
    domain: str
    check: str
    reason: str
    until: datetime
    most: int | None
    asked_by: str
    asked_at: datetime
    confirmed_by: str = ""
    confirmed_at: datetime | None = None
    ended_by: str = ""
    ended_at: datetime | None = None
    result: str = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A rehearsal of a domain's rollback plan."""

    domain: str
    minutes: float
    comment: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagChange:
    """A domain's flag as it was first seen in another position; `had_go` says whether the gate was at go by then."""

    domain: str
    reads: str
    had_go: bool
    origin: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainHistory:
    """Everything stored that a domain's gate looks at; runs newest first, sealed or not.

    `configured_by` is who answers for its configuration of today, empty where nobody does.
    """

    runs: tuple[DomainRun, ...]
    open_confirmed: int
    open_unconfirmed: int
    last_diff_at: datetime | None
    decisions: tuple[Decision, ...]
    rehearsals: tuple[Rehearsal, ...]
    waivers: tuple[Waiver, ...] = ()
    pauses: tuple[Pause, ...] = ()
    configured_by: str = ""
