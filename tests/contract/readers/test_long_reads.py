"""A look that outlives its snapshot goes on with a new one, and neither loses nor doubles a record at the seam."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import Binary, Decimal128, Int64, MaxKey, MinKey, Timestamp
from bson.raw_bson import RawBSONDocument
from pymongo.collation import Collation
from pymongo.collection import Collection

from reconciler.adapters.mongo.documents import wrapped
from reconciler.adapters.postgres import sql
from reconciler.core.model import ResolvedReference
from reconciler.core.spec import EntitySpec
from tests.acceptance.live import Shop
from tests.contract.readers.world import (
    LEVEL,
    PERSON,
    PROFILE,
    SETTING,
    SYSTEM,
    THING,
    TOKEN,
    key,
    look,
    object_id,
    readers,
    statements,
    uuid,
)

pytestmark = pytest.mark.contract

TINY = 1e-6
STRANGE_IDS = [
    MinKey(),
    1,
    2.5,
    Int64(2**62),
    Decimal128("1E+30"),
    "a",
    "Z",
    "é",
    {"a": 1},
    {"a": {"b": [1, None]}},
    {},
    Binary(b"\x01", 0),
    Binary(b"\x01", 2),
    True,
    False,
    None,
    datetime(2024, 1, 1, tzinfo=UTC),
    Timestamp(1, 1),
    MaxKey(),
]


def fill_source(shop: Shop, count: int = 40) -> None:
    """People with tokens and profiles, levels and settings, strange keys among them."""
    people: list[dict[str, Any]] = [
        {
            "_id": object_id(number),
            "name": f"n{number}",
            "profile": {"bio": str(number)} if number % 3 else None,
            "tokens": [{"hash": f"h{(number * 7 + place) % 50:02d}", "device": "d"} for place in range(number % 4)],
        }
        for number in range(count)
    ]
    people[5]["tokens"] = [None, 7, {"hash": None}, {"hash": ["x", "a"]}, {}, {"hash": 3}]
    people[6]["tokens"] = {"hash": "alone"}
    people[7]["tokens"] = "text"
    shop.mongo["people"].insert_many(people)
    levels = [3, 1, 2.0, None, [1, 9], "2", Int64(7), 2, None, 1.5]
    shop.mongo["levels"].insert_many([{"_id": object_id(place), "level": level} for place, level in enumerate(levels)])
    shop.mongo["levels"].insert_one({"_id": object_id(99)})
    keys = ["b", "a", "B", "é", None, ["q", "a"], 5, "a", {"k": 1}]
    shop.mongo["settings"].insert_many([{"_id": object_id(place), "key": key} for place, key in enumerate(keys)])


def fill_target(shop: Shop, count: int = 40) -> None:
    """The same in rows, with nulls and doubles in the keys, and owners that lead nowhere."""
    for number in range(count):
        legacy = None if number % 5 == 0 else f"{'same' if number % 7 == 0 else number:>024}"
        shop.sql("drop index if exists people_legacy_object_id_idx")
        shop.sql("insert into people values ($1, $2, $3)", uuid(number), legacy, f"n{number}")
        shop.sql("insert into profiles values ($1, $2, $3)", uuid(1000 + number), uuid(number % 30 + 15), "bio")
        owner = uuid(number % 9) if number % 4 else None
        hashed = None if number % 6 == 0 else f"h{number % 8}"
        shop.sql("insert into tokens values ($1, $2, $3)", uuid(2000 + number), owner, hashed)
        shop.sql("insert into levels values ($1, $2)", uuid(3000 + number), number % 11 or None)
        shop.sql("insert into settings values ($1, $2)", uuid(4000 + number), ["b", "B", "é", "a", None][number % 5])


@pytest.mark.parametrize("entity", [PERSON, TOKEN, PROFILE, LEVEL, SETTING], ids=lambda entity: entity.name)
@pytest.mark.parametrize("batch", [1, 3])
async def test_source_pieces_join_without_a_seam(shop: Shop, entity: EntitySpec, batch: int) -> None:
    fill_source(shop)
    async with readers(shop) as whole, readers(shop, batch=batch, snapshot_max=TINY) as cut:
        at_once, in_pieces = await look(whole.source, entity), await look(cut.source, entity)

    assert at_once.count == at_once.counted == len(at_once.records) > 0
    assert len(set(at_once.ids)) == len(at_once.ids)
    assert in_pieces.records == at_once.records
    assert in_pieces.counted == at_once.count


@pytest.mark.parametrize("entity", [PERSON, TOKEN, PROFILE, LEVEL, SETTING], ids=lambda entity: entity.name)
@pytest.mark.parametrize("batch", [1, 3])
async def test_target_pieces_join_without_a_seam(shop: Shop, entity: EntitySpec, batch: int) -> None:
    fill_target(shop)
    async with readers(shop) as whole, readers(shop, batch=batch, snapshot_max=TINY) as cut:
        at_once, in_pieces = await look(whole.target, entity), await look(cut.target, entity)

    assert at_once.count == at_once.counted == len(at_once.records) == 40
    assert len(set(at_once.ids)) == 40
    assert in_pieces.records == at_once.records
    assert in_pieces.counted == 40


@pytest.mark.parametrize("snapshot_max", [TINY, 60.0])
async def test_ids_of_every_type_are_enumerated(shop: Shop, snapshot_max: float) -> None:
    documents: list[dict[str, Any]] = [
        *({"_id": value, "name": "n"} for value in STRANGE_IDS),
        *({"_id": object_id(n)} for n in range(5)),
    ]
    shop.mongo["things"].insert_many(documents)
    shop.mongo["things"].insert_one(RawBSONDocument(wrapped("_id", 0x0E, b"\x03\0\0\0ab\0")))  # a symbol
    async with readers(shop, batch=1, snapshot_max=snapshot_max) as opened:
        found = await look(opened.source, THING)
        again = await opened.source.fetch(THING, keys=[], ids=found.ids)

    assert found.counted == len(found.records) == len(set(found.ids)) == len(STRANGE_IDS) + 6
    assert {record.id: record.values for record in again} == {record.id: record.values for record in found.records}


async def test_a_piece_sees_what_was_written_behind_the_seam_and_its_count_says_so(shop: Shop) -> None:
    shop.mongo["things"].insert_many([{"_id": object_id(number)} for number in range(10)])
    for number in range(10):
        shop.sql("insert into things values ($1, $2)", uuid(number), f"{number:024x}")
    async with readers(shop, batch=1, snapshot_max=TINY) as opened:
        for reader, write in ((opened.source, add_to_source), (opened.target, add_to_target)):
            async with reader.read(THING) as opened_look:
                first = await opened_look.count()
                batches = opened_look.batches()
                seen = [await anext(batches)]
                write(shop)
                seen += [batch async for batch in batches]
                counted = await opened_look.counted()

            assert first == 10
            assert counted == sum(map(len, seen)) == 11


def add_to_source(shop: Shop) -> None:
    shop.mongo["things"].insert_one({"_id": object_id(900)})


def add_to_target(shop: Shop) -> None:
    shop.sql("insert into things values ($1, $2)", uuid(900), f"{900:024x}")


async def test_without_a_cut_the_look_is_of_one_moment(shop: Shop) -> None:
    shop.mongo["things"].insert_many([{"_id": object_id(number)} for number in range(10)])
    async with readers(shop, batch=1) as opened, opened.source.read(THING) as opened_look:
        await opened_look.count()
        add_to_source(shop)
        records = [record async for batch in opened_look.batches() for record in batch]
        assert len(records) == await opened_look.counted() == 10


async def test_a_snapshot_is_let_go_while_nobody_takes_batches(shop: Shop) -> None:
    for number in range(20):
        shop.sql("insert into things values ($1, $2)", uuid(number), f"{number:024x}")
    held = "select count(*) from pg_stat_activity where application_name = 'reconciler' and xact_start is not null"
    async with readers(shop, batch=1, snapshot_max=0.3) as opened, opened.target.read(THING) as opened_look:
        await opened_look.count()
        batches = opened_look.batches()
        first = await anext(batches)
        assert await asyncio.to_thread(shop.value, f"{held} and datname = '{shop.name}'") == 1
        async with asyncio.timeout(20):
            while await asyncio.to_thread(shop.value, f"{held} and datname = '{shop.name}'"):  # noqa: ASYNC110 - the server can't be waited for
                await asyncio.sleep(0.05)
        rest = [record async for batch in batches for record in batch]
        assert len(first) + len(rest) == await opened_look.counted() == 20


async def test_records_come_in_byte_order_whatever_the_collations(shop: Shop) -> None:
    words = ["a", "B", "b", "A", "é", "z", "Z", "-", "ab", "a b", "ä", "سلام", "\U0001f600", "\uffee"]
    shop.mongo.drop_collection("settings")
    loose: Collection[dict[str, object]] = shop.mongo.create_collection(
        "settings", collation=Collation(locale="en", strength=2)
    )
    loose.insert_many([{"_id": object_id(place), "key": word} for place, word in enumerate(words)])
    loose.insert_many([{"_id": "a"}, {"_id": "b", "key": "zz"}])
    backwards = ", ".join(f"'{word}'" for word in sorted(words, reverse=True))
    shop.sql(f"create type backwards as enum ({backwards})")
    shop.sql("alter table settings alter column key type backwards using key::backwards")
    for place, word in enumerate(words):
        shop.sql("insert into settings values ($1, $2)", uuid(place), word)
    async with readers(shop, batch=2, snapshot_max=TINY) as opened:
        source, target = await look(opened.source, SETTING), await look(opened.target, SETTING)

    in_bytes = sorted(words, key=str.encode)
    assert [record.values[0] for record in source.records if record.values[0] in words] == in_bytes
    assert [record.values[0] for record in target.records] == in_bytes


async def test_re_reading_takes_only_the_very_key(shop: Shop) -> None:
    shop.mongo.drop_collection("settings")
    loose: Collection[dict[str, object]] = shop.mongo.create_collection(
        "settings", collation=Collation(locale="en", strength=1)
    )
    loose.insert_many([{"_id": object_id(place), "key": word} for place, word in enumerate(["a", "A", "á"])])
    async with readers(shop) as opened:
        found = await opened.source.fetch(SETTING, keys=[key("a")], ids=[])

    assert [record.values[0] for record in found] == ["a"]


async def test_references_are_resolved_by_the_batch(shop: Shop) -> None:
    for number in range(30):
        shop.sql("insert into people values ($1, $2)", uuid(number), f"{number:024x}")
    shop.sql(
        "insert into things (id, legacy_object_id, owner)"
        " select gen_random_uuid(), lpad(to_hex(n), 24, '0'), (select id from people order by id offset n % 30 limit 1)"
        " from generate_series(1, 5000) n"
    )
    with statements(shop) as asked:
        async with readers(shop) as opened:
            found = await look(opened.target, THING)

    assert len(found.records) == 5000
    assert all(isinstance(record.values[4], ResolvedReference) for record in found.records)
    assert 1 <= sum('"people"' in statement for statement in asked) <= 5


def test_a_text_key_is_ordered_by_bytes_unless_its_column_is_already() -> None:
    plain = sql.Ordered(SETTING, SYSTEM, bytewise=frozenset()).rows(None)[0].text
    bytewise = sql.Ordered(SETTING, SYSTEM, bytewise=frozenset({"key"})).rows(None)[0].text

    assert plain.endswith(' order by t."key"::text collate "C", t."id"')
    assert bytewise.endswith(' order by t."key", t."id"')
