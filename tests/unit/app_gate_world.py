"""The gate's two ports in memory, and a system of domains to judge, for the tests of verdicts and approvals."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.app.verdicts import Verdicts
from reconciler.core.gate import RollbackPlan
from reconciler.core.history import Decision, DomainHistory, Rehearsal
from reconciler.core.spec import DomainSpec, System
from tests.unit.gate_world import CODE, PLAN, a_history, at, domain_spec, nightly

NAMES = ("auth", "address", "category", "review")


@dataclass(kw_only=True)
class Ledgers:
    """Histories by domain, kept in memory; `asked` notes what was read and from when on."""

    kept: dict[str, DomainHistory]
    asked: list[tuple[str, datetime]] = field(default_factory=list)

    async def history(self, domain: DomainSpec, *, since: datetime) -> DomainHistory:
        self.asked.append((domain.name, since))
        return self.kept[domain.name]

    async def decide(
        self, *, domain: str, action: str, evidence_digest: str, actor: str, comment: str, at: datetime
    ) -> Decision:
        known = self.kept[domain].decisions
        decision = Decision(
            id=len(known) + 1,
            domain=domain,
            action=action,
            evidence_digest=evidence_digest,
            actor=actor,
            comment=comment,
            at=at,
        )
        self.bend(domain, decisions=(*known, decision))
        return decision

    async def rehearse(self, rehearsal: Rehearsal) -> None:
        self.bend(rehearsal.domain, rehearsals=(*self.kept[rehearsal.domain].rehearsals, rehearsal))

    def bend(self, domain: str, **changes: object) -> None:
        """Changes what is stored of a domain."""
        self.kept[domain] = replace(self.kept[domain], **changes)  # type: ignore[arg-type]


@dataclass(kw_only=True)
class SetClock:
    """A clock that stands still until it is set, or steps on each time it is read."""

    hours: float = 100
    step: float = 0

    def now(self) -> datetime:
        read = at(self.hours)
        self.hours += self.step
        return read

    def monotonic(self) -> float:
        return self.hours * 3600

    async def sleep(self, seconds: float) -> None:
        self.hours += seconds / 3600


def a_system() -> System:
    """Address depends on auth; category and review flip together, and review depends on auth; chat has no target."""

    def spec(name: str, **changes: object) -> DomainSpec:
        return domain_spec(name, entities=(name,), **changes)

    return System(
        domains=(
            spec("auth"),
            spec("address", depends_on=("auth",)),
            spec("category", flip_group="reference"),
            spec("review", flip_group="reference", depends_on=("auth",)),
            domain_spec("chat", entities=(), not_comparable="document-shaped", live_flag=False),
        ),
        gaps_table="gaps",
    )


def some_ledgers() -> Ledgers:
    """Five clean nights and a rehearsal for every domain."""
    return Ledgers(kept={name: a_history(*nightly(0, 24, 48, 72, 96, domain=name)) for name in NAMES})


def some_verdicts(
    ledgers: Ledgers, *, clock: SetClock | None = None, plans: Mapping[str, RollbackPlan] | None = None
) -> Verdicts:
    return Verdicts(
        system=a_system(),
        reports=ledgers,
        clock=clock or SetClock(),
        code_version=CODE,
        plans=dict.fromkeys(NAMES, PLAN) if plans is None else plans,
    )
