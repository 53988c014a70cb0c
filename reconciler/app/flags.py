"""Watching the flags: what the backend reads now, since when, and whether a go was given before it was flipped."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.app.ports import Backend, Clock, ReportStore
from reconciler.app.verdicts import Verdicts
from reconciler.core.gate_values import FlagState, GateVerdict, Reads
from reconciler.core.history import FlagChange
from reconciler.core.spec import DomainSpec, System
from reconciler.errors import BackendUnreadable

STORE_SUFFIX = "_STORE"
ORIGIN = "the backend's health page"


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
        """One look at every flag; a page that can't be read leaves every flag unknown, which holds the gates."""
        if self.backend is None:
            return
        known = await self._known()
        try:
            modes = await self.backend.store_modes()
        except BackendUnreadable as problem:
            self.forget(problem.message, known)
            return
        for domain in self.system.comparable:
            if domain.flip:
                await self._domain(domain, modes, known.get(domain.name))

    def forget(self, why: str, known: Mapping[str, FlagChange] | None = None) -> None:
        """Marks every flag as unknown; `known` holds each domain's last change, where it could be read."""
        known = known or {}
        for domain in self.system.comparable:
            if domain.flip:
                since = known[domain.name].at if domain.name in known else None
                self.flags.states[domain.name] = FlagState(reads=None, since=since, problem=why)

    async def _domain(self, domain: DomainSpec, modes: Mapping[str, str], last: FlagChange | None) -> None:
        """One domain's flag; a position not seen before is stored, with the gate's verdict at that moment."""
        mode = mode_of(domain, modes)
        if mode not in (Reads.MONGO.value, Reads.POSTGRES.value):
            told = "does not name the domain" if mode is None else "names a store that is neither mongo nor postgres"
            self.flags.states[domain.name] = FlagState(reads=None, problem=f"the backend's health page {told}")
            return
        if last is None or last.reads != mode:
            last = await self._changed(domain, mode, last)
        self.flags.states[domain.name] = FlagState(reads=Reads(mode), since=last.at, had_go=last.had_go)

    async def _changed(self, domain: DomainSpec, mode: str, last: FlagChange | None) -> FlagChange:
        """Stores a change."""
        flipped = mode == Reads.POSTGRES.value
        had_go = flipped and (await self.verdicts.gate(domain.name)).verdict is GateVerdict.GO
        change = FlagChange(domain=domain.name, reads=mode, had_go=had_go, origin=ORIGIN, at=self.clock.now())
        await self.store.note_flag(change)
        if last is not None and not flipped:
            self.flags.rollbacks[domain.name] = change.at
        return change

    async def _known(self) -> dict[str, FlagChange]:
        """Each domain's last change; notes the last rollbacks on the way."""
        last: dict[str, FlagChange] = {}
        for change in await self.store.flag_changes():
            before = last.get(change.domain)
            if before is not None and before.reads == Reads.POSTGRES.value and change.reads == Reads.MONGO.value:
                self.flags.rollbacks[change.domain] = change.at
            last[change.domain] = change
        return last


def mode_of(domain: DomainSpec, modes: Mapping[str, str]) -> str | None:
    """A domain's mode under any name the backend may use: its own, in camel case, a flag's or an alias's stem."""
    stems = [flag.removesuffix(STORE_SUFFIX).lower() for flag in (domain.flag, *domain.flag_aliases)]
    for name in (domain.name, *stems, domain.flag, *domain.flag_aliases):
        for spelt in (name, _camel(name)):
            if spelt in modes:
                return modes[spelt]
    return None


def _camel(name: str) -> str:
    """level_config as levelConfig."""
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)
