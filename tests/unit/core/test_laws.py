"""Laws of the whole comparison, from raw records to outcomes: k faults are k diffs, whatever the batches and sides."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model import ChildRow, Instant, JsonText, ObjectIdValue, Outcome, Raw, RawRecord, Side
from reconciler.core.outcomes import Judge
from reconciler.core.pairing import Pairing
from reconciler.core.records import Normalizer
from reconciler.core.spec import FieldKind
from tests.unit.core_world import digest, entity, field

SPEC = entity(
    field(FieldKind.TEXT, path="name"),
    field(FieldKind.DECIMAL, path="price"),
    field(FieldKind.INSTANT, path="at"),
    field(FieldKind.BOOLEAN, path="on"),
    field(FieldKind.JSON, path="more"),
    field(FieldKind.ARRAY, path="tags"),
    field(FieldKind.CHILDREN, path="parts"),
)
PATHS = [one.path for one in SPEC.fields][1:]
Said = tuple[str, str, tuple[tuple[str, str], ...]]
Row = list[Any]
PARTS = (ChildRow(0, ("a", 1)), ChildRow(1, ("b", 2)))


def document(number: int) -> Row:
    """A good document's values."""
    key, parts = (
        ObjectIdValue(f"{number:024x}"),
        [{"name": "a", "size": {"value": 1}}, {"name": "b", "size": {"value": 2}}],
    )
    return [key, f"n{number}", 1.25, Instant(5_000), True, {"a": [1, {"b": "c"}]}, ["x", "y"], parts]


def row(number: int) -> Row:
    """The row that agrees with it."""
    more = JsonText('{"a": [1, {"b": "c"}]}')
    return [f"{number:024x}", f"n{number}", Decimal("1.25"), Instant(5_999), True, more, ["x", "y"], PARTS]


# How each field of a row can be spoilt, and what must be said of it.
SPOILT: list[tuple[str, Raw, tuple[tuple[str, str], ...]]] = [
    ("name", "other", (("name", "value"),)), ("name", None, (("name", "missing_field"),)),
    ("price", Decimal("1.26"), (("price", "value"),)), ("at", Instant(4_999), (("at", "value"),)),
    ("on", False, (("on", "value"),)), ("more", JsonText('{"a": [1, {"b": "d"}]}'), (("more.a[1].b", "value"),)),
    ("more", JsonText('{"a": [{"b": "c"}, 1]}'), (("more.a", "order"),)),
    ("more", JsonText('{"a": [1, {"b": "c"}], "z": null}'), (("more.z", "extra_field"),)),
    ("tags", ["y", "x"], (("tags", "order"),)), ("tags", ["y"], (("tags[0]", "missing_field"),)),
    ("tags", ["x", "new", "y"], (("tags[1]", "extra_field"),)),
    ("parts", (ChildRow(0, ("a", 1)), ChildRow(1, ("b", 3))), (("parts[1].size.value", "value"),)),
    ("parts", (ChildRow(0, ("b", 2)),), (("parts[0]", "missing_field"),)),
    ("parts", (*PARTS, ChildRow(2, ("c", 3))), (("parts[2]", "extra_field"),)),
]  # fmt: skip
plans = st.dictionaries(
    st.integers(0, 30), st.one_of(st.none(), st.sampled_from(["missing", "extra", "twice"]), st.sampled_from(SPOILT))
)


def judged(sides: Mapping[Side, Sequence[Row]], sizes: Sequence[int]) -> Counter[Said]:
    """What is said of both sides' records, read in batches of these sizes."""
    pairing, judge, size = Pairing(SPEC), Judge(SPEC, now_ms=0), itertools.cycle(sizes)
    waiting = {
        side: [Normalizer(SPEC, side=side, digest=digest).record(raw) for raw in _raw(rows)]
        for side, rows in sides.items()
    }
    found: Counter[Said] = Counter()
    while (side := pairing.starving()) is not None:
        count = next(size)
        batch, waiting[side] = waiting[side][:count], waiting[side][count:]
        if batch:
            pairing.push(side, batch)
        else:
            pairing.close(side)
        for one in map(judge.outcome, pairing.ready()):
            if one.diff:
                fields = tuple(sorted((diff.path, diff.kind.value) for diff in one.diff.fields))
                found[one.diff.key_text, one.outcome.value, fields] += 1
    return found


def _raw(rows: Sequence[Row]) -> list[RawRecord]:
    """Rows as an adapter reads them."""
    return [RawRecord(id=str(place), values=tuple(values)) for place, values in enumerate(rows)]


def planted(plan: dict[int, Any]) -> tuple[dict[Side, list[Row]], Counter[Said]]:
    """Both sides with a fault in each record that the plan names, and what has to be said."""
    source, target = [], []
    expected: Counter[Said] = Counter()
    for number, fault in sorted(plan.items()):
        key = f"{number:024x}"
        source += [document(number)] if fault != "extra" else []
        target += [row(number)] * {"missing": 0, "twice": 2}.get(fault if isinstance(fault, str) else "", 1)
        if fault == "twice":
            expected[key, Outcome.KEY_DEFECT.value, ()] += 2
        if fault in ("twice", "missing"):
            expected[key, Outcome.MISSING_IN_TARGET.value, ()] += 1
        elif fault == "extra":
            expected[key, Outcome.EXTRA_IN_TARGET.value, ()] += 1
        elif fault is not None:
            path, value, said = fault
            target[-1] = [value if one == path else good for one, good in zip(["_id", *PATHS], target[-1], strict=True)]
            expected[key, Outcome.FIELD_MISMATCH.value, said] += 1
    return {Side.SOURCE: source, Side.TARGET: target}, expected


sizes = st.lists(st.integers(1, 6), min_size=1, max_size=4)


@given(plans, sizes)
def test_every_planted_fault_is_one_diff_at_its_place_and_nothing_else_is(
    plan: dict[int, Any], batches: list[int]
) -> None:
    sides, expected = planted(plan)
    assert judged(sides, batches) == expected


@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)), sizes)
def test_records_of_one_side_only_are_missing_or_extra(few: set[int], many: set[int], batches: list[int]) -> None:
    there = judged(
        {Side.SOURCE: [document(one) for one in sorted(few)], Side.TARGET: [row(one) for one in sorted(many)]}, batches
    )
    back = judged(
        {Side.SOURCE: [document(one) for one in sorted(many)], Side.TARGET: [row(one) for one in sorted(few)]}, [1]
    )
    turned = {"missing_in_target": "extra_in_target", "extra_in_target": "missing_in_target"}
    assert there == Counter({(key, turned[outcome], fields): count for (key, outcome, fields), count in back.items()})
    assert there.total() == len(few ^ many)
