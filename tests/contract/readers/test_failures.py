"""A store that is down, hung, closed to us or lost in mid-read: an error in bounded time, never a short result."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest

from reconciler.app.ports import RecordReader
from reconciler.core.model import Side
from reconciler.errors import ReadInterrupted, ReconcilerError, StoreUnavailable
from tests.acceptance.live import Shop
from tests.contract.readers.world import THING, Readers, look, object_id, readers, uuid

pytestmark = pytest.mark.contract

CANARY = "c4naryS3cret"
SESSIONS = "select count(*) from pg_stat_activity where datname = $1 and application_name = 'reconciler'"
TERMINATE = SESSIONS.replace("count(*)", "count(pg_terminate_backend(pid))")
SIDES = pytest.mark.parametrize("side", list(Side))


def reader_of(opened: Readers, side: Side) -> RecordReader:
    return opened.source if side is Side.SOURCE else opened.target


def fill(shop: Shop, count: int) -> None:
    """As many things on both sides."""
    shop.mongo["things"].insert_many([{"_id": object_id(n), "name": CANARY} for n in range(count)])
    shop.sql(
        "insert into things (id, legacy_object_id, name)"
        " select gen_random_uuid(), lpad(to_hex(n), 24, '0'), $2 from generate_series(1, $1::int) n",
        count,
        CANARY,
    )


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """The process hangs meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def said_well(problem: ReconcilerError) -> bool:
    """Whether the text has a next step, and neither a driver's words nor a value nor a cause that would print them."""
    text = str(problem)
    leaks = (CANARY, "soak_reader", "127.0.0.1", "Traceback", "://", "password authentication")
    hidden = problem.__cause__ is None and (problem.__context__ is None or problem.__suppress_context__)
    return hidden and "Next: " in text and not any(leak in text for leak in leaks)


@SIDES
async def test_a_wrong_password_is_refused_without_a_word_of_it(shop: Shop, side: Side) -> None:
    mongodb_uri = (
        f"mongodb://soak_reader:{CANARY}@127.0.0.1:{shop.live.sandbox.ports['mongod']}/{shop.name}?authSource=admin"
    )
    pg_url = f"postgresql://soak_reader:{CANARY}@127.0.0.1:{shop.live.sandbox.ports['postgres']}/{shop.name}"
    async with readers(shop, mongodb_uri=mongodb_uri, pg_url=pg_url) as opened:
        with pytest.raises(StoreUnavailable, match="refuses") as caught:
            await reader_of(opened, side).health()

    assert said_well(caught.value)
    assert caught.value.exit_code == 4


@SIDES
async def test_a_database_that_the_account_may_not_see(shop: Shop, side: Side) -> None:
    addresses = [address.replace(shop.name, "postgresx") for address in (shop.reader_mongodb_uri, shop.reader_pg_url)]
    async with readers(shop, mongodb_uri=addresses[0], pg_url=addresses[1]) as opened:
        with pytest.raises(StoreUnavailable, match="refuses") as caught:
            await reader_of(opened, side).health()

    assert said_well(caught.value)


@SIDES
async def test_a_store_that_is_down(shop: Shop, side: Side) -> None:
    mongodb_uri = f"mongodb://soak_reader:{CANARY}@127.0.0.1:9/{shop.name}"
    async with readers(
        shop, mongodb_uri=mongodb_uri, pg_url=f"postgresql://u:{CANARY}@127.0.0.1:9/{shop.name}"
    ) as opened:
        with pytest.raises(StoreUnavailable, match="can't be reached") as caught:
            await reader_of(opened, side).health()

    assert said_well(caught.value)


@SIDES
async def test_a_store_that_hangs_is_given_up(shop: Shop, side: Side) -> None:
    server = {Side.SOURCE: "mongod", Side.TARGET: "postgres"}[side]
    async with readers(shop, timeout_ms=1000) as opened:
        reader = reader_of(opened, side)
        await reader.problems(THING)
        with stopped(shop.live.sandbox.pids[server]):
            async with asyncio.timeout(60):
                with pytest.raises(StoreUnavailable) as caught:
                    await reader.problems(THING)

    assert said_well(caught.value)


