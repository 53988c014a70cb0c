"""A run from its start to its seal: domains locked, entities looked at, differences settled, everything stored before a verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from reconciler.app.invariants import InvariantChecks
from reconciler.app.passes import EntityPass, Looker, draw_seed, parsed_key
from reconciler.app.ports import (
    Clock,
    DiffFilter,
    DomainLocks,
    RecordReader,
    ReportStore,
    RunStart,
    StoredRun,
    TargetReader,
)
from reconciler.app.rechecks import RecheckPolicy, Rechecks
from reconciler.app.references import refine
from reconciler.core.model import (
    OPEN_STATES,
    DiffState,
    EntitySummary,
    Mode,
    Outcome,
    RecordDiff,
    ReportedDiff,
    RunStatus,
    Side,
)
from reconciler.core.outcomes import Judged
from reconciler.core.pairing import Pair
from reconciler.core.records import Digest
from reconciler.core.redact import reported
from reconciler.core.spec import DomainSpec, EntitySpec, System
from reconciler.errors import ReadInterrupted, ReconcilerError, StoreUnavailable, UsageError

DIFFS_AT_ONCE = 500


class Progress(Protocol):
    """Hears how far a run is."""

    def entity(self, domain: str, entity: str) -> None:
        """A look at an entity begins."""

    def read(self, done: int, total: int) -> None:
        """So many records of both sides are read; `total` is 0 where nobody knows."""

    def settling(self, candidates: int) -> None:
        """So many differences are being re-read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What to run. `keys` are keys as reports spell them, `entity` narrows a run of keys to one entity."""

    domains: tuple[DomainSpec, ...]
    mode: Mode
    trigger: str
    sample: int = 1000
    seed: int | None = None
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    resume: int | None = None
    time_budget: timedelta | None = None


@dataclass(slots=True)
class DomainWork:
    """One domain's looks in progress."""

    domain: DomainSpec
    passes: list[EntityPass] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: str = ""


