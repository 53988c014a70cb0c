"""What completed scans saw of a cluster: its trend, which of them saw its entity whole, where its diffs lie."""

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.adapters.report_store import SqliteReportStore
from reconciler.core.model import Mode
from reconciler.errors import NotFound
from tests.contract.report_store.samples import NOON, counts, finish, mismatch, record, start, whole_run

pytestmark = pytest.mark.contract

DAY = timedelta(days=1)


async def test_the_trend_has_every_completed_scan_of_the_domain_oldest_first(store: SqliteReportStore) -> None:
    await whole_run(store, at=NOON)
    await whole_run(store, [mismatch("a"), mismatch("b")], at=NOON + DAY)
    await whole_run(store, [mismatch("a")], at=NOON + 2 * DAY, mode=Mode.KEYS)
    await whole_run(store, [mismatch("a")], at=NOON + 3 * DAY)
    past = await store.cluster_past("K-1", runs=10)
    assert [(one.run, one.diffs) for one in past.trend] == [(1, 0), (2, 2), (4, 1)]
    assert [one.run for one in (await store.cluster_past("K-1", runs=2)).trend] == [2, 4]
    assert (past.lowest, past.highest) == (1, 2)


async def test_only_whole_scans_by_the_same_rules_can_have_seen_it_equal(store: SqliteReportStore) -> None:
    whole = await whole_run(store, at=NOON)
    partial = await store.start_run(start(at=NOON + DAY))
    await finish(store, partial, counts(complete=False, coverage=0.5), resolved=[], at=NOON + DAY)
    await whole_run(store, at=NOON + DAY, mode=Mode.SAMPLE)
    other = start(at=NOON + DAY)
    by_other_rules = await store.start_run(replace(other, config_digests={"address": "sha256:other"}))
    await finish(store, by_other_rules, counts())
    last = await whole_run(store, [mismatch("a")], at=NOON + 2 * DAY)
    past = await store.cluster_past("K-1", runs=10)
    assert [scan.run for scan in past.scans] == [last, whole]


async def test_a_cluster_that_does_not_exist_has_no_past(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    await record(store, run_id, [mismatch("a")])
    with pytest.raises(NotFound):
        await store.cluster_past("K-9", runs=10)
