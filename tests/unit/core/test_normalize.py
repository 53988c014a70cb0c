"""Each kind of field has its own idea of equal, and takes the types that it names."""

import pytest
from hypothesis import given

from reconciler.core.model import (
    MISSING,
    DanglingReason,
    DanglingReference,
    InfiniteInstant,
    Instant,
    ObjectIdValue,
    Opaque,
    Raw,
    ResolvedReference,
    Side,
)
from reconciler.core.normalize import source_rule, target_rule, unchanged
from reconciler.core.spec import FieldKind, FieldSpec
from reconciler.core.values import UnreadableValue
from tests.unit.core_world import ID, diffs, field, moments, texts

OTHER_ID = ID[::-1]
SCALARS = [
    FieldKind.TEXT, FieldKind.CHAR, FieldKind.CI, FieldKind.LOWER, FieldKind.INTEGER, FieldKind.DECIMAL,
    FieldKind.DOUBLE, FieldKind.BOOLEAN, FieldKind.INSTANT, FieldKind.BYTES, FieldKind.JSON, FieldKind.ARRAY,
    FieldKind.REFERENCE,
]  # fmt: skip


@pytest.mark.parametrize("kind", SCALARS)
def test_null_and_missing_are_equal_to_null_and_to_nothing_else(kind: FieldKind) -> None:
    assert diffs(field(kind), None, None) == []
    assert diffs(field(kind), MISSING, None) == []


@pytest.mark.parametrize("kind", FieldKind)
def test_every_kind_has_a_rule_for_either_side(kind: FieldKind) -> None:
    assert callable(source_rule(field(kind)))
    assert callable(target_rule(field(kind)))


PLAIN_VALUES: list[Raw] = ["", "Ab ", True, False, 0, -7, 2**70, 1.5, b"", b"x", ObjectIdValue(ID), Instant(1500)]


@pytest.mark.parametrize("kind", FieldKind)
@pytest.mark.parametrize("side", Side)
def test_a_rule_that_need_not_be_asked_would_have_changed_nothing(kind: FieldKind, side: Side) -> None:
    rule = (source_rule if side is Side.SOURCE else target_rule)(field(kind))
    kept = unchanged(field(kind), side)
    assert all(rule(value) is value for value in PLAIN_VALUES if type(value) is kept)


@pytest.mark.parametrize("kind", [kind for kind in SCALARS if kind is not FieldKind.JSON])
def test_a_broken_value_is_unreadable_and_a_strange_one_mistyped(kind: FieldKind) -> None:
    with pytest.raises(UnreadableValue, match="twice"):
        source_rule(field(kind))(Opaque("name that occurs twice", unreadable=True))
    assert diffs(field(kind), Opaque("undefined"), None) == [("it", "type")]


@pytest.mark.parametrize(
    ("kind", "source", "target", "kinds"),
    [
        (FieldKind.TEXT, "a ", "a", ["value"]), (FieldKind.TEXT, "é", "e\u0301", ["value"]),
        (FieldKind.TEXT, "A", "a", ["value"]),
        (FieldKind.TEXT, "", None, ["missing_field"]), (FieldKind.TEXT, None, "", ["extra_field"]),
        (FieldKind.TEXT, 12345, "12345", ["type"]),
        (FieldKind.TEXT, ObjectIdValue(ID), ID, ["type"]), (FieldKind.TEXT, "\u200b", "", ["value"]),
        (FieldKind.TEXT, "\u00a0", " ", ["value"]),
        (FieldKind.CHAR, "DE", "DE  ", []), (FieldKind.CHAR, "DE ", "DE", []),
        (FieldKind.CHAR, "DE\t", "DE", ["value"]),
        (FieldKind.CHAR, " DE", "DE", ["value"]), (FieldKind.CHAR, "", "  ", []),
        (FieldKind.CHAR, "DE\u00a0", "DE", ["value"]),
        (FieldKind.CI, "0xABÜ", "0xabü", []), (FieldKind.CI, "ΣΑΣ", "σας", []), (FieldKind.CI, "İ", "i̇", []),
        (FieldKind.CI, "ß", "SS", ["value"]),
        (FieldKind.CI, "a", "b", ["value"]), (FieldKind.CI, "ı", "I", ["value"]),
        (FieldKind.LOWER, "A@X", "a@x", []), (FieldKind.LOWER, "A@X", "A@X", ["value"]),
        (FieldKind.LOWER, "a", "A", ["value"]),
        (FieldKind.LOWER, "ÜBER", "über", []),
        (FieldKind.BOOLEAN, True, True, []), (FieldKind.BOOLEAN, 1, True, ["type"]),
        (FieldKind.BOOLEAN, False, None, ["missing_field"]),
        (FieldKind.BOOLEAN, True, False, ["value"]), (FieldKind.BOOLEAN, "true", True, ["type"]),
        (FieldKind.BOOLEAN, None, False, ["extra_field"]),
        (FieldKind.BYTES, b"\0", b"\0", []), (FieldKind.BYTES, b"a", b"a\0", ["value"]),
        (FieldKind.BYTES, "a", b"a", ["type"]),
        (FieldKind.BYTES, Opaque("binData subtype 4"), b"a", ["type"]), (FieldKind.BYTES, b"", None, ["missing_field"]),
        (FieldKind.ARRAY, ["a", None], ["a", None], []), (FieldKind.ARRAY, [], None, ["missing_field"]),
        (FieldKind.ARRAY, ["a", "b"], ["b", "a"], ["order"]),
        (FieldKind.ARRAY, [], [], []), (FieldKind.ARRAY, ["a", "a"], ["a"], ["missing_field"]),
        (FieldKind.ARRAY, ["1"], [["1"]], ["type"]),
        (FieldKind.ARRAY, [1], ["1"], ["type"]), (FieldKind.ARRAY, ["a", "a", "b"], ["a", "b", "b"], ["value"]),
        (FieldKind.ARRAY, "a", ["a"], ["type"]),
        (FieldKind.ARRAY, ["a"], ["a", "b"], ["extra_field"]),
    ],
)  # fmt: skip
def test_the_rules_of_text_booleans_bytes_and_arrays(
    kind: FieldKind, source: Raw, target: Raw, kinds: list[str]
) -> None:
    assert [kind for _, kind in diffs(field(kind), source, target)] == kinds


