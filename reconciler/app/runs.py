"""A run from its start to its seal: domains locked, looked at, settled, stored; a verdict only from what is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from reconciler.app.checksum_samples import ChecksumSample
from reconciler.app.checksums import ChecksumScan
from reconciler.app.configurations import note_configurations
from reconciler.app.drift import DriftWatch
from reconciler.app.invariants import InvariantChecks
from reconciler.app.looks import Looks, Progress, RunRequest
from reconciler.app.passes import Looker, draw_seed
from reconciler.app.plan_guard import PlanGuard, PlanPolicy
from reconciler.app.ports import (
    Clock,
    DomainLocks,
    ReportStore,
    RunStart,
    SourceReader,
    StoredRun,
    StoreHealth,
    TargetReader,
)
from reconciler.app.rechecks import RecheckPolicy, Rechecks
from reconciler.app.recording import DomainWork, Gaps, Recorder
from reconciler.app.scans import Scans
from reconciler.core.model import Mode, RunStatus
from reconciler.core.records import Digest
from reconciler.core.ruling import domain_at
from reconciler.core.spec import DomainSpec, Method, System
from reconciler.errors import OutOfTime, ReadInterrupted, ReconcilerError, StoreUnavailable, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Runs domains. `locks` keep two runs of a domain apart across processes, `digest` stands for secret parts of keys.

    `config_digest` covers every domain's mapping and rules; `host` is the name of this machine.
    """

    system: System
    source: SourceReader
    target: TargetReader
    store: ReportStore
    locks: DomainLocks
    clock: Clock
    digest: Digest
    recheck: RecheckPolicy
    config_digest: str
    code_version: str
    method: Method = Method.AUTO
    host: str = ""
    plans: PlanPolicy = field(default_factory=PlanPolicy)

    @property
    def _looker(self) -> Looker:
        """Looks through both readers."""
        return Looker(source=self.source, target=self.target, clock=self.clock, digest=self.digest)

    @property
    def _scans(self) -> Scans:
        """Scans, each entity by the method that fits it."""
        guard = PlanGuard(readers=(self.source, self.target), policy=self.plans)
        checksums = ChecksumScan(
            source=self.source, target=self.target, clock=self.clock, looker=self._looker, guard=guard
        )
        samples = ChecksumSample(source=self.source, target=self.target, clock=self.clock, looker=self._looker)
        return Scans(looker=self._looker, checksums=checksums, samples=samples, guard=guard, method=self.method)

    async def run(self, request: RunRequest, progress: Progress) -> StoredRun:
        """Runs and seals. Out of time it comes back interrupted; without a store it is stored as failed, and raises."""
        for domain in request.domains:
            if not domain.comparable:
                raise UsageError(
                    f"domain {domain.name} is not comparable",
                    expected="a domain with a PostgreSQL side",
                    got=domain.not_comparable,
                    next_step="leave it out; `reconciler config show` lists the domains",
                )
        async with self.locks.hold([domain.name for domain in request.domains]):
            await note_configurations(request.domains, store=self.store, clock=self.clock)
            run_id = await self._begin(request)
            progress.started(run_id)
            try:
                return await self._recorded(run_id, request, progress)
            except OutOfTime:
                await self._interrupt(run_id)
                return await self.store.run(run_id)
            except ReconcilerError as problem:
                await self._fail(run_id, request, problem)
                if isinstance(problem, StoreUnavailable) and request.mode is not Mode.KEYS:
                    problem.next_step += f"; `reconciler run --resume {run_id}` then goes on"
                raise
            except BaseException:
                await self._interrupt(run_id)
                raise

    async def _begin(self, request: RunRequest) -> int:
        """The id of a new run, or of the interrupted one that is continued: same configuration, code and stores."""
        if request.resume is None:
            return await self.store.start_run(self._start(request))
        before = await self.store.run(request.resume)
        if (before.config_digest, before.code_version) != (self.config_digest, self.code_version):
            raise UsageError(
                f"run {before.id} can't be resumed",
                expected="the configuration and the version it began with",
                got="others",
                next_step="start a new run",
            )
        identities, known = await self._identities(), before.domains[0].identities
        if any(known.get(side, identity) != identity for side, identity in identities.items()):
            raise UsageError(
                f"run {before.id} can't be resumed",
                expected="the stores it began with",
                got="others",
                next_step="point MONGODB_URI and PG_URL at them, or start a new run",
            )
        await self.store.reopen_run(before.id)
        return before.id

    async def _identities(self) -> dict[str, str]:
        """Who the two stores say they are, by side."""
        health = [await self.source.health(), await self.target.health()]
        return {one.side.value: one.identity for one in health}

    def _start(self, request: RunRequest) -> RunStart:
        """The run as it begins."""
        seed = request.seed if request.seed is not None or request.mode is not Mode.SAMPLE else draw_seed()
        return RunStart(
            mode=request.mode,
            domains=tuple(domain.name for domain in request.domains),
            seed=seed,
            started_at=self.clock.now(),
            config_digest=self.config_digest,
            config_digests={domain.name: domain.config_digest for domain in request.domains},
            policy_digests={domain.name: domain.policy_digest for domain in request.domains},
            code_version=self.code_version,
            trigger=request.trigger,
        )

    async def _interrupt(self, run_id: int) -> None:
        """Ends a run that was stopped; what it finished is kept."""
        await self.store.finish_run(run_id, status=RunStatus.INTERRUPTED, identities={}, at=self.clock.now())

    async def _fail(self, run_id: int, request: RunRequest, problem: ReconcilerError) -> None:
        """Stores a run that could not be carried out: an error of every domain that was not finished by then."""
        finished = await self.store.finished_domains(run_id)
        for domain in (one for one in request.domains if one.name not in finished):
            await self.store.finish_domain(
                run_id,
                domain=domain.name,
                notes=[],
                gaps=None,
                canaries=(0, 0),
                error=problem.message,
                at=self.clock.now(),
            )
        await self.store.finish_run(run_id, status=RunStatus.FAILED, identities={}, at=self.clock.now())

    async def _recorded(self, run_id: int, request: RunRequest, progress: Progress) -> StoredRun:
        """Looks at everything, settles what differs, stores it, seals the run."""
        health = [await self.source.health(), await self.target.health()]
        await self.store.note_environment(run_id, self._environment(health))
        identities = {one.side.value: one.identity for one in health}
        await self.store.note_identities(run_id, identities)
        began = await self.store.run(run_id)
        invariants = InvariantChecks(
            source=self.source, target=self.target, digest=self.digest, clock=self.clock, patience=self.recheck
        )
        recorder = Recorder(
            began,
            system=self.system,
            store=self.store,
            target=self.target,
            clock=self.clock,
            invariants=invariants,
            gaps=await self._gaps(),
        )
        works = await self._look(began, request, recorder, invariants, _Deadline(request, self.clock, progress))
        waiting = [work for work in works if not work.settled]
        passes = [one for work in waiting for one in work.passes]
        progress.settling(sum(len(one.candidates) for one in passes))
        await Rechecks(self._looker, self.clock, self.recheck).settle(passes)
        await invariants.settle(passes)
        for work in waiting:
            await recorder.store(work)
        blind = any(planted != caught for planted, caught in (work.canaries for work in works))
        status = RunStatus.FAILED if blind else RunStatus.COMPLETED
        await self.store.finish_run(run_id, status=status, identities=identities, at=self.clock.now())
        return await self.store.run(run_id)

    async def _look(
        self, began: StoredRun, request: RunRequest, recorder: Recorder, invariants: InvariantChecks, progress: Progress
    ) -> list[DomainWork]:
        """Looks at every unfinished domain, by the rules that applied when the run began.

        What needs no second look is stored at once, and kept if the run dies.
        """
        looks = Looks(
            began.id,
            request,
            seed=began.seed or 0,
            scans=self._scans,
            store=self.store,
            clock=self.clock,
            drift=DriftWatch(system=self.system, store=self.store, source=self.source, target=self.target),
            progress=progress,
        )
        works = []
        for domain in await self._unfinished(began.id, request):
            work = await looks.domain(domain_at(domain, began.started_at))
            works.append(work)
            if request.mode is Mode.SCAN:
                for one in work.passes:
                    await invariants.ask(domain, one)
            if work.settled:
                await recorder.store(work)
        return works

    async def _unfinished(self, run_id: int, request: RunRequest) -> list[DomainSpec]:
        """The domains still to be looked at."""
        finished = await self.store.finished_domains(run_id)
        return [domain for domain in request.domains if domain.name not in finished]

    def _environment(self, health: Sequence[StoreHealth]) -> dict[str, str]:
        """What the run runs on, for whoever wonders later."""
        told = {
            f"{one.side.value}_{name}": text
            for one in health
            for name, text in (("version", one.version), ("role", one.role), ("reads", one.reads))
        }
        return {"host": self.host, **told}

    async def _gaps(self) -> Gaps:
        """Unresolved dual-write gaps by domain; unknown, which holds the gates, where the table can't be read."""
        if not self.system.gaps_table:
            return Gaps()
        try:
            return Gaps(counts=await self.target.unresolved_gaps(self.system.gaps_table))
        except ReadInterrupted as problem:
            return Gaps(unknown=f"{problem.message}: expected {problem.expected}, got {problem.got}; the gates hold")


class _Deadline:
    """Hears how far a run is, tells it on, and ends the run when its time is over."""

    def __init__(self, request: RunRequest, clock: Clock, progress: Progress) -> None:
        """Without a budget there is no end."""
        budget = request.time_budget
        self._clock = clock
        self._progress = progress
        self._until = None if budget is None else clock.monotonic() + budget.total_seconds()

    def started(self, run_id: int) -> None:
        """Tells on."""
        self._progress.started(run_id)

    def entity(self, domain: str, entity: str) -> None:
        """Tells on."""
        self._check()
        self._progress.entity(domain, entity)

    def read(self, done: int, total: int) -> None:
        """Tells on."""
        self._check()
        self._progress.read(done, total)

    def settling(self, candidates: int) -> None:
        """Tells on."""
        self._progress.settling(candidates)

    def _check(self) -> None:
        """Raises OutOfTime when the budget is spent."""
        if self._until is not None and self._clock.monotonic() >= self._until:
            raise OutOfTime("the time budget is used up")
