"""How each field of a record was compared: what either store holds, of which type, and what the rule made of it."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, assert_never

from reconciler.core.compare import sensitivity_at
from reconciler.core.model import (
    MISSING,
    Canonical,
    DanglingReference,
    InfiniteInstant,
    Instant,
    JsonText,
    Opaque,
    Raw,
    RawRecord,
    Record,
    ResolvedReference,
    Sensitivity,
    Side,
)
from reconciler.core.outcomes import Judged
from reconciler.core.redact import masked, shown
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec
from reconciler.core.values import iso_time, spelled, type_name

POSTGRES_TYPES: Final = {
    str: "text", Decimal: "numeric", int: "integer", float: "double precision", bool: "boolean", bytes: "bytea",
    Instant: "timestamptz", InfiniteInstant: "timestamptz", JsonText: "json", ResolvedReference: "uuid",
    DanglingReference: "uuid", list: "array", tuple: "rows", type(None): "null",
}  # fmt: skip
SPELLED: Final = (str, int, float, Decimal, Instant)


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedSide:
    """One store's side of a field: the type it holds, the value as it was compared, as it is stored where that differs.

    `value` is JSON, None where nothing is there or nothing may be shown; `bits` are those of a double.
    """

    type: str
    value: object
    stored: str = ""
    bits: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedField:
    """A field of a record with the rule it was compared by; `hidden` where its values are secret, `masked` personal."""

    path: str
    column: str
    rule: str
    equal: bool
    sensitivity: Sensitivity
    source: TracedSide | None
    target: TracedSide | None
    masked: bool


def traced(
    entity: EntitySpec, judged: Judged, raw: dict[Side, dict[str, RawRecord]], *, in_clear: bool
) -> tuple[TracedField, ...]:
    """Every field of the record; personal values in the clear only `in_clear`, and there only those that differ."""
    source, target = judged.records
    before = _raw(raw[Side.SOURCE], source, len(entity.fields))
    after = _raw(raw[Side.TARGET], target, len(entity.fields))
    fields = []
    for at, spec in enumerate(entity.fields):
        left = _value(source, at) if before else None
        right = _value(target, at) if after else None
        equal = bool(before and after) and left == right
        sensitivity = sensitivity_at(spec, ())
        secret = sensitivity is Sensitivity.SECRET
        personal = secret or (sensitivity is Sensitivity.PII and not (in_clear and not equal))
        fields.append(
            TracedField(
                path=spec.path,
                column=spec.children.table if spec.children else spec.column,
                rule=rule_words(spec),
                equal=equal,
                sensitivity=sensitivity,
                source=_side(before[at], left, Side.SOURCE, bare=not personal) if before else None,
                target=_side(after[at], right, Side.TARGET, bare=not personal) if after else None,
                masked=personal,
            )
        )
    return tuple(_masked(one) if one.masked else one for one in fields)


def _raw(known: dict[str, RawRecord], record: Record | None, count: int) -> Sequence[Raw]:
    """The record's values as they were read; none where there is no record, or it could not be decoded."""
    found = known.get(record.id) if record is not None else None
    return found.values if found is not None and len(found.values) == count else ()


def _value(record: Record | None, at: int) -> Canonical:
    """The value as it was compared."""
    return record.values[at] if record is not None and record.values else None


def _side(raw: Raw, value: Canonical, side: Side, *, bare: bool) -> TracedSide:
    """One side; how the value is stored, and its bits, only where it may be shown."""
    kind, told = stored_type(raw, side), shown(value)
    if not bare:
        return TracedSide(type=kind, value=told)
    stored = spelled(raw) if isinstance(raw, SPELLED) and not isinstance(raw, bool) else ""
    bits = f"0x{struct.pack('>d', raw).hex()}" if isinstance(raw, float) else ""
    return TracedSide(type=kind, value=told, stored=_finer(raw) or (stored if stored != str(told) else ""), bits=bits)


def _finer(raw: Raw) -> str:
    """A time with the microseconds that the comparison leaves aside."""
    if not isinstance(raw, Instant) or not raw.microseconds % 1000:
        return ""
    return f"{iso_time(raw.microseconds // 1000)[:-1]}{raw.microseconds % 1000:03d}Z"


def _masked(field: TracedField) -> TracedField:
    """The field with its values masked, or gone where they are secret."""
    secret = field.sensitivity is Sensitivity.SECRET
    left, right = (one.value if one else None for one in (field.source, field.target))
    hidden = (None, None) if secret else masked(left, right)
    sides = [
        None if one is None else TracedSide(type="secret" if secret else one.type, value=value)
        for one, value in zip((field.source, field.target), hidden, strict=True)
    ]
    return TracedField(
        path=field.path, column=field.column, rule=field.rule, equal=field.equal, sensitivity=field.sensitivity,
        source=sides[0], target=sides[1], masked=True,
    )  # fmt: skip


def stored_type(raw: Raw, side: Side) -> str:
    """The type of a value in its store's own words."""
    if raw is MISSING:
        return "absent"
    if isinstance(raw, Opaque) or side is Side.SOURCE:
        return type_name(raw)
    return POSTGRES_TYPES.get(type(raw), type(raw).__name__)


def rule_words(spec: FieldSpec) -> str:  # noqa: C901, PLR0911, PLR0912 - one line a kind
    """The rule that a field is compared by, in words."""
    match spec.kind:
        case FieldKind.TEXT:
            return "text, byte for byte"
        case FieldKind.CHAR:
            return "text without padding"
        case FieldKind.CI:
            return "text, whatever its case"
        case FieldKind.LOWER:
            return "text, in lower case in PostgreSQL"
        case FieldKind.INTEGER:
            return "whole number"
        case FieldKind.DECIMAL:
            return f"number rounded to {spec.scale} decimals"
        case FieldKind.DOUBLE:
            return "double"
        case FieldKind.BOOLEAN:
            return "true or false"
        case FieldKind.INSTANT:
            return "time cut to the millisecond"
        case FieldKind.BYTES:
            return "bytes"
        case FieldKind.JSON:
            return "JSON value, order of names aside"
        case FieldKind.ARRAY:
            return f"array of {spec.items.value if spec.items else 'values'}, in order"
        case FieldKind.REFERENCE:
            return f"reference to {spec.refers_to}, by its legacy id"
        case FieldKind.CHILDREN:
            return "rows by position"
        case FieldKind.IDENTITY:
            return "the document's id"
    assert_never(spec.kind)
