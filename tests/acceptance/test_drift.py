"""Drift on real stores: what nobody mentions is shown, what was renamed or retyped is a question and no mass diff."""

from typing import Any

import pytest

from tests.acceptance.command import CommandLine, entities, results
from tests.acceptance.live import Shop

pytestmark = pytest.mark.acceptance
ADDRESSES = "addresses"


def check(reconciler: CommandLine, domain: str = "address") -> dict[str, Any]:
    (found,) = (one for one in reconciler.gate(domain, code=1)["checks"] if one["name"] == "schema")
    return dict(found)


def test_what_nobody_mentions_is_counted_and_does_not_weigh(shop: Shop, reconciler: CommandLine) -> None:
    assert entities(reconciler.run("address", "marketplace", code=0))["address"]["schema"]["unmentioned"] == []
    assert check(reconciler)["result"] == "pass"
    first, second, *_ = shop.keys(ADDRESSES)
    for key in (first, second):
        shop.set_source(ADDRESSES, key, doorCode="canary-1234", location={"type": "Point", "floor": 3})
    shop.sql("alter table addresses add column door_code text default 'canary-5678'")
    shop.mongo["purchaserequests"].update_many({"specs.0": {"$exists": True}}, {"$set": {"specs.0.unit": "kg"}})

    document = reconciler.run("address", "marketplace", code=1)

    seen = {(one["side"], one["path"]): one for one in entities(document)["address"]["schema"]["unmentioned"]}
    total = entities(document)["address"]["source_records"]
    assert seen["source", "doorCode"] == {"side": "source", "path": "doorCode", "count": 2, "of": total}
    assert seen["source", "location.floor"]["count"] == 2
    assert seen["target", "door_code"]["count"] == total
    parts = entities(document)["purchase_request"]["schema"]["unmentioned"]
    assert [one["path"] for one in parts] == ["specs[].unit", "viewCount"], "the demo has one that nobody mentions"
    told = check(reconciler)
    assert told["result"] == "info"
    assert "address.doorCode" in told["measured"]
    assert "canary" not in reconciler("gate", "address", "--explain").said


def test_a_field_that_was_renamed_holds_its_entity_in_one_sentence(shop: Shop, reconciler: CommandLine) -> None:
    reconciler.run("address", code=0)
    shop.mongo[ADDRESSES].update_many({}, {"$rename": {"city": "town"}})

    document = reconciler.run("address", code=3)

    (note,) = document["domains"][0]["notes"]
    assert "field city of entity address is in no document of addresses" in note
    assert "an earlier scan saw it" in note
    assert note.endswith("nobody mentions: town")
    assert entities(document)["address"]["outcomes"]["field_mismatch"] == 0
    assert reconciler.diffs() == []
    assert check(reconciler)["result"] == "inconclusive"


def test_a_field_that_never_was_where_every_row_has_a_value_is_a_question(shop: Shop, reconciler: CommandLine) -> None:
    shop.mongo[ADDRESSES].update_many({}, {"$unset": {"country": ""}})
    (note,) = reconciler.run("address", code=3)["domains"][0]["notes"]
    assert "field country of entity address" in note
    assert "it may never have been there" in note
    assert reconciler.run("address", "--mode", "sample", code=3)


def test_a_field_that_is_empty_on_both_sides_is_no_question(shop: Shop, reconciler: CommandLine) -> None:
    reconciler.run("address", code=0)
    shop.mongo[ADDRESSES].update_many({}, {"$unset": {"region": ""}})
    shop.sql("update addresses set region = null")
    reconciler.run("address", code=0)


def test_a_field_of_another_type_throughout_is_a_question(shop: Shop, reconciler: CommandLine) -> None:
    shop.mongo[ADDRESSES].update_many({}, [{"$set": {"createdAt": {"$toString": "$createdAt"}}}])
    (note,) = reconciler.run("address", code=3)["domains"][0]["notes"]
    assert "field createdAt of entity address: expected date for kind instant, got string" in note


def test_single_records_without_a_field_are_differences(shop: Shop, reconciler: CommandLine) -> None:
    for key in shop.keys(ADDRESSES)[:12]:
        shop.mongo[ADDRESSES].update_one({"_id": shop.object_id(key)}, {"$unset": {"city": ""}})
    found = entities(reconciler.run("address", code=1))["address"]
    assert found["outcomes"]["field_mismatch"] == 12


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("alter table addresses rename column city to town", "has no column city"),
        ("alter table addresses alter column city type integer using 7", "column city: expected text"),
    ],
)
def test_a_column_that_was_renamed_or_retyped_is_a_question(
    shop: Shop, reconciler: CommandLine, statement: str, told: str
) -> None:
    reconciler.run("address", code=0)
    shop.sql(statement)
    (note,) = reconciler.run("address", code=3)["domains"][0]["notes"]
    assert told in note
    assert results(reconciler.gate("address", code=1))["schema"] == "inconclusive"
