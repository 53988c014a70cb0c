"""Values as canonical extended JSON: what a field should hold, and what it was seen to hold."""

import base64
import re
from decimal import Decimal
from typing import Final

from reconciler.core.model import Canonical, Instant, Mistyped, ObjectIdValue, Raw
from reconciler.core.normalize import target_rule
from reconciler.core.repair.plan import CannotRepair
from reconciler.core.spec import FieldKind, FieldSpec, NumberType
from reconciler.core.values import JsonBool, Milliseconds, UnreadableValue

Json = object
AMBIGUOUS: Final = re.compile(r"[0-9a-f]{24}|[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
INT32: Final = 2**31
INT64: Final = 2**63
DIGITS: Final = 34


# -- what a field should hold ------------------------------------------------------------------------------------------


def wanted(spec: FieldSpec, raw: Raw) -> Json:
    """The field's value as the row has it, by the field's rule. Raises CannotRepair."""
    try:
        value = target_rule(spec)(raw)
    except UnreadableValue:
        raise CannotRepair(f"{spec.path} in PostgreSQL can't be read by its rule") from None
    if value is None:
        return None
    if isinstance(value, Mistyped):
        raise CannotRepair(f"{spec.path} in PostgreSQL is of a type that its rule does not name")
    if spec.kind is FieldKind.JSON:
        return _document(spec, value)
    if spec.kind is FieldKind.ARRAY and isinstance(value, list):
        return [None if item is None else _scalar(spec, spec.items, item, item) for item in value]
    return _scalar(spec, spec.kind, value, raw)


def _scalar(spec: FieldSpec, kind: FieldKind | None, value: Canonical, raw: Raw) -> Json:  # noqa: C901 - one line a kind
    """One canonical value in the BSON type that the backend's driver writes."""
    match value:
        case bool():
            return value
        case Milliseconds():
            return {"$date": {"$numberLong": str(int(value))}}
        case float():
            return {"$numberDouble": repr(value)}
        case Decimal() if kind is FieldKind.INTEGER and value == value.to_integral_value():
            return _whole(spec, int(value))
        case int() if kind is FieldKind.INTEGER:
            return _whole(spec, value)
        case Decimal() | int():
            return _decimal(spec, Decimal(value))
        case bytes():
            return {"$binary": {"base64": base64.b64encode(value).decode(), "subType": "00"}}
        case str() if kind is FieldKind.REFERENCE:
            return {"$oid": value}
        case str() if kind is FieldKind.LOWER and value != value.lower():
            raise CannotRepair(f"{spec.path} in PostgreSQL is not in lower case, and no document's value makes it so")
        case str():
            return raw if kind is FieldKind.CI and isinstance(raw, str) else value
    raise CannotRepair(f"{spec.path} in PostgreSQL holds a value that has no form in the document")


def _whole(spec: FieldSpec, value: int) -> Json:
    """A whole number as int where it fits, else as Long."""
    if not -INT64 <= value < INT64:
        raise CannotRepair(f"{spec.path} in PostgreSQL is beyond what a Long holds")
    return {"$numberInt": str(value)} if -INT32 <= value < INT32 else {"$numberLong": str(value)}


def _decimal(spec: FieldSpec, value: Decimal) -> Json:
    """A number with its digits, in a type that the field accepts."""
    if NumberType.DECIMAL128 in spec.accepts:
        if len(value.as_tuple().digits) > DIGITS:
            raise CannotRepair(f"{spec.path} in PostgreSQL has more digits than a Decimal128 holds")
        return {"$numberDecimal": format(value, "f")}
    if NumberType.STRING in spec.accepts:
        return format(value, "f")
    raise CannotRepair(f"{spec.path} is a double in MongoDB, which may not hold what PostgreSQL has")


def _document(spec: FieldSpec, value: Canonical) -> Json:
    """Canonical JSON as BSON; what may have been an ObjectId or a date there can't be told from a text."""
    match value:
        case None:
            return None
        case JsonBool():
            return value.value
        case str():
            if AMBIGUOUS.fullmatch(value):
                raise CannotRepair(f"{spec.path} holds a text that may have been an ObjectId or a date")
            return value
        case int():
            return _whole(spec, value)
        case Decimal():
            number = float(value)
            if Decimal(repr(number)) != value:
                raise CannotRepair(f"{spec.path} holds a number with more digits than a double has")
            return {"$numberDouble": repr(number)}
        case list():
            return [_document(spec, item) for item in value]
        case dict():
            return {_name(spec, key): _document(spec, item) for key, item in value.items()}
    raise CannotRepair(f"{spec.path} holds a value that has no form in the document")


def _name(spec: FieldSpec, name: str) -> str:
    """A name inside an object; one that means something to MongoDB or to extended JSON is refused."""
    if name.startswith("$") or "\0" in name:
        raise CannotRepair(f"{spec.path} holds a name that a command can't spell")
    return name


# -- what a field was seen to hold -------------------------------------------------------------------------------------


def seen_value(spec: FieldSpec, raw: Raw) -> Json:
    """A document's value as it was read. Raises CannotRepair for what can't be told exactly."""
    match raw:
        case None | bool() | str():
            return raw
        case int():
            return {"$numberInt": str(raw)} if -INT32 <= raw < INT32 else {"$numberLong": str(raw)}
        case float():
            return {"$numberDouble": _double(raw)}
        case Decimal():
            return {"$numberDecimal": "NaN" if raw.is_nan() else str(raw)}
        case ObjectIdValue(hex=digits):
            return {"$oid": digits}
        case Instant(microseconds=time):
            return {"$date": {"$numberLong": str(time // 1000)}}
        case bytes():
            return {"$binary": {"base64": base64.b64encode(raw).decode(), "subType": "00"}}
        case list():
            return [seen_value(spec, item) for item in raw]
        case dict():
            return {_name(spec, key): seen_value(spec, item) for key, item in raw.items()}
    raise CannotRepair(f"{spec.path} in MongoDB has a type that can't be told in a command")


def _double(value: float) -> str:
    """A double as extended JSON spells it."""
    return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(repr(value), repr(value))
