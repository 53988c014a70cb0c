"""What leaves memory: plain values with all their digits, personal ones as masks, secrets as nothing at all."""

import json
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.core.classify import outcome_cluster
from reconciler.core.compare import ABSENT, compare
from reconciler.core.model import (
    ChildRow,
    DanglingReason,
    DanglingReference,
    DiffState,
    InfiniteInstant,
    Instant,
    JsonText,
    Mistyped,
    ObjectIdValue,
    Outcome,
    Raw,
    RecordDiff,
    ReportedDiff,
    Sensitivity,
    Side,
)
from reconciler.core.redact import OTHER, SAME, masked, reported, shown
from reconciler.core.spec import ChildTable, FieldKind, FieldSpec
from reconciler.core.values import JsonBool, Milliseconds, Token
from tests.unit.core_world import ID, entity, field, record

LETTERS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=f"{SAME}{OTHER}…"), max_size=40)
PII, SECRET = Sensitivity.PII, Sensitivity.SECRET


def report(spec: FieldSpec, source: Raw, target: Raw) -> ReportedDiff:
    """A pair's diff as it may be stored."""
    whole = entity(spec)
    left = record(whole, Side.SOURCE, ObjectIdValue(ID), source)
    right = record(whole, Side.TARGET, ID, target)
    fields = compare(whole, source=left, target=right)
    diff = RecordDiff(locator=ID, key_text=ID, outcome=Outcome.FIELD_MISMATCH, fields=fields)
    return reported("domain", whole, diff, state=DiffState.CONFIRMED)


@given(LETTERS, LETTERS)
def test_a_mask_holds_no_letter_of_either_value(source: str, target: str) -> None:
    left, right = masked(source, target)
    assert set(f"{left}{right}") <= {SAME, OTHER, "…"}


@given(LETTERS, LETTERS)
def test_masks_differ_where_values_do(source: str, target: str) -> None:
    left, right = masked(source, target)
    assert (OTHER in f"{left}{right}") == (source != target)


@given(LETTERS)
def test_the_mask_of_equal_values_is_all_alike(value: str) -> None:
    left, right = masked(value, value)
    assert left == right
    assert OTHER not in str(left)


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("a", "b", (OTHER, OTHER)), ("abc", "abd", ("••▒", "••▒")), ("abc", "abbc", ("•••", "••▒•")),
        (None, "abc", (None, "▒▒▒")),
        (True, False, (OTHER, OTHER)), (True, None, (OTHER, None)), ("", "a", ("", OTHER)), (12, 13, ("•▒", "•▒")),
        ("a", "a", (SAME, SAME)),
        ("a" * 20, "a" * 19 + "b", ("•" * 12 + "…▒", "•" * 12 + "…▒")),
    ],
)  # fmt: skip
def test_masks(source: object, target: object, expected: tuple[object, object]) -> None:
    assert masked(source, target) == expected


@pytest.mark.parametrize(
    ("kind", "source", "target"),
    [
        (FieldKind.TEXT, "canary-one", "canary-two"),
        (FieldKind.TEXT, 424242, "canary-two"),
        (FieldKind.INTEGER, 424242, 424243),
        (FieldKind.JSON, {"k": "canary-one", "l": ["canary-two"]}, JsonText('{"k": "canary-x", "l": []}')),
        (FieldKind.JSON, {"k": {"canary": 424242}}, None),
        (FieldKind.ARRAY, ["canary-one", "canary-two"], ["canary-two", "canary-one"]),
        (FieldKind.BYTES, b"canary-one", b"canary-two"),
        (FieldKind.DECIMAL, Decimal("424242.42"), Decimal("424243.42")),
        (FieldKind.CHILDREN, [{"name": "canary-one"}], ()),
        (FieldKind.REFERENCE, "canary-one", DanglingReference(DanglingReason.NO_ROW, "canary-uuid")),
        (FieldKind.INTEGER, {"deep": ["canary-one"]}, 7),
    ],
)  # fmt: skip
@pytest.mark.parametrize("sensitivity", [PII, SECRET])
def test_a_hidden_value_appears_in_no_spelling(
    kind: FieldKind, source: Raw, target: Raw, sensitivity: Sensitivity
) -> None:
    hidden = field(kind, sensitivity=sensitivity)
    told = repr(report(hidden, source, target))
    spellings = ["canary-", "424242", "424243", b"canary".hex(), "MQ==", "Y2FuYXJ5"]
    assert [one for one in spellings if one in told] == []


@pytest.mark.parametrize(
    ("kind", "source", "target"),
    [
        (FieldKind.JSON, {"pin": "1"}, JsonText('{"pin": "2"}')), (FieldKind.TEXT, 7, "7"),
        (FieldKind.INSTANT, Instant(0), Instant(3_600_000_000)),
        (FieldKind.TEXT, "012", "12"), (FieldKind.CHILDREN, [{"name": "n"}], ()), (FieldKind.ARRAY, ["a"], ["b"]),
        (FieldKind.REFERENCE, ObjectIdValue(ID), DanglingReference(DanglingReason.NO_ROW, "uuid")),
    ],
)  # fmt: skip
def test_a_secret_shows_no_path_below_no_cause_no_type_and_no_note(kind: FieldKind, source: Raw, target: Raw) -> None:
    (only,) = report(field(kind, sensitivity=SECRET), source, target).fields
    assert (only.path, only.source, only.target, only.redacted, only.note) == ("it", None, None, SECRET, "")
    assert (only.cluster.path, only.cluster.types, only.cluster.cause) == ("it", "", "")


