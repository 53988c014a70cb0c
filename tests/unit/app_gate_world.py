"""The gate's two ports in memory, and a system of domains to judge, for the tests of verdicts and approvals."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.app.verdicts import Verdicts
from reconciler.core.audit import Act, AuditAction, Chain
from reconciler.core.gate import RollbackPlan
from reconciler.core.history import Decision, DomainHistory, Rehearsal, Waiver
from reconciler.core.spec import DomainSpec, System
from reconciler.errors import NotFound
from tests.unit.gate_world import CODE, INTACT, PLAN, a_history, at, domain_spec, nightly

NAMES = ("auth", "address", "category", "review")


@dataclass(kw_only=True)
class Ledgers:
    """Histories by domain, kept in memory; `asked` notes what was read and from when on."""

    kept: dict[str, DomainHistory]
    asked: list[tuple[str, datetime]] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    frozen: dict[str, str] = field(default_factory=dict)
    approvals: dict[tuple[str, str, int | None], Decision] = field(default_factory=dict)
    chain: Chain = INTACT

    async def history(self, domain: DomainSpec, *, since: datetime) -> DomainHistory:
        self.asked.append((domain.name, since))
        return self.kept[domain.name]

    async def audit_chain(self, *, full: bool = False) -> Chain:  # noqa: ARG002 - the port has it
        return self.chain

    async def decide(self, act: Act, *, evidence: str = "", follows: int | None = None) -> Decision:
        person = act.actor.name.casefold()
        if act.action is AuditAction.APPROVE:
            known = self.approvals.get((act.evidence_digest, person, follows))
            if known is not None:
                return known
        if evidence:
            self.frozen[act.evidence_digest] = evidence
        entry = self.note(act)
        decisions = self.kept[act.domain].decisions
        decision = Decision(
            id=sum(len(one.decisions) for one in self.kept.values()) + 1,
            domain=act.domain,
            action=act.action.value,
            evidence_digest=act.evidence_digest,
            actor=act.actor.name,
            comment=act.comment,
            at=act.at,
            entry=entry,
        )
        self.bend(act.domain, decisions=(*decisions, decision))
        if act.action is AuditAction.APPROVE:
            self.approvals[act.evidence_digest, person, follows] = decision
        return decision

    async def lapse(self, act: Act, *, decision_id: int) -> bool:
        decisions = self.kept[act.domain].decisions
        if any(one.id == decision_id and one.voided for one in decisions):
            return False
        self.note(act)
        voided = tuple(replace(one, voided=act.comment) if one.id == decision_id else one for one in decisions)
        self.bend(act.domain, decisions=voided)
        return True

    async def decision(self, decision_id: int) -> Decision:
        decisions = (one for history in self.kept.values() for one in history.decisions if one.id == decision_id)
        found = next(decisions, None)
        if found is None:
            raise NotFound(f"decision {decision_id}")
        return found

    async def evidence(self, digest: str) -> str:
        if digest not in self.frozen:
            raise NotFound("no such evidence is kept")
        return self.frozen[digest]

    async def rehearse(self, rehearsal: Rehearsal, *, act: Act) -> None:
        self.note(act)
        self.bend(rehearsal.domain, rehearsals=(*self.kept[rehearsal.domain].rehearsals, rehearsal))

    async def waive(self, act: Act, *, check: str, until: datetime, result: str, most: int | None) -> Waiver:
        known = self.kept[act.domain].waivers
        name = act.actor.name
        same = (
            one for one in known if (one.check, one.until, one.asked_by, one.confirmed_by) == (check, until, name, "")
        )
        waiting = next((one for one in same if one.ended_at is None), None)
        if waiting is not None:
            return waiting
        self.note(act)
        waiver = Waiver(
            id=len(known) + 1,
            domain=act.domain,
            check=check,
            reason=act.comment,
            until=until,
            most=most,
            result=result,
            asked_by=name,
            asked_at=act.at,
        )
        self.bend(act.domain, waivers=(*known, waiver))
        return waiver

    async def confirm_waiver(self, act: Act, *, waiver_id: int) -> Waiver:
        return self._change(
            act, replace(await self.waiver(waiver_id), confirmed_by=act.actor.name, confirmed_at=act.at)
        )

    async def end_waiver(self, act: Act, *, waiver_id: int) -> Waiver:
        return self._change(act, replace(await self.waiver(waiver_id), ended_by=act.actor.name, ended_at=act.at))

    async def waiver(self, waiver_id: int) -> Waiver:
        found = [one for history in self.kept.values() for one in history.waivers if one.id == waiver_id]
        if not found:
            raise NotFound(f"waiver {waiver_id}")
        return found[0]

    def _change(self, act: Act, changed: Waiver) -> Waiver:
        self.note(act)
        known = self.kept[act.domain].waivers
        self.bend(act.domain, waivers=tuple(changed if one.id == changed.id else one for one in known))
        return changed

    def note(self, act: Act) -> int:
        self.acts.append(act)
        return len(self.acts)

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