class Runs:
    """Runs domains. One object serves one process; `locks` keep two runs of a domain apart across processes."""

    def __init__(
        self, *, system: System, source: RecordReader, target: TargetReader, store: ReportStore, locks: DomainLocks, clock: Clock,
        digest: Digest, recheck: RecheckPolicy, config_digest: str, code_version: str,
    ) -> None:  # fmt: skip
        """`config_digest` covers every domain's mapping and rules."""
        self._system = system
        self._source = source
        self._target = target
        self._store = store
        self._locks = locks
        self._clock = clock
        self._recheck = recheck
        self._config_digest = config_digest
        self._code_version = code_version
        self._looker = Looker(source=source, target=target, clock=clock, digest=digest)
        self._invariants = InvariantChecks(source=source, target=target)

    async def run(self, request: RunRequest, progress: Progress) -> StoredRun:
        """Runs and seals; raises StoreUnavailable (after storing the failed run) where a store can't be used."""
        for domain in request.domains:
            if not domain.comparable:
                raise UsageError(
                    f"domain {domain.name} is not comparable",
                    expected="a domain with a PostgreSQL side",
                    got=domain.not_comparable,
                    next_step="leave it out; `reconciler config show` lists the domains",
                )
        async with self._locks.hold([domain.name for domain in request.domains]):
            run_id = await self._store.start_run(self._start(request))
            try:
                return await self._recorded(run_id, request, progress)
            except ReconcilerError as problem:
                await self._fail(run_id, request, problem)
                raise
            except BaseException:
                await self._store.finish_run(run_id, status=RunStatus.INTERRUPTED, identities={}, at=self._clock.now())
                raise

    def _start(self, request: RunRequest) -> RunStart:
        """The run as it begins."""
        seed = request.seed if request.seed is not None or request.mode is not Mode.SAMPLE else draw_seed()
        return RunStart(
            mode=request.mode, domains=tuple(domain.name for domain in request.domains), seed=seed, started_at=self._clock.now(),
            config_digest=self._config_digest, config_digests={domain.name: domain.config_digest for domain in request.domains},
            policy_digests={domain.name: domain.policy_digest for domain in request.domains}, code_version=self._code_version,
            trigger=request.trigger,
        )  # fmt: skip

    async def _fail(self, run_id: int, request: RunRequest, problem: ReconcilerError) -> None:
        """Stores a run that could not be carried out: it is an error of every domain it was to look at."""
        for domain in request.domains:
            await self._store.finish_domain(
                run_id,
                domain=domain.name,
                notes=[],
                gaps=None,
                canaries=(0, 0),
                error=problem.message,
                at=self._clock.now(),
            )
        await self._store.finish_run(run_id, status=RunStatus.FAILED, identities={}, at=self._clock.now())

    async def _recorded(self, run_id: int, request: RunRequest, progress: Progress) -> StoredRun:
        """Looks at everything, settles what differs, stores it, seals the run."""
        health = [await self._source.health(), await self._target.health()]
        gaps = await self._gaps()
        seed = (await self._store.run(run_id)).seed
        works = [await self._look(domain, request, seed, progress) for domain in request.domains]
        passes = [one for work in works for one in work.passes]
        progress.settling(sum(len(one.candidates) for one in passes))
        await Rechecks(self._looker, self._clock, self._recheck).settle(passes)
        for work in works:
            await self._store_domain(run_id, work, request.mode, gaps)
        identities = {one.side.value: one.identity for one in health}
        blind = any(planted != caught for work in works for planted, caught in [_canaries(work)])
        status = RunStatus.FAILED if blind else RunStatus.COMPLETED
        await self._store.finish_run(run_id, status=status, identities=identities, at=self._clock.now())
        return await self._store.run(run_id)

    async def _gaps(self) -> Mapping[str, int] | None:
        """Unresolved dual-write gaps by domain, None where the backend keeps none."""
        return await self._target.unresolved_gaps(self._system.gaps_table) if self._system.gaps_table else None

    # -- looking -------------------------------------------------------------------------------------------------------

    async def _look(self, domain: DomainSpec, request: RunRequest, seed: int | None, progress: Progress) -> DomainWork:
        """Looks at a domain's entities, one after the other."""
        work = DomainWork(domain)
        for entity in domain.entities:
            if request.mode is Mode.KEYS and not request.keys.get(entity.name):
                continue
            progress.entity(domain.name, entity.name)
            problems = await self._looker.problems(entity)
            if problems:
                work.passes.append(EntityPass(entity=entity, method="stream", notes=list(problems)))
                continue
            try:
                work.passes.append(await self._look_at(entity, request, seed or 0, progress))
            except ReadInterrupted as problem:
                await self._still_there(problem)
                work.passes.append(
                    EntityPass(
                        entity=entity, method="stream", notes=[f"{entity.name}: {problem.message} ({problem.got})"]
                    )
                )
        return work

    async def _still_there(self, problem: ReadInterrupted) -> None:
        """An interrupted read leaves its entity inconclusive, unless the store itself is gone."""
        try:
            await self._source.health()
            await self._target.health()
        except StoreUnavailable as gone:
            raise gone from problem

    async def _look_at(self, entity: EntitySpec, request: RunRequest, seed: int, progress: Progress) -> EntityPass:
        """One entity in the mode asked for."""
        match request.mode:
            case Mode.SCAN:
                return await self._looker.scan(entity, progress.read)
            case Mode.SAMPLE:
                open_keys = [
                    diff.key
                    async for diff in self._store.diffs(
                        DiffFilter(entity=entity.name, states=tuple(OPEN_STATES), limit=request.sample)
                    )
                ]
                return await self._looker.sample(
                    entity, size=request.sample, seed=seed, also=open_keys, report=progress.read
                )
            case Mode.KEYS:
                texts = request.keys[entity.name]
                keys = [key for text in texts if (key := parsed_key(entity, text)) is not None]
                ids = [text.removeprefix("id:") for text in texts if text.startswith("id:")]
                return await self._looker.keys(entity, keys=keys, ids={Side.TARGET: ids}, report=progress.read)

    # -- storing -------------------------------------------------------------------------------------------------------

    async def _store_domain(self, run_id: int, work: DomainWork, mode: Mode, gaps: Mapping[str, int] | None) -> None:
        """Stores a domain's diffs, counts and notes."""
        for one in work.passes:
            whole = mode is Mode.SCAN and one.complete
            invariants = await self._invariants.check(work.domain, one) if whole else ()
            one.settled += await self._orphans(one.entity) if whole else []
            await self._store_diffs(run_id, work.domain.name, one)
            summary = summarize(one, mode=mode, invariants=invariants)
            resolved = None if whole else sorted(one.checked)
            await self._store.finish_entity(
                run_id, domain=work.domain.name, summary=summary, resolved=resolved, at=self._clock.now()
            )
        notes = [*work.notes, *(note for one in work.passes for note in one.notes)]
        unresolved = None if gaps is None else gaps.get(work.domain.name, 0)
        await self._store.finish_domain(
            run_id,
            domain=work.domain.name,
            notes=notes,
            gaps=unresolved,
            canaries=_canaries(work),
            error=work.error,
            at=self._clock.now(),
        )

    async def _orphans(self, entity: EntitySpec) -> list[Judged]:
        """Child rows that no parent claims: records that only the target has."""
        if not any(item.children for item in entity.fields):
            return []
        extra = Outcome.EXTRA_IN_TARGET
        keys = await self._target.orphans(entity)
        diffs = [
            RecordDiff(locator=f"orphan:{key}", key_text=key, outcome=extra, detail="child row without a parent row")
            for key in keys
        ]
        return [Judged(match=Pair(None, None), outcome=extra, diff=diff) for diff in diffs]

    async def _store_diffs(self, run_id: int, domain: str, one: EntityPass) -> None:
        """Stores an entity's diffs, a batch at a time."""
        for judged, state in ((one.settled, DiffState.CONFIRMED), (one.unconfirmed, DiffState.UNCONFIRMED)):
            for at in range(0, len(judged), DIFFS_AT_ONCE):
                diffs = await self._reported(domain, one.entity, judged[at : at + DIFFS_AT_ONCE], state)
                await self._store.record_diffs(
                    run_id, domain=domain, entity=one.entity.name, diffs=diffs, at=self._clock.now()
                )

    async def _reported(
        self, domain: str, entity: EntitySpec, judged: Sequence[Judged], state: DiffState
    ) -> list[ReportedDiff]:
        """Diffs fit to be stored, with the references that lead nowhere told apart."""
        diffs = await refine(entity, [one.diff for one in judged if one.diff], system=self._system, target=self._target)
        return [reported(domain, entity, diff, state=state) for diff in diffs]


