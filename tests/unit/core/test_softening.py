"""A rule that made two different raw values equal says where it did, and is silent where it was not needed."""

from decimal import Decimal

import pytest

from reconciler.core.model import Instant, ObjectIdValue, Outcome, Raw, Side
from reconciler.core.outcomes import Judge
from reconciler.core.pairing import Pair
from reconciler.core.spec import FieldKind
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


def test_what_differs_is_not_softened() -> None:
    spec = entity(field(FieldKind.CI), field(FieldKind.TEXT, path="other"))
    left, right = record(spec, Side.SOURCE, ObjectIdValue(ID), "A", "x"), record(spec, Side.TARGET, ID, "a", "y")
    assert Judge(spec, now_ms=0).outcome(Pair(left, right)).softened == ()
