"""What a rendering is made of: a run or a gate with its clusters and a few masked samples of each."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from reconciler.app.ports import ClusterCount, DiffFilter, StoredDiff, StoredRun
from reconciler.app.renderings.escaping import shown_value
from reconciler.core.gate_values import Gate
from reconciler.core.model import OPEN_STATES

MOST_SAMPLES: Final = 20
MOST_CLUSTERS: Final = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCluster:
    """A cluster with at most `MOST_SAMPLES` of its diffs; none where it is past the first `MOST_CLUSTERS`."""

    cluster: ClusterCount
    sample: tuple[StoredDiff, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAnswer:
    """A run, what it found, and the gates of its domains where they were asked for."""

    run: StoredRun
    found: tuple[FoundCluster, ...] = ()
    gates: tuple[Gate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAnswer:
    """Gates, and the open clusters of their domains; `asked_at` is before anything was read."""

    asked_at: datetime
    gates: tuple[Gate, ...]
    found: tuple[FoundCluster, ...] = ()


class Findings(Protocol):
    """The part of `ReportStore` that clusters and their samples are read from."""

    async def clusters(self, *, run: int | None = None, domain: str | None = None) -> Sequence[ClusterCount]:
        """As `ReportStore.clusters`."""

    def diffs(self, wanted: DiffFilter) -> AsyncIterator[StoredDiff]:
        """As `ReportStore.diffs`."""


async def run_answer(store: Findings, run: StoredRun, *, sampled: bool, gates: Sequence[Gate] = ()) -> RunAnswer:
    """The run with its clusters as it saw them, `sampled` where the rendering shows records."""
    clusters = await store.clusters(run=run.id)
    found = (
        await _sampled(store, clusters, run=run.id) if sampled else tuple(FoundCluster(cluster=one) for one in clusters)
    )
    return RunAnswer(run=run, found=found, gates=tuple(gates))


async def gate_answer(store: Findings, gates: Sequence[Gate], *, asked_at: datetime) -> GateAnswer:
    """The gates with the open clusters of their domains."""
    found: list[FoundCluster] = []
    for gate in gates:
        found += await _sampled(store, await store.clusters(domain=gate.domain), run=None)
    return GateAnswer(asked_at=asked_at, gates=tuple(gates), found=tuple(found))


async def _sampled(store: Findings, clusters: Sequence[ClusterCount], *, run: int | None) -> tuple[FoundCluster, ...]:
    """The clusters, the first of them with samples."""
    first = [
        FoundCluster(cluster=one, sample=tuple([diff async for diff in store.diffs(_wanted(one, run=run))]))
        for one in clusters[:MOST_CLUSTERS]
    ]
    return (*first, *(FoundCluster(cluster=one) for one in clusters[MOST_CLUSTERS:]))


def _wanted(cluster: ClusterCount, *, run: int | None) -> DiffFilter:
    """Its first diffs: those a run saw, or those that are open."""
    states = () if run is not None else tuple(sorted(OPEN_STATES))
    return DiffFilter(run=run, cluster=cluster.id, states=states, limit=MOST_SAMPLES)


def of_domain(found: Sequence[FoundCluster], domain: str) -> list[FoundCluster]:
    """The clusters of one domain."""
    return [one for one in found if one.cluster.domain == domain]


def sample_line(diff: StoredDiff, cluster: str | None = None) -> str:
    """`64f1… field_mismatch confirmed: postalCode "01234" → "1234"`, with a cluster's own fields only."""
    told = "; ".join(
        f"{field.path} {_sides(field.source, field.target, field.redacted)}"
        for field in diff.fields
        if cluster in (None, field.cluster)
    )
    return f"{diff.key} {diff.outcome.value} {diff.state.value}: {told or diff.detail}".rstrip(": ")


def _sides(source: object, target: object, redacted: str | None) -> str:
    return "secret" if redacted == "secret" else f"{shown_value(source)} → {shown_value(target)}"
