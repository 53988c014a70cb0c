"""What is stored of a domain gathered into its timeline, and the timeline as a JSON document."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.app.documents import VERSION, Document, instant
from reconciler.app.ports import ReportStore
from reconciler.core.spec import DomainSpec
from reconciler.core.timeline import Judge, Past, Timeline, timeline

MARGIN = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timelines:
    """Answers with timelines from what is stored; it reads no source and no target."""

    store: ReportStore
    judge: Judge

    async def of(self, spec: DomainSpec, *, until: datetime, days: int) -> Timeline:
        """The domain over the last days up to then; without a PostgreSQL side there is nothing to tell."""
        since = until - timedelta(days=days)
        past = await self._past(spec, since) if spec.comparable else Past(runs=())
        return timeline(past, since=since, until=until, max_scan_age=spec.policy.max_scan_age, judge=self.judge)

    async def _past(self, spec: DomainSpec, since: datetime) -> Past:
        """What is stored, with the newest scan before the first day, which tells how it begins."""
        history = await self.store.history(spec, since=since - max(MARGIN, spec.policy.max_scan_age))
        flags = tuple(change for change in await self.store.flag_changes() if change.domain == spec.name)
        return Past(runs=history.runs, decisions=history.decisions, rehearsals=history.rehearsals, flags=flags)


def timeline_document(domain: str, found: Timeline, *, days: int) -> Document:
    """`GET /api/v1/domains/{domain}/timeline`."""
    return {
        "version": VERSION,
        "domain": domain,
        "days": days,
        "since": instant(found.since),
        "until": instant(found.until),
        "bands": [
            {
                "from": instant(band.start),
                "until": instant(band.end),
                "state": band.state.value,
                "run": band.run,
                "runs": band.runs,
            }
            for band in found.bands
        ],
        "moments": [
            {"at": instant(one.at), "kind": one.kind.value, "told": one.told, "run": one.run} for one in found.moments
        ],
    }
