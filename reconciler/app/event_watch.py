"""Notices what happened since the last look and puts it into the outbox; what it is derived from stays the truth."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from reconciler.app.documents import instant
from reconciler.app.housekeeping import Pauses
from reconciler.app.notices import Look, Outbox
from reconciler.app.ports import AuditFilter, Clock, ReportStore, StoredRun
from reconciler.app.verdicts import Verdicts
from reconciler.core.audit import AuditAction, AuditEntry
from reconciler.core.channels import BAD, Channel, Standing, digest_due
from reconciler.core.events import EventType, Fact, Happening
from reconciler.core.gate import CheckResult, Gate, GateVerdict, Reads
from reconciler.core.history import DomainRun
from reconciler.core.model import Mode
from reconciler.core.pauses import held
from reconciler.core.sentences import verdict_word
from reconciler.core.spec import System
from reconciler.core.summary import differing, domain_verdict
from reconciler.core.telling import account, happening

ACTS: Final[Mapping[AuditAction, EventType]] = {
    AuditAction.REQUEST: EventType.APPROVAL_REQUESTED,
    AuditAction.APPROVE: EventType.APPROVAL_RECORDED,
    AuditAction.REJECT: EventType.APPROVAL_RECORDED,
    AuditAction.REVOKE: EventType.APPROVAL_RECORDED,
    AuditAction.VOID: EventType.APPROVAL_VOIDED,
    AuditAction.FLIP: EventType.FLIP_OBSERVED,
    AuditAction.ROLLBACK: EventType.ROLLBACK_OBSERVED,
}
AUDIT, RUNS = "audit", "runs"
AT_A_TIME: Final = 200
EARLY: Final = timedelta(minutes=30)
LATE: Final = timedelta(hours=1)
OVERLAP: Final = timedelta(minutes=5)  # a run that ended first may be stored last
MOST_DUE: Final = 400
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


class Planned(Protocol):
    """A run that should start by itself."""

    @property
    def domain(self) -> str:
        """The domain it is of."""

    @property
    def mode(self) -> Mode:
        """How much it looks at."""

    def next_after(self, at: datetime) -> datetime | None:
        """When it is due next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventWatch:
    """Looks at everything that is told outside; raises ReportStoreError, and notices the rest at the next look.

    `every` is the time between two looks; `planned` answers what should start by itself.
    """

    system: System
    store: ReportStore
    pauses: Pauses
    outbox: Outbox
    verdicts: Verdicts
    clock: Clock
    channels: tuple[Channel, ...]
    every: timedelta
    planned: Callable[[], Sequence[Planned]]

    async def look(self) -> int:
        """One look; says how many events and notices were new."""
        gates = await self.verdicts.gates()
        now = self.clock.now()
        new = await self._note_acts(now)
        new += await self._note_runs(now)
        new += await self.outbox.look_at_clusters(channels=self.channels, at=now)
        looks = [_look(gate) for gate in gates]
        new += await self.outbox.look(looks, channels=self.channels, every=self.every, at=now)
        new += await self._note_missed(now)
        return new + await self._note_digests(gates, now)

    async def _note_acts(self, now: datetime) -> int:
        """What people decided and what flags were seen to do, from the audit log."""
        after = int(await self.outbox.watermark(AUDIT) or 0)
        entries = await self.store.audit(AuditFilter(after=after, actions=tuple(ACTS), limit=AT_A_TIME))
        if not entries:
            return 0
        reached = {AUDIT: str(entries[-1].number)}
        found = [_of_act(entry) for entry in entries]
        return await self.outbox.note(found, channels=self.channels, watermarks=reached, at=now)

    async def _note_runs(self, now: datetime) -> int:
        """The runs that ended, where somebody wants to hear of them."""
        since = int(await self.outbox.watermark(RUNS) or 0)
        begin = EPOCH + since * MICROSECOND - min(OVERLAP, since * MICROSECOND)
        runs = [await self.store.run(run_id) for run_id in await self.outbox.ended_since(begin)]
        reached = max((_micros(run.finished_at) for run in runs if run.finished_at is not None), default=since)
        wanted = any(EventType.RUN_FINISHED in channel.events for channel in self.channels)
        if reached == since and not (wanted and runs):
            return 0
        found = [one for run in runs for one in _of_run(run)] if wanted else []
        return await self.outbox.note(found, channels=self.channels, watermarks={RUNS: str(reached)}, at=now)

    async def _note_missed(self, now: datetime) -> int:
        """The scans that should have started by themselves and did not, those of a service that was down among them."""
        found: list[Happening] = []
        reached: dict[str, str] = {}
        for job in self.planned():
            if job.mode is Mode.SCAN:
                subject = f"schedule:{job.domain}:{job.mode.value}"
                since = await self.outbox.watermark(subject)
                looked = datetime.fromisoformat(since) if since else now
                due = tuple(_due(job, looked, now - LATE))
                lost = [at for at in due if not await self._started(job, at)]
                reached |= {subject: (due[-1] if due else looked).isoformat()} if due or since is None else {}
                found += _of_missed(job, lost, now)
        if not found and not reached:
            return 0
        return await self.outbox.note(found, channels=self.channels, watermarks=reached, at=now)

    async def _started(self, job: Planned, due: datetime) -> bool:
        """Whether a run of the same kind, whoever started it, began about then, or none was to begin."""
        if held(await self.pauses.pauses(since=due), domain=job.domain, mode=job.mode, at=due):
            return True
        runs = await self.store.runs_since(job.domain, due - EARLY)
        return any(run.mode is job.mode and run.started_at <= due + LATE for run in runs)

    async def _note_digests(self, gates: Sequence[Gate], now: datetime) -> int:
        """The summary of the day for each channel whose time has come."""
        noted = 0
        for channel in self.channels:
            moment = digest_due(channel, now=now)
            if moment is not None:
                only = (channel,)
                told = _digest(channel, [gate for gate in gates if channel.follows(gate.domain)], moment)
                noted += await self.outbox.note([told], channels=only, watermarks={}, at=now)
        return noted