def summarize(one: EntityPass, *, mode: Mode, invariants: Sequence[object] = ()) -> EntitySummary:
    """An entity's counts after settling."""
    outcomes = dict(one.outcomes)
    for judged in (*one.settled, *one.unconfirmed):
        outcomes[judged.outcome] += 1
    compared = outcomes[Outcome.MATCHED] + outcomes[Outcome.FIELD_MISMATCH]
    seen = sum(outcomes.values())
    known = max(one.source_records, one.target_records)
    share = 1.0 if mode is Mode.SCAN else min(1.0, seen / known) if known else 0.0
    return EntitySummary(
        entity=one.entity.name, source_records=one.source_records, target_records=one.target_records, seen=seen, compared=compared,
        outcomes=outcomes, cleared=one.cleared, unconfirmed=sum(1 for judged in one.unconfirmed if judged.outcome is not Outcome.UNREADABLE),
        coverage=share if one.complete else 0.0, method=one.method, complete=one.complete, may_be_empty=one.entity.may_be_empty,
        invariants=tuple(invariants), notes=tuple(one.notes),  # type: ignore[arg-type]
    )  # fmt: skip


def _canaries(work: DomainWork) -> tuple[int, int]:
    """Canaries planted and caught in a domain."""
    return sum(one.canaries[0] for one in work.passes), sum(one.canaries[1] for one in work.passes)
