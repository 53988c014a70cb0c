"""An embedded array and the rows of a child table meet at the positions that the rows name."""

import pytest

from reconciler.core.child_rows import dig
from reconciler.core.model import MISSING, ChildRow, Opaque, Raw
from reconciler.core.normalize import source_rule
from reconciler.core.spec import FieldKind
from reconciler.core.values import UnreadableValue
from tests.unit.core_world import diffs, field

SPECS = field(FieldKind.CHILDREN)
A, B = ({"name": "a", "size": {"value": 1}}, ("a", 1)), ({"name": "b"}, ("b", None))
SOURCE: Raw = [A[0], B[0]]
ROWS = (ChildRow(0, A[1]), ChildRow(1, B[1]))


@pytest.mark.parametrize("source", [None, MISSING, []])
def test_no_elements_are_no_rows(source: Raw) -> None:
    assert diffs(SPECS, source, ()) == []
    assert diffs(SPECS, source, ROWS[:1]) == [("it[0]", "extra_field")]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (ROWS, []),
        (ROWS[::-1], []),
        (ROWS[:1], [("it[1]", "missing_field")]),
        ((), [("it[0]", "missing_field"), ("it[1]", "missing_field")]),
        ((ROWS[1],), [("it[0]", "missing_field")]),
        ((ChildRow(1, A[1]), ChildRow(0, B[1])), [("it", "order")]),
        ((ROWS[0], ChildRow(1, ("b", 2))), [("it[1].size.value", "extra_field")]),
        ((ChildRow(0, ("A", 1)), ROWS[1]), [("it[0].name", "value")]),
        ((*ROWS, ChildRow(1, B[1])), [("it[2]", "type")]),
        ((*ROWS, ChildRow(None, B[1])), [("it[2]", "type")]),
        ((*ROWS, ChildRow(-1, B[1])), [("it[2]", "type")]),
        ((*ROWS, ChildRow(2, B[1])), [("it[2]", "extra_field")]),
        (
            (ChildRow(1, A[1]), ChildRow(2, B[1])),
            [
                ("it[0]", "missing_field"),
                ("it[1].name", "value"),
                ("it[1].size.value", "extra_field"),
                ("it[2]", "extra_field"),
            ],
        ),
    ],
)
def test_rows_differ_where_their_positions_say(rows: tuple[ChildRow, ...], expected: list[tuple[str, str]]) -> None:
    assert diffs(SPECS, SOURCE, rows) == expected


@pytest.mark.parametrize("position", ["0", 10**9])
def test_a_position_that_is_none_is_a_row_too_many(position: object) -> None:
    assert diffs(SPECS, [], (ChildRow(position, A[1]),)) == [("it[0]", "type")]  # type: ignore[arg-type]


@pytest.mark.parametrize("element", [None, "a", 7, [A[0]]])
def test_an_element_that_is_no_object_is_of_another_type(element: Raw) -> None:
    assert diffs(SPECS, [element], (ROWS[0],)) == [("it[0]", "type")]


def test_an_array_that_is_none_is_of_another_type() -> None:
    assert diffs(SPECS, {"0": A[0]}, ROWS) == [("it", "type")]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a", 1), ("b.c", 2), ("b.d", MISSING), ("n", None), ("n.x", MISSING), ("x.y", MISSING), ("l[0]", 7),
        ("l[1].z", 8), ("l[2]", MISSING),
        ("a.b", Opaque("int")), ("b[0]", Opaque("object")),
    ],
)  # fmt: skip
def test_paths_below_an_element(path: str, found: Raw) -> None:
    assert dig({"a": 1, "b": {"c": 2}, "n": None, "l": [7, {"z": 8}]}, path) == found


def test_a_broken_value_below_stays_unreadable() -> None:
    broken = Opaque("value that can't be decoded", unreadable=True)
    with pytest.raises(UnreadableValue):
        source_rule(SPECS)([{"name": "a", "size": broken}])
