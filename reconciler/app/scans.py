"""How an entity is scanned: summed by the stores where they can, read record by record where not, and why."""

from collections.abc import Sequence

from reconciler.app.bookmarks import Bookmark
from reconciler.app.checksum_samples import ChecksumSample
from reconciler.app.checksums import BetterRead, ChecksumScan
from reconciler.app.passes import EntityPass, Looker, Remember, Report
from reconciler.app.plan_guard import PlanGuard
from reconciler.core.spec import EntitySpec, Method
from reconciler.errors import ReadInterrupted


class Scans:
    """Scans entities, each by the method that it names, or that the service names, or that fits it."""

    def __init__(
        self,
        *,
        looker: Looker,
        checksums: ChecksumScan,
        samples: ChecksumSample,
        guard: PlanGuard,
        method: Method,
    ) -> None:
        """`guard` is asked before an entity is read, `method` is for entities that leave it open."""
        self.looker = looker
        self._checksums = checksums
        self._samples = samples
        self._guard = guard
        self._method = method

    async def scan(
        self,
        entity: EntitySpec,
        report: Report,
        *,
        remember: Remember | None = None,
        bookmark: Bookmark | None = None,
    ) -> EntityPass:
        """Every record of both stores; PlanRefused where a store has no index for the key of a large table.

        A scan that can't rest on checksums streams, and says so in its notes. One that can goes on at its `bookmark`.
        """
        unindexed = await self._guard.notes(entity)
        found = await self._scan(entity, report, remember, bookmark)
        found.notes += [note for note in unindexed if note not in found.notes]
        return found

    async def _scan(
        self, entity: EntitySpec, report: Report, remember: Remember | None, bookmark: Bookmark | None
    ) -> EntityPass:
        """Every record of both stores."""
        method = self._method if entity.method is Method.AUTO else entity.method
        if method is Method.STREAM:
            return await self.looker.scan(entity, report, remember)
        reason = "; ".join(await self._checksums.obstacles(entity))
        if not reason:
            try:
                return await self._checksums.scan(entity, report, bookmark)
            except BetterRead as why:
                reason = str(why)
                if bookmark is not None:
                    await bookmark.forget(entity.name)
            except ReadInterrupted as problem:
                reason = f"{problem.message} ({problem.got})"
        found = await self.looker.scan(entity, report, remember)
        found.notes.append(f"{entity.name}: read record by record, not by checksums: {reason}")
        return found

    async def sample(
        self,
        entity: EntitySpec,
        *,
        size: int,
        seed: int,
        also: Sequence[str],
        report: Report,
        proven: bool,
    ) -> EntityPass:
        """Keys drawn by the seed from both sides, and those in `also` (as reports spell them).

        Where the last scan has `proven` that checksums tell the entity, what both stores tell alike is not read.
        """
        draw = await self.looker.draw(entity, size=size, seed=seed, also=also, report=report)
        method = self._method if entity.method is Method.AUTO else entity.method
        if proven and method is not Method.STREAM and not await self._checksums.obstacles(entity):
            try:
                return draw.told(await self._samples.keys(entity, draw.keys, report))
            except (BetterRead, ReadInterrupted):
                pass
        return draw.told(await self.looker.keys(entity, keys=draw.keys, ids={}, report=report))
