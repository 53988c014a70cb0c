"""A scan by checksums that was stopped goes on behind its last finished range, and finds what an unbroken one finds."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from bson import ObjectId

from reconciler.adapters.clock import SystemClock
from reconciler.adapters.report_store import SqliteReportStore, open_report_store
from reconciler.app.bookmarks import Bookmark
from reconciler.app.passes import EntityPass
from reconciler.core.checksum.words import KeyRange
from reconciler.core.model import DiffState, Outcome, RunStatus
from reconciler.core.scanned import Scanned
from reconciler.core.spec import EntitySpec, Method
from reconciler.errors import OutOfTime
from tests.acceptance.live import Shop
from tests.contract.checksums.test_scans import (
    LEVEL,
    PEOPLE,
    PERSON,
    PROFILE,
    hex_id,
    scans,
    seen,
    small_ranges,
    told,
    world,
)
from tests.contract.report_store.samples import NOON, missing, start

pytestmark = pytest.mark.contract
__all__ = ["small_ranges", "world"]
RANGES = PEOPLE // 10


Spoil = Callable[[Shop], object]


@asynccontextmanager
async def run_of(folder: Path) -> AsyncIterator[SqliteReportStore]:
    """The report store with run 1 under way, and interrupted at the end."""
    async with open_report_store(folder) as store:
        if await store.runs():
            await store.reopen_run(1)
        else:
            await store.start_run(start())
        try:
            yield store
        finally:
            await store.finish_run(1, status=RunStatus.INTERRUPTED, identities={}, at=NOON)


def scanned(shop: Shop, folder: Path, entity: EntitySpec, *, ranges: int | None = None) -> EntityPass | None:
    """A scan in run 1, stopped and None after so many ranges."""

    async def stopped() -> EntityPass | None:
        left = ranges

        def report(_done: int, _total: int) -> None:
            nonlocal left
            left = None if left is None else left - 1
            if left == 0:
                raise OutOfTime("stopped")

        async with run_of(folder) as store, scans(shop, Method.CHECKSUM) as opened:
            bookmark = Bookmark(store=store, clock=SystemClock(), run_id=1, domain="address")
            try:
                return await opened.scan(entity, report, bookmark=bookmark)
            except OutOfTime:
                return None

    return shop.live.call(stopped())


def whole(found: EntityPass | None) -> EntityPass:
    """A scan that came to its end."""
    assert found is not None
    return found


def stored(shop: Shop, folder: Path, entity: EntitySpec) -> Scanned:
    """What the report store knows of run 1."""

    async def read() -> Scanned:
        async with open_report_store(folder) as store:
            return await store.scanned(1, domain="address", entity=entity.name)

    return shop.live.call(read())


def spoilt(shop: Shop) -> None:
    """Differences of each kind, on both sides of the ends of ranges, some of them seen from two ranges."""
    shop.sql("update people set name = 'other' where legacy_object_id = any($1)", [hex_id(3), hex_id(10), hex_id(39)])
    shop.sql("delete from people where legacy_object_id = any($1)", [hex_id(9), hex_id(20)])
    shop.sql("insert into people (legacy_object_id, name) values ('x', 'n'), (null, 'n'), ($1, 'n4')", hex_id(4))
    shop.mongo.people.delete_one({"_id": ObjectId(hex_id(30))})
    shop.mongo.people.insert_many([{"_id": hex_id(33), "name": "n33"}, {"_id": "y"}, {"_id": 7}])
    shop.sql("update profiles set bio = 'other' where bio in ('b3', 'b19', 'b21')")


@pytest.mark.parametrize("entity", [PERSON, PROFILE], ids=lambda entity: entity.name)
@pytest.mark.parametrize("ranges", range(1, RANGES + 1))
def test_a_scan_that_was_stopped_finds_what_an_unbroken_one_finds(
    world: Shop, tmp_path: Path, entity: EntitySpec, ranges: int
) -> None:
    spoilt(world)
    unbroken = seen(world, entity, Method.CHECKSUM)

    assert scanned(world, tmp_path, entity, ranges=ranges) is None
    before = stored(world, tmp_path, entity).ranges
    assert len(before) == ranges
    found = whole(scanned(world, tmp_path, entity))

    assert told(found) == told(unbroken)
    assert found.cleared == 0
    assert found.canaries[0] == found.canaries[1] > unbroken.canaries[0]
    assert "the scan went on behind them" in found.notes[0]
    after = [one.key_range for one in stored(world, tmp_path, entity).ranges]
    assert [one.after for one in after] == [None, *(one.until for one in after[:-1])]
    assert after[0].until == before[-1].key_range.until
    assert after[-1].until is None


def test_a_scan_may_be_stopped_again_and_again(world: Shop, tmp_path: Path) -> None:
    spoilt(world)
    unbroken = seen(world, PERSON, Method.CHECKSUM)
    for _ in range(RANGES - 1):
        assert scanned(world, tmp_path, PERSON, ranges=1) is None

    assert told(whole(scanned(world, tmp_path, PERSON))) == told(unbroken)


def test_what_was_compared_counts_as_read_then_and_is_not_read_again(world: Shop, tmp_path: Path) -> None:
    scanned(world, tmp_path, PERSON, ranges=2)
    world.sql("update people set name = 'other' where legacy_object_id = any($1)", [hex_id(0), hex_id(19), hex_id(20)])

    found = whole(scanned(world, tmp_path, PERSON))
    assert list(found.candidates) == [hex_id(20)]
    assert (found.source_records, found.target_records, found.complete) == (PEOPLE, PEOPLE, True)


def test_what_differed_before_is_looked_at_again_and_cleared_where_it_is_mended(world: Shop, tmp_path: Path) -> None:
    world.sql("update people set name = 'other' where legacy_object_id = any($1)", [hex_id(0), hex_id(1), hex_id(2)])
    scanned(world, tmp_path, PERSON, ranges=1)
    world.sql("update people set name = 'n0' where legacy_object_id = $1", hex_id(0))
    world.sql("delete from people where legacy_object_id = $1", hex_id(1))
    world.mongo.people.delete_one({"_id": ObjectId(hex_id(1))})
    scanned(world, tmp_path, PERSON, ranges=1)

    found = whole(scanned(world, tmp_path, PERSON))
    assert list(found.candidates) == [hex_id(2)]
    assert (found.cleared, found.outcomes[Outcome.MATCHED], found.outcomes[Outcome.OUT_OF_SCOPE]) == (2, PEOPLE - 2, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda shop: shop.sql("alter table people add column more text"),
        lambda shop: shop.sql("alter table people alter note type varchar(500)"),
        lambda shop: (shop.sql("create table copy as table people"), shop.sql("truncate people"), shop.sql("insert into people table copy")),
        lambda shop: shop.mongo.people.rename("old") and shop.mongo.old.aggregate([{"$out": "people"}]),
    ],
    ids=["column", "type", "truncated", "collection"],
)  # fmt: skip
def test_other_tables_are_read_from_the_beginning(world: Shop, tmp_path: Path, change: Spoil) -> None:
    scanned(world, tmp_path, PERSON, ranges=2)
    change(world)
    world.sql("update people set name = 'other' where legacy_object_id = $1", hex_id(0))

    found = whole(scanned(world, tmp_path, PERSON))
    assert list(found.candidates) == [hex_id(0)]
    assert "read from the beginning: its tables were made anew or changed" in found.notes[0]
    assert stored(world, tmp_path, PERSON).ranges[0].key_range == KeyRange(until=hex_id(9))


@pytest.mark.parametrize(
    ("state", "before", "overtaken"),
    [
        (DiffState.CONFIRMED, False, True),
        (DiffState.UNCONFIRMED, False, True),
        (DiffState.CLEARED, False, False),
        (DiffState.CONFIRMED, True, False),
    ],
)
def test_a_difference_that_another_run_saw_since_is_not_resolved_by_what_was_read_before(
    world: Shop, tmp_path: Path, *, state: DiffState, before: bool, overtaken: bool
) -> None:
    scanned(world, tmp_path, PERSON, ranges=2)
    world.sql("update people set name = 'other' where legacy_object_id = $1", hex_id(0))

    at = NOON if before else SystemClock().now()

    async def another_run() -> None:
        async with open_report_store(tmp_path) as store:
            run_id = await store.start_run(start())
            await store.record_diffs(
                run_id, domain="address", entity="person", diffs=[missing(hex_id(0), state=state)], at=at
            )
            await store.finish_run(run_id, status=RunStatus.INTERRUPTED, identities={}, at=NOON)

    world.live.call(another_run())
    found = whole(scanned(world, tmp_path, PERSON))
    assert list(found.candidates) == [hex_id(0)] * overtaken
    assert ("another run saw differences" in found.notes[0]) is overtaken


def test_an_entity_in_one_range_is_not_noted(world: Shop, tmp_path: Path) -> None:
    whole(scanned(world, tmp_path, LEVEL))

    assert stored(world, tmp_path, LEVEL).ranges == ()
