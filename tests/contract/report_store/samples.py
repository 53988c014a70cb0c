"""Runs, diffs and counts as the tests of the report store write them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from reconciler.adapters.report_store import SqliteReportStore
from reconciler.app.ports import DiffFilter, RunStart, StoredDiff
from reconciler.core.access import Actor, Means, Role
from reconciler.core.audit import Act, AuditAction
from reconciler.core.model import (
    ClusterKey,
    DiffKind,
    DiffState,
    EntitySummary,
    Mode,
    Outcome,
    ReportedDiff,
    ReportedField,
    RunStatus,
)
from reconciler.core.spec import DomainSpec

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADDRESS = DomainSpec(name="address", title="Addresses", not_comparable="only the name matters here")
DIFFERING = (Outcome.MISSING_IN_TARGET, Outcome.EXTRA_IN_TARGET, Outcome.FIELD_MISMATCH, Outcome.KEY_DEFECT)


def start(
    *, mode: Mode = Mode.SCAN, domains: tuple[str, ...] = ("address",), at: datetime = NOON, seed: int | None = 7
) -> RunStart:
    return RunStart(
        mode=mode,
        domains=domains,
        seed=seed,
        started_at=at,
        config_digest="sha256:all",
        config_digests={domain: f"sha256:{domain}" for domain in domains},
        policy_digests={domain: f"sha256:policy-{domain}" for domain in domains},
        code_version="1.2.3",
        trigger="test",
        identities={"source": "rs0"},
    )


def cluster(*, path: str | None = "city", cause: str = "", kind: str = "value") -> ClusterKey:
    return ClusterKey(domain="address", entity="address", path=path, kind=kind, types="text", cause=cause)


def mismatch(
    locator: str,
    *,
    state: DiffState = DiffState.CONFIRMED,
    source: object = "Köln",
    target: object = "Koln",
    cause: str = "",
    note: str = "",
) -> ReportedDiff:
    field = ReportedField(
        path="city",
        kind=DiffKind.VALUE,
        source=source,
        target=target,
        redacted=None,
        cluster=cluster(cause=cause),
        note=note,
    )
    return ReportedDiff(
        locator=locator,
        key=f"key of {locator}",
        outcome=Outcome.FIELD_MISMATCH,
        state=state,
        fields=(field,),
        cluster=None,
    )


def missing(locator: str, *, state: DiffState = DiffState.CONFIRMED) -> ReportedDiff:
    return ReportedDiff(
        locator=locator,
        key=locator,
        outcome=Outcome.MISSING_IN_TARGET,
        state=state,
        fields=(),
        cluster=cluster(path=None, kind="missing_in_target"),
        detail="no row",
    )


def counts(  # noqa: PLR0913 - each test changes one number
    *,
    matched: int = 10,
    field_mismatch: int = 0,
    missing_in_target: int = 0,
    unconfirmed: int = 0,
    seen: int | None = None,
    compared: int | None = None,
    source_records: int | None = None,
    target_records: int | None = None,
    coverage: float = 1.0,
    complete: bool = True,
    entity: str = "address",
) -> EntitySummary:
    outcomes = dict.fromkeys(Outcome, 0) | {
        Outcome.MATCHED: matched,
        Outcome.FIELD_MISMATCH: field_mismatch,
        Outcome.MISSING_IN_TARGET: missing_in_target,
    }
    total = sum(outcomes.values())
    return EntitySummary(
        entity=entity,
        source_records=total if source_records is None else source_records,
        target_records=total - missing_in_target if target_records is None else target_records,
        seen=total if seen is None else seen,
        compared=matched + field_mismatch if compared is None else compared,
        outcomes=outcomes,
        cleared=0,
        unconfirmed=unconfirmed,
        coverage=coverage,
        method="stream",
        complete=complete,
    )


async def record(
    store: SqliteReportStore,
    run_id: int,
    diffs: Sequence[ReportedDiff],
    *,
    at: datetime = NOON,
    domain: str = "address",
) -> None:
    await store.record_diffs(run_id, domain=domain, entity="address", diffs=diffs, at=at)


async def finish(
    store: SqliteReportStore,
    run_id: int,
    summary: EntitySummary,
    *,
    resolved: Sequence[str] | None = None,
    status: RunStatus = RunStatus.COMPLETED,
    at: datetime = NOON,
) -> None:
    """Writes counts, ends the domain and seals the run."""
    await store.finish_entity(run_id, domain="address", summary=summary, resolved=resolved, at=at)
    await finish_domain(store, run_id, at=at)
    await store.finish_run(run_id, status=status, identities={"target": "pg-1"}, at=at)


async def finish_domain(
    store: SqliteReportStore, run_id: int, *, canaries: tuple[int, int] = (5, 5), error: str = "", at: datetime = NOON
) -> None:
    await store.finish_domain(run_id, domain="address", notes=["a note"], gaps=2, canaries=canaries, error=error, at=at)


async def whole_run(
    store: SqliteReportStore, diffs: Sequence[ReportedDiff] = (), *, at: datetime = NOON, mode: Mode = Mode.SCAN
) -> int:
    """A completed run of `address` that saw these diffs and ten matches."""
    run_id = await store.start_run(start(at=at, mode=mode))
    if diffs:
        await record(store, run_id, diffs, at=at)
    seen = [diff for diff in diffs if diff.state is not DiffState.CLEARED]
    summary = counts(
        field_mismatch=sum(diff.outcome is Outcome.FIELD_MISMATCH for diff in seen),
        missing_in_target=sum(diff.outcome is Outcome.MISSING_IN_TARGET for diff in seen),
        unconfirmed=sum(diff.state is DiffState.UNCONFIRMED for diff in seen),
    )
    await finish(store, run_id, summary, at=at)
    return run_id


def act(
    action: AuditAction = AuditAction.REJECT, *, name: str = "kim", digest: str = "sha256:e", at: datetime = NOON
) -> Act:
    """Something that somebody does about addresses at noon."""
    actor = Actor(name=name, role=Role.APPROVER, means=Means.TOKEN)
    told = "sé"
    return Act(
        actor=actor, action=action, at=at, domain="address", verdict="ready", evidence_digest=digest, comment=told
    )


async def listed(store: SqliteReportStore, wanted: DiffFilter | None = None) -> list[StoredDiff]:
    return [diff async for diff in store.diffs(wanted or DiffFilter())]
