"""What both readers say of fields and columns: names, types and counts, exactly where there are few documents."""

from dataclasses import replace

import pytest
from bson import Int64, ObjectId

from reconciler.adapters.mongo import field_names
from reconciler.core.drift import Filled
from reconciler.core.spec import ChildTable, FieldKind, FieldSpec
from tests.acceptance.live import Shop
from tests.contract.readers.world import PROFILE, THING, TOKEN, field, readers, uuid

pytestmark = pytest.mark.contract
PARTS = ChildTable(
    table="parts", parent_column="thing_id", position_column="position", fields=(field("name", FieldKind.TEXT),)
)
NESTED = replace(
    THING,
    fields=(
        *THING.fields,
        field("box.width", FieldKind.INTEGER, column="width"),
        FieldSpec(path="parts", kind=FieldKind.CHILDREN, children=PARTS),
    ),
)


async def test_names_and_types_of_documents_are_counted_below_declared_objects_too(shop: Shop) -> None:
    shop.mongo["things"].insert_many(
        [
            {"name": "a", "box": {"width": 1, "depth": 2.5}, "other": {"inside": 1}},
            {"name": None, "box": [], "parts": [{"name": "p", "unit": "kg"}, 7, {"unit": "g"}]},
            {"name": 7, "bo.x": Int64(1)},
        ]
    )
    async with readers(shop) as opened:
        seen = await opened.source.fields_seen(NESTED)

    assert seen.looked_at == 3
    assert {path: dict(types) for path, types in seen.types.items()} == {
        "_id": {"objectId": 3},
        "name": {"string": 1, "null": 1, "int": 1},
        "box": {"object": 1, "array": 1},
        "box.width": {"int": 1},
        "box.depth": {"double": 1},
        "other": {"object": 1},
        "parts": {"array": 1},
        "parts[].name": {"string": 1},
        "parts[].unit": {"string": 2},
        "bo.x": {"long": 1},
    }


async def test_of_embedded_records_the_elements_are_looked_at(shop: Shop) -> None:
    shop.mongo["people"].insert_many(
        [
            {"tokens": [{"hash": "a", "ip": "x"}, "no object", {"hash": "b"}], "profile": {"bio": "b", "url": 1}},
            {"tokens": [], "profile": None},
        ]
    )
    async with readers(shop) as opened:
        tokens, profiles = await opened.source.fields_seen(TOKEN), await opened.source.fields_seen(PROFILE)

    assert (tokens.looked_at, dict(tokens.types["ip"]), dict(tokens.types["hash"])) == (2, {"string": 1}, {"string": 2})
    assert (profiles.looked_at, set(profiles.types)) == (1, {"bio", "url"})


async def test_of_an_empty_collection_nothing_was_looked_at(shop: Shop) -> None:
    async with readers(shop) as opened:
        seen = await opened.source.fields_seen(THING)
    assert (seen.looked_at, dict(seen.types)) == (0, {})


async def test_what_a_sample_of_many_documents_lacks_is_looked_for_in_all(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(field_names, "MOST_WHOLE", 5)
    monkeypatch.setattr(field_names, "AT_EACH_END", 1)
    oldest = {"_id": ObjectId(f"{1:024x}"), "note": "only here", "name": "fits"}
    shop.mongo["things"].insert_many([oldest, *({"name": number, "extra": 1} for number in range(200))])
    async with readers(shop) as opened:
        seen = await opened.source.fields_seen(THING)

    assert seen.looked_at == 2
    assert seen.values("note") == {"string": 1}
    assert seen.values("name")["string"] == 1, "a type that fits was looked for and found"
    assert seen.values("at") == {}


async def test_columns_are_told_with_their_types_and_values_are_counted(shop: Shop) -> None:
    shop.sql("alter table things add column spare jsonb")
    shop.sql("create table parts (id uuid primary key, thing_id uuid, position int, name text, unit text)")
    shop.sql("insert into things (id, name, note) values ($1, 'a', 'x'), ($2, 'b', null)", uuid(1), uuid(2))
    shop.sql("insert into parts (id, thing_id, position) values ($1, $1, 0)", uuid(1))
    async with readers(shop) as opened:
        seen = await opened.target.fields_seen(NESTED)
        filled = await opened.target.filled(NESTED, [NESTED.field(path) for path in ("name", "note", "parts")])

    assert seen.looked_at == 2
    assert (dict(seen.types["spare"]), dict(seen.types["parts.unit"])) == ({"jsonb": 2}, {"text": 2})
    assert filled == Filled(rows=2, values={"name": 2, "note": 1, "parts": 1})
