"""Watching the flags: what the backend reads now, since when, and whether a go was given before it was flipped."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.app.acting import require, signed
from reconciler.app.ports import Backend, Clock, ReportStore
from reconciler.app.verdicts import Verdicts
from reconciler.core.access import SERVICE, Actor, Right
from reconciler.core.audit import Act, AuditAction
from reconciler.core.gate import decide
from reconciler.core.gate_values import FlagState, Gate, GateVerdict, Reads, alarm
from reconciler.core.history import FlagChange
from reconciler.core.spec import DomainSpec, System
from reconciler.errors import BackendUnreadable, Conflict

STORE_SUFFIX = "_STORE"
TWO = " and "
ORIGIN = "the backend's health page"
READS = {"mongo": Reads.MONGO, "dual": Reads.MONGO, "postgres": Reads.POSTGRES}
"""What a domain's mode on the health page says of its reads: `dual` writes both stores and still reads MongoDB."""


@dataclass(slots=True, kw_only=True)
class Flags:
    """The flags as last seen, by domain, and when a domain was last turned back; the verdicts read both."""

    states: dict[str, FlagState] = field(default_factory=dict)
    rollbacks: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagWatch:
    """Asks the backend and keeps `flags` true. Without a backend nothing is watched and nothing assumed."""

    system: System
    backend: Backend | None
    store: ReportStore
    verdicts: Verdicts
    clock: Clock
    flags: Flags

    async def look(self) -> None:
        """One look at every flag; a page that can't be read leaves every flag unknown, which holds the gates.

        Without a backend, a flag is where it was last recorded by hand; one never recorded is not watched.
        """
        known = await self._known()
        if self.backend is None:
            self._as_recorded(known)
            return
        try:
            modes = await self.backend.store_modes()
        except BackendUnreadable as problem:
            self.forget(f"{problem.message}: {problem.got}", known)
            return
        flagged = [domain for domain in self.system.comparable if domain.flip]
        seen = [(domain, mode_of(domain, modes), known.get(domain.name)) for domain in flagged]
        for domain, mode, last in [one for one in seen if self._moved(*one)]:
            await self._changed(domain, READS[str(mode)], last)

    def forget(self, why: str, known: Mapping[str, FlagChange] | None = None) -> None:
        """Marks every flag as unknown; `known` holds each domain's last change, where it could be read."""
        known = known or {}
        for domain in self.system.comparable:
            if domain.flip:
                since = known[domain.name].at if domain.name in known else None
                self.flags.states[domain.name] = FlagState(reads=None, since=since, problem=why)

    async def record(self, domain: str, *, reads: Reads, actor: Actor, comment: str) -> FlagState:
        """Records by hand that a flag was flipped or turned back; said twice, it is the same.

        Raises AccessDenied, NotFound, UsageError without a live flag, Conflict where a watched backend does not say so.
        """
        comment = signed(actor, comment, right=Right.OPERATE)
        facts = await self.verdicts.facts(domain)
        spec = facts.data.spec
        require(spec.flip, f"domain {domain}", expected="a live flag", got="none")
        await self.look()
        seen = self.flags.states.get(domain)
        if self.backend is not None and seen is not None and seen.reads is not reads:
            raise Conflict(
                f"{spec.flag} was not recorded",
                expected=f"{reads.value}, as you say",
                got=f"{seen.reads}, as the backend's health page says" if seen.reads else seen.problem,
                next_step="look at the backend; reconciler notices a flip there by itself",
            )
        gate = decide(await self.verdicts.facts(domain))
        change = self._change(spec, reads, gate, origin=f"{actor.name}, by hand")
        action = AuditAction.FLIP if reads is Reads.POSTGRES else AuditAction.ROLLBACK
        stored = await self.store.note_flag(change, act=_act(action, gate, change, actor, comment))
        await self.look()
        return FlagState(reads=Reads(stored.reads), since=stored.at, had_go=stored.had_go, origin=stored.origin)

    def alarms(self) -> Mapping[str, str]:
        """The flags that read PostgreSQL although no go was given, by domain, in words."""
        flagged = ((self.system.domain(name), state) for name, state in self.flags.states.items())
        return {domain.name: told for domain, state in flagged if (told := alarm(domain, state))}

    def _as_recorded(self, known: Mapping[str, FlagChange]) -> None:
        """The flags as they were recorded by hand."""
        self.flags.states.clear()
        for domain in self.system.comparable:
            if domain.flip and domain.name in known:
                self.flags.states[domain.name] = _state(known[domain.name])

    def _moved(self, domain: DomainSpec, mode: str | None, last: FlagChange | None) -> bool:
        """Notes what the page shows of a flag; True where it was moved, which leaves it where it was before."""
        if mode not in READS:
            told = _no_mode(mode)
            self.flags.states[domain.name] = FlagState(reads=None, problem=f"the backend's health page {told}")
            return False
        if last is None:
            self.flags.states.pop(domain.name, None)
            return True
        self.flags.states[domain.name] = replace(_state(last), origin=ORIGIN)
        return last.reads != READS[mode].value

    async def _changed(self, domain: DomainSpec, reads: Reads, last: FlagChange | None) -> None:
        """Stores a change that the backend shows, with the gate's verdict from just before it."""
        gate = await self.verdicts.gate(domain.name)
        change = self._change(domain, reads, gate, origin=ORIGIN)
        back = AuditAction.FLAG_SEEN if last is None else AuditAction.ROLLBACK
        action = AuditAction.FLIP if reads is Reads.POSTGRES else back
        told = "seen on the backend's health page"
        if warning := alarm(domain, _state(change)):
            told = f"{warning}; {told}"
        stored = await self.store.note_flag(change, act=_act(action, gate, change, SERVICE, told))
        if action is AuditAction.ROLLBACK:
            self.flags.rollbacks[domain.name] = stored.at
        self.flags.states[domain.name] = replace(_state(stored), reads=reads, origin=ORIGIN)

    def _change(self, domain: DomainSpec, reads: Reads, gate: Gate, *, origin: str) -> FlagChange:
        """A flag's change as of now; only a gate at `go` lets it be flipped."""
        had_go = reads is Reads.POSTGRES and gate.verdict is GateVerdict.GO
        return FlagChange(domain=domain.name, reads=reads.value, had_go=had_go, origin=origin, at=self.clock.now())

    async def _known(self) -> dict[str, FlagChange]:
        """Each domain's last change; notes the last rollbacks on the way."""
        last: dict[str, FlagChange] = {}
        for change in await self.store.flag_changes():
            before = last.get(change.domain)
            if before is not None and before.reads == Reads.POSTGRES.value and change.reads == Reads.MONGO.value:
                self.flags.rollbacks[change.domain] = change.at
            last[change.domain] = change
        return last


