"""Specimens for the drill: for each kind of field a pair that agrees, awkwardly spelled, and pairs that differ."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from reconciler.core.child_rows import STEP
from reconciler.core.compare import NESTED
from reconciler.core.model import (
    ChildRow,
    DanglingReason,
    DanglingReference,
    DiffKind,
    InfiniteInstant,
    Instant,
    JsonText,
    ObjectIdValue,
    Raw,
    ResolvedReference,
    Sensitivity,
)
from reconciler.core.spec import FieldKind, FieldSpec, NumberType

PAST, SOON, LATER = Instant(-1_000_000), Instant(7_000), Instant(7_999)
ID, OTHER_ID = "0a" * 12, "0b" * 12
Bad = tuple[Raw, Raw, DiffKind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """A source and a target value that agree, and (source, target, kind) that differ in this way."""

    source: Raw
    target: Raw
    bad: tuple[Bad, ...] = ()


def in_key(field: FieldSpec, *, prefix: str = "") -> Specimen:
    """A value for a part of a key."""
    match field.kind:
        case FieldKind.INTEGER:
            return Specimen(source=7.0, target=7)
        case FieldKind.IDENTITY:
            return Specimen(source=ObjectIdValue(ID), target=ID)
        case FieldKind.REFERENCE:
            return Specimen(source=ObjectIdValue(ID), target=ResolvedReference(ID))
        case _:
            return Specimen(source=f"{prefix}Key", target=f"{prefix}Key")


def specimen(field: FieldSpec, *, prefix: str = "") -> Specimen:
    """Values for a field outside the key; nulls against values are bad for every kind but children."""
    found = _of_kind(field, prefix)
    if field.sensitivity is Sensitivity.SECRET:
        found = replace(found, bad=tuple(_as_secret(field.kind, one) for one in found.bad))
    if field.kind is FieldKind.CHILDREN:
        return found
    nulls: tuple[Bad, ...] = (
        (found.source, None, DiffKind.MISSING_FIELD),
        (None, found.target, DiffKind.EXTRA_FIELD),
    )
    return Specimen(source=found.source, target=found.target, bad=(*found.bad, *nulls))


def _as_secret(kind: FieldKind, bad: Bad) -> Bad:
    """What differs below a secret field differs as a whole."""
    source, target, how = bad
    inside = kind in NESTED and source is not None and target is not None
    whole_order = how is DiffKind.ORDER and kind is FieldKind.ARRAY
    return (source, target, DiffKind.VALUE) if inside and not whole_order else bad


def _of_kind(field: FieldSpec, prefix: str) -> Specimen:
    """The specimen of a kind."""
    match field.kind:
        case FieldKind.JSON:
            return _json()
        case FieldKind.ARRAY:
            return _array(field)
        case FieldKind.CHILDREN:
            return _children(field)
        case FieldKind.REFERENCE | FieldKind.IDENTITY:
            return _reference(field)
        case FieldKind.DECIMAL:
            return _decimal(field)
        case FieldKind.TEXT | FieldKind.CHAR | FieldKind.CI | FieldKind.LOWER:
            return _text(field.kind, prefix)
        case _:
            return PLAIN[field.kind]


def _text(kind: FieldKind, prefix: str) -> Specimen:
    """Text: case, blanks and type."""
    text, equal = {
        FieldKind.CHAR: ("Ab", "Ab  "),
        FieldKind.CI: ("Ab\u00dc", "aB\u00fc"),
        FieldKind.LOWER: ("Ab\u00dc", "ab\u00fc"),
    }.get(kind, ("Ab ", "Ab "))
    others = {
        FieldKind.CI: ("ab", "ab\u00fc "),
        FieldKind.CHAR: ("ab", "Ab\t"),
        FieldKind.LOWER: ("Ab\u00dc", "ab\u00fc "),
    }.get(kind, ("ab ", "Ab"))
    source, target = f"{prefix}{text}", f"{prefix}{equal}"
    bad: list[Bad] = [(source, f"{prefix}{other}", DiffKind.VALUE) for other in others]
    return Specimen(source=source, target=target, bad=(*bad, (7, "7", DiffKind.TYPE)))


def _decimal(field: FieldSpec) -> Specimen:
    """A number at the column's scale: rounded away from zero at the half, and one unit of the last place."""
    unit = Decimal(1).scaleb(-(field.scale or 0))
    half = Decimal(5).scaleb(-(field.scale or 0) - 1)
    bad: list[Bad] = [
        (half, Decimal(0), DiffKind.VALUE),
        (unit, unit * 2, DiffKind.VALUE),
        (unit, Decimal("NaN"), DiffKind.VALUE),
        (True, Decimal(1), DiffKind.TYPE),
    ]
    if NumberType.DECIMAL128 not in field.accepts:
        return Specimen(source=1 if NumberType.DOUBLE in field.accepts else "1", target=Decimal(1), bad=tuple(bad[3:]))
    return Specimen(source=-half, target=-unit, bad=tuple(bad))


