"""What goes into a gate and what comes out of it: facts, checks and verdicts as frozen values."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reconciler.core.audit import Chain
from reconciler.core.history import DomainHistory, Rehearsal
from reconciler.core.spec import DomainSpec
from reconciler.errors import InvalidSpec


class CheckResult(StrEnum):
    """How one check came out."""

    PASS = "pass"  # noqa: S105 - a result, not a password
    FAIL = "fail"
    PENDING = "pending"
    INCONCLUSIVE = "inconclusive"
    WAIVED = "waived"
    INFO = "info"


class GateVerdict(StrEnum):
    """Whether a domain's reads may flip."""

    NO_GO = "no_go"
    HOLD = "hold"
    SOAKING = "soaking"
    READY = "ready"
    GO = "go"
    FLIPPED = "flipped"
    NO_DATA = "no_data"
    NOT_COMPARABLE = "not_comparable"


class Requirement(StrEnum):
    """What a caller can ask a gate to be at least."""

    SOAKING = "soaking"
    READY = "ready"
    GO = "go"


class Reads(StrEnum):
    """The store that the backend was seen to read a domain from."""

    MONGO = "mongo"
    POSTGRES = "postgres"


class Action(StrEnum):
    """What a person can decide; `Decision.action` holds one of these words."""

    APPROVE = "approve"
    REJECT = "reject"
    REVOKE = "revoke"
    REQUEST = "request"  # asks for an approval; decides nothing


class SoakEvent(StrEnum):
    """What a soak counts from: the first clean scan of all, or the first after something that restarts the clock."""

    FIRST_SCAN = "first_clean_scan"
    DIFF = "confirmed_diff"
    RULES = "rules_changed"
    POLICY = "policy_changed"
    GAP = "coverage_gap_ended"
    ROLLBACK = "rollback"
    STORES = "other_stores"
    CLOCK = "clock_went_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakClock:
    """The soak as a clock: the moment it counts from, the event in a word and in words, and how long it takes.

    `since`, `event`, `elapsed` and `ends_at` are None, and `told` says why, while nothing counts yet.
    """

    since: datetime | None
    event: SoakEvent | None
    told: str
    elapsed: timedelta | None
    needed: timedelta
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """What the samples since the newest scan say: how many runs, and the rate that the newest leaves possible.

    `diff_rate_below` is the highest over the entities, each at the confidence of `sampling.CONFIDENCE`; None where the
    newest run does not say for each of them.
    """

    runs: int
    newest_run: int
    at: datetime
    diff_rate_below: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One sentence of the gate: what was measured against what is needed, since when, on which evidence.

    `amount` is how many things are wrong, where the check can count them.
    """

    name: str
    result: CheckResult
    measured: str
    needed: str
    since: datetime | None
    evidence: str
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A check, and what a person does next where it does not pass."""

    check: Check
    next_step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A domain's verdict as of now, with every check that led to it; `reads` is None where no flag was observed.

    `evidence` is the text that `evidence_digest` is the SHA-256 of; `alarm` tells of a flip without a go.
    """

    domain: str
    verdict: GateVerdict
    policy_digest: str | None
    evidence_digest: str | None
    valid_until: datetime | None
    checks: tuple[Check, ...]
    flip: str
    rollback: str
    reason: str
    next_step: str
    reads: Reads | None = None
    soak: SoakClock | None = None
    sampled: Sampled | None = None
    evidence: str = ""
    alarm: str = ""

    @property
    def waived(self) -> tuple[Check, ...]:
        """The checks that people set aside: a gate that has any is never plainly green."""
        return tuple(check for check in self.checks if check.result is CheckResult.WAIVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackPlan:
    """The written way back: who owns it, the command, and what is wrong with the page, one sentence each.

    `rehearsal` is the one that the page itself notes, if it notes any.
    """

    owner: str
    rollback_command: str
    problems: tuple[str, ...] = ()
    rehearsal: Rehearsal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagState:
    """The flag as it was observed.

    `reads` is None where the backend was asked and its answer could not be used (`problem`).
    `had_go` says whether the gate was at `go` when the flag was first seen on postgres; `origin` is who saw it.
    """

    reads: Reads | None
    since: datetime | None = None
    had_go: bool = False
    problem: str = ""
    origin: str = "the backend's health page"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFacts:
    """What the checks of a domain's data look at. `gaps_watched`: the backend keeps a table of dual-write gaps."""

    spec: DomainSpec
    now: datetime
    history: DomainHistory
    code_version: str
    gaps_watched: bool

    def __post_init__(self) -> None:
        """Refuses facts that nothing can be judged by: a naive time, or evidence that no digest ties to anything."""
        if self.now.tzinfo is None:
            raise ValueError("the gate needs an aware time")
        known = self.spec.config_digest and self.spec.policy_digest and self.code_version
        if self.spec.comparable and not known:
            raise InvalidSpec(
                f"domain {self.spec.name}",
                expected="digests of configuration and policy, and a code version",
                got="an empty one",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """How the data of another domain stand; without checks it cannot be compared at all."""

    domain: str
    checks: tuple[Check, ...]
    valid_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Another domain of the flip group, judged as if it stood alone; `since` is when it came to be as it is."""

    domain: str
    verdict: GateVerdict
    reason: str
    valid_until: datetime | None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFacts:
    """Everything a gate is derived from. `plan` is None where none is written, `flag` is None where nobody watches it.

    `dependencies` has an entry for each name in `spec.depends_on`, `group` one for each other member of the flip group;
    `chain` is what was proved of the audit log.
    """

    data: DataFacts
    chain: Chain
    plan: RollbackPlan | None = None
    flag: FlagState | None = None
    rolled_back_at: datetime | None = None
    dependencies: tuple[Dependency, ...] = ()
    group: tuple[Member, ...] = ()

    @property
    def flipped(self) -> bool:
        """Whether the domain was seen to read from PostgreSQL after a go."""
        return self.flag is not None and self.flag.reads is Reads.POSTGRES and self.flag.had_go

    @property
    def alarm(self) -> str:
        """That the domain reads from PostgreSQL although no go was given, in words; empty where it does not."""
        return alarm(self.data.spec, self.flag) if self.flag else ""


def alarm(domain: DomainSpec, flag: FlagState) -> str:
    """That a domain reads from PostgreSQL although no go was given, in words; empty where it does not."""
    without_go = flag.reads is Reads.POSTGRES and not flag.had_go
    return f"ALARM: {domain.flag} reads postgres and no go was given" if without_go else ""


def mirrored(domain: DomainSpec, reads: Reads | None) -> str:
    """What a difference means once a domain reads from PostgreSQL, in words; empty before that."""
    if reads is not Reads.POSTGRES:
        return ""
    return (
        f"Reads of {domain.name} are on PostgreSQL and MongoDB is the mirror: rolling back with `{domain.rollback}` "
        "would lose what differs."
    )
