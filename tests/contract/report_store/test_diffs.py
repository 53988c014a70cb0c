"""A diff is one problem with a life over runs; lists are paged by id and lose nothing."""

from datetime import timedelta
from decimal import Decimal

import pytest

from reconciler.adapters.report_store import SqliteReportStore
from reconciler.adapters.report_store.problems import PAGE
from reconciler.app.ports import DiffFilter
from reconciler.core.model import DiffState, Outcome
from tests.contract.report_store.samples import (
    ADDRESS,
    NOON,
    counts,
    finish,
    listed,
    mismatch,
    missing,
    record,
    start,
    whole_run,
)

pytestmark = pytest.mark.contract

DAY = timedelta(days=1)
CONFIRMED, UNCONFIRMED, CLEARED = DiffState.CONFIRMED, DiffState.UNCONFIRMED, DiffState.CLEARED
RESOLVED, REGRESSED = DiffState.RESOLVED, DiffState.REGRESSED


async def states(store: SqliteReportStore) -> dict[str, DiffState]:
    return {diff.locator: diff.state for diff in await listed(store)}


async def open_counts(store: SqliteReportStore) -> tuple[int, int]:
    history = await store.history(ADDRESS, since=NOON)
    return history.open_confirmed, history.open_unconfirmed


async def test_a_diff_comes_back_as_it_was_seen(store: SqliteReportStore) -> None:
    run_id = await whole_run(store, [mismatch("a", note="seen"), missing("b")])
    first, second = await listed(store, DiffFilter(run=run_id))
    assert (first.run, first.domain, first.entity, first.key) == (run_id, "address", "address", "key of a")
    assert (first.outcome, first.state, first.cluster) == (Outcome.FIELD_MISMATCH, CONFIRMED, None)
    (field,) = first.fields
    assert (field.path, field.source, field.target, field.cluster, field.note) == (
        "city",
        "Köln",
        "Koln",
        "K-1",
        "seen",
    )
    assert (second.outcome, second.fields, second.cluster, second.detail) == (
        Outcome.MISSING_IN_TARGET, (), "K-2", "no row",
    )  # fmt: skip
    assert await store.diff(second.id) == second


async def test_an_open_diff_keeps_its_id_and_first_time(store: SqliteReportStore) -> None:
    first = await whole_run(store, [mismatch("a")])
    second = await whole_run(store, [mismatch("a", target="Kiel")], at=NOON + DAY)
    (diff,) = await listed(store)
    assert (diff.run, diff.first_run, diff.first_seen_at, diff.last_seen_at) == (second, first, NOON, NOON + DAY)
    (then,) = await listed(store, DiffFilter(run=first))
    assert (then.id, then.fields[0].target, diff.fields[0].target) == (diff.id, "Koln", "Kiel")


async def test_a_complete_scan_resolves_what_it_did_not_see(store: SqliteReportStore) -> None:
    first = await whole_run(store, [mismatch("a"), mismatch("b"), mismatch("c", state=UNCONFIRMED)])
    assert await open_counts(store) == (2, 1)
    await whole_run(store, [mismatch("b")], at=NOON + DAY)
    assert await states(store) == {"a": RESOLVED, "b": CONFIRMED, "c": CLEARED}
    assert await open_counts(store) == (1, 0)
    assert {diff.locator: diff.state for diff in await listed(store, DiffFilter(run=first))} == {
        "a": CONFIRMED, "b": CONFIRMED, "c": UNCONFIRMED,
    }  # fmt: skip


async def test_a_partial_run_resolves_only_what_is_named(store: SqliteReportStore) -> None:
    await whole_run(store, [mismatch("a"), mismatch("b"), mismatch("c")])
    run_id = await store.start_run(start(at=NOON + DAY))
    await record(store, run_id, [mismatch("b")])
    await finish(store, run_id, counts(field_mismatch=1, coverage=0.5, complete=False), resolved=["a", "b"])
    assert await states(store) == {"a": RESOLVED, "b": CONFIRMED, "c": CONFIRMED}