PLAIN = {
    FieldKind.INTEGER: Specimen(
        source=7.0,
        target=7,
        bad=((2**53 + 1, 2**53, DiffKind.VALUE), ("7", 7, DiffKind.TYPE), (True, 1, DiffKind.TYPE)),
    ),
    FieldKind.DOUBLE: Specimen(
        source=0.1,
        target=0.1,
        bad=((0.1, math.nextafter(0.1, 1), DiffKind.VALUE), ("0.1", 0.1, DiffKind.TYPE)),
    ),
    FieldKind.BOOLEAN: Specimen(
        source=True, target=True, bad=((True, False, DiffKind.VALUE), (1, True, DiffKind.TYPE))
    ),
    FieldKind.INSTANT: Specimen(
        source=SOON,
        target=LATER,
        bad=(
            (SOON, Instant(8_000), DiffKind.VALUE),
            (SOON, Instant(6_999), DiffKind.VALUE),
            (SOON, InfiniteInstant("infinity"), DiffKind.VALUE),
            ("1970-01-01T00:00:00.007Z", SOON, DiffKind.TYPE),
        ),
    ),
    FieldKind.BYTES: Specimen(
        source=b"\0a", target=b"\0a", bad=((b"\0a", b"\0", DiffKind.VALUE), ("\0a", b"\0a", DiffKind.TYPE))
    ),
}


def _json() -> Specimen:
    """Nested json: a value, a type, a name more, a name that starts with underscores, an order."""
    source = {"a": 1, "__v": {"b": [True, None, 2**60 + 1]}}
    good = '{"__v": {"b": [true, null, 1152921504606846977]}, "a": 1.0}'
    bad: tuple[Bad, ...] = (
        (source, JsonText(good.replace("1.0", "2")), DiffKind.VALUE),
        (source, JsonText(good.replace("6977", "6976")), DiffKind.VALUE),
        (source, JsonText(good.replace("true", "1")), DiffKind.TYPE),
        (source, JsonText(good.replace("[true, null", "[null, true")), DiffKind.ORDER),
        ({**source, "n": None}, JsonText(good), DiffKind.MISSING_FIELD),
    )
    return Specimen(source=source, target=JsonText(good), bad=bad)


def _array(field: FieldSpec) -> Specimen:
    """Two elements: in another order, one less, none."""
    kind = field.items or FieldKind.TEXT
    one = _of_kind(FieldSpec(path="x", kind=kind, column="x", scale=field.scale, accepts=field.accepts), "")
    source, target = [one.source, None], [one.target, None]
    bad: tuple[Bad, ...] = (
        (source, target[::-1], DiffKind.ORDER),
        (source, target[:1], DiffKind.MISSING_FIELD),
        (source, [*target, None], DiffKind.EXTRA_FIELD),
        ([], None, DiffKind.MISSING_FIELD),
    )
    inside = tuple(([left, None], [right, None], how) for left, right, how in one.bad)
    return Specimen(source=source, target=target, bad=(*bad, *inside))


def _reference(field: FieldSpec) -> Specimen:
    """An id that leads to its record, to another, to nothing, or is a text."""
    right: Raw = ResolvedReference(ID) if field.kind is FieldKind.REFERENCE else ID
    wrong: Raw = ResolvedReference(OTHER_ID) if field.kind is FieldKind.REFERENCE else OTHER_ID
    nowhere = DanglingReference(DanglingReason.NO_ROW, "")
    bad: list[Bad] = [(ObjectIdValue(ID), wrong, DiffKind.VALUE), (ID, right, DiffKind.TYPE)]
    if field.kind is FieldKind.REFERENCE:
        bad.append((ObjectIdValue(ID), nowhere, DiffKind.DANGLING_REFERENCE))
    return Specimen(source=ObjectIdValue(ID), target=right, bad=tuple(bad))


def _children(field: FieldSpec) -> Specimen:
    """Two elements: a row less, none, a row too many, one at a position that is taken, one at none."""
    fields = field.children.fields if field.children else ()
    if _entangled(fields):
        return Specimen(source=[], target=())
    found = [_of_kind(item, "") for item in fields]
    element: Raw = {}
    for item, one in zip(fields, found, strict=True):
        element = _placed(element, STEP.findall(item.path), one.source)
    row = tuple(one.target for one in found)
    source: Raw = [element, element]
    rows = (ChildRow(0, row), ChildRow(1, row))
    bad: tuple[Bad, ...] = (
        (source, rows[:1], DiffKind.MISSING_FIELD),
        (source, (), DiffKind.MISSING_FIELD),
        (source, (*rows, ChildRow(2, row)), DiffKind.EXTRA_FIELD),
        (source, (*rows, ChildRow(1, row)), DiffKind.TYPE),
        (source, (*rows, ChildRow(None, row)), DiffKind.TYPE),
    )
    return Specimen(source=source, target=rows, bad=bad)


def _placed(inner: Raw, steps: Sequence[str], value: Raw) -> Raw:
    """The object or array with a value at these steps."""
    if not steps:
        return value
    if steps[0].startswith("["):
        index = int(steps[0][1:-1])
        items = [*inner] if isinstance(inner, list) else []
        items += [None] * (index + 1 - len(items))
        items[index] = _placed(items[index], steps[1:], value)
        return items
    named = {**inner} if isinstance(inner, dict) else {}
    return named | {steps[0]: _placed(named.get(steps[0]), steps[1:], value)}


def _entangled(fields: Sequence[FieldSpec]) -> bool:
    """Whether a field lies inside another: then no element can hold a specimen of both."""
    paths = [tuple(STEP.findall(item.path)) for item in fields]
    return any(one != other and other[: len(one)] == one for one in paths for other in paths)
