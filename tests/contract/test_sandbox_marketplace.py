"""The demo marketplace and its faults, in real stores."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from bson import Decimal128, ObjectId
from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient

from reconciler.errors import SandboxUnavailable
from reconciler.sandbox.faults import PLANTED, PlantedRecord, faults_of
from reconciler.sandbox.marketplace import FillSummary, fill
from reconciler.sandbox.planting import plant
from reconciler.sandbox.schema import COLLECTION_INDEXES
from reconciler.sandbox.servers import Sandbox

pytestmark = [pytest.mark.contract, pytest.mark.asyncio(loop_scope="module")]

SEED, RECORDS = 7, 5_000
Contents = dict[tuple[str, str], str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox.start() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def filled(sandbox: Sandbox) -> FillSummary:
    return await fill_database(sandbox, "clean", seed=SEED, records=RECORDS)


async def fill_database(sandbox: Sandbox, name: str, *, seed: int, records: int) -> FillSummary:
    """Fills a new database of both stores."""
    await sandbox.create_databases(name)
    return await fill(
        mongodb_uri=sandbox.mongodb_uri(name), pg_url=sandbox.pg_url(name), database=name, seed=seed, records=records
    )


async def contents(sandbox: Sandbox, name: str, tables: list[str]) -> Contents:
    """Everything both stores hold: by collection or table and id, as text."""
    found: Contents = {}
    raw: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
    async with AsyncMongoClient[dict[str, Any]](sandbox.reader_mongodb_uri(name)) as client:
        for collection in COLLECTION_INDEXES:
            async for document in client[name].get_collection(collection, raw).find():
                found[collection, str(document["_id"])] = repr(document)
    connection = await asyncpg.connect(sandbox.reader_pg_url(name))
    for table in tables:
        for row in await connection.fetch(f"select * from {table}"):  # noqa: S608 - the sandbox's own tables
            key = row.get("id") or f"{row.get('shop_id') or row.get('request_id')}/{row['position']}"
            found[table, str(key)] = repr(tuple(row.values()))
    await connection.close()
    return found


async def test_the_summary_tells_what_the_stores_hold(sandbox: Sandbox, filled: FillSummary) -> None:
    async with AsyncMongoClient[dict[str, Any]](sandbox.reader_mongodb_uri("clean")) as client:
        documents = {name: await client["clean"][name].count_documents({}) for name in COLLECTION_INDEXES}
    connection = await asyncpg.connect(sandbox.reader_pg_url("clean"))
    names = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    rows = {name: await connection.fetchval(f"select count(*) from {name}") for (name,) in names}  # noqa: S608 - the sandbox's own tables
    await connection.close()

    assert documents == filled.collections
    assert rows == filled.tables
    assert len(rows) == 21
    assert min(rows.values()) > 0
    assert filled.records == pytest.approx(RECORDS, rel=0.05)


async def test_the_same_seed_gives_the_same_data_and_another_seed_does_not(sandbox: Sandbox) -> None:
    one = await fill_database(sandbox, "one", seed=5, records=600)
    again = await fill_database(sandbox, "again", seed=5, records=600)
    other = await fill_database(sandbox, "other", seed=6, records=600)
    first, second, third = [await contents(sandbox, name, list(one.tables)) for name in ("one", "again", "other")]

    assert one == again
    assert first == second
    assert not set(first) & {key for key in third if key[0] in ("users", "addresses")}
    assert other.tables["users"] == one.tables["users"]


async def test_the_stores_agree_in_awkward_ways(sandbox: Sandbox, filled: FillSummary) -> None:
    async with AsyncMongoClient[dict[str, Any]](sandbox.reader_mongodb_uri("clean"), tz_aware=True) as client:
        database = client["clean"]
        lines = await database["addresses"].find().to_list()
        offers = await database["selleroffers"].find().to_list()
        users = await database["users"].find().to_list()
        sessions = await database["telegramsessions"].distinct("_id")
    connection = await asyncpg.connect(sandbox.reader_pg_url("clean"))
    micro = await connection.fetchval(
        "select count(*) from addresses where extract(microseconds from created_at)::int % 1000 > 0"
    )
    padded = await connection.fetchval("select count(*) from addresses where country = 'D'")
    swept = await connection.fetchval("select count(*) from telegram_sessions where session_key <> all($1)", sessions)
    recased = await connection.fetchval("select count(*) from users where wallet_address <> lower(wallet_address)")
    await connection.close()

    assert {"line2" in line and line["line2"] is None for line in lines} == {True, False}
    assert any("line2" not in line for line in lines)
    assert min(micro, padded, swept, recased) > 0
    assert {type(offer["price"]) for offer in offers} == {Decimal128, str, float, int}
    assert {"Köln", "Ko\u0308ln", "تهران", "北京市", "دبي"} <= {line["city"] for line in lines}
    assert any(user["email"] != user["email"].lower() for user in users)
    assert all("points" in user for user in users)
    assert filled.out_of_scope.keys() == {
        "refresh_token",
        "telegram_session",
        "temp_verification",
        "config_setting",
        "config_setting_history",
    }


async def test_faults_touch_the_records_they_name_and_no_other(sandbox: Sandbox, filled: FillSummary) -> None:
    await sandbox.clone_databases(source="clean", target="faulty")
    before = await contents(sandbox, "clean", list(filled.tables))
    planted = await plant(mongodb_uri=sandbox.mongodb_uri("faulty"), pg_url=sandbox.pg_url("faulty"), database="faulty")
    after = await contents(sandbox, "faulty", list(filled.tables))
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}

    assert {record.label for record in planted} == {fault.label for fault in PLANTED}
    assert await keys_behind(sandbox, changed) == await keys_told(sandbox, planted)


async def test_each_fault_has_the_records_it_announces(sandbox: Sandbox, filled: FillSummary) -> None:
    await sandbox.clone_databases(source="clean", target="counted")
    planted = await plant(
        mongodb_uri=sandbox.mongodb_uri("counted"), pg_url=sandbox.pg_url("counted"), database="counted"
    )

    for fault in PLANTED:
        records = [record for record in planted if record.label == fault.label and record.outcome == fault.outcome]
        assert len(records) == fault.records, fault.label
        assert {(record.domain, record.entity, record.kind) for record in records} == {
            (fault.domain, fault.entity, fault.kind)
        }


async def test_only_the_faults_of_the_wanted_domains_are_planted(sandbox: Sandbox, filled: FillSummary) -> None:
    await sandbox.clone_databases(source="clean", target="partly")
    uri, url = sandbox.mongodb_uri("partly"), sandbox.pg_url("partly")
    planted = await plant(mongodb_uri=uri, pg_url=url, database="partly", domains=("payment", "funds_ledger"))

    assert {record.label for record in planted} == {
        "metadata_value_differs",
        "escrow_still_held",
        "hash_of_another_payment",
        "amount_in_minor_units",
        "ledger_entry_missing",
    }
    assert await places_that_differ(sandbox, "partly", filled) == {"payments", "funds_ledger_entries"}


async def test_a_fault_that_needs_another_is_planted_with_it_or_not_at_all(
    sandbox: Sandbox, filled: FillSummary
) -> None:
    await sandbox.clone_databases(source="clean", target="needing")
    uri, url = sandbox.mongodb_uri("needing"), sandbox.pg_url("needing")
    planted = await plant(mongodb_uri=uri, pg_url=url, database="needing", domains=("review",))
    labels = {record.label for record in planted}

    assert labels == {fault.label for fault in PLANTED if fault.domain == "review"} - {"reviewer_unmirrored"}
    assert "reviewer_unmirrored" in {fault.label for fault in faults_of(("review", "auth"))}


async def test_a_domain_without_faults_is_refused_and_nothing_is_planted(sandbox: Sandbox, filled: FillSummary) -> None:
    await sandbox.clone_databases(source="clean", target="refused")
    uri, url = sandbox.mongodb_uri("refused"), sandbox.pg_url("refused")

    with pytest.raises(SandboxUnavailable, match="got paymnet"):
        await plant(mongodb_uri=uri, pg_url=url, database="refused", domains=("address", "paymnet"))

    assert await places_that_differ(sandbox, "refused", filled) == set()


async def test_a_missing_ledger_entry_spoils_the_sum_of_its_currency(sandbox: Sandbox, filled: FillSummary) -> None:
    await sandbox.clone_databases(source="clean", target="summed")
    uri, url = sandbox.mongodb_uri("summed"), sandbox.pg_url("summed")
    await plant(mongodb_uri=uri, pg_url=url, database="summed", domains=("funds_ledger",))
    query = "select currency, sum(amount) from funds_ledger_entries group by currency"
    sums: list[dict[str, Decimal]] = []
    for name in ("clean", "summed"):
        connection = await asyncpg.connect(sandbox.reader_pg_url(name))
        sums.append({row["currency"]: row["sum"] for row in await connection.fetch(query)})
        await connection.close()

    assert len([currency for currency, total in sums[0].items() if sums[1].get(currency) != total]) == 1
    assert [fault.breaks for fault in PLANTED if fault.breaks] == ["equal_sums_per_currency"]


async def places_that_differ(sandbox: Sandbox, name: str, filled: FillSummary) -> set[str]:
    """The collections and tables that are not as in the clean databases."""
    before, after = [await contents(sandbox, database, list(filled.tables)) for database in ("clean", name)]
    return {place for place, key in before.keys() | after.keys() if before.get((place, key)) != after.get((place, key))}


async def keys_behind(sandbox: Sandbox, places: set[tuple[str, str]]) -> set[str]:
    """The key of each record that a row or document belongs to, as it was spelt before the fault."""
    clean, faulty = [await asyncpg.connect(sandbox.pg_url(name)) for name in ("clean", "faulty")]
    keys = set()
    for place, identifier in places:
        is_document = place in COLLECTION_INDEXES and ObjectId.is_valid(identifier)
        key = None if is_document else await key_of(clean, place, identifier) or await key_of(faulty, place, identifier)
        keys.add(key or identifier)
    await clean.close()
    await faulty.close()
    return keys


async def key_of(connection: "asyncpg.Connection[asyncpg.Record]", place: str, identifier: str) -> str | None:
    """The key of one row of a database; None if the row is not there, or has no legacy id."""
    natural = {
        "passkeys": "select credential_id from passkeys where id = $1::text::uuid",
        "telegram_sessions": "select session_key from telegram_sessions where id = $1::text::uuid",
        "refresh_tokens": "select u.legacy_object_id from refresh_tokens t join users u on u.id = user_id "
        "where t.id = $1::text::uuid",
        "shop_supported_tokens": "select legacy_object_id from shop_settings "
        "where id = split_part($1::text, '/', 1)::uuid",
        "purchase_request_specs": "select legacy_object_id from purchase_requests "
        "where id = split_part($1::text, '/', 1)::uuid",
        "payment_quotes": "select p.legacy_object_id from payment_quotes q join payments p on p.id = q.payment_id "
        "where q.id = $1::text::uuid",
    }
    plain = f"select legacy_object_id from {place} where id = $1::text::uuid"  # noqa: S608 - the sandbox's own tables
    key: str | None = await connection.fetchval(natural.get(place, plain), identifier)
    return key


async def keys_told(sandbox: Sandbox, planted: list[PlantedRecord]) -> set[str]:
    """The keys that the plan names, as they were spelt before; a row without a legacy id by the key it had, if any."""
    tables = {"user": "users", "review": "reviews"}
    rows = {(tables[record.entity], record.key[3:]) for record in planted if record.key.startswith("id:")}
    named = {record.key.rstrip("/") for record in planted if not record.key.startswith("id:")}
    return {key.lower() if ObjectId.is_valid(key) else key for key in named} | await keys_behind(sandbox, rows)
