"""The ranges that a scan has behind it are kept without a gap until their domain is stored whole."""

from datetime import timedelta

import pytest

from reconciler.adapters.report_store import SqliteReportStore
from reconciler.core.checksum.words import KeyRange
from reconciler.core.model import Outcome, RunStatus, Side
from reconciler.core.scanned import Counts, ScannedRange, ScanProgress, Suspect
from reconciler.errors import ReportStoreError, UsageError
from tests.contract.report_store.samples import NOON, counts, finish_domain, start

pytestmark = pytest.mark.contract
HOUR = timedelta(hours=1)
COUNTS = Counts(
    records={Side.SOURCE: 7, Side.TARGET: 8},
    outcomes=dict.fromkeys(Outcome, 0) | {Outcome.MATCHED: 6},
    softened={"città": 2},
    ruled={1: 3},
    canaries=(5, 4),
    cleared=1,
    hidden=2,
)


def part(number: int, after: str | None, until: str | None) -> ScannedRange:
    return ScannedRange(
        number=number,
        key_range=KeyRange(after=after, until=until),
        shape="sha256:shape",
        since=NOON,
        at=NOON + HOUR,
        tally=COUNTS,
        looked_at={Side.SOURCE: ("a", "ü\ud800"), Side.TARGET: ()},
        suspects=(Suspect(locator="target:x", keys=("k",), ids={Side.TARGET: "x"}),),
    )


async def noted(store: SqliteReportStore, run_id: int, *parts: ScannedRange | None, instead: bool = False) -> None:
    for one in parts:
        await store.note_scanned(run_id, domain="address", entity="address", done=one, instead=instead)


async def ranges(store: SqliteReportStore, run_id: int) -> tuple[ScannedRange, ...]:
    return (await store.scanned(run_id, domain="address", entity="address")).ranges


async def test_ranges_come_back_as_they_were_noted(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    parts = (part(0, None, "a"), part(1, "a", "b"), part(2, "b", None))
    await noted(store, run_id, *parts)

    assert await ranges(store, run_id) == parts
    assert await ranges(store, await store.start_run(start())) == ()
    await noted(store, run_id, part(0, None, "b"), instead=True)
    assert await ranges(store, run_id) == (part(0, None, "b"),)
    await noted(store, run_id, None, instead=True)
    assert await ranges(store, run_id) == ()


async def test_how_far_scans_are_is_told_by_their_last_range(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    assert await store.scan_progress(run_id) == []
    await noted(store, run_id, part(0, None, "a"), part(1, "a", "b"))
    await store.note_scanned(run_id, domain="address", entity="another", done=part(0, None, None), instead=False)

    assert await store.scan_progress(run_id) == [
        ScanProgress(domain="address", entity=entity, records=COUNTS.records, at=NOON + HOUR, whole=whole)
        for entity, whole in (("address", False), ("another", True))
    ]


@pytest.mark.parametrize(
    "one", [part(1, "b", "c"), part(2, "a", "b"), part(1, None, "b"), part(0, None, "a"), part(2, "x", None)]
)
async def test_a_range_that_does_not_begin_where_the_last_one_ended_is_refused(
    store: SqliteReportStore, one: ScannedRange
) -> None:
    run_id = await store.start_run(start())
    await noted(store, run_id, part(0, None, "a"))

    with pytest.raises(ReportStoreError):
        await noted(store, run_id, one)
    assert await ranges(store, run_id) == (part(0, None, "a"),)


async def test_nothing_is_noted_of_a_run_that_is_sealed(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    await store.finish_run(run_id, status=RunStatus.INTERRUPTED, identities={}, at=NOON)

    with pytest.raises(ReportStoreError):
        await noted(store, run_id, part(0, None, "a"))


async def test_a_domain_that_is_stored_whole_needs_no_ranges(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    await noted(store, run_id, part(0, None, "a"))
    await store.finish_entity(run_id, domain="address", summary=counts(), resolved=None, at=NOON)
    await finish_domain(store, run_id)

    assert await ranges(store, run_id) == ()


async def test_a_run_that_lost_a_store_goes_on_and_keeps_its_ranges_and_stores(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start(domains=("address", "auth")))
    await store.note_identities(run_id, {"source": "rs0", "target": "pg-1"})
    await noted(store, run_id, part(0, None, "a"))
    await store.finish_entity(run_id, domain="auth", summary=counts(), resolved=None, at=NOON)
    await store.finish_domain(run_id, domain="auth", notes=[], gaps=None, canaries=(5, 5), error="", at=NOON)
    await finish_domain(store, run_id, error="a store is gone", canaries=(0, 0))
    await store.finish_run(run_id, status=RunStatus.FAILED, identities={}, at=NOON)

    await store.reopen_run(run_id)

    assert await store.finished_domains(run_id) == {"auth"}
    assert await ranges(store, run_id) == (part(0, None, "a"),)
    run = await store.run(run_id)
    assert (run.status, [one.error for one in run.domains]) == (RunStatus.RUNNING, ["", ""])
    assert run.domains[0].identities == {"source": "rs0", "target": "pg-1"}


async def test_a_run_that_missed_a_canary_never_goes_on(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    await store.finish_entity(run_id, domain="address", summary=counts(), resolved=None, at=NOON)
    await finish_domain(store, run_id, canaries=(5, 4))
    await store.finish_run(run_id, status=RunStatus.FAILED, identities={}, at=NOON)

    with pytest.raises(UsageError):
        await store.reopen_run(run_id)
    assert (await store.run(run_id)).status is RunStatus.FAILED


async def test_pruned_runs_take_their_ranges_along(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    await noted(store, run_id, part(0, None, "a"))
    await store.finish_run(run_id, status=RunStatus.INTERRUPTED, identities={}, at=NOON)
    await store.start_run(start(at=NOON + timedelta(days=300)))

    assert (await store.prune(older_than=NOON + timedelta(days=200), at=NOON + timedelta(days=400))).runs == 1
    assert await ranges(store, run_id) == ()
