"""What is known of a cluster: its likely cause, when it began, how it went on, and what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from reconciler.app.documents import Document, cluster_document, instant
from reconciler.app.ports import Clock, ClusterCount, DiffFilter, ReportStore, StoredDiff, StoredField
from reconciler.core.causes.advice import Case, NextStep, next_steps
from reconciler.core.causes.beginnings import Appearance, Beginning, ClusterInRun, ClusterPast, beginning, born
from reconciler.core.causes.explaining import Explanation, Symptom, explained
from reconciler.core.model import DiffState, Outcome
from reconciler.core.spec import EntitySpec, System

MOST_LOOKED_AT: Final = 1000
WINDOWS: Final = 20
SAMPLES: Final = 5
RUNS_SHOWN: Final = 14
SPOILT: Final = frozenset({Outcome.MISSING_IN_TARGET.value, Outcome.KEY_DEFECT.value})
OPEN: Final = (DiffState.UNCONFIRMED, DiffState.CONFIRMED, DiffState.REGRESSED)


class ClusterLife(StrEnum):
    """Where a cluster stands."""

    NEW = "new"
    ONGOING = "ongoing"
    REGRESSED = "regressed"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterStory:
    """A cluster with all that can be told of it; `looked_at` of its diffs were read for that, spread over all."""

    cluster: ClusterCount
    life: ClusterLife
    cause: Explanation
    beginning: Beginning
    steps: tuple[NextStep, ...]
    trend: tuple[ClusterInRun, ...]
    samples: tuple[StoredDiff, ...]
    grouped: tuple[tuple[str, str], ...]
    related: tuple[ClusterCount, ...]
    looked_at: int

    @property
    def document(self) -> Document:
        """The story as JSON, the cluster's own keys first."""
        return cluster_document(self.cluster) | {
            "life": self.life.value,
            "explanation": self.cause.sentence,
            "evidence": list(self.cause.evidence),
            "looked_at": self.looked_at,
            "beginning": _beginning(self.beginning),
            "next_steps": [{"told": step.told, "command": step.command or None} for step in self.steps],
            "trend": [{"run": one.run, "at": instant(one.at), "diffs": one.diffs} for one in self.trend],
            "grouped_by": dict(self.grouped),
            "samples": [one.id for one in self.samples],
            "related": [one.id for one in self.related],
        }