@pytest.mark.parametrize(
    ("source", "target", "kinds"),
    [
        (0, 999, []), (0, 1000, ["value"]), (-1000, -1, []), (-1000, -1001, ["value"]), (0, -1, ["value"]),
    ],
)  # fmt: skip
def test_times_are_cut_down_to_the_millisecond_before_1970_too(source: int, target: int, kinds: list[str]) -> None:
    assert [kind for _, kind in diffs(field(FieldKind.INSTANT), Instant(source), Instant(target))] == kinds


def test_the_infinities_of_time_are_no_dates() -> None:
    last = Instant(253_402_300_799_999_000)
    assert diffs(field(FieldKind.INSTANT), last, InfiniteInstant("infinity")) == [("it", "value")]
    assert diffs(field(FieldKind.INSTANT), None, InfiniteInstant("-infinity")) == [("it", "extra_field")]
    assert diffs(field(FieldKind.INSTANT), "infinity", InfiniteInstant("infinity")) == [("it", "type")]


def test_arrays_hold_their_elements_to_the_elements_rule() -> None:
    money = field(FieldKind.ARRAY, items=FieldKind.DECIMAL, scale=2)
    assert diffs(money, ["10.005", None], [source_rule(field(FieldKind.DECIMAL))("10.01"), None]) == []
    times = field(FieldKind.ARRAY, items=FieldKind.INSTANT)
    assert diffs(times, [Instant(0)], [Instant(999)]) == []
    assert diffs(times, [Instant(0)], [Instant(1000)]) == [("it[0]", "value")]


@pytest.mark.parametrize(
    ("source", "target", "kinds"),
    [
        (ObjectIdValue(ID), ResolvedReference(ID), []), (ObjectIdValue(ID), ResolvedReference(OTHER_ID), ["value"]),
        (ID, ResolvedReference(ID), ["type"]), (ObjectIdValue(ID), ResolvedReference(ID.upper()), ["value"]),
        (ObjectIdValue(ID), None, ["missing_field"]), (None, ResolvedReference(ID), ["extra_field"]),
        (ObjectIdValue(ID), DanglingReference(DanglingReason.NO_ROW, "x"), ["dangling_reference"]),
        (ObjectIdValue(ID), DanglingReference(DanglingReason.NULL_LEGACY_ID, "x"), ["dangling_reference"]),
        (None, DanglingReference(DanglingReason.NO_ROW, "x"), ["dangling_reference"]),
    ],
)  # fmt: skip
def test_references_agree_when_they_lead_to_the_same_record(source: Raw, target: Raw, kinds: list[str]) -> None:
    assert [kind for _, kind in diffs(field(FieldKind.REFERENCE), source, target)] == kinds


@given(moments)
def test_a_time_agrees_with_every_microsecond_of_its_millisecond(moment: Instant) -> None:
    first = moment.microseconds // 1000 * 1000
    kind = field(FieldKind.INSTANT)
    assert all(diffs(kind, Instant(first), Instant(first + step)) == [] for step in (0, 1, 999))
    assert all(diffs(kind, Instant(first), Instant(first + step)) == [("it", "value")] for step in (-1, 1000))


@given(texts, texts)
def test_text_agrees_exactly_when_its_bytes_do(one: str, other: str) -> None:
    assert (diffs(field(FieldKind.TEXT), one, other) == []) == (one.encode() == other.encode())
    assert (diffs(field(FieldKind.LOWER), one, other) == []) == (one.lower() == other)


def test_an_array_holds_single_values_only() -> None:
    assert isinstance(field(FieldKind.ARRAY, items=FieldKind.BYTES), FieldSpec)