async def test_resolving_touches_no_other_entity(store: SqliteReportStore) -> None:
    await whole_run(store, [mismatch("a")])
    run_id = await store.start_run(start())
    await finish(store, run_id, counts(entity="other"))
    assert await states(store) == {"a": CONFIRMED}


async def test_what_comes_back_after_it_was_resolved_has_regressed(store: SqliteReportStore) -> None:
    await whole_run(store, [mismatch("a")])
    await whole_run(store)
    again = await whole_run(store, [mismatch("a")], at=NOON + DAY)
    later = await whole_run(store, [mismatch("a")], at=NOON + DAY)
    for run_id in (again, later):
        assert [diff.state for diff in await listed(store, DiffFilter(run=run_id))] == [REGRESSED]
    assert await open_counts(store) == (1, 0)
    assert [diff.state for diff in await listed(store, DiffFilter(states=(REGRESSED,)))] == [REGRESSED]


async def test_unconfirmed_then_confirmed_in_one_run_counts_once(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    await record(store, run_id, [mismatch("a", state=UNCONFIRMED), mismatch("b", state=UNCONFIRMED)])
    await record(store, run_id, [mismatch("a"), mismatch("b", state=CLEARED)])
    await finish(store, run_id, counts(field_mismatch=1))
    assert await states(store) == {"a": CONFIRMED, "b": CLEARED}
    assert [cluster.diffs for cluster in await store.clusters(run=run_id)] == [1]


async def test_what_was_confirmed_stays_so_while_it_merely_keeps_changing(store: SqliteReportStore) -> None:
    await whole_run(store, [mismatch("a")])
    restless = await whole_run(store, [mismatch("a", state=UNCONFIRMED)], at=NOON + DAY)
    assert await open_counts(store) == (1, 0)
    assert [diff.state for diff in await listed(store, DiffFilter(run=restless))] == [UNCONFIRMED]
    assert (await store.history(ADDRESS, since=NOON)).last_diff_at == NOON


async def test_a_diff_that_cleared_is_no_longer_open(store: SqliteReportStore) -> None:
    await whole_run(store, [mismatch("a")])
    await whole_run(store, [mismatch("a", state=CLEARED), mismatch("b", state=CLEARED)], at=NOON + DAY)
    assert await states(store) == {"a": RESOLVED, "b": CLEARED}
    diff = (await listed(store))[0]
    assert diff.last_seen_at == NOON


async def test_a_regression_moves_the_last_diff_even_when_it_is_resolved_again(store: SqliteReportStore) -> None:
    await whole_run(store, [mismatch("a")])
    await whole_run(store, [mismatch("a")], at=NOON + DAY)
    await whole_run(store, at=NOON + 2 * DAY)
    history = await store.history(ADDRESS, since=NOON)
    assert (history.open_confirmed, history.last_diff_at) == (0, NOON + DAY)


async def test_clusters_count_diffs_by_run_and_open_ones(store: SqliteReportStore) -> None:
    zero = [mismatch(f"z{number}", cause="leading zero lost") for number in range(3)]
    first = await whole_run(store, [*zero, mismatch("a"), missing("m")])
    second = await whole_run(store, [zero[0], mismatch("z1", cause="case")], at=NOON + DAY)
    assert {cluster.title: cluster.diffs for cluster in await store.clusters(run=first)} == {
        "city: leading zero lost": 3, "city: value (text)": 1, "missing in target (text)": 1,
    }  # fmt: skip
    assert {cluster.title: cluster.diffs for cluster in await store.clusters()} == {
        "city: leading zero lost": 1, "city: case": 1,
    }  # fmt: skip
    (cluster,) = [one for one in await store.clusters(run=first) if one.cause == "leading zero lost"]
    assert (cluster.first_run, cluster.last_run, cluster.first_seen_at, cluster.last_seen_at) == (
        first, second, NOON, NOON + DAY,
    )  # fmt: skip
    assert [diff.locator for diff in await listed(store, DiffFilter(run=first, cluster=cluster.id))] == [
        "z0",
        "z1",
        "z2",
    ]
    wanted = DiffFilter(cluster=cluster.id, states=(CONFIRMED,))
    assert [diff.locator for diff in await listed(store, wanted)] == ["z0"]
    closed = await store.cluster("K-2")
    assert (closed.open, closed.diffs) == (False, 1)
    assert await store.clusters(domain="review") == []


async def test_lists_are_paged_by_id_and_lose_nothing(store: SqliteReportStore) -> None:
    total = 2 * PAGE + 3
    run_id = await whole_run(store, [mismatch(f"{number:05}") for number in range(total)])
    for wanted in (
        DiffFilter(),
        DiffFilter(run=run_id),
        DiffFilter(domain="address", entity="address"),
        DiffFilter(states=(CONFIRMED,)),
        DiffFilter(states=(CONFIRMED, RESOLVED), domain="address"),
        DiffFilter(cluster="K-1"),
        DiffFilter(run=run_id, cluster="K-1"),
    ):
        assert [diff.id for diff in await listed(store, wanted)] == list(range(1, total + 1)), wanted
    page = await listed(store, DiffFilter(states=(CONFIRMED,), domain="address", after=PAGE, limit=PAGE + 1))
    assert [diff.id for diff in page] == list(range(PAGE + 1, 2 * PAGE + 2))
    assert await listed(store, DiffFilter(domain="review")) == []
    assert await listed(store, DiffFilter(entity="other", run=run_id)) == []
    assert await listed(store, DiffFilter(limit=0)) == []


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (None, None),
        (True, True),
        (2**80, 2**80),
        (Decimal("1.5"), 1.5),
        (Decimal("1.10"), "1.10"),
        (Decimal("0.1234567890123456789"), "0.1234567890123456789"),
        (Decimal(12345678901234567890123), 12345678901234567890123),
        (Decimal("-0"), "-0"),
        (Decimal("Infinity"), "Infinity"),
        (float("nan"), "nan"),
        ("a\x00b\ud800\U0001f600", "a\x00b\ud800\U0001f600"),
        ([1, {"b": Decimal("2.50"), "a": [None]}], [1, {"b": "2.50", "a": [None]}]),
    ],
    ids=str,
)
async def test_values_come_back_with_every_digit(store: SqliteReportStore, value: object, stored: object) -> None:
    await whole_run(store, [mismatch("a", source=value, target="other")])
    (field,) = (await listed(store))[0].fields
    assert (field.source, type(field.source), field.note) == (stored, type(stored), "")


