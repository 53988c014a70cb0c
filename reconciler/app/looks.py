"""Looking at a domain's entities in the mode a run asks for; one that can't be read whole stays inconclusive."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol

from reconciler.app.bookmarks import Bookmark
from reconciler.app.drift import Drift, DriftWatch
from reconciler.app.passes import EntityPass, Remember
from reconciler.app.ports import Clock, DiffFilter, ReportStore
from reconciler.app.recording import DomainWork
from reconciler.app.scans import Scans
from reconciler.core.model import OPEN_STATES, Mode, Side
from reconciler.core.records import parse_key
from reconciler.core.spec import DomainSpec, EntitySpec
from reconciler.errors import PlanRefused, ReadInterrupted, StoreUnavailable


class Progress(Protocol):
    """Hears how far a run is."""

    def started(self, run_id: int) -> None:
        """The run has its id."""

    def entity(self, domain: str, entity: str) -> None:
        """A look at an entity begins."""

    def read(self, done: int, total: int) -> None:
        """So many records of both sides are read; `total` is 0 where nobody knows."""

    def settling(self, candidates: int) -> None:
        """So many differences are being re-read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What to run. `keys` are keys as reports spell them, by entity; `resume` is the id of an interrupted run."""

    domains: tuple[DomainSpec, ...]
    mode: Mode
    trigger: str
    sample: int = 1000
    seed: int | None = None
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    resume: int | None = None
    time_budget: timedelta | None = None


class Looks:
    """The looks of one run."""

    def __init__(
        self,
        run_id: int,
        request: RunRequest,
        *,
        seed: int,
        scans: Scans,
        store: ReportStore,
        clock: Clock,
        drift: DriftWatch,
        progress: Progress,
    ) -> None:
        """`seed` is the one that the run was started with."""
        self._run_id = run_id
        self._request = request
        self._seed = seed
        self._looker = scans.looker
        self._scans = scans
        self._store = store
        self._clock = clock
        self._drift = drift
        self._progress = progress

    async def domain(self, domain: DomainSpec) -> DomainWork:
        """Looks at a domain's entities, one after the other; entities that have none of the keys named are left out."""
        work = DomainWork(domain)
        for entity in domain.entities:
            if self._request.mode is not Mode.KEYS or self._request.keys.get(entity.name):
                self._progress.entity(domain.name, entity.name)
                work.passes.append(await self._entity(domain.name, entity))
        if self._request.mode is Mode.KEYS:
            work.passes = [one for one in work.passes if one.anything] or work.passes
        return work

    async def _entity(self, domain: str, entity: EntitySpec) -> EntityPass:
        """One entity, or why it could not be looked at."""
        drift = Drift(look=await self._looker.schema(entity))
        try:
            if not drift.look.lacks and self._request.mode is not Mode.KEYS:
                drift = await self._drift.look(domain, entity, drift.look)
            if drift.look.lacks:
                return EntityPass(entity=entity, method="stream", notes=list(drift.look.lacks), schema=drift.look)
            found = await self._whole(domain, entity)
            found.drill()
            return replace(found, schema=drift.look, present=drift.present)
        except ReadInterrupted as problem:
            await self._still_there(problem)
            return EntityPass(
                entity=entity, method="stream", notes=[f"{entity.name}: {problem.message} ({problem.got})"]
            )
        except PlanRefused as problem:
            return EntityPass(entity=entity, method="stream", notes=[str(problem)], schema=drift.look)

    async def _still_there(self, problem: ReadInterrupted) -> None:
        """An interrupted read leaves its entity inconclusive, unless a store itself is gone."""
        try:
            await self._looker.healthy()
        except StoreUnavailable as gone:
            raise gone from problem

    async def _whole(self, domain: str, entity: EntitySpec) -> EntityPass:
        """One entity in the mode asked for."""
        request, told = self._request, self._progress.read
        match request.mode:
            case Mode.SCAN:
                bookmark = Bookmark(store=self._store, clock=self._clock, run_id=self._run_id, domain=domain)
                return await self._scans.scan(entity, told, remember=self._memory(entity), bookmark=bookmark)
            case Mode.SAMPLE:
                also = await self._open_keys(entity)
                proven = await self._proven(domain, entity)
                return await self._scans.sample(
                    entity, size=request.sample, seed=self._seed, also=also, report=told, proven=proven
                )
            case Mode.KEYS:
                texts = request.keys[entity.name]
                keys = [key for text in texts if (key := parse_key(entity, text)) is not None]
                ids = [text.removeprefix("id:") for text in texts if text.startswith("id:")]
                return await self._looker.keys(entity, keys=keys, ids={Side.TARGET: ids}, report=told)

    async def _proven(self, domain: str, entity: EntitySpec) -> bool:
        """Whether the newest whole scan of this configuration, by this code, was by checksums that told each field."""
        now = await self._store.run(self._run_id)
        digests = {part.domain: part.config_digest for part in now.domains}
        for run in await self._store.runs(domain=domain, mode=Mode.SCAN, limit=1):
            (part,) = (part for part in run.domains if part.domain == domain)
            same = (run.code_version, part.config_digest) == (now.code_version, digests[domain])
            of_it = [one for one in part.entities if one.entity == entity.name]
            return same and any(one.method == "checksum" and one.complete for one in of_it)
        return False

    async def _open_keys(self, entity: EntitySpec) -> list[str]:
        """Keys that differed before."""
        wanted = DiffFilter(entity=entity.name, states=tuple(OPEN_STATES), limit=self._request.sample)
        return [diff.key async for diff in self._store.diffs(wanted)]

    def _memory(self, entity: EntitySpec) -> Remember | None:
        """What notes the keys of an append-only entity."""
        if not entity.append_only:
            return None

        async def remember(matched: list[str], seen: list[str]) -> None:
            await self._store.remember(self._run_id, entity=entity.name, matched=matched, seen=seen)

        return remember
