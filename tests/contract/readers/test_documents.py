"""What MongoDB may hold: broken, doubled and deprecated values cost themselves alone; embedded records of any shape."""

from typing import Any

import pytest
from bson import encode
from bson.raw_bson import RawBSONDocument

from reconciler.adapters.mongo.documents import wrapped
from reconciler.core.model import MISSING, ObjectIdValue, Opaque, Side
from reconciler.core.records import Normalizer
from tests.acceptance.live import Shop
from tests.contract.readers.world import PROFILE, THING, TOKEN, look, object_id, readers

pytestmark = pytest.mark.contract

BAD_TEXT = b"\x03\0\0\0\xff\xfe\0"


def raw(number: int, *elements: bytes) -> RawBSONDocument:
    """A document with an ObjectId and these encoded elements."""
    body = wrapped("_id", 0x07, object_id(number).binary)[4:-1] + b"".join(elements)
    return RawBSONDocument((len(body) + 5).to_bytes(4, "little") + body + b"\0")


def element(name: str, tag: int, value: bytes) -> bytes:
    """One encoded element."""
    return wrapped(name, tag, value)[4:-1]


def text(name: str, value: str) -> bytes:
    """An encoded text."""
    return encode({name: value})[4:-1]


async def values_of(shop: Shop, *documents: RawBSONDocument) -> list[tuple[Any, ...]]:
    """What the reader makes of these documents."""
    shop.mongo["things"].insert_many(documents)
    async with readers(shop) as opened:
        found = await look(opened.source, THING)
    assert found.counted == len(found.records) == len(documents)
    return [record.values for record in found.records]


async def test_a_broken_compared_value_costs_its_own_record_alone(shop: Shop) -> None:
    good, bad, after = await values_of(
        shop, raw(1, text("name", "a")), raw(2, element("name", 2, BAD_TEXT), text("note", "x")), raw(3)
    )

    assert good[1] == "a"
    assert bad[1] == Opaque("value that can't be decoded", unreadable=True)
    assert bad[2] == "x"
    assert after[1] is MISSING
    problems = [
        Normalizer(THING, side=Side.SOURCE, digest=str).record(record).problem for record in await records(shop)
    ]
    assert [bool(problem) for problem in problems] == [False, True, False]


async def records(shop: Shop) -> list[Any]:
    """The records of all things."""
    async with readers(shop) as opened:
        return list((await look(opened.source, THING)).records)


async def test_a_broken_value_that_nobody_compares_costs_nothing(shop: Shop) -> None:
    [found] = await values_of(shop, raw(1, element("other", 2, BAD_TEXT), text("name", "a")))

    assert found[:2] == (ObjectIdValue(str(object_id(1))), "a")


async def test_a_doubled_name_is_ambiguous_only_where_it_is_compared(shop: Shop) -> None:
    doubled, elsewhere = await values_of(
        shop, raw(1, text("name", "a"), text("name", "b")), raw(2, text("x", "a"), text("x", "b"), text("name", "c"))
    )

    assert doubled[1] == Opaque("name that occurs twice", unreadable=True)
    assert elsewhere[1] == "c"


async def test_a_deprecated_type_is_not_taken_for_its_successor(shop: Shop) -> None:
    symbol, undefined = await values_of(
        shop, raw(1, element("name", 0x0E, b"\x02\0\0\0a\0")), raw(2, element("name", 0x06, b""))
    )

    assert symbol[1] == Opaque("symbol")
    assert undefined[1] == Opaque("undefined")


async def test_below_an_object_only_the_broken_leaf_is_lost(shop: Shop) -> None:
    profile = (text("bio", "fine") + element("x", 2, BAD_TEXT), element("bio", 2, BAD_TEXT))
    people = [
        raw(number, element("profile", 3, (len(inner) + 5).to_bytes(4, "little") + inner + b"\0"))
        for number, inner in enumerate(profile)
    ]
    shop.mongo["people"].insert_many(people)
    async with readers(shop) as opened:
        found = await look(opened.source, PROFILE)

    assert [record.values[1] for record in found.records] == [
        "fine",
        Opaque("value that can't be decoded", unreadable=True),
    ]


@pytest.mark.parametrize(
    ("tokens", "devices"),
    [
        ([], []),
        (None, []),
        ([None], [MISSING]),
        ([{"device": "d"}, None], ["d", MISSING]),
        ([7, "x"], [Opaque("int"), Opaque("string")]),
        ([["a"]], [Opaque("array")]),
        ({"device": "d"}, ["d"]),
        ("text", [Opaque("string")]),
    ],
)
async def test_embedded_arrays_of_any_shape(shop: Shop, tokens: object, devices: list[object]) -> None:
    shop.mongo["people"].insert_many([{"_id": object_id(1), "tokens": tokens}, {"_id": object_id(2)}])
    async with readers(shop) as opened:
        found = await look(opened.source, TOKEN)
        again = await opened.source.fetch(TOKEN, keys=[], ids=found.ids)

    assert found.count == found.counted == len(devices)
    assert [record.values[2] for record in found.records] == devices
    assert {record.id: record for record in again} == {record.id: record for record in found.records}


@pytest.mark.parametrize("profile", [{"bio": None}, {}, [None], [], 7, "text"])
async def test_an_embedded_object_of_any_shape_is_a_record_unless_null(shop: Shop, profile: object) -> None:
    shop.mongo["people"].insert_many(
        [{"_id": object_id(1), "profile": profile}, {"_id": object_id(2), "profile": None}]
    )
    async with readers(shop) as opened:
        found = await look(opened.source, PROFILE)

    assert found.count == found.counted == len(found.records) == 1


async def test_an_element_is_found_again_by_its_own_id_alone(shop: Shop) -> None:
    tokens = [{"hash": "a"}, {"hash": None}, {"hash": "c"}]
    shop.mongo["people"].insert_one({"_id": object_id(1), "tokens": tokens})
    async with readers(shop) as opened:
        [found] = await opened.source.fetch(TOKEN, keys=[], ids=[f"{object_id(1)}#1"])

    assert found.values[1] is None
