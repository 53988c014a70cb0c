"""A record's trace tells types, rules and what a rule left aside, and hides what may not be seen."""

from decimal import Decimal

import pytest

from reconciler.core.model import MISSING, Instant, ObjectIdValue, Outcome, Raw, RawRecord, Sensitivity, Side
from reconciler.core.outcomes import Judge
from reconciler.core.pairing import Pair
from reconciler.core.records import Normalizer
from reconciler.core.spec import ChildTable, EntitySpec, FieldKind, FieldSpec
from reconciler.core.trace import TracedField, rule_words, traced

pytestmark = pytest.mark.unit

KEY = "64f1c0a2e9b1d3c4a5b6c7d8"
ID = FieldSpec(path="_id", kind=FieldKind.IDENTITY, column="legacy_object_id", sensitivity=Sensitivity.PLAIN)
PLAIN, PII, SECRET = Sensitivity.PLAIN, Sensitivity.PII, Sensitivity.SECRET


def trace(
    kind: FieldKind, source: Raw, target: Raw, *, sensitivity: Sensitivity = PLAIN, clear: bool = False
) -> TracedField:
    """The trace of the one field beside the id."""
    scale = 2 if kind is FieldKind.DECIMAL else None
    spec = FieldSpec(path="f", kind=kind, column="f", sensitivity=sensitivity, scale=scale)
    entity = EntitySpec(name="thing", collection="things", table="things", fields=(ID, spec), key=("_id",))
    raw = {
        Side.SOURCE: {KEY: RawRecord(id=KEY, values=(ObjectIdValue(KEY), source))},
        Side.TARGET: {"row": RawRecord(id="row", values=(KEY, target))},
    }
    records = [
        Normalizer(entity, side=side, digest=lambda text: text).record(one)
        for side in Side
        for one in raw[side].values()
    ]
    judged = Judge(entity, now_ms=0).outcome(Pair(records[0], records[1]))
    assert judged.outcome in (Outcome.MATCHED, Outcome.FIELD_MISMATCH)
    _, field = traced(entity, judged, raw, in_clear=clear)
    return field


def test_what_a_rule_leaves_aside_is_shown_beside_what_it_makes() -> None:
    field = trace(FieldKind.INSTANT, Instant(1_700_000_000_123_000), Instant(1_700_000_000_123_456))
    assert field.equal
    assert field.source is not None
    assert field.target is not None
    assert (field.source.type, field.target.type) == ("date", "timestamptz")
    assert field.target.value == "2023-11-14T22:13:20.123Z"
    assert (field.source.stored, field.target.stored) == ("", "2023-11-14T22:13:20.123456Z")


def test_null_and_absent_and_types_are_told_apart_in_each_stores_words() -> None:
    for source, word in ((MISSING, "absent"), (None, "null"), ("19.99", "string"), (Decimal("19.99"), "decimal")):
        field = trace(FieldKind.DECIMAL, source, Decimal("19.99"))
        assert field.source is not None
        assert field.target is not None
        assert (field.source.type, field.target.type) == (word, "numeric")


def test_doubles_show_their_bits() -> None:
    field = trace(FieldKind.DOUBLE, 0.1, 0.30000000000000004)
    assert field.source is not None
    assert field.target is not None
    assert (field.source.bits, field.target.bits) == ("0x3fb999999999999a", "0x3fd3333333333334")


@pytest.mark.parametrize("clear", [False, True])
def test_secrets_show_nothing_not_even_a_type(*, clear: bool) -> None:
    field = trace(FieldKind.TEXT, "hunter2", None, sensitivity=SECRET, clear=clear)
    assert "hunter2" not in repr(field)
    assert field.source is not None
    assert field.target is not None
    assert (field.source.type, field.target.type, field.source.value) == ("secret", "secret", None)


def test_personal_values_are_masked_unless_revealed_and_equal_ones_always() -> None:
    assert "Kim" not in repr(trace(FieldKind.TEXT, "Kim", "kim", sensitivity=PII))
    assert "Kim" in repr(trace(FieldKind.TEXT, "Kim", "kim", sensitivity=PII, clear=True))
    assert "Kim" not in repr(trace(FieldKind.TEXT, "Kim", "Kim", sensitivity=PII, clear=True))
    assert "0x" not in repr(trace(FieldKind.DOUBLE, 0.1, 0.2, sensitivity=PII))


def test_every_kind_of_rule_has_words() -> None:
    told = {rule_words(_spec(kind)) for kind in FieldKind}
    assert len(told) == len(FieldKind)


def _spec(kind: FieldKind) -> FieldSpec:
    text = FieldSpec(path="name", kind=FieldKind.TEXT, column="name", sensitivity=PLAIN)
    children = ChildTable(table="t", parent_column="p", position_column="n", fields=(text,))
    return FieldSpec(
        path="f",
        kind=kind,
        column="" if kind is FieldKind.CHILDREN else "f",
        scale=2 if kind is FieldKind.DECIMAL else None,
        items=FieldKind.TEXT if kind is FieldKind.ARRAY else None,
        refers_to="thing" if kind is FieldKind.REFERENCE else "",
        children=children if kind is FieldKind.CHILDREN else None,
    )
