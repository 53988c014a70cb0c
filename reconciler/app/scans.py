"""How an entity is scanned: summed by the stores where they can, read record by record where not, and why."""

from reconciler.app.checksums import BetterRead, ChecksumScan
from reconciler.app.passes import EntityPass, Looker, Remember, Report
from reconciler.core.spec import EntitySpec, Method
from reconciler.errors import ReadInterrupted


class Scans:
    """Scans entities, each by the method that it names, or that the service names, or that fits it."""

    def __init__(self, *, looker: Looker, checksums: ChecksumScan, method: Method) -> None:
        """`method` is for entities that leave it open."""
        self.looker = looker
        self._checksums = checksums
        self._method = method

    async def scan(self, entity: EntitySpec, report: Report, remember: Remember | None = None) -> EntityPass:
        """Every record of both stores. A scan that can't rest on checksums streams, and says so in its notes."""
        method = self._method if entity.method is Method.AUTO else entity.method
        if method is Method.STREAM:
            return await self.looker.scan(entity, report, remember)
        reason = "; ".join(await self._checksums.obstacles(entity))
        if not reason:
            try:
                return await self._checksums.scan(entity, report)
            except BetterRead as why:
                reason = str(why)
            except ReadInterrupted as problem:
                reason = f"{problem.message} ({problem.got})"
        found = await self.looker.scan(entity, report, remember)
        found.notes.append(f"{entity.name}: read record by record, not by checksums: {reason}")
        return found
