"""A canonical record told as text in Python: what the stores' own tellings are held to."""

import math
from decimal import Decimal

from reconciler.core.checksum.words import (
    CELL,
    FIELD,
    QUOTE,
    ROW,
    SOURCE_MARK,
    STEPS_OF_DOUBLE,
    TARGET_MARK,
    hash_of_bytes,
)
from reconciler.core.model import Canonical, Record, Side
from reconciler.core.number_rules import EXACT
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec
from reconciler.core.values import JsonBool, Milliseconds

MOST_DIGITS = 34  # of a Decimal128


def told(entity: EntitySpec, record: Record, side: Side) -> str:
    """The record's text; the side's mark stands for what has no exact form."""
    mark = SOURCE_MARK if side is Side.SOURCE else TARGET_MARK
    if record.problem or len(record.values) != len(entity.fields):
        return mark
    pairs = zip(entity.fields, record.values, strict=True)
    texts = [_field(spec, value, mark) or (mark if spec.path in entity.key else "") for spec, value in pairs]
    return FIELD.join(texts)


def whole(spec: FieldSpec, value: Canonical, side: Side) -> bool:
    """Whether a field's text tells its value without the side's mark."""
    mark = SOURCE_MARK if side is Side.SOURCE else TARGET_MARK
    text = _field(spec, value, mark)
    return text != mark if isinstance(value, str) else mark not in text


def _field(spec: FieldSpec, value: Canonical, mark: str) -> str:
    """One field's text."""
    if value is None:
        return ""
    match spec.kind, value:
        case FieldKind.CHILDREN, list():
            return _rows(spec, value, mark)
        case FieldKind.ARRAY | FieldKind.JSON, _:
            return _json(value, mark)
        case FieldKind.REFERENCE | FieldKind.IDENTITY, str():
            return value
        case FieldKind.DECIMAL, Decimal() | int():
            return _whole(EXACT.scaleb(Decimal(value), spec.scale or 0), mark)
        case FieldKind.INTEGER, Decimal() | int():
            return _whole(Decimal(value), mark)
        case _, _:
            return _single(value, mark)


def _single(value: Canonical, mark: str) -> str:
    """A single value's text."""
    match value:
        case bool():
            return "true" if value else "false"
        case Milliseconds():
            return str(int(value))
        case float():
            return _double(value, mark)
        case bytes():
            return str(hash_of_bytes(value))
        case str():
            return QUOTE + value
        case _:
            return mark


def _whole(number: Decimal, mark: str) -> str:
    """A number that is whole, as its digits."""
    if not number.is_finite() or number != number.to_integral_value() or number.adjusted() >= MOST_DIGITS:
        return mark
    return str(int(number))


def _double(value: float, mark: str) -> str:
    """A double as a whole number of steps."""
    for letter, least, below, power in STEPS_OF_DOUBLE:
        steps = math.ldexp(value, power) if least <= abs(value) < below else 0.5
        if steps == math.trunc(steps):
            return f"{letter}{int(steps)}"
    return mark


def _rows(spec: FieldSpec, rows: list[Canonical], mark: str) -> str:
    """Child rows in turn."""
    fields = spec.children.fields if spec.children else ()
    if not all(isinstance(row, dict) for row in rows):
        return mark
    cells = [[_field(item, row[item.path], mark) for item in fields] for row in rows if isinstance(row, dict)]
    return f"{len(rows)}[{''.join(CELL.join(row) + ROW for row in cells)}]"


def _json(value: Canonical, mark: str) -> str:
    """JSON as PostgreSQL prints jsonb."""
    match value:
        case None:
            return "null"
        case bool() | JsonBool():
            return "true" if value in (True, JsonBool.TRUE) else "false"
        case str():
            return mark if set(value) & {'"', "\\"} else f'"{value}"'
        case int() | Decimal():
            return format(EXACT.normalize(Decimal(value)), "f") if value else "0"
        case list():
            return f"[{', '.join(_json(item, mark) for item in value)}]"
        case dict():
            ordered = sorted(value.items(), key=lambda item: (len(item[0].encode()), item[0].encode()))
            return f"{{{', '.join(f'{_json(name, mark)}: {_json(item, mark)}' for name, item in ordered)}}}"
        case _:
            return mark
