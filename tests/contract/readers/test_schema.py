"""What a store lacks for an entity is said in a sentence, and is never an empty collection or table."""

import pytest

from tests.acceptance.live import Shop
from tests.contract.readers.world import LEVEL, PERSON, SETTING, THING, TOKEN, readers

pytestmark = pytest.mark.contract

FOREIGN = """
drop table things; create foreign data wrapper w; create server s foreign data wrapper w;
create foreign table things (id uuid) server s
"""


async def test_nothing_is_said_where_all_is_there(shop: Shop) -> None:
    async with readers(shop) as opened:
        for entity in (PERSON, THING, TOKEN):
            assert [*await opened.source.problems(entity), *await opened.target.problems(entity)] == []


async def test_a_missing_collection_and_its_twin_in_other_letters(shop: Shop) -> None:
    shop.mongo.drop_collection("things")
    async with readers(shop) as opened:
        [alone] = await opened.source.problems(THING)
        shop.mongo.create_collection("Things")
        [beside] = await opened.source.problems(THING)

    assert alone == f"collection things of entity thing does not exist in the database {shop.name}"
    assert beside.endswith("; there is Things")


async def test_a_view_is_no_collection(shop: Shop) -> None:
    shop.mongo.drop_collection("things")
    shop.mongo.create_collection("things", viewOn="people", pipeline=[])
    async with readers(shop) as opened:
        assert await opened.source.problems(THING) == [
            "collection things of entity thing: expected a collection, got a view"
        ]


async def test_a_database_that_does_not_exist(shop: Shop) -> None:
    typo = shop.mongodb_uri.replace(shop.name, f"{shop.name}x")
    async with readers(shop, mongodb_uri=typo) as opened:
        [problem] = await opened.source.problems(THING)

    assert "does not exist" in problem
    assert "check the name at the end of MONGODB_URI" in problem


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("drop table things", "table public.things of entity thing does not exist"),
        ('alter table things rename to "Things"', "does not exist; there is public.Things"),
        ("alter table things rename to t; create view things as select * from t", "expected a table, got a view"),
        ("drop table things; create materialized view things as select 1 as id", "got a materialized view"),
        ("alter table things drop column note", "table public.things of entity thing has no column note"),
        ("alter table things drop column id", "has no column id"),
        ("alter table things alter column at type text", "column at: expected timestamptz or timestamp for a field"),
        ("alter table things alter column name type text[] using null", "column name: expected text or"),
        ("drop table people", "table public.people, which entity thing refers to, does not exist"),
        ("alter table people drop column legacy_object_id", "refers to, has no column legacy_object_id"),
        (FOREIGN, "expected a table, got a foreign table"),
    ],
)
async def test_a_table_or_column_that_does_not_fit(shop: Shop, statement: str, problem: str) -> None:
    for part in statement.split(";"):
        shop.sql(part)
    async with readers(shop) as opened:
        found = await opened.target.problems(THING)

    assert len(found) == 1
    assert problem in found[0]


async def test_a_missing_index_is_a_hint(shop: Shop) -> None:
    async with readers(shop) as opened:
        assert await opened.target.hints(PERSON) == []
        assert await opened.target.hints(THING) == [
            "table public.things of entity thing has no unique index on legacy_object_id"
        ]
        assert await opened.target.hints(LEVEL) == ["table public.levels of entity level has no unique index on level"]
        assert await opened.target.hints(TOKEN) == [
            "table public.tokens of entity token has no unique index on person_id and hash"
        ]
        shop.sql("create unique index on tokens (person_id, hash) where device is not null")
        shop.sql("create unique index on tokens (person_id, lower(hash))")
        shop.sql("create unique index on tokens (person_id, hash, device)")
        assert len(await opened.target.hints(TOKEN)) == 1
        shop.sql("create unique index on tokens (hash, person_id) include (device)")
        assert await opened.target.hints(TOKEN) == []
        assert await opened.source.hints(THING) == []
        [hint] = await opened.source.hints(SETTING)
        shop.mongo["settings"].create_index("key")
        assert await opened.source.hints(SETTING) == []

    assert hint.startswith("collection settings of entity setting has no index on key")


async def test_health_tells_who_answers(shop: Shop) -> None:
    async with readers(shop) as opened:
        source, target = await opened.source.health(), await opened.target.health()

    assert source.identity.startswith("mongodb:sandbox-")
    assert source.identity.endswith(f"/{shop.name}")
    system = shop.value("select system_identifier::text from pg_control_system()")
    assert target.identity == f"postgresql:{system}/{shop.name}"
    assert source.writable == target.writable == ()
    assert source.role == target.role == "primary"
    assert source.problems == target.problems == ()
    assert abs(source.clock_skew_seconds) < 5
    assert abs(target.clock_skew_seconds) < 5


async def test_accounts_that_can_write_are_told_on_this_machine(shop: Shop) -> None:
    async with readers(shop, mongodb_uri=shop.mongodb_uri, pg_url=shop.pg_url) as opened:
        source, target = await opened.source.health(), await opened.target.health()

    assert {"insert", "update", "remove"} <= set(source.writable)
    assert target.writable == ("everything: the account is a superuser",)


async def test_one_grant_is_enough_to_count_as_writing(shop: Shop) -> None:
    shop.sql("grant update (note) on things to soak_reader")
    async with readers(shop) as opened:
        assert (await opened.target.health()).writable == ("UPDATE",)
