"""One value in the form of either store."""

import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from bson import Decimal128, Int64, ObjectId

from reconciler.sandbox import values

pytestmark = pytest.mark.unit


def number_behind(value: Decimal128 | float | str) -> Decimal:
    """The number that a document's amount stands for."""
    return value.to_decimal() if isinstance(value, Decimal128) else Decimal(str(value))


@pytest.mark.parametrize(
    "text", ["1.10", "1000", "0", "-42.5", "0.000000000000000001", "10.005", "123456789012345.123456789012345678"]
)
def test_money_keeps_its_number_in_every_form(text: str) -> None:
    dice = random.Random(1)
    forms = [values.money(dice, Decimal(text)) for _ in range(300)]

    assert {number_behind(form) for form in forms} == {Decimal(text)}


def test_money_comes_in_several_types_and_exponents() -> None:
    dice = random.Random(1)
    forms = [values.money(dice, Decimal("1000.00")) for _ in range(300)]

    assert {type(form) for form in forms} == {Decimal128, str, float, int}
    assert len({str(form) for form in forms if isinstance(form, Decimal128)}) >= 3


@pytest.mark.parametrize(
    ("value", "stored"), [("10.005", "10.01"), ("-10.005", "-10.01"), ("2.674", "2.67"), ("1E+3", "1000.00")]
)
def test_a_column_rounds_half_away_from_zero(value: str, stored: str) -> None:
    assert str(values.at_scale(Decimal(value), 2)) == stored


def test_a_column_keeps_the_millisecond_and_adds_microseconds() -> None:
    dice = random.Random(1)
    moments = [values.moment(dice) for _ in range(400)]
    stored = [values.instant(dice, moment) for moment in moments]
    gaps = [later - earlier for earlier, later in zip(moments, stored, strict=True) if later is not None]

    assert all(timedelta(0) <= gap < timedelta(milliseconds=1) for gap in gaps)
    assert max(gaps) > timedelta(microseconds=500)
    assert any(moment.year < 1970 for moment in moments)


def test_the_last_moment_never_becomes_the_drivers_infinity() -> None:
    dice = random.Random(1)

    assert {values.instant(dice, values.FOREVER) for _ in range(100)} == {values.FOREVER}


def test_json_text_holds_ids_dates_and_long_numbers_as_the_backend_writes_them() -> None:
    source = {
        "id": ObjectId("64f1c0ffee64f1c0ffee64f1"),
        "at": datetime(1969, 7, 20, 20, 17, 40, 7_000, tzinfo=UTC),
        "long": Int64(2**53 + 1),
        "none": None,
        "flag": True,
    }
    text = values.json_text(random.Random(1), source)

    assert text is not None
    assert json.loads(text) == {
        "id": "64f1c0ffee64f1c0ffee64f1",
        "at": "1969-07-20T20:17:40.007Z",
        "long": 2**53 + 1,
        "none": None,
        "flag": True,
    }


def test_json_text_shuffles_keys_and_spells_whole_numbers_both_ways() -> None:
    dice = random.Random(1)
    texts = {values.json_text(dice, {"a": 1, "b": 2, "c": 3}) for _ in range(100)}

    assert any(text and text.startswith('{"b"') for text in texts)
    assert any(text and "1.0" in text for text in texts)


def test_nothing_becomes_sql_null_or_json_null() -> None:
    dice = random.Random(1)

    assert {values.json_text(dice, None) for _ in range(100)} == {None, "null"}


def test_sparse_says_what_the_column_holds() -> None:
    dice = random.Random(1)
    seen = set()
    for _ in range(200):
        document: dict[str, object] = {}
        held = values.sparse(dice, document, "key", 7)
        seen.add((held, "key" in document))
        assert document.get("key") == held

    assert seen == {(7, True), (None, True), (None, False)}


def test_lifetimes_come_live_past_and_one_sided() -> None:
    dice = random.Random(1)
    kinds = {
        (source and values.is_live(source), target and values.is_live(target))
        for source, target in map(values.lifetime, [dice] * 900)
    }

    assert kinds == {(True, True), (False, False), (False, None), (None, False), (True, False), (False, True)}