def idle_cursors(shop: Shop) -> list[int]:
    """The cursors of the scan that wait to be asked; one that is being read ahead at this moment is no such cursor."""
    cursors = shop.mongo.client.admin.aggregate(
        [
            {"$currentOp": {"idleCursors": True, "allUsers": True}},
            {"$match": {"type": "idleCursor", "ns": f"{shop.name}.things"}},
        ]
    )
    return [cursor["cursor"]["cursorId"] for cursor in cursors]


async def break_source(shop: Shop) -> None:
    """Kills the open cursors of the scan, as soon as they wait."""
    found: list[int] = []
    for _ in range(200):
        found = found or await asyncio.to_thread(idle_cursors, shop)
        await asyncio.sleep(0 if found else 0.02)
    assert found
    await asyncio.to_thread(shop.mongo.command, "killCursors", "things", cursors=found)


async def break_target(shop: Shop) -> None:
    """Ends the scan's session."""
    assert await asyncio.to_thread(shop.value, TERMINATE, shop.name) == 1


Breaking = Callable[[Shop], Awaitable[None]]
BREAKING: dict[Side, Breaking] = {Side.SOURCE: break_source, Side.TARGET: break_target}


async def drop_source(shop: Shop) -> None:
    """Drops the collection that is being read."""
    await asyncio.to_thread(shop.mongo.drop_collection, "things")


async def look_while(shop: Shop, reader: RecordReader, breaking: Breaking, *, counted: bool = True) -> None:
    """A look to the end, broken after its first batch."""
    async with reader.read(THING) as opened_look:
        if counted:
            await opened_look.count()
        batches = opened_look.batches()
        await anext(batches)
        await breaking(shop)
        async for _ in batches:
            pass


async def give_up(reader: RecordReader, problem: Exception) -> None:
    """A look that ends after its first batch with something that is not the store's fault."""
    async with reader.read(THING) as opened_look:
        await opened_look.count()
        await anext(opened_look.batches())
        raise problem


@SIDES
@pytest.mark.parametrize("counted", [False, True])
async def test_a_read_that_is_cut_off_is_no_end(shop: Shop, side: Side, *, counted: bool) -> None:
    fill(shop, 500)
    async with readers(shop, batch=10) as opened:
        with pytest.raises(ReadInterrupted, match="stopped while") as caught:
            await look_while(shop, reader_of(opened, side), BREAKING[side], counted=counted)

    assert said_well(caught.value)


async def test_a_session_that_ends_between_two_pieces_is_no_end(shop: Shop) -> None:
    fill(shop, 200)
    async with readers(shop, batch=10, snapshot_max=1e-6) as opened:
        with pytest.raises(ReadInterrupted) as caught:
            await look_while(shop, opened.target, break_target)

    assert said_well(caught.value)


async def test_a_collection_that_is_dropped_meanwhile_is_no_end(shop: Shop) -> None:
    fill(shop, 500)
    async with readers(shop, batch=10) as opened:
        with pytest.raises(ReadInterrupted) as caught:
            await look_while(shop, opened.source, drop_source)

    assert said_well(caught.value)


@SIDES
async def test_a_look_that_is_given_up_leaves_nothing_behind(shop: Shop, side: Side) -> None:
    fill(shop, 500)
    async with readers(shop, batch=10) as opened:
        with pytest.raises(ValueError, match="ours"):
            await give_up(reader_of(opened, side), ValueError("ours"))
        found = await look(reader_of(opened, side), THING)

    assert found.counted == 500
    assert open_sessions(shop) == 0


def open_sessions(shop: Shop) -> int:
    """Cursors and sessions of the reader that the servers still know."""
    cursors = shop.mongo.client.admin.aggregate(
        [{"$currentOp": {"idleCursors": True, "allUsers": True}}, {"$match": {"ns": f"{shop.name}.things"}}]
    )
    return len(list(cursors)) + int(shop.value(SESSIONS, shop.name))


async def test_a_statement_that_takes_too_long_is_an_error(shop: Shop) -> None:
    shop.sql("insert into things (id) values ($1)", uuid(1))
    shop.sql("create function slow() returns text language sql volatile as $$ select pg_sleep(30)::text $$")
    shop.sql("alter table things rename to t")
    shop.sql("create view things as select t.id, legacy_object_id, slow() as name, note, at, owner, size from t")
    async with readers(shop, timeout_ms=500) as opened:
        with pytest.raises(ReadInterrupted, match="57014"):
            await look(opened.target, THING)