def _beginning(told: Beginning) -> Document:
    """When it began, as JSON."""
    return {
        "points_to": told.points_to.value,
        "told": [*told.sentences, told.conclusion],
        "records": {era.value: count for era, count in told.eras},
        "oldest": instant(told.oldest),
        "newest": instant(told.newest),
        "by_age": [{"label": bar.label, "records": bar.count} for bar in told.bars],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterStories:
    """Tells clusters from what is stored; it asks no store."""

    system: System
    store: ReportStore
    clock: Clock

    async def tell(self, cluster_id: str) -> ClusterStory:
        """The story of a cluster; NotFound where there is none."""
        cluster = await self.store.cluster(cluster_id)
        past = await self.store.cluster_past(cluster_id, runs=RUNS_SHOWN)
        diffs = await self._spread(cluster, past)
        fields = [_field(cluster, diff) for diff in diffs]
        known = [field for field in fields if field is not None]
        symptom = Symptom(
            kind=cluster.kind,
            cause=cluster.cause,
            path=cluster.path,
            redacted=next((one.redacted for one in known if one.redacted), None),
        )
        pairs = [(one.source, one.target) for one in known if one.redacted is None]
        cause = explained(symptom, pairs, looked_at=len(diffs))
        began = beginning([self._appearance(cluster, diff) for diff in diffs], past.scans)
        return ClusterStory(
            cluster=cluster,
            life=life_of(cluster, past.trend, diffs),
            cause=cause,
            beginning=began,
            steps=next_steps(self._case(cluster, began, cause)),
            trend=past.trend,
            samples=tuple(_every(diffs, SAMPLES)),
            grouped=grouped_by(cluster),
            related=await self._related(cluster),
            looked_at=len(diffs),
        )

    async def _related(self, cluster: ClusterCount) -> tuple[ClusterCount, ...]:
        """Rows with unusable keys where documents have no row, and the other way round: maybe the same records."""
        if cluster.kind not in SPOILT or not cluster.open:
            return ()
        others = await self.store.clusters(domain=cluster.domain)
        wanted = SPOILT - {cluster.kind}
        return tuple(one for one in others if one.entity == cluster.entity and one.kind in wanted)

    async def _spread(self, cluster: ClusterCount, past: ClusterPast) -> list[StoredDiff]:
        """The cluster's open diffs (else those of its last run), or enough of them, from its whole length."""
        if cluster.diffs <= MOST_LOOKED_AT:
            return await self._some(cluster, after=0, limit=MOST_LOOKED_AT)
        found: dict[int, StoredDiff] = {}
        for window in range(WINDOWS):
            after = past.lowest - 1 + (past.highest - past.lowest) * window // WINDOWS
            some = await self._some(cluster, after=after, limit=MOST_LOOKED_AT // WINDOWS)
            found |= {diff.id: diff for diff in some}
        return [found[diff_id] for diff_id in sorted(found)]

    async def _some(self, cluster: ClusterCount, *, after: int, limit: int) -> list[StoredDiff]:
        """Diffs of the cluster in the order of their ids."""
        wanted = DiffFilter(cluster=cluster.id, states=OPEN if cluster.open else (), after=after, limit=limit)
        if not cluster.open:
            wanted = replace(wanted, run=cluster.last_run)
        return [diff async for diff in self.store.diffs(wanted)]

    def _appearance(self, cluster: ClusterCount, diff: StoredDiff) -> Appearance:
        """When the diff's record was created, where its key tells, and which run first saw it differ."""
        entity = self._entity(cluster)
        tells = entity is None or not entity.natural_key
        now = self.clock.now()
        return Appearance(born=born(diff.key, now=now) if tells else None, first_run=diff.first_run)

    def _entity(self, cluster: ClusterCount) -> EntitySpec | None:
        """The cluster's entity, None where it is no longer configured."""
        found = (one for domain in self.system.domains if domain.name == cluster.domain for one in domain.entities)
        return next((one for one in found if one.name == cluster.entity), None)

    def _case(self, cluster: ClusterCount, began: Beginning, cause: Explanation) -> Case:
        """What advice is asked on."""
        backfill = next((one.backfill for one in self.system.domains if one.name == cluster.domain), "")
        return Case(
            id=cluster.id,
            domain=cluster.domain,
            kind=cluster.kind,
            path=cluster.path,
            points_to=began.points_to,
            known=cause.known,
            backfill=backfill,
        )


def _field(cluster: ClusterCount, diff: StoredDiff) -> StoredField | None:
    """The field of a diff that belongs to the cluster."""
    return next((one for one in diff.fields if one.cluster == cluster.id), None)


def _every(diffs: Sequence[StoredDiff], count: int) -> list[StoredDiff]:
    """As many as asked, evenly over all, the first and the last among them."""
    if len(diffs) <= count:
        return list(diffs)
    return [diffs[place * (len(diffs) - 1) // (count - 1)] for place in range(count)]


def life_of(cluster: ClusterCount, trend: Sequence[ClusterInRun], diffs: Sequence[StoredDiff]) -> ClusterLife:
    """Where a cluster stands by its scans: one that was gone for a scan and is open again has come back."""
    if not cluster.open:
        return ClusterLife.RESOLVED
    if any(diff.state is DiffState.REGRESSED for diff in diffs):
        return ClusterLife.REGRESSED
    seen = [one.diffs > 0 for one in trend if one.run >= cluster.first_run]
    if True in seen and False in seen[seen.index(True) : len(seen) - 1]:
        return ClusterLife.REGRESSED
    return ClusterLife.NEW if cluster.first_run == cluster.last_run else ClusterLife.ONGOING


def grouped_by(cluster: ClusterCount) -> tuple[tuple[str, str], ...]:
    """Each part of what gathers these diffs, with what it is here."""
    head = (("domain", cluster.domain), ("entity", cluster.entity))
    if cluster.path is None:
        return (*head, ("field", "none: the whole record"), ("outcome", cluster.kind), ("detail", cluster.cause))
    indexes = ", at whatever index" if "[]" in cluster.path else ""
    return (
        *head,
        ("field", f"{cluster.path}{indexes}"),
        ("kind", cluster.kind),
        ("types", cluster.types or "the same on both sides"),
        ("cause", cluster.cause or "none that a single pair of values tells"),
    )