def _no_mode(mode: str | None) -> str:
    """Why what the page says of a domain is no position of its flag."""
    if mode is None:
        return "does not name the domain"
    return "contradicts itself" if TWO in mode else "names a mode that is neither mongo, dual nor postgres"


def _state(change: FlagChange) -> FlagState:
    """A flag as it was last noted."""
    return FlagState(reads=Reads(change.reads), since=change.at, had_go=change.had_go, origin=change.origin)


def _act(action: AuditAction, gate: Gate, change: FlagChange, actor: Actor, comment: str) -> Act:
    """A flip, a rollback or a first look as an act."""
    return Act(
        actor=actor,
        action=action,
        at=change.at,
        domain=change.domain,
        verdict=gate.verdict.value,
        evidence_digest=gate.evidence_digest or "",
        comment=comment,
    )


def mode_of(domain: DomainSpec, modes: Mapping[str, str]) -> str | None:
    """A domain's mode under any name the backend may use: its own, in camel case, a flag's or an alias's stem.

    None where the page does not name it; names that contradict each other give their modes, which is no mode.
    """
    stems = [flag.removesuffix(STORE_SUFFIX).lower() for flag in (domain.flag, *domain.flag_aliases)]
    names = (domain.name, *stems, domain.flag, *domain.flag_aliases)
    found = {modes[spelt] for name in names for spelt in (name, _camel(name)) if spelt in modes}
    return TWO.join(sorted(found)) if found else None


def _camel(name: str) -> str:
    """level_config as levelConfig."""
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)
