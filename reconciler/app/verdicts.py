"""Gathers the facts of one domain or of all, and has them judged as of now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from reconciler.app.ports import Clock
from reconciler.core.audit import Chain
from reconciler.core.gate import (
    DataFacts,
    Dependency,
    FlagState,
    Gate,
    GateFacts,
    Member,
    RollbackPlan,
    as_member,
    data_health,
    decide,
)
from reconciler.core.groups import Group, group_gate
from reconciler.core.history import DomainHistory
from reconciler.core.spec import DomainSpec, GatePolicy, System
from reconciler.errors import NotFound

MARGIN = timedelta(days=1)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
NOTHING = DomainHistory(runs=(), open_confirmed=0, open_unconfirmed=0, last_diff_at=None, decisions=(), rehearsals=())


class Histories(Protocol):
    """The part of `ReportStore` that gates are derived from."""

    async def history(self, domain: DomainSpec, *, since: datetime) -> DomainHistory:
        """As `ReportStore.history`."""

    async def audit_chain(self, *, full: bool = False) -> Chain:
        """As `ReportStore.audit_chain`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """Answers with gates from what is stored; it reads no source and no target, so it answers while they are down.

    `plans`, `flags` and `rollbacks` (when a domain was last turned back) are by domain and read anew for every answer.
    """

    system: System
    reports: Histories
    clock: Clock
    code_version: str
    plans: Mapping[str, RollbackPlan]
    flags: Mapping[str, FlagState] = field(default_factory=dict)
    rollbacks: Mapping[str, datetime] = field(default_factory=dict)

    async def gate(self, domain: str) -> Gate:
        """One domain's gate; NotFound where there is no such domain."""
        return decide(await self.facts(domain))

    async def gates(self, domains: Sequence[str] = ()) -> tuple[Gate, ...]:
        """The gates of the domains named, in that order; of every domain where none is named."""
        return tuple(decide(facts) for facts in await self._facts(domains))

    async def group(self, name: str) -> Group:
        """A flip group's gate; NotFound where there is no such group."""
        return group_gate(name, await self.gates([domain.name for domain in group_members(self.system, name)]))

    async def facts(self, domain: str) -> GateFacts:
        """Everything one domain's gate is derived from; NotFound where there is no such domain."""
        (facts,) = await self._facts((domain,))
        return facts

    async def all_facts(self) -> tuple[GateFacts, ...]:
        """What every domain's gate is derived from, as of one moment."""
        return await self._facts(())

    async def _facts(self, domains: Sequence[str]) -> tuple[GateFacts, ...]:
        """The facts of the domains named; each history is read once, and the time is taken after the last of them."""
        specs = tuple(self._spec(name) for name in domains) or self.system.domains
        asked_at = self.clock.now()
        needed = {spec.name: spec for spec in self._with_neighbours(specs)}
        histories = {name: await self._history(spec, now=asked_at) for name, spec in needed.items()}
        chain = await self.reports.audit_chain()
        now = self.clock.now()
        data = {name: self._data(spec, history=histories[name], now=now) for name, spec in needed.items()}
        asked_of = {other for spec in needed.values() for other in spec.depends_on}
        health = {name: data_health(facts) for name, facts in data.items() if name in asked_of}
        alone = {name: self._alone(facts, health=health, chain=chain) for name, facts in data.items()}
        grouped = {spec.name for asked in specs for spec in self._group(asked)}
        members = {name: as_member(alone[name]) for name in sorted(grouped)}
        return tuple(replace(alone[spec.name], group=self._members(spec, members)) for spec in specs)

    async def _history(self, spec: DomainSpec, *, now: datetime) -> DomainHistory:
        """What is stored of a domain as far back as its policy can look; nothing where it cannot be compared."""
        if not spec.comparable:
            return NOTHING
        return await self.reports.history(spec, since=earliest(spec.policy, now=now))

    def _data(self, spec: DomainSpec, *, history: DomainHistory, now: datetime) -> DataFacts:
        """A domain's own facts."""
        watched = bool(self.system.gaps_table)
        return DataFacts(spec=spec, now=now, history=history, code_version=self.code_version, gaps_watched=watched)

    def _alone(self, data: DataFacts, *, health: Mapping[str, Dependency], chain: Chain) -> GateFacts:
        """A domain's facts without its flip group; dependencies that were not read are left out and so can't pass."""
        name = data.spec.name
        return GateFacts(
            data=data,
            chain=chain,
            plan=self.plans.get(name),
            flag=self.flags.get(name),
            rolled_back_at=self.rollbacks.get(name),
            dependencies=tuple(health[other] for other in data.spec.depends_on if other in health),
        )

    def _members(self, spec: DomainSpec, members: Mapping[str, Member]) -> tuple[Member, ...]:
        """The rest of a domain's flip group, judged."""
        return tuple(members[other.name] for other in self._group(spec))

    def _group(self, spec: DomainSpec) -> tuple[DomainSpec, ...]:
        """The other domains that flip together with this one."""
        same = (other for other in self.system.domains if other.flip_group == spec.flip_group)
        return tuple(other for other in same if spec.flip_group and other.name != spec.name)

    def _with_neighbours(self, specs: Iterable[DomainSpec]) -> tuple[DomainSpec, ...]:
        """The domains, their flip groups, and what any of these depends on."""
        whole = [one for spec in specs for one in (spec, *self._group(spec))]
        return (*whole, *(self.system.domain(name) for spec in whole for name in spec.depends_on))

    def _spec(self, name: str) -> DomainSpec:
        """The domain of that name, or NotFound with those there are."""
        for spec in self.system.domains:
            if spec.name == name:
                return spec
        known = ", ".join(spec.name for spec in self.system.domains)
        raise NotFound("no such domain", expected=f"one of {known}", got=repr(name))


def group_members(system: System, name: str) -> tuple[DomainSpec, ...]:
    """The domains of a flip group. Raises NotFound with the groups that there are."""
    found = tuple(domain for domain in system.domains if name and domain.flip_group == name)
    if not found:
        known = sorted({domain.flip_group for domain in system.domains if domain.flip_group})
        raise NotFound("no such flip group", expected=f"one of {', '.join(known) or 'none'}", got=repr(name[:80]))
    return found


def earliest(policy: GatePolicy, *, now: datetime) -> datetime:
    """How far back the runs of a domain can matter to its gate: the soak, and the clean scans with their gaps."""
    scans = policy.min_clean_scans * (_days(policy.clean_scan_gap) + _days(policy.max_scan_age))
    reach = max(_days(policy.soak_window), scans) + _days(policy.max_scan_age) + _days(MARGIN)
    known = (now - BEGINNING) / timedelta(days=1)
    return now - timedelta(days=min(reach, known))


def _days(length: timedelta) -> float:
    """A length in days; as a float it can be added up beyond what a timedelta holds."""
    return length / timedelta(days=1)