def _look(gate: Gate) -> Look:
    """A gate as it stands, and which of its checks do not pass, by name and count."""
    standing = Standing(verdict=gate.verdict, since=EPOCH, flipped=gate.reads is Reads.POSTGRES)
    facts: dict[str, Fact] = {"checks": _checks(gate), "reads": gate.reads.value if gate.reads else None}
    return Look(domain=gate.domain, standing=standing, facts=facts)


def _checks(gate: Gate) -> str:
    """`open_diffs fail (14), soak pending`: names, results and counts, no sentence."""
    quiet = (CheckResult.PASS, CheckResult.INFO)
    told = (
        f"{check.name} {check.result.value}{f' ({check.amount:,})' if check.amount else ''}"
        for check in gate.checks
        if check.result not in quiet
    )
    return ", ".join(told)


def _of_act(entry: AuditEntry) -> Happening:
    """An entry of the audit log as an event; never its comment."""
    act = entry.act
    facts: dict[str, Fact] = {"by": account(act.actor.name), "verdict": act.verdict or None}
    match ACTS[act.action]:
        case EventType.APPROVAL_RECORDED:
            facts |= {"decision": act.action.value}
        case EventType.FLIP_OBSERVED:
            facts |= {"had_go": act.verdict == GateVerdict.GO}
        case _:
            pass
    return happening(f"audit:{entry.number}", ACTS[act.action], domain=act.domain, at=act.at, facts=facts)


def _of_run(run: StoredRun) -> Iterator[Happening]:
    """A run that ended, an event for each of its domains."""
    for part in run.domains:
        at = run.finished_at or part.started_at
        key = f"run:{run.id}:{part.domain}:{_micros(at)}"
        yield happening(key, EventType.RUN_FINISHED, domain=part.domain, at=at, facts=_counts(part))


def _counts(part: DomainRun) -> dict[str, Fact]:
    """What a run did with a domain, in numbers."""
    return {
        "run": part.run_id,
        "mode": part.mode.value,
        "status": part.status.value,
        "verdict": domain_verdict(part).value,
        "compared": sum(entity.compared for entity in part.entities),
        "differing": sum(differing(entity.outcomes) for entity in part.entities),
        "cleared": sum(entity.cleared for entity in part.entities),
    }


def _due(job: Planned, since: datetime, until: datetime) -> Iterator[datetime]:
    """The moments after `since` and up to `until` at which a job was due, the first 400."""
    at = since
    for _ in range(MOST_DUE):
        coming = job.next_after(at + MICROSECOND)
        if coming is None or coming > until:
            return
        yield coming
        at = coming


def _of_missed(job: Planned, lost: Sequence[datetime], now: datetime) -> Iterable[Happening]:
    """One event for all times at which a job did not start since the last look."""
    if not lost:
        return ()
    key = f"missed:{job.domain}:{job.mode.value}:{_micros(lost[-1])}"
    facts: dict[str, Fact] = {"mode": job.mode.value, "due_at": instant(lost[-1]), "missed": len(lost)}
    return (happening(key, EventType.SCHEDULE_MISSED, domain=job.domain, at=now, facts=facts),)


def _digest(channel: Channel, gates: Sequence[Gate], moment: datetime) -> Happening:
    """Counts of all verdicts, and the domains that must not be flipped."""
    compared = [gate for gate in gates if gate.verdict is not GateVerdict.NOT_COMPARABLE]
    bad = [gate for gate in compared if gate.verdict in BAD]
    counts: dict[str, Fact] = {verdict.value: sum(gate.verdict is verdict for gate in gates) for verdict in GateVerdict}
    named = ", ".join(f"{gate.domain} {verdict_word(gate.verdict)}" for gate in bad)
    facts: dict[str, Fact] = {**counts, "domains": len(compared), "blocked": len(bad), "bad": named}
    return happening(f"digest:{channel.name}:{_micros(moment)}", EventType.DIGEST, at=moment, facts=facts)


def _micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - EPOCH) // MICROSECOND
