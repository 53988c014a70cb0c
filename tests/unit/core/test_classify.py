"""Diffs of one cause gather in one cluster, under the cause that a person would name."""

from decimal import Decimal

import pytest

from reconciler.core.classify import field_cluster, outcome_cluster
from reconciler.core.model import (
    ClusterKey,
    DanglingReason,
    DanglingReference,
    Instant,
    JsonText,
    ObjectIdValue,
    Outcome,
    Raw,
    Sensitivity,
)
from reconciler.core.spec import FieldKind
from tests.unit.core_world import ID, entity, field, field_diffs

NO_ROW = DanglingReference(DanglingReason.NO_ROW, "u")
HOUR = 3_600_000_000
SECOND = 1_700_000_001 * 1_000_000
NOON = 20_000 * 24 * HOUR + 12 * HOUR + 34_567_000


def titles(kind: FieldKind, source: Raw, target: Raw) -> set[str]:
    """The titles of the clusters that a pair's diffs fall into."""
    spec = field(kind)
    return {field_cluster("d", entity(spec), one).title for one in field_diffs(spec, source, target)}


@pytest.mark.parametrize(
    ("kind", "source", "target", "title"),
    [
        (FieldKind.TEXT, "01234", "1234", "it: leading zero lost"),
        (FieldKind.TEXT, "a ", "a", "it: white space at the ends"),
        (FieldKind.TEXT, "a b", "ab", "it: white space"), (FieldKind.TEXT, "Ab", "ab", "it: upper and lower case"),
        (FieldKind.TEXT, "é", "e\u0301", "it: Unicode normalization"),
        (FieldKind.TEXT, "abcdef", "abc", "it: truncated at 3 characters"),
        (FieldKind.TEXT, "abc", "abcdef", "it: truncated in MongoDB at 3 characters"),
        (FieldKind.TEXT, "naïve", "na?ve", "it: question marks for characters"),
        (FieldKind.TEXT, "abc", "", "it: emptied in PostgreSQL"),
        (FieldKind.TEXT, "", None, "it: null in PostgreSQL for an empty value"),
        (FieldKind.TEXT, None, "", "it: null in MongoDB for an empty value"),
        (FieldKind.TEXT, "a", None, "it: null in PostgreSQL for a value"),
        (FieldKind.TEXT, "1234", "1235", "it: value"), (FieldKind.TEXT, "0123", "9999", "it: value"),
        (FieldKind.TEXT, "0123", "X123", "it: value"), (FieldKind.TEXT, "01234", " 1234", "it: value"),
        (FieldKind.TEXT, "0120", "120", "it: leading zero lost"), (FieldKind.TEXT, "ab c", "a bc", "it: white space"),
        (FieldKind.TEXT, "abcd", "xy?", "it: value"), (FieldKind.TEXT, "x", "a?", "it: value"),
        (FieldKind.INTEGER, 0, None, "it: null in PostgreSQL for an empty value"),
        (FieldKind.INTEGER, 1, None, "it: null in PostgreSQL for a value"),
        (FieldKind.BYTES, b"a", b"b", "it: value"), (FieldKind.BYTES, "a", b"b", "it: type (string against bytes)"),
        (FieldKind.TEXT, 7, None, "it: type (int against nothing)"),
        (FieldKind.JSON, {"a": {}}, JsonText('{"a": []}'), "it.a: type (object against array)"),
        (FieldKind.INSTANT, Instant(NOON), Instant(NOON + 24 * HOUR), "it: PostgreSQL is later by 24:00 h"),
        (FieldKind.INSTANT, Instant(NOON), Instant(NOON + 25 * HOUR), "it: value"),
        (FieldKind.INSTANT, Instant(SECOND + 1000), Instant(SECOND), "it: milliseconds lost"),
        (FieldKind.INSTANT, Instant(SECOND + 1_000_000), Instant(SECOND), "it: value"),
        (FieldKind.INSTANT, Instant(SECOND), Instant(SECOND + 1_000_000), "it: value"),
        (FieldKind.INSTANT, Instant(NOON), Instant(NOON - HOUR - 7_000_000), "it: value"),
        (FieldKind.TEXT, "abc", "xyz", "it: value"), (FieldKind.TEXT, 7, "7", "it: type (int against text)"),
        (FieldKind.DECIMAL, 19.99, Decimal(1999), "it: minor units: PostgreSQL is 10^2 times MongoDB"),
        (FieldKind.DECIMAL, 1999, Decimal("19.99"), "it: minor units: MongoDB is 10^2 times PostgreSQL"),
        (FieldKind.DECIMAL, 5, Decimal(-5), "it: sign turned"),
        (FieldKind.DECIMAL, 4.5, Decimal(4), "it: fraction lost"),
        (FieldKind.DECIMAL, 4.5, Decimal(0), "it: zero in PostgreSQL"),
        (FieldKind.INTEGER, 2**53 + 1, 2**53, "it: last digits lost"),
        (FieldKind.DECIMAL, 0, Decimal("4.5"), "it: zero in MongoDB"),
        (FieldKind.JSON, 1234567890123456789, JsonText("1234567890123460000"), "it: last digits lost"),
        (FieldKind.INTEGER, 1, 0, "it: value"), (FieldKind.INTEGER, 0, 1, "it: value"),
        (FieldKind.INTEGER, 5_000_000_001, 5_000_000_000, "it: value"),
        (FieldKind.INTEGER, 2**60 + 1, 2**60 + 2, "it: value"),
        (FieldKind.DECIMAL, 0.5, Decimal(0), "it: fraction lost"),
        (FieldKind.INTEGER, 3, 7, "it: value"), (FieldKind.BOOLEAN, True, False, "it: flipped"),
        (FieldKind.INSTANT, Instant(NOON), Instant(NOON + 12_600_000_000), "it: PostgreSQL is later by 3:30 h"),
        (FieldKind.INSTANT, Instant(NOON), Instant(NOON - HOUR), "it: PostgreSQL is earlier by 1:00 h"),
        (FieldKind.INSTANT, Instant(NOON), Instant(NOON // 10**6 * 10**6), "it: milliseconds lost"),
        (FieldKind.INSTANT, Instant(NOON), Instant(20_000 * 24 * HOUR), "it: time of day lost"),
        (FieldKind.INSTANT, Instant(NOON), Instant(NOON + 1000), "it: off by less than a second"),

        (FieldKind.ARRAY, ["a", "b"], ["b", "a"], "it: same elements in another order"),
        (FieldKind.JSON, {"a": True}, JsonText('{"a": 1}'), "it.a: type (boolean against number)"),
        (FieldKind.JSON, {"l": [{"a": 1}]}, JsonText('{"l": [{"a": 3}]}'), "it.l[].a: value"),
        (FieldKind.REFERENCE, ObjectIdValue(ID), NO_ROW, "it: the column points to no row"),
    ],
)  # fmt: skip
def test_likely_causes(kind: FieldKind, source: Raw, target: Raw, title: str) -> None:
    assert titles(kind, source, target) == {title}


@pytest.mark.parametrize("number", ["1E+6144", "1E-6000", "9" * 30_000, "1E+999999"])
def test_numbers_of_any_size_have_a_cause_or_none_and_never_crash(number: str) -> None:
    assert len(titles(FieldKind.JSON, {"a": 7}, JsonText(f'{{"a": {number}}}'))) == 1


def test_places_in_lists_fall_into_one_cluster() -> None:
    assert titles(FieldKind.JSON, [{"a": 1}, {"a": 2}], JsonText('[{"a": 5}, {"a": 7}]')) == {"it[].a: value"}


def test_the_cluster_of_a_diff_without_fields_says_the_outcome() -> None:
    found = outcome_cluster("d", entity(field(FieldKind.TEXT)), Outcome.KEY_DEFECT, "null in its key")
    assert (found.path, found.title) == (None, "key defects: null in its key")
    assert found == ClusterKey(
        domain="d", entity="thing", path=None, kind="key_defect", types="", cause="key defects: null in its key"
    )
    assert outcome_cluster("d", entity(field(FieldKind.TEXT)), Outcome.OUT_OF_SCOPE).cause == "out_of_scope"


def test_the_cluster_of_a_field_holds_all_that_its_diffs_share() -> None:
    whole = entity(field(FieldKind.TEXT))
    (one,) = field_diffs(field(FieldKind.TEXT), 7, "7")
    assert field_cluster("d", whole, one) == ClusterKey(
        domain="d", entity="thing", path="it", kind="type", types="int against text", cause=""
    )


@pytest.mark.parametrize(("sensitivity", "cause"), [(Sensitivity.PII, ""), (Sensitivity.PLAIN, "flipped")])
def test_a_cause_that_tells_a_personal_value_is_not_told(sensitivity: Sensitivity, cause: str) -> None:
    spec = field(FieldKind.BOOLEAN, sensitivity=sensitivity)
    assert [field_cluster("d", entity(spec), one).cause for one in field_diffs(spec, True, False)] == [cause]  # noqa: FBT003 - the field's values
