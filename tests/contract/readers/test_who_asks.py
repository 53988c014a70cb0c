"""A DBA knows who asks: every statement about an entity's records carries a comment, every session a name."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reconciler.core.checksum.words import KeyRange
from reconciler.core.model import RecordKey
from tests.acceptance.live import Shop
from tests.contract.readers.world import IDENTITY, PERSON, readers

pytestmark = pytest.mark.contract
KEY = RecordKey(parts=("0" * 24,), text="0" * 24)
RANGE = KeyRange(after="0" * 24, until="f" * 24)


@contextmanager
def profiled(shop: Shop) -> Iterator[None]:
    """MongoDB notes every command."""
    shop.mongo.command("profile", 2)
    try:
        yield
    finally:
        shop.mongo.command("profile", 0)


def asked_of_postgresql(shop: Shop) -> list[tuple[str, str]]:
    """Name and last statement of the sessions that are open."""
    rows = shop.sql(
        "select application_name, query from pg_stat_activity"
        " where datname = current_database() and usename = 'soak_reader'"
    )
    return [(row[0], row[1]) for row in rows]


async def test_mongodb_is_told_who_asks_for_records(shop: Shop) -> None:
    shop.mongo.people.insert_many([{"name": f"n{number}"} for number in range(5)])
    with profiled(shop):
        async with readers(shop) as opened:
            async with opened.source.tell(PERSON, now_ms=0) as telling:
                await telling.boundary(None, 2)
                await telling.total(RANGE)
                await telling.hashes(RANGE)
                await telling.examples(IDENTITY, limit=1)
            async with opened.source.read(PERSON) as look:
                await look.count()
                assert [batch async for batch in look.batches()]
            await opened.source.fetch(PERSON, keys=[KEY], ids=["0" * 24])
            await opened.source.unindexed(PERSON, RANGE)
        noted = list(shop.mongo["system.profile"].find({"ns": f"{shop.name}.people", "op": "command"}))

    commands = [one for one in noted if {"aggregate", "explain"} & one["command"].keys()]
    comments = [one["command"].get("comment", "") for one in commands]
    assert {one.get("appName") for one in commands} == {"reconciler"}
    assert set(comments) == {"reconciler checksum", "reconciler scan", "reconciler re-read", "reconciler explain"}
    assert comments.count("reconciler checksum") == 4


async def test_postgresql_is_told_who_asks_for_records(shop: Shop) -> None:
    shop.sql("insert into people (id, legacy_object_id) values (gen_random_uuid(), $1)", KEY.text)
    async with readers(shop) as opened:
        async with opened.target.tell(PERSON, now_ms=0) as telling:
            for ask in (telling.total(RANGE), telling.hashes(RANGE), telling.examples(IDENTITY, limit=1)):
                await ask
                [(name, statement)] = asked_of_postgresql(shop)
                assert (name, statement.startswith("/* reconciler checksum */")) == ("reconciler", True)
        async with opened.target.read(PERSON) as look:
            batches = look.batches()
            assert await anext(batches)
            [(name, statement)] = asked_of_postgresql(shop)
            assert (name, statement.startswith("/* reconciler read */")) == ("reconciler", True)
