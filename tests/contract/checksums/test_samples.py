"""A sample told by both stores finds what a sample that is read finds, and reads little more than what differs."""

from collections import Counter
from typing import Any

import pytest
from bson import ObjectId

from reconciler.app import checksum_samples
from reconciler.app.passes import EntityPass
from reconciler.core.checksum import mongo, sql
from reconciler.core.model import Outcome
from reconciler.core.spec import EntitySpec, FieldSpec, Method
from tests.acceptance.live import Shop
from tests.contract.checksums.test_scans import (
    ENTITIES,
    LEVEL,
    PEOPLE,
    PERSON,
    PROFILE,
    TOKEN,
    VISITOR,
    hex_id,
    scans,
    small_ranges,
    world,
)

pytestmark = pytest.mark.contract
__all__ = ["small_ranges", "world"]
READ = 4


@pytest.fixture(autouse=True)
def small_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples of a few keys are told."""
    monkeypatch.setattr(checksum_samples, "READ", READ)
    monkeypatch.setattr(checksum_samples, "SMALLEST", READ)
    monkeypatch.setattr(checksum_samples, "AT_ONCE", 7)


def sampled(
    shop: Shop, entity: EntitySpec, *, size: int = 100, proven: bool = True, also: tuple[str, ...] = ()
) -> EntityPass:
    """What a sample finds, told where the last scan has `proven` that it can be."""

    async def drawn() -> EntityPass:
        async with scans(shop, Method.AUTO) as opened:
            return await opened.sample(
                entity, size=size, seed=7, also=also, report=lambda _done, _total: None, proven=proven
            )

    return shop.live.call(drawn())


def told(found: EntityPass) -> tuple[Any, ...]:
    """What must be the same whether it is told or read."""
    diffs = Counter((locator, one.judged.outcome) for locator, one in found.candidates.items())
    counts = (found.source_records, found.target_records, found.complete)
    return found.outcomes, diffs, found.checked, found.sample, counts


def both(shop: Shop, entity: EntitySpec, **draw: Any) -> EntityPass:  # noqa: ANN401 - how much is drawn
    """A sample that is told, which found what one that is read finds."""
    found, read = sampled(shop, entity, **draw), sampled(shop, entity, proven=False, **draw)
    assert (found.method, read.method) == ("checksum", "keys")
    assert told(found) == told(read)
    return found


def spoilt(shop: Shop) -> None:
    shop.sql("update people set name = 'other' where legacy_object_id = any($1)", [hex_id(3), hex_id(10), hex_id(39)])
    shop.sql("delete from people where legacy_object_id = any($1)", [hex_id(9), hex_id(20)])
    shop.sql("insert into people (legacy_object_id, name) values ('x', 'n'), (null, 'n'), ($1, 'n4')", hex_id(4))
    shop.mongo.people.delete_one({"_id": ObjectId(hex_id(30))})
    shop.mongo.people.insert_many([{"_id": hex_id(33), "name": "n33"}, {"_id": "y"}, {"_id": 7}])
    shop.sql("update profiles set bio = 'other' where bio in ('b3', 'b19', 'b21')")


@pytest.mark.parametrize("entity", [PERSON, PROFILE], ids=lambda entity: entity.name)
@pytest.mark.parametrize("size", [12, 100])
def test_a_sample_that_is_told_finds_what_one_that_is_read_finds(world: Shop, entity: EntitySpec, size: int) -> None:
    assert both(world, entity, size=size).outcomes[Outcome.MATCHED] >= 12 - 1
    spoilt(world)

    found = both(world, entity, size=size, also=(hex_id(3), hex_id(5), hex_id(10)))
    assert hex_id(3) in found.candidates
    assert hex_id(5) in found.checked
    assert found.canaries[0] == found.canaries[1] > 0


def test_expired_records_are_out_of_scope_in_a_sample_too(world: Shop) -> None:
    for number in range(2, 20):
        key, at = hex_id(number), "2001-01-01Z" if number % 3 else "2101-01-01Z"
        world.mongo.visitors.insert_one({"_id": ObjectId(key), "name": "v"})
        world.sql("insert into visitors (legacy_object_id, name, at) values ($1, 'v', $2::text::timestamptz)", key, at)
    world.mongo.visitors.update_one({"_id": ObjectId(hex_id(4))}, {"$set": {"name": "other"}})

    assert both(world, VISITOR).outcomes[Outcome.OUT_OF_SCOPE] > 0


def test_numbers_as_keys_are_told(world: Shop) -> None:
    world.mongo.levels.insert_many([{"level": number, "title": "c"} for number in range(3, 30)])
    world.sql("insert into levels (level, title) select n, 'c' from generate_series(3, 29) n")
    world.sql("update levels set title = 'd' where level = 17")

    assert list(both(world, LEVEL).candidates) == ["17"]


def test_of_a_sample_only_the_proof_and_what_differs_are_read(world: Shop) -> None:
    world.sql("update people set name = 'other' where legacy_object_id = any($1)", [hex_id(3), hex_id(10)])
    world.mongo.command("profile", 2)
    found = sampled(world, PERSON)
    world.mongo.command("profile", 0)

    reads = list(world.mongo["system.profile"].find({"command.comment": "reconciler re-read"}))
    assert len(found.candidates) == 2
    assert sum(one["nreturned"] for one in reads) in {READ, READ + 1, READ + 2}


@pytest.mark.parametrize("entity", [TOKEN, *(one for one in ENTITIES if one is VISITOR)], ids=lambda one: one.name)
def test_what_is_too_few_or_has_keys_of_several_parts_is_read(world: Shop, entity: EntitySpec) -> None:
    assert sampled(world, entity).method == "keys"


@pytest.mark.parametrize("leave_out", ["name", "note"])
def test_an_encoding_that_lost_a_field_is_not_trusted_with_a_sample(
    world: Shop, monkeypatch: pytest.MonkeyPatch, leave_out: str
) -> None:
    world.mongo.people.update_many({}, {"$set": {"note": "m"}})
    world.sql("update people set note = 'm'")
    world.sql(f"update people set {leave_out} = 'other' where legacy_object_id = $1", hex_id(31))
    for store, nothing in ((mongo, ""), (sql, "''")):
        whole = store.field

        def blind(item: FieldSpec, *more: Any, whole: Any = whole, nothing: str = nothing) -> Any:  # noqa: ANN401 - an expression of either store
            return nothing if item.path == leave_out else whole(item, *more)

        monkeypatch.setattr(store, "field", blind)

    found = sampled(world, PERSON)
    assert (found.method, list(found.candidates)) == ("keys", [hex_id(31)])
    assert found.outcomes[Outcome.MATCHED] == PEOPLE - 1
