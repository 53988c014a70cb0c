"""What two stores tell of changed raw values, as counts of records that a rule made equal."""

from collections import Counter

import pytest

from reconciler.core.checksum.soft import SoftField, SoftRecord, SoftSum, soft_sides, softened, softened_keys
from reconciler.core.model import Side
from reconciler.core.spec import ChildTable, EntitySpec, FieldKind, FieldSpec
from tests.unit.core_world import ID, entity, field

BOTH = frozenset(Side)
OTHER = "f" * 24


def child(*kinds: FieldKind) -> FieldSpec:
    """A field whose child rows have cells of these kinds."""
    cells = tuple(
        FieldSpec(path=kind, kind=kind, column=kind, scale=2 if kind == "decimal" else None) for kind in kinds
    )
    table = ChildTable(table="parts", parent_column="parent_id", position_column="position", fields=cells)
    return field(FieldKind.CHILDREN, children=table)


@pytest.mark.parametrize(
    ("item", "sides"),
    [
        (field(FieldKind.CI), BOTH),
        (field(FieldKind.CHAR), BOTH),
        (field(FieldKind.LOWER), {Side.SOURCE}),
        (field(FieldKind.INSTANT), {Side.TARGET}),
        (field(FieldKind.DECIMAL), set()),
        (field(FieldKind.TEXT), set()),
        (field(FieldKind.ARRAY), set()),
        (child(FieldKind.TEXT, FieldKind.DECIMAL), set()),
        (child(FieldKind.TEXT, FieldKind.INSTANT), {Side.TARGET}),
        (child(FieldKind.LOWER, FieldKind.INSTANT), BOTH),
    ],
    ids=lambda one: one.kind if isinstance(one, FieldSpec) else "",
)
def test_sides_whose_values_a_rule_may_change_unmarked(item: FieldSpec, sides: set[Side]) -> None:
    assert soft_sides(item) == sides
    found = SoftField.of(entity(field(FieldKind.TEXT, path="first"), item))
    assert [(one.item, one.hashed) for one in found] == ([(item, len(sides) == 2)] if sides else [])


@pytest.mark.parametrize(
    ("source", "target", "count"),
    [
        (SoftSum(), SoftSum(), 0),
        (SoftSum(records=3, total=9), SoftSum(), 3),
        (SoftSum(), SoftSum(records=4), 4),
        (SoftSum(records=3, total=9), SoftSum(records=3, total=9), 0),
        (SoftSum(records=3, total=9), SoftSum(records=3, total=8), None),
        (SoftSum(records=3, total=9), SoftSum(records=1, total=9), None),
    ],
)
def test_sums_tell_a_count_or_that_they_do_not(source: SoftSum, target: SoftSum, count: int | None) -> None:
    assert softened(source, target) == count


def told(spec: EntitySpec, source: list[SoftRecord], target: list[SoftRecord], *but: str) -> Counter[str]:
    return softened_keys(spec, {Side.SOURCE: source, Side.TARGET: target}, frozenset(but))


def test_records_are_counted_where_their_hashes_part() -> None:
    spec = entity(field(FieldKind.CI, path="a"), field(FieldKind.INSTANT, path="b"))
    same, parted = SoftRecord(key=(ID,), hashes=(7, None)), SoftRecord(key=(ID,), hashes=(8, 0))

    assert told(spec, [same], [same]) == {}
    assert told(spec, [same], []) == {"a": 1}
    assert told(spec, [], [parted]) == {"a": 1, "b": 1}
    assert told(spec, [same], [parted]) == {"a": 1, "b": 1}
    assert told(spec, [same], [SoftRecord(key=(OTHER,), hashes=(7, None))]) == {"a": 2}


def test_records_that_are_looked_at_or_have_no_usable_key_are_left_out() -> None:
    spec = entity(field(FieldKind.CI, path="a"))
    keys: list[str | None] = [ID, OTHER, "F" * 24, None, "x"]

    assert told(spec, [SoftRecord(key=(key,), hashes=(7,)) for key in keys], [], OTHER) == {"a": 1}


def test_whole_numbers_are_keys_in_any_length() -> None:
    spec = entity(field(FieldKind.INTEGER, path="no"), field(FieldKind.CI, path="a"), key=("no",))
    records = [SoftRecord(key=(key,), hashes=(7,)) for key in ("7", "-12", "7.5")]

    assert told(spec, records, [], "-12") == {"a": 1}
