"""Scheduled runs paused and let go on: by whom, why and until when, each written into the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from reconciler.app.acting import require, signed
from reconciler.app.housekeeping import Pauses
from reconciler.app.ports import Clock
from reconciler.core.access import Actor, Right
from reconciler.core.audit import Act, AuditAction
from reconciler.core.model import Mode
from reconciler.core.pauses import held
from reconciler.core.spec import DomainSpec, System
from reconciler.core.wording import listed, moment, span
from reconciler.errors import NotFound

LONGEST: Final = timedelta(days=31)
Job = tuple[str, Mode]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pausing:
    """Pauses jobs: a job is a domain's runs of one mode that the configuration schedules."""

    system: System
    ledger: Pauses
    clock: Clock

    async def pause(
        self, domains: Sequence[str], *, mode: Mode | None, reason: str, until: datetime, actor: Actor
    ) -> tuple[Job, ...]:
        """The jobs that are paused now, every one where no domain is named. Raises what `signed` does, and NotFound."""
        reason, now = signed(actor, reason, right=Right.OPERATE), self.clock.now()
        require(until > now, "until", expected="a time to come", got=moment(until))
        far = f"at most {span(LONGEST)} from now"
        require(until - now <= LONGEST, "until", expected=far, got=moment(until), next_step=SWITCH_OFF)
        jobs = self._jobs(domains, mode)
        require(jobs, "the schedule", expected="a job to pause", got="none that the configuration schedules")
        told = f"{_told(jobs)} until {moment(until)}: {reason}"
        act = _act(AuditAction.SCHEDULE_PAUSED, jobs, actor=actor, at=now, comment=told)
        await self.ledger.pause_jobs(act, jobs=jobs, reason=reason, until=until)
        return jobs

    async def resume(self, domains: Sequence[str], *, mode: Mode | None, reason: str, actor: Actor) -> tuple[Job, ...]:
        """The jobs that go on now, those among the named that were paused. Raises as `pause` does."""
        reason, now = signed(actor, reason, right=Right.OPERATE), self.clock.now()
        pauses = await self.ledger.pauses(since=now)
        named = self._jobs(domains, mode)
        jobs = tuple(job for job in named if held(pauses, domain=job[0], mode=job[1], at=now))
        require(jobs, "the schedule", expected="a job that is paused", got="none among those named")
        act = _act(AuditAction.SCHEDULE_RESUMED, jobs, actor=actor, at=now, comment=f"{_told(jobs)}: {reason}")
        await self.ledger.pause_jobs(act, jobs=jobs, reason=reason, until=None)
        return jobs

    def _jobs(self, domains: Sequence[str], mode: Mode | None) -> tuple[Job, ...]:
        """The jobs of these domains, of every domain where none is named."""
        known = {domain.name: domain for domain in self.system.comparable}
        strangers = [name for name in domains if name not in known]
        if strangers:
            expected, got = f"one of {', '.join(known)}", repr(strangers[0][:64])
            raise NotFound("no such domain", expected=expected, got=got, next_step="`reconciler schedule list`")
        chosen = [known[name] for name in dict.fromkeys(domains)] or list(known.values())
        return tuple((one.name, kind) for one in chosen for kind in scheduled_modes(one) if mode in (None, kind))


SWITCH_OFF: Final = "to switch a job off for good, empty its line in the configuration"


def scheduled_modes(domain: DomainSpec) -> tuple[Mode, ...]:
    """The modes in which a domain runs by itself."""
    crons = ((Mode.SCAN, domain.schedule.scan), (Mode.SAMPLE, domain.schedule.sample))
    return tuple(mode for mode, cron in crons if cron)


def _act(action: AuditAction, jobs: Sequence[Job], *, actor: Actor, at: datetime, comment: str) -> Act:
    """The act, about a domain where it is about one alone."""
    domains = {domain for domain, _ in jobs}
    named = replace(actor, name=actor.name.strip())
    return Act(actor=named, action=action, at=at, domain=domains.pop() if len(domains) == 1 else "", comment=comment)


def _told(jobs: Sequence[Job]) -> str:
    """`scan of address and auth; sample of address`."""
    modes = dict.fromkeys(mode for _, mode in jobs)
    return "; ".join(f"{mode.value} of {listed(tuple(name for name, one in jobs if one is mode))}" for mode in modes)