@pytest.mark.parametrize(("source", "target"), [(0, 7), (7, 0)])
def test_a_personal_zero_is_not_told_by_its_cause(source: int, target: int) -> None:
    (only,) = report(field(FieldKind.INTEGER, sensitivity=PII), source, target).fields
    assert "zero" not in only.cluster.title


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**53 + 1, "9007199254740993"), (7, 7), (Decimal("7.00"), 7), (Decimal("0.10"), "0.10"), (0.1, "0.1"),
        (b"\1", "01"),
        (Decimal("1E+999999999"), "1E+999999999"), (Milliseconds(-1), "1969-12-31T23:59:59.999Z"),
        ([Milliseconds(0)], ["1970-01-01T00:00:00.000Z"]),
        (Decimal("1E-25"), "1E-25".lower().upper()),
    ],
)  # fmt: skip
def test_plain_values_are_shown_as_json_with_all_digits(value: object, expected: object) -> None:
    found = shown(value)
    assert json.loads(json.dumps(found)) == found
    assert found == expected or Decimal(str(found)) == Decimal(str(expected))


def test_times_are_shown_as_iso_wherever_they_stand() -> None:
    times = field(FieldKind.ARRAY, items=FieldKind.INSTANT)
    (only,) = report(times, [Instant(0)], [Instant(60_000_000)]).fields
    assert (only.source, only.target) == ("1970-01-01T00:00:00.000Z", "1970-01-01T00:01:00.000Z")
    (only,) = report(field(FieldKind.INSTANT), Instant(0), InfiniteInstant("infinity")).fields
    assert only.target == "infinity"


@given(LETTERS, LETTERS)
def test_a_personal_text_never_appears_in_a_report(source: str, target: str) -> None:
    assume(source != target)
    told = [
        value
        for one in report(field(FieldKind.TEXT, sensitivity=PII), source, target).fields
        for value in (one.source, one.target)
    ]
    assert all(set(str(one)) <= {SAME, OTHER, "…"} for one in told)


def child_field(path: str, kind: FieldKind, sensitivity: Sensitivity) -> FieldSpec:
    """A field of a child table."""
    return FieldSpec(path=path, kind=kind, column=path, sensitivity=sensitivity)


def test_a_child_column_is_hidden_as_it_asks_though_its_table_is_plain() -> None:
    columns = (
        child_field("note", FieldKind.TEXT, Sensitivity.PLAIN),
        child_field("owner", FieldKind.TEXT, PII),
        child_field("pin", FieldKind.JSON, SECRET),
    )
    table = ChildTable(table="t", parent_column="p", position_column="n", fields=columns)
    parts = field(FieldKind.CHILDREN, children=table)
    source = [{"note": "one", "owner": "canary-a", "pin": {"canary": [1, 2]}}, {"owner": "canary-lost"}]
    rows = (ChildRow(0, ("two", "canary-b", JsonText('{"canary": [2, 1], "other": "canary"}'))),)
    found = report(parts, source, rows).fields
    assert "canary" not in repr(found)
    assert [(one.path, one.redacted, one.source) for one in sorted(found, key=lambda one: one.path)] == [
        ("it[0].note", None, "one"),
        ("it[0].owner", PII, "•••••••▒"),
        ("it[0].pin", SECRET, None),
        ("it[1]", SECRET, None),
    ]


@pytest.mark.parametrize(
    ("type_name", "text", "expected"),
    [
        ("int", "7", 7),
        ("string", "7", "7"),
        ("bool", "True", True),
        ("bool", "False", False),
        ("int", "9" * 30, "9" * 30),
    ],
)
def test_a_strange_type_is_shown_in_its_own_type(type_name: str, text: str, expected: object) -> None:
    found = shown(Mistyped(type_name=type_name, shown=text))
    assert (type(found), found) == (type(expected), expected)


def test_a_diff_without_fields_is_reported_with_its_cluster() -> None:
    whole = entity(field(FieldKind.TEXT))
    diff = RecordDiff(locator="target:7", key_text="id:7", outcome=Outcome.KEY_DEFECT, detail="null in its key")
    assert reported("domain", whole, diff, state=DiffState.CONFIRMED) == ReportedDiff(
        locator="target:7", key="id:7", outcome=Outcome.KEY_DEFECT, state=DiffState.CONFIRMED, fields=(),
        cluster=outcome_cluster("domain", whole, Outcome.KEY_DEFECT, "null in its key"), detail="null in its key",
    )  # fmt: skip


@pytest.mark.parametrize(("sensitivity", "note"), [(Sensitivity.PLAIN, "the source holds a int"), (SECRET, "")])
def test_a_reported_field_says_how_it_differs_and_where_it_belongs(sensitivity: Sensitivity, note: str) -> None:
    spec = field(FieldKind.TEXT, sensitivity=sensitivity)
    found = report(spec, 7, "7")
    (one,) = found.fields
    assert (one.path, one.kind.value, one.note, found.cluster) == ("it", "type", note, None)
    assert (one.cluster.domain, one.cluster.entity, one.cluster.path) == ("domain", "thing", "it")


def test_shown_values_are_json_of_their_own_kinds() -> None:
    assert shown({"a": [JsonBool.TRUE, ABSENT, Token("NaN")]}) == {"a": [True, None, "NaN"]}
    with pytest.raises(TypeError, match="complex"):
        shown(1j)
