"""Fields and columns that scans came across keep when they were first seen, and how often last."""

from datetime import timedelta

import pytest

from reconciler.adapters.report_store import SqliteReportStore
from reconciler.app.ports import StoredPath
from reconciler.core.schema_look import PathSeen
from reconciler.errors import ReportStoreError
from tests.contract.report_store.samples import NOON, counts, finish, start

pytestmark = pytest.mark.contract
HOUR = timedelta(hours=1)


def path(name: str, count: int = 3) -> PathSeen:
    return PathSeen(side="source", path=name, count=count, looked_at=40)


async def test_the_first_sight_stays_and_the_count_is_the_last_one(store: SqliteReportStore) -> None:
    first, second = await store.start_run(start()), await store.start_run(start())
    for run_id, found, hours in ((first, [path("a\ud800"), path("none", 0)], 0), (second, [path("a\ud800", 5)], 1)):
        await store.note_schema_paths(
            run_id, domain="address", entity="address", mentioned=False, paths=found, at=NOON + hours * HOUR
        )
    assert await store.schema_paths("address") == [
        StoredPath(
            entity="address",
            side="source",
            path="a\\ud800",
            mentioned=False,
            count=5,
            looked_at=40,
            first_run=first,
            first_seen_at=NOON,
            last_run=second,
            last_seen_at=NOON + HOUR,
        )
    ]
    assert await store.schema_paths("review") == []


async def test_a_sealed_run_sees_nothing_more(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    await finish(store, run_id, counts())
    with pytest.raises(ReportStoreError, match="sealed"):
        await store.note_schema_paths(
            run_id, domain="address", entity="address", mentioned=True, paths=[path("a")], at=NOON
        )
