"""A rule that made two different raw values equal says where it did, and is silent where it was not needed."""

from decimal import Decimal

import pytest

from reconciler.core.model import ChildRow, Instant, ObjectIdValue, Outcome, Raw, Side
from reconciler.core.outcomes import Judge
from reconciler.core.pairing import Pair
from reconciler.core.spec import ChildTable, FieldKind, FieldSpec
from tests.unit.core_world import ID, entity, field, record


@pytest.mark.parametrize(
    ("kind", "source", "target", "helped"),
    [
        (FieldKind.CI, "Ab", "aB", True), (FieldKind.CI, "Ab", "Ab", False), (FieldKind.CI, "ab", "AB", True),
        (FieldKind.CHAR, "DE", "DE  ", True), (FieldKind.CHAR, "DE  ", "DE  ", False),
        (FieldKind.LOWER, "Ab", "ab", True),
        (FieldKind.LOWER, "ab", "ab", False), (FieldKind.INSTANT, Instant(1000), Instant(1999), True),
        (FieldKind.INSTANT, Instant(1000), Instant(1000), False),
        (FieldKind.DECIMAL, Decimal("10.005"), Decimal("10.01"), True),
        (FieldKind.DECIMAL, "10.0051", Decimal("10.01"), True), (FieldKind.DECIMAL, 10.005, Decimal("10.01"), True),
        (FieldKind.DECIMAL, "10.010", Decimal("10.01"), False), (FieldKind.DECIMAL, 10, Decimal("10.00"), False),
        (FieldKind.DECIMAL, "NaN", Decimal("NaN"), False), (FieldKind.INSTANT, None, None, False),
        (FieldKind.TEXT, "a", "a", False),
    ],
)  # fmt: skip
def test_where_a_rule_helped(kind: FieldKind, source: Raw, target: Raw, helped: bool) -> None:  # noqa: FBT001 - parametrized
    spec = entity(field(FieldKind.TEXT, path="first"), field(kind))
    left = record(spec, Side.SOURCE, ObjectIdValue(ID), "x", source)
    right = record(spec, Side.TARGET, ID, "x", target)
    judged = Judge(spec, now_ms=0).outcome(Pair(left, right))
    assert (judged.outcome, judged.softened) == (Outcome.MATCHED, ("it",) if helped else ())


CELLS = ChildTable(
    table="parts",
    parent_column="parent_id",
    position_column="position",
    fields=(
        FieldSpec(path="name", kind=FieldKind.TEXT, column="name"),
        FieldSpec(path="deep.code", kind=FieldKind.CI, column="code"),
        FieldSpec(path="price", kind=FieldKind.DECIMAL, column="price", scale=2),
        FieldSpec(path="at", kind=FieldKind.INSTANT, column="at"),
    ),
)
NOON = Instant(12_000)


def element(code: Raw, price: Raw, at: Raw = NOON) -> Raw:
    return {"name": "n", "deep": {"code": code}, "price": price, "at": at}


def child(position: int, code: Raw, price: Raw, at: Raw = NOON) -> ChildRow:
    return ChildRow(position=position, values=("n", code, price, at))


@pytest.mark.parametrize(
    ("source", "target", "helped"),
    [
        ([element("a", "1.50")], (child(0, "a", Decimal("1.5")),), False),
        ([element("A", "1.50")], (child(0, "A", Decimal("1.5")),), False),
        ([element("A", "1.50")], (child(0, "a", Decimal("1.5")),), True),
        ([element("a", "1.50")], (child(0, "A", Decimal("1.5")),), True),
        ([element("a", "1.505")], (child(0, "a", Decimal("1.51")),), True),
        ([element("a", None)], (child(0, "a", None, Instant(12_345)),), True),
        ([element("A", "1.505")], (child(0, "A", Decimal("1.51")),), True),
        ([element("A", 1), element("b", 1)], (child(1, "b", Decimal(1)), child(0, "A", Decimal(1))), False),
        ([element("A", 1), element("b", 1)], (child(1, "B", Decimal(1)), child(0, "A", Decimal(1))), True),
        (None, (), False),
        ([{"name": "n"}], (child(0, None, None, None),), False),
    ],
)  # fmt: skip
def test_where_a_rule_helped_in_child_rows(source: Raw, target: Raw, helped: bool) -> None:  # noqa: FBT001 - parametrized
    spec = entity(field(FieldKind.CHILDREN, children=CELLS))
    left, right = record(spec, Side.SOURCE, ObjectIdValue(ID), source), record(spec, Side.TARGET, ID, target)
    judged = Judge(spec, now_ms=0).outcome(Pair(left, right))
    assert (judged.outcome, judged.softened) == (Outcome.MATCHED, ("it",) if helped else ())


@pytest.mark.parametrize(
    ("items", "source", "target", "helped"),
    [
        (FieldKind.CHAR, ["DE"], ["DE "], True), (FieldKind.CHAR, ["DE "], ["DE "], False),
        (FieldKind.CI, ["a", None], ["a", None], False), (FieldKind.CI, ["a", "B"], ["a", "b"], True),
        (FieldKind.INSTANT, [Instant(1000)], [Instant(1001)], True), (FieldKind.TEXT, ["a"], ["a"], False),
        (FieldKind.CI, None, None, False), (FieldKind.CI, [], [], False),
    ],
)  # fmt: skip
def test_where_a_rule_helped_in_an_array(items: FieldKind, source: Raw, target: Raw, helped: bool) -> None:  # noqa: FBT001 - parametrized
    spec = entity(field(FieldKind.ARRAY, items=items))
    left, right = record(spec, Side.SOURCE, ObjectIdValue(ID), source), record(spec, Side.TARGET, ID, target)
    judged = Judge(spec, now_ms=0).outcome(Pair(left, right))
    assert (judged.outcome, judged.softened) == (Outcome.MATCHED, ("it",) if helped else ())


def test_what_differs_is_not_softened() -> None:
    spec = entity(field(FieldKind.CI), field(FieldKind.TEXT, path="other"))
    left, right = record(spec, Side.SOURCE, ObjectIdValue(ID), "A", "x"), record(spec, Side.TARGET, ID, "a", "y")
    assert Judge(spec, now_ms=0).outcome(Pair(left, right)).softened == ()
