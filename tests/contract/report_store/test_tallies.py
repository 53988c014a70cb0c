"""Totals over all runs: each run once, and none lost with what is pruned."""

from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.adapters.report_store import SqliteReportStore, open_report_store
from reconciler.core.model import DiffState, Mode, Outcome, RunStatus, Verdict
from tests.contract.report_store.samples import NOON, counts, finish, mismatch, missing, start, whole_run

pytestmark = pytest.mark.contract

DAY = timedelta(days=1)


async def test_runs_that_ended_are_counted_once_whoever_wrote_them(store: SqliteReportStore, folder: Path) -> None:
    await whole_run(store, [mismatch("a"), missing("b")])
    running = await store.start_run(start())
    for _ in range(2):
        tally = await store.tally()
        assert tally.results == {("address", Verdict.DIFFS): 1}
        assert tally.compared == {"address": 11}
    async with open_report_store(folder) as another:
        await whole_run(another, at=NOON + DAY)
    await finish(store, running, counts(), status=RunStatus.FAILED)
    tally = await store.tally()
    assert tally.results == {
        ("address", Verdict.DIFFS): 1,
        ("address", Verdict.CLEAN): 1,
        ("address", Verdict.INCONCLUSIVE): 1,
    }
    assert +tally.found == {("address", Outcome.FIELD_MISMATCH): 1, ("address", Outcome.MISSING_IN_TARGET): 1}
    assert sum(tally.lengths[Mode.SCAN].counts) == 3


async def test_an_interrupted_run_counts_when_it_has_ended_for_good(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    await store.finish_run(run_id, status=RunStatus.INTERRUPTED, identities={}, at=NOON)
    assert (await store.tally()).domains == frozenset()
    await store.reopen_run(run_id)
    await finish(store, run_id, counts())
    assert (await store.tally()).results == {("address", Verdict.CLEAN): 1}


async def test_pruning_takes_nothing_from_a_total(store: SqliteReportStore, folder: Path) -> None:
    for day in range(3):
        await whole_run(store, [mismatch("a", state=DiffState.CLEARED)], at=NOON + day * DAY)
    before = (await store.tally()).dump()
    assert (await store.prune(older_than=NOON + 2 * DAY, at=NOON + 9 * DAY)).runs == 2
    assert (await store.tally()).dump() == before
    async with open_report_store(folder) as fresh:
        assert (await fresh.tally()).dump() == before
        assert (await fresh.prune(older_than=NOON + 2 * DAY, at=NOON + 9 * DAY)).runs == 0
        await whole_run(fresh, at=NOON + 4 * DAY)
        assert (await fresh.tally()).results == {("address", Verdict.CLEAN): 4}
    assert await store.check() == []


async def test_what_is_open_now_is_counted_by_state_and_by_kind(store: SqliteReportStore) -> None:
    await whole_run(store, [mismatch("a"), mismatch("b", cause="case"), missing("c")])
    await whole_run(store, [mismatch("a", state=DiffState.UNCONFIRMED), missing("c")], at=NOON + DAY)
    records = {key: count for key, count in (await store.open_records()).items() if count}
    assert records == {("address", "confirmed"): 2, ("address", "resolved"): 1}
    assert await store.open_kinds() == {("address", "value"): 1, ("address", "missing_in_target"): 1}
