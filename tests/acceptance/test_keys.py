"""References and rows that lead nowhere, each told apart, and a unique index that is missing said where it counts."""

from uuid import uuid4

import pytest
from bson import ObjectId

from tests.acceptance.command import CommandLine, entities
from tests.acceptance.live import Shop

pytestmark = pytest.mark.acceptance


def test_a_reference_to_a_row_of_another_table_names_that_table(shop: Shop, reconciler: CommandLine) -> None:
    wrong, nowhere, unknown, extra = shop.keys("addresses")[:4]
    other = shop.value("select min(id::text)::uuid from categories")
    constraints = shop.sql("select conname from pg_constraint where conrelid = 'addresses'::regclass and contype = 'f'")
    for (name,) in constraints:
        shop.sql(f'alter table addresses drop constraint "{name}"')
    shop.set_target("addresses", wrong, user_id=other)
    shop.set_target("addresses", nowhere, user_id=uuid4())
    shop.set_source("addresses", unknown, userId=ObjectId())
    shop.mongo["addresses"].delete_one({"_id": ObjectId(extra)})

    reconciler.run("address", code=1)

    diffs = {diff["key"]: diff for diff in reconciler.diffs("--domain", "address")}
    notes = {
        key: [field.get("note") for field in diff["fields"] if field["path"] == "userId"] for key, diff in diffs.items()
    }
    assert notes[wrong] == ["the column points to no row: it is a row of public.categories"]
    assert notes[nowhere] == ["the column points to no row"]
    assert notes[unknown] == ["the ObjectId resolves to nothing"]
    assert {field["kind"] for key in (wrong, nowhere, unknown) for field in diffs[key]["fields"]} == {
        "dangling_reference"
    }
    assert (diffs[extra]["outcome"], diffs[extra]["detail"]) == ("extra_in_target", "the row has no document")


def test_a_missing_unique_index_is_said_by_doctor_run_and_gate(shop: Shop, reconciler: CommandLine) -> None:
    names = shop.sql(
        "select c.conname, i.indexrelid::regclass::text as index from pg_index i "
        "left join pg_constraint c on c.conindid = i.indexrelid and c.contype = 'u' "
        "where i.indrelid = 'addresses'::regclass and i.indisunique and not i.indisprimary"
    )
    reconciler.run("address", code=0)
    (before,) = (one for one in reconciler.gate("address", code=1)["checks"] if one["name"] == "schema")
    for row in names:
        if row["conname"]:
            shop.sql(f'alter table addresses drop constraint "{row["conname"]}"')
        else:
            shop.sql(f"drop index {row['index']}")

    document = reconciler.run("address", code=0)

    sentence = "table public.addresses of entity address has no unique index on legacy_object_id"
    assert entities(document)["address"]["schema"]["hints"] == [sentence]
    (check,) = (one for one in reconciler.gate("address", code=1)["checks"] if one["name"] == "schema")
    assert (before["result"], check["result"]) == ("pass", "info")
    assert sentence in check["measured"]
    assert sentence in reconciler("doctor").said


def test_a_large_table_that_no_index_serves_is_not_scanned_and_the_index_is_named(
    shop: Shop, reconciler: CommandLine
) -> None:
    for name in shop.sql("select indexname from pg_indexes where tablename = 'addresses' and indexdef like '%legacy%'"):
        shop.sql(f"drop index {name[0]}")
    shop.sql("analyze addresses")
    index = 'create unique index concurrently on "public"."addresses" ("legacy_object_id")'
    given = reconciler.given(RECONCILER_RUNS__LARGE_TABLE="10")

    run = given.run("address", code=3)
    assert run["verdict"] == "inconclusive"
    assert any(index in note for note in run["domains"][0]["notes"])
    assert given("gate", "address", "--require", "soaking", "--format", "json").code in {1, 3}
    assert index in given("doctor").ended(2).said

    shop.sql(index)
    given.run("address", code=0)