async def test_resolving_by_name_tells_locators_of_any_characters_apart(store: SqliteReportStore) -> None:
    await whole_run(store, [mismatch("a\x00b"), mismatch("a\x00c"), mismatch("a")])
    run_id = await store.start_run(start())
    await finish(store, run_id, counts(coverage=0.5, complete=False), resolved=["a\x00b"])
    assert await states(store) == {"a\x00b": RESOLVED, "a\x00c": CONFIRMED, "a": CONFIRMED}


def nested(depth: int) -> object:
    value: object = "deep"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value", [object(), {1: "a"}, b"bytes", nested(5000), nested(101), 10**5000], ids=lambda value: type(value).__name__
)
async def test_a_diff_is_never_lost_for_its_value(store: SqliteReportStore, value: object) -> None:
    await whole_run(store, [mismatch("a", source=value, target="other", note="why")])
    (field,) = (await listed(store))[0].fields
    assert (field.source, field.target, field.note) == (None, "other", "why; unrecordable")


async def test_locators_of_any_characters_stay_apart(store: SqliteReportStore) -> None:
    locators = ["a", "A", "a\x00b", "a\x00c", "\ud800", "ß", "' OR 1=1 --", ""]
    run_id = await whole_run(store, [mismatch(locator) for locator in locators])
    assert len(await listed(store, DiffFilter(run=run_id))) == len(locators)
    await whole_run(store, [mismatch(locator) for locator in locators])
    assert len(await listed(store)) == len(locators)


async def test_the_counters_stay_true_through_a_life(store: SqliteReportStore) -> None:
    for seen in (["a", "b"], ["b"], ["a", "c"], [], ["a"]):
        await whole_run(store, [mismatch(locator, cause=locator) for locator in seen])
    assert await store.check() == []
