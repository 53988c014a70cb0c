"""What PostgreSQL may hold: times at the edge, references that lead nowhere, rows that row security would hide."""

import pytest

from reconciler.core.model import DanglingReason, DanglingReference, InfiniteInstant, Instant, ResolvedReference
from reconciler.errors import StoreUnavailable
from tests.acceptance.live import Shop
from tests.contract.readers.world import THING, look, readers, uuid

pytestmark = pytest.mark.contract

LAST_MICROSECOND = 253_402_300_799_999_999


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("infinity", InfiniteInstant("infinity")),
        ("-infinity", InfiniteInstant("-infinity")),
        ("9999-12-31T23:59:59.999999Z", Instant(LAST_MICROSECOND)),
        ("10000-01-01T00:00:00Z", Instant(LAST_MICROSECOND + 1)),
        ("1970-01-01T00:00:00.000001Z", Instant(1)),
        ("0044-03-15 00:00:00 UTC BC", Instant(-63_517_824_000_000_000)),
    ],
)
@pytest.mark.parametrize("type_name", ["timestamptz", "timestamp"])
async def test_times_are_what_they_are(shop: Shop, text: str, expected: object, type_name: str) -> None:
    shop.sql("insert into things (id, at) values ($1, $2::text::timestamptz)", uuid(1), text)
    if type_name == "timestamp":
        shop.sql("alter table things alter column at type timestamp using at at time zone 'UTC'")
    async with readers(shop) as opened:
        found = await look(opened.target, THING)

    assert found.records[0].values[3] == expected


async def test_references_that_lead_nowhere_are_told_apart(shop: Shop) -> None:
    shop.sql("insert into people values ($1, $2), ($3, null)", uuid(1), f"{1:024x}", uuid(2))
    for number, owner in enumerate([uuid(1), uuid(2), uuid(3), None], start=10):
        shop.sql(
            "insert into things (id, legacy_object_id, owner) values ($1, $2, $3)",
            uuid(number),
            f"{number:024x}",
            owner,
        )
    async with readers(shop) as opened:
        found = await look(opened.target, THING)

    assert [record.values[4] for record in found.records] == [
        ResolvedReference(f"{1:024x}"),
        DanglingReference(DanglingReason.NULL_LEGACY_ID, uuid(2)),
        DanglingReference(DanglingReason.NO_ROW, uuid(3)),
        None,
    ]


async def test_row_security_that_hides_rows_is_an_error_and_not_fewer_rows(shop: Shop) -> None:
    shop.sql("insert into things (id) values ($1)", uuid(1))
    shop.sql("alter table things enable row level security")
    async with readers(shop) as opened:
        with pytest.raises(StoreUnavailable, match=r"every row.*42501"):
            await look(opened.target, THING)


async def test_a_uuid_of_another_table_is_found_there(shop: Shop) -> None:
    shop.sql("insert into levels (id, level) values ($1, 1)", uuid(1))
    shop.sql("insert into people (id) values ($1)", uuid(2))
    shop.sql("alter table tokens alter column id type text")
    async with readers(shop) as opened:
        found = await opened.target.tables_with([uuid(1), uuid(2), uuid(3), "no uuid"])

    assert found == {uuid(1): "public.levels", uuid(2): "public.people"}
