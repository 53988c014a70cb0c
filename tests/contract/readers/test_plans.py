"""The planners of real stores tell which look-ups and ranges no index serves, and name the index that would."""

from collections.abc import Sequence

import pytest

from reconciler.app.ports import RecordReader
from reconciler.app.tellings import Unindexed
from reconciler.core.checksum.words import KeyRange
from reconciler.core.spec import EntitySpec
from tests.acceptance.live import Shop
from tests.contract.readers.world import LEVEL, PERSON, PROFILE, SETTING, THING, TOKEN, readers

pytestmark = pytest.mark.contract
RANGE = KeyRange(after="0" * 24, until="1" + "0" * 23)
LAST = KeyRange(after="0" * 24)
MANY = 20_000


async def missing(reader: RecordReader, entity: EntitySpec, key_range: KeyRange | None = None) -> list[str]:
    """The indexes that are missing."""
    return [one.create for one in await reader.unindexed(entity, key_range)]


def made(shop: Shop, indexes: Sequence[str]) -> None:
    """Makes indexes as they are told."""
    for index in indexes:
        shop.sql(index)


@pytest.mark.parametrize(
    ("entity", "asked", "wanted"),
    [
        (PERSON, None, []),
        (PERSON, RANGE, []),
        (THING, None, ['create unique index concurrently on "public"."things" ("legacy_object_id")']),
        (THING, RANGE, ['create unique index concurrently on "public"."things" ("legacy_object_id")']),
        (THING, LAST, ['create unique index concurrently on "public"."things" ("legacy_object_id")']),
        (PROFILE, None, ['create unique index concurrently on "public"."profiles" ("person_id")']),
        (PROFILE, RANGE, ['create unique index concurrently on "public"."profiles" ("person_id")']),
        (LEVEL, None, ['create unique index concurrently on "public"."levels" ("level")']),
        (TOKEN, None, ['create index concurrently on "public"."tokens" ("hash")']),
    ],
)
async def test_postgresql_names_the_index_and_is_content_with_it(
    shop: Shop, entity: EntitySpec, asked: KeyRange | None, wanted: list[str]
) -> None:
    async with readers(shop) as opened:
        assert await missing(opened.target, entity, asked) == wanted
        made(shop, wanted)
        assert await missing(opened.target, entity, asked) == []


async def test_an_index_that_the_planner_finds_too_dear_today_is_none_missing(shop: Shop) -> None:
    shop.sql(
        "insert into people (id, legacy_object_id)"
        " select gen_random_uuid(), lpad(to_hex(n), 24, '0') from generate_series(1, $1) n",
        MANY,
    )
    shop.sql("analyze people")
    everything = KeyRange(after="0" * 24, until="f" * 24)
    plan = shop.value(f"explain select from people where legacy_object_id > '{everything.after}'")
    async with readers(shop) as opened:
        assert "Seq Scan" in plan
        assert await opened.target.unindexed(PERSON, everything) == []


@pytest.mark.parametrize(
    "useless",
    [
        "create index on things (legacy_object_id) where name is not null",
        "create index on things using hash (legacy_object_id)",
        'create index on things (legacy_object_id collate "C")',
    ],
)
async def test_an_index_that_does_not_serve_is_none(shop: Shop, useless: str) -> None:
    shop.sql(useless)
    async with readers(shop) as opened:
        assert len(await missing(opened.target, THING, RANGE)) == 1


async def test_the_number_of_records_is_the_stores_own(shop: Shop) -> None:
    shop.sql("insert into things (id, name) select gen_random_uuid(), 'n' from generate_series(1, $1)", MANY)
    shop.sql("analyze things")
    shop.mongo.settings.insert_many([{"key": f"k{number}"} for number in range(70)])
    async with readers(shop) as opened:
        [table] = await opened.target.unindexed(THING)
        [collection] = await opened.source.unindexed(SETTING)

    assert table == Unindexed(name="table public.things", records=MANY, create=table.create)
    assert (collection.name, collection.records) == ("collection settings", 70)


@pytest.mark.parametrize(
    ("entity", "wanted"),
    [
        (PERSON, []),
        (PROFILE, []),
        (SETTING, ["db.settings.createIndex({\"key\": 1}, {collation: {locale: 'simple'}})"]),
        (TOKEN, ["db.people.createIndex({\"tokens.hash\": 1}, {collation: {locale: 'simple'}})"]),
    ],
)
async def test_mongodb_names_the_index_that_a_look_up_by_key_needs(
    shop: Shop, entity: EntitySpec, wanted: list[str]
) -> None:
    shop.mongo[entity.collection].insert_one({"key": "a", "tokens": [{"hash": "h"}], "profile": {"bio": "b"}})
    async with readers(shop) as opened:
        assert await missing(opened.source, entity) == wanted
        if wanted:
            shop.mongo[entity.collection].create_index("tokens.hash" if entity is TOKEN else "key")
            assert await missing(opened.source, entity) == []


@pytest.mark.parametrize("entity", [PERSON, PROFILE])
async def test_ranges_of_ids_go_by_the_index_in_mongodb(shop: Shop, entity: EntitySpec) -> None:
    shop.mongo.people.insert_many([{"name": f"n{number}"} for number in range(50)])
    async with readers(shop) as opened:
        for asked in (RANGE, LAST, KeyRange()):
            whole = asked == KeyRange()
            assert len(await missing(opened.source, entity, asked)) == whole
