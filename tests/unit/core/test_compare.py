"""Equal records have no diffs, differing ones at least one at each place, and DeepDiff never decides."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.core.compare import compare, sensitivity_at
from reconciler.core.model import (
    ChildRow,
    DanglingReason,
    DanglingReference,
    DiffKind,
    FieldDiff,
    JsonText,
    Mistyped,
    ObjectIdValue,
    Raw,
    Record,
    Sensitivity,
    Side,
)
from reconciler.core.spec import FieldKind
from tests.unit.core_world import (
    ID,
    children,
    diffs,
    documents,
    entity,
    field,
    field_diffs,
    json_text,
    longs,
    record,
    texts,
)

JSON = field(FieldKind.JSON)
WHOLE = entity(JSON, field(FieldKind.TEXT, path="text"), field(FieldKind.INTEGER, path="number"))
INDEX = re.compile(r"\[\d+\]")
MIRRORED = {
    DiffKind.MISSING_FIELD: DiffKind.EXTRA_FIELD,
    DiffKind.EXTRA_FIELD: DiffKind.MISSING_FIELD,
}


def a_record(side: Side, value: Raw, text: Raw, number: Raw) -> Record:
    """A record of the whole entity."""
    if side is Side.SOURCE:
        return record(WHOLE, side, ObjectIdValue(ID), value, text, number)
    return record(WHOLE, side, ID, json_text(value), text, number)


@given(documents, texts, longs)
def test_a_record_equals_itself_and_its_twin(value: Raw, text: str, number: int) -> None:
    source, target = (a_record(side, value, text, number) for side in Side)
    assert compare(WHOLE, source=source, target=source) == ()
    assert compare(WHOLE, source=source, target=target) == ()


def mirrored(found: Sequence[FieldDiff], *, turned: bool) -> list[tuple[str, str]]:
    """Where and how two values differ; `turned` as if the sides were swapped.

    A place in a list has an index on either side, so indexes are left out.
    """
    kinds = MIRRORED if turned else {}
    return sorted((INDEX.sub("[]", diff.path), kinds.get(diff.kind, diff.kind)) for diff in found)


@given(documents, documents)
def test_swapping_the_sides_swaps_missing_and_extra(one: Raw, other: Raw) -> None:
    there, back = field_diffs(JSON, one, json_text(other)), field_diffs(JSON, other, json_text(one))
    assert mirrored(there, turned=True) == mirrored(back, turned=False)


small = st.lists(st.sampled_from([0, 1, 2, "1", None, {"k": 1}, {"k": 2}, [1], []]), max_size=6)


@given(small, small)
def test_swapping_lists_that_are_alike_swaps_missing_and_extra(one: list[Raw], other: list[Raw]) -> None:
    test_swapping_the_sides_swaps_missing_and_extra.hypothesis.inner_test(one, other)  # type: ignore[attr-defined]


@given(documents, documents)
def test_unequal_values_have_diffs_and_equal_ones_none(one: Raw, other: Raw) -> None:
    left = record(entity(JSON), Side.SOURCE, ObjectIdValue(ID), one).values[1]
    right = record(entity(JSON), Side.TARGET, ID, json_text(other)).values[1]
    assert bool(field_diffs(JSON, one, json_text(other))) == (left != right)


@given(st.lists(documents, min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_a_shuffled_list_is_one_diff_of_kind_order(items: list[Raw], luck: st.DataObject) -> None:
    shuffled = list(items)
    luck.shuffle(shuffled)  # type: ignore[attr-defined]
    found = diffs(JSON, items, json_text(shuffled))
    assume(found)
    assert found == [("it", "order")]


@given(texts, texts, longs, longs)
def test_each_differing_field_is_named_once(one: str, other: str, few: int, many: int) -> None:
    source, target = a_record(Side.SOURCE, None, one, few), a_record(Side.TARGET, None, other, many)
    expected = ["text"] * (one != other) + ["number"] * (few != many)
    assert [diff.path for diff in compare(WHOLE, source=source, target=target)] == expected


def test_mistyped_values_are_equal_to_nothing() -> None:
    assert Mistyped(type_name="int", shown="7") != Mistyped(type_name="int", shown="7")
    assert diffs(field(FieldKind.BOOLEAN), 1, 1) == [("it", "type")]


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ([9, 1, {"k": 1}], '[1, {"k": 2}]', [("it[0]", "missing_field"), ("it[2].k", "value")]),
        ([1, 2, 3, 4], "[1, 3, 4]", [("it[1]", "missing_field")]),
        ([1, 2, 3], "[9, 1, 2, 3]", [("it[0]", "extra_field")]),
        ([1, 2, 3, 9], "[5, 1, 2, 3, 8]", [("it[0]", "extra_field"), ("it[3]", "value")]),
        ({"a": [1, 2], "b": 1}, '{"a": [2, 1], "b": 2}', [("it.a", "order"), ("it.b", "value")]),
        ({"a": 1, "b": 2}, '{"c": 3}', [("it.a", "missing_field"), ("it.b", "missing_field"), ("it.c", "extra_field")]),
        ([1, 2, 3, {"k": 0}], '[1, 3, {"k": 0}]', [("it[1]", "missing_field")]),
        ([{"k": 1}, {"k": 2}], '[{"k": 1}, {"k": 3}, {"k": 2}]', [("it[1]", "extra_field")]),
        ([{"k": 1}, {"k": 2}, {"k": 3, "l": [{}]}], '[{"k": 2}, {"k": 3, "l": [{"m": 1}]}]',
         [("it[0]", "missing_field"), ("it[2].l[0].m", "extra_field")]),
        ([[1], [2], [3]], "[[1], [3]]", [("it[1]", "missing_field")]),
        ({"a": [[1, 2], [3]]}, '{"a": [[2, 1], [4]]}', [("it.a[0]", "order"), ("it.a[1][0]", "value")]),
    ],
)  # fmt: skip
def test_where_lists_and_objects_differ(source: Raw, target: str, expected: list[tuple[str, str]]) -> None:
    assert sorted(diffs(JSON, source, JsonText(target))) == sorted(expected)


def test_long_and_deep_values_are_still_explained_place_by_place() -> None:
    many = list(range(20_000))
    assert diffs(JSON, many, json_text([*many[:-1], -1])) == [("it[19999]", "value")]
    assert diffs(JSON, many, json_text(many[::-1])) == [("it", "order")]
    deep: Raw = 1
    other: Raw = 2
    for _ in range(90):
        deep, other = {"a": deep}, {"a": other}
    assert diffs(JSON, deep, json_text(other)) == [("it" + ".a" * 90, "value")]


def test_a_secret_field_differs_as_a_whole() -> None:
    secret = field(FieldKind.JSON, sensitivity=Sensitivity.SECRET)
    assert diffs(secret, {"pin": [1, 2]}, JsonText('{"pin": [2, 1]}')) == [("it", "value")]
    assert field_diffs(field(FieldKind.TEXT, sensitivity=Sensitivity.SECRET), 7, "7")[0].note == ""


def test_a_note_says_which_side_holds_which_type() -> None:
    assert field_diffs(field(FieldKind.TEXT), 7, "7")[0].note == "the source holds a int"


PAD = [*range(2_001)]


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ({"a": 1}, {"b": None}, [("a", "missing_field"), ("b", "extra_field")]),
        ({"a": None}, {"a": 1, "b": 2}, [("a", "extra_field"), ("b", "extra_field")]),
        ({"a": None}, {}, [("a", "missing_field")]),
        ({"a": [1, 2, None]}, {"a": [1, 3]}, [("a[1]", "value"), ("a[2]", "missing_field")]),
        ({"a": [1]}, {"a": [1, None]}, [("a[1]", "extra_field")]),
        ({"a": [1]}, {"a": {"0": 1}}, [("a", "type")]),
        ({"a": {"b": {"c": [{"d": True}]}}}, {"a": {"b": {"c": [{"d": 1}]}}}, [("a.b.c[0].d", "type")]),
        ({"a": []}, {"a": 7}, [("a", "type")]),
    ],
)  # fmt: skip
def test_long_values_are_walked_name_by_name_and_index_by_index(
    source: dict[str, Raw], target: dict[str, Raw], expected: list[tuple[str, str]]
) -> None:
    found = diffs(JSON, {"pad": PAD, **source}, json_text({"pad": PAD, **target}))
    assert sorted(found) == [(f"it.{path}", kind) for path, kind in expected]


def test_holes_among_child_rows_keep_the_other_rows_at_their_places() -> None:
    spec = field(FieldKind.CHILDREN)
    elements = [{"name": name, "size": {"value": 1}} for name in "abc"]
    moved = (ChildRow(0, ("a", 1)), ChildRow(2, ("b", 1)), ChildRow(3, ("c", 1)))
    assert diffs(spec, elements, moved) == [
        ("it[1]", "missing_field"), ("it[2].name", "value"), ("it[3]", "extra_field")
    ]  # fmt: skip
    assert diffs(spec, elements, (ChildRow(0, ("b", 1)), ChildRow(1, ("c", 1)))) == [("it[0]", "missing_field")]


@pytest.mark.parametrize(
    ("sensitivities", "steps", "expected"),
    [
        (("plain", "plain", "plain"), (0, "name"), "plain"), (("plain", "secret", "plain"), (0, "name"), "secret"),
        (("plain", "secret", "plain"), (0, "size.value"), "plain"), (("plain", "secret", "pii"), (0,), "secret"),
        (("pii", "plain", "plain"), (0, "name"), "pii"), (("plain", "plain", "pii"), (), "pii"),
        (("secret", "plain", "plain"), (0, "name", "x"), "secret"),
    ],
)  # fmt: skip
def test_a_place_in_child_rows_is_as_sensitive_as_its_column_or_its_field(
    sensitivities: tuple[str, str, str], steps: tuple[str | int, ...], expected: str
) -> None:
    own, *columns = map(Sensitivity, sensitivities)
    table = children()
    fields = tuple(replace(one, sensitivity=how) for one, how in zip(table.fields, columns, strict=True))
    spec = field(FieldKind.CHILDREN, sensitivity=own, children=replace(table, fields=fields))
    assert sensitivity_at(spec, steps) is Sensitivity(expected)


def test_a_note_says_what_the_target_holds_and_why_a_reference_dangles() -> None:
    assert field_diffs(field(FieldKind.TEXT), "7", 7)[0].note == "the target holds a int"
    assert field_diffs(field(FieldKind.TEXT), "7", "8")[0].note == ""
    lost = DanglingReference(DanglingReason.NULL_LEGACY_ID, "uuid")
    (found,) = field_diffs(field(FieldKind.REFERENCE), ObjectIdValue(ID), lost)
    assert (found.kind, found.note) == (DiffKind.DANGLING_REFERENCE, DanglingReason.NULL_LEGACY_ID.value)
    assert (found.source, found.target, found.field_path, found.sensitivity) == (ID, lost, "it", Sensitivity.PLAIN)
