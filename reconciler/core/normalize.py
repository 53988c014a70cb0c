"""Plain values to canonical values, one rule for each kind of field; what no rule takes is Mistyped or Unreadable, never skipped.

Canonical forms: text kinds `str`; integer `int | Decimal | Token`; decimal `Decimal | Token`; double `float | Token`; boolean `bool`;
instant `int` (milliseconds since 1970, cut downwards) or Token; bytes `bytes`; reference and identity `str` (24 hex digits) or
DanglingReference; json `dict | list | str | int | Decimal | JsonBool | Token | None`; array and children lists of these.
"""

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal
from enum import Enum
from typing import assert_never

from reconciler.core.model import (
    MISSING,
    Canonical,
    ChildRow,
    DanglingReference,
    InfiniteInstant,
    Instant,
    JsonText,
    Mistyped,
    ObjectIdValue,
    Opaque,
    Raw,
    ResolvedReference,
)
from reconciler.core.spec import ChildTable, FieldKind, FieldSpec, NumberType

Rule = Callable[[Raw], Canonical]

# Decimal128 reaches 10^6144: rounding such a number to a column's scale needs all its digits.
EXACT = Context(prec=7000, rounding=ROUND_HALF_UP, Emin=MIN_EMIN, Emax=MAX_EMAX)
NUMERAL = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?\s*", re.ASCII)
NAMED_NUMERAL = re.compile(r"\s*([+-]?)(nan|inf|infinity)\s*", re.IGNORECASE | re.ASCII)
MOST_CHILDREN = 100_000


class JsonBool(Enum):
    """A boolean inside json, equal to no number."""

    FALSE = False
    TRUE = True


@dataclass(frozen=True, slots=True)
class Token:
    """A value outside its kind's ordinary range, equal to itself only: NaN, an infinity, a hole in an array."""

    text: str


NAN = Token("NaN")
HOLE = Token("no row at this position")


class UnreadableValue(Exception):
    """A value that the field's rule can't take: where below the field, and of which type."""

    def __init__(self, *, type_name: str, path: str = "") -> None:
        """`path` is relative to the field, as it is appended to its path."""
        super().__init__(type_name)
        self.type_name = type_name
        self.path = path


TYPE_NAMES = {
    str: "string",
    bool: "bool",
    int: "int",
    float: "double",
    Decimal: "decimal",
    bytes: "binData",
    dict: "object",
    list: "array",
    ObjectIdValue: "objectId",
    Instant: "date",
    InfiniteInstant: "infinity",
    JsonText: "json",
    ResolvedReference: "uuid",
    tuple: "rows",
}


def type_name(value: Raw) -> str:
    """The BSON or PostgreSQL name of a raw value's type."""
    return value.type_name if isinstance(value, Opaque) else TYPE_NAMES.get(type(value), type(value).__name__)


def mistyped(value: Raw) -> Mistyped:
    """The value as one of a type that its rule does not name; UnreadableValue where it is broken."""
    match value:
        case (
            ObjectIdValue(hex=text)
            | JsonText(text=text)
            | InfiniteInstant(text=text)
            | ResolvedReference(legacy_id=text)
        ):
            shown = text
        case Opaque(unreadable=True):
            raise UnreadableValue(type_name=value.type_name)
        case Opaque():
            shown = ""
        case Instant(microseconds=time):
            shown = f"{time // 1000} ms"
        case bytes():
            shown = value.hex()
        case _:
            shown = str(value)
    return Mistyped(type_name=type_name(value), shown=shown)


def _of_type(wanted: type, change: Callable[..., Canonical] | None = None) -> Rule:
    """Takes exactly one Python type; null and missing are None; everything else is mistyped."""

    def rule(value: Raw) -> Canonical:
        if type(value) is wanted:
            return value if change is None else change(value)
        return None if value is None or value is MISSING else mistyped(value)

    return rule


# -- numbers -----------------------------------------------------------------------------------------------------------


def _exact(value: float | Decimal) -> Canonical:
    """A double or Decimal as the number it is."""
    number = Decimal(value)
    if number.is_finite():
        return number
    return NAN if number.is_nan() else Token("Infinity" if number > 0 else "-Infinity")


def _integer(value: Raw) -> Canonical:
    """A number compared as a number: int, Long and double are one type."""
    if type(value) is int:
        return value
    if value is None or value is MISSING:
        return None
    return _exact(value) if type(value) is float else mistyped(value)


def _integer_column(value: Raw) -> Canonical:
    """An integer column, or a numeric one that holds whole numbers."""
    return _exact(value) if type(value) is Decimal else _integer(value)


def _numeral(text: str) -> Canonical:
    """A number written as text, as PostgreSQL's numeric reads it."""
    if NUMERAL.fullmatch(text):
        return Decimal(text.strip())
    named = NAMED_NUMERAL.fullmatch(text)
    if named is None:
        raise UnreadableValue(type_name="string that is no number")
    return NAN if named[2].lower() == "nan" else Token("-Infinity" if named[1] == "-" else "Infinity")


def _number(value: Raw, accepts: frozenset[NumberType]) -> Canonical:
    """Any of the number types that a field accepts; a double counts as what it prints shortest."""
    if type(value) is Decimal and NumberType.DECIMAL128 in accepts:
        return _exact(value)
    if type(value) is float and NumberType.DOUBLE in accepts:
        return Decimal(repr(value)) if math.isfinite(value) else _exact(value)
    if type(value) is int and NumberType.DOUBLE in accepts:
        return Decimal(value)
    if type(value) is str and NumberType.STRING in accepts:
        return _numeral(value)
    return None if value is None or value is MISSING else mistyped(value)


def _decimal(spec: FieldSpec) -> Rule:
    """A number rounded to the column's scale, half away from zero."""
    accepts, step = frozenset(spec.accepts), Decimal(1).scaleb(-(spec.scale or 0))

    def rule(value: Raw) -> Canonical:
        number = _number(value, accepts)
        return number.quantize(step, context=EXACT) if isinstance(number, Decimal) else number

    return rule


def _decimal_column(value: Raw) -> Canonical:
    """A numeric column as it is."""
    return _number(value, frozenset({NumberType.DECIMAL128, NumberType.DOUBLE}))


def _double(value: Raw) -> Canonical:
    """A number as the nearest double."""
    if type(value) not in (float, int, Decimal):
        return None if value is None or value is MISSING else mistyped(value)
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:
        return mistyped(value)
    return number if math.isfinite(number) else _exact(number)


# -- time --------------------------------------------------------------------------------------------------------------


def _instant(value: Raw) -> Canonical:
    """Milliseconds since 1970, cut downwards; infinities differ from every date."""
    if type(value) is Instant:
        return value.microseconds // 1000
    if type(value) is InfiniteInstant:
        return Token(value.text)
    return None if value is None or value is MISSING else mistyped(value)


def iso_time(milliseconds: int) -> str:
    """ISO 8601 with `Z` and milliseconds, with a sign and six digits for years outside 0 to 9999, as JavaScript writes it."""
    days, rest = divmod(milliseconds, 86_400_000)
    year, month, day = _civil(days)
    seconds, millisecond = divmod(rest, 1000)
    date = f"{year:04d}" if 0 <= year <= 9999 else f"{'-' if year < 0 else '+'}{abs(year):06d}"  # noqa: PLR2004 - four digits
    return f"{date}-{month:02d}-{day:02d}T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{millisecond:03d}Z"


def _civil(days: int) -> tuple[int, int, int]:
    """Year, month, day of a count of days since 1970-01-01, for any year (the proleptic Gregorian calendar's era arithmetic)."""
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9  # noqa: PLR2004 - the year begins in March here
    return year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1  # noqa: PLR2004


# -- json --------------------------------------------------------------------------------------------------------------


def _json(value: Raw) -> Canonical:
    """A document's value as the JSON value that the backfill writes for it."""
    return None if value is MISSING else json_value(value, "")


def json_value(value: Raw, path: str) -> Canonical:
    """One BSON value inside json; UnreadableValue for what JSON has no form for."""
    match value:
        case None | str():
            return value
        case bool():
            return JsonBool(value)
        case int():
            return value
        case float():
            return Decimal(repr(value)) if math.isfinite(value) else _exact(value)
        case dict():
            return {name: json_value(item, f"{path}{step(name)}") for name, item in value.items()}
        case list():
            return [json_value(item, f"{path}[{index}]") for index, item in enumerate(value)]
        case ObjectIdValue(hex=digits):
            return digits
        case Instant(microseconds=time):
            return iso_time(time // 1000)
        case _:
            raise UnreadableValue(type_name=type_name(value), path=path)


def _json_column(value: Raw) -> Canonical:
    """A json or jsonb column, numbers with all their digits; the whole value null counts as SQL NULL."""
    if type(value) is not JsonText:
        return None if value is None else mistyped(value)
    try:
        return _tagged(
            json.loads(
                value.text,
                parse_float=Decimal,
                parse_int=_whole,
                parse_constant=_no_constant,
                object_pairs_hook=_object,
            )
        )
    except (ValueError, RecursionError) as problem:
        raise UnreadableValue(type_name=f"json ({type(problem).__name__})") from None


def _whole(digits: str) -> int | Decimal:
    """An integer of any length; Python refuses to parse very long ones as int."""
    return int(digits) if len(digits) < 4000 else Decimal(digits)  # noqa: PLR2004 - below Python's own limit of 4300 digits


def _no_constant(name: str) -> object:
    """NaN and Infinity are no JSON."""
    raise ValueError(name)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose names occur once each."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(pairs)
    return found


def _tagged(value: object) -> Canonical:
    """Parsed JSON with its booleans set apart from numbers."""
    match value:
        case bool():
            return JsonBool(value)
        case dict():
            return {name: _tagged(item) for name, item in value.items()}
        case list():
            return [_tagged(item) for item in value]
        case _:
            return value


PLAIN_NAME = re.compile(r"[A-Za-z_$][\w$-]*")


def step(name: str) -> str:
    """A name as the next step of a path: `.name`, or `["na.me"]` where a dot would mislead."""
    return f".{name}" if PLAIN_NAME.fullmatch(name) else f"[{json.dumps(name, ensure_ascii=False)}]"


# -- arrays and child rows ---------------------------------------------------------------------------------------------


def _list_of(element: Rule) -> Rule:
    """An ordered array; null and missing are None, an empty array is not."""

    def rule(value: Raw) -> Canonical:
        if type(value) is list:
            return [element(item) for item in value]
        return None if value is None or value is MISSING else mistyped(value)

    return rule


def _elements(children: ChildTable) -> Rule:
    """An embedded array of objects; null, missing and empty are all no rows."""
    rules = [(item.path, source_rule(item)) for item in children.fields]

    def rule(value: Raw) -> Canonical:
        if value is None or value is MISSING:
            return []
        if type(value) is not list:
            return mistyped(value)
        return [_element(item, rules) for item in value]

    return rule


def _element(item: Raw, rules: Sequence[tuple[str, Rule]]) -> Canonical:
    """One embedded object as a mapping of its declared paths."""
    if type(item) is not dict:
        return mistyped(item)
    return {path: rule(dig(item, path)) for path, rule in rules}


def _rows(children: ChildTable) -> Rule:
    """Child rows as the array that their positions spell; a position taken twice, negative or null is an element too many."""
    rules = [(item.path, target_rule(item)) for item in children.fields]

    def rule(value: Raw) -> Canonical:
        if type(value) is not tuple:
            return [] if value is None else mistyped(value)
        placed: dict[int, Canonical] = {}
        strange: list[Canonical] = []
        for row in value:
            _place(row, rules, placed, strange)
        return [placed.get(index, HOLE) for index in range(max(placed, default=-1) + 1)] + strange

    return rule


def _place(
    row: ChildRow, rules: Sequence[tuple[str, Rule]], placed: dict[int, Canonical], strange: list[Canonical]
) -> None:
    """Puts a child row where its position says, or among the strange ones."""
    position = row.position
    if position is None or not 0 <= position < MOST_CHILDREN or position in placed:
        strange.append(Mistyped(type_name="row position", shown=f"position {position}"))
    else:
        placed[position] = {path: rule(value) for (path, rule), value in zip(rules, row.values, strict=True)}


def dig(document: Raw, path: str) -> Raw:
    """The raw value at a dotted path below an object; MISSING where a step is missing or null, Opaque where it is no object."""
    value: Raw = document
    for name in path.split("."):
        if value is None or value is MISSING:
            return MISSING
        if type(value) is not dict:
            return Opaque(type_name(value))
        value = value.get(name, MISSING)
    return value


# -- rules by kind -----------------------------------------------------------------------------------------------------


def _char(text: str) -> str:
    """A char(n) without its padding."""
    return text.rstrip(" ")


def _reference_column(value: Raw) -> Canonical:
    """A reference that the target adapter has resolved."""
    if type(value) is ResolvedReference:
        return value.legacy_id
    if type(value) is DanglingReference:
        return value
    return None if value is None else mistyped(value)


def _object_id(value: Raw) -> Canonical:
    """An ObjectId as its hex digits."""
    if type(value) is ObjectIdValue:
        return value.hex
    return None if value is None or value is MISSING else mistyped(value)


def source_rule(spec: FieldSpec) -> Rule:  # noqa: C901, PLR0911 - one line a kind
    """The rule that makes a document's value canonical."""
    match spec.kind:
        case FieldKind.TEXT:
            return _of_type(str)
        case FieldKind.CHAR:
            return _of_type(str, _char)
        case FieldKind.CI | FieldKind.LOWER:
            return _of_type(str, str.lower)
        case FieldKind.INTEGER:
            return _integer
        case FieldKind.DECIMAL:
            return _decimal(spec)
        case FieldKind.DOUBLE:
            return _double
        case FieldKind.BOOLEAN:
            return _of_type(bool)
        case FieldKind.INSTANT:
            return _instant
        case FieldKind.BYTES:
            return _of_type(bytes)
        case FieldKind.JSON:
            return _json
        case FieldKind.ARRAY:
            return _list_of(source_rule(_item(spec)))
        case FieldKind.REFERENCE | FieldKind.IDENTITY:
            return _object_id
        case FieldKind.CHILDREN:
            return _elements(_children(spec))
    assert_never(spec.kind)


def target_rule(spec: FieldSpec) -> Rule:  # noqa: C901, PLR0911 - one line a kind
    """The rule that makes a column's value canonical."""
    match spec.kind:
        case FieldKind.TEXT | FieldKind.LOWER | FieldKind.IDENTITY:
            return _of_type(str)
        case FieldKind.CHAR:
            return _of_type(str, _char)
        case FieldKind.CI:
            return _of_type(str, str.lower)
        case FieldKind.INTEGER:
            return _integer_column
        case FieldKind.DECIMAL:
            return _decimal_column
        case FieldKind.DOUBLE:
            return _double
        case FieldKind.BOOLEAN:
            return _of_type(bool)
        case FieldKind.INSTANT:
            return _instant
        case FieldKind.BYTES:
            return _of_type(bytes)
        case FieldKind.JSON:
            return _json_column
        case FieldKind.ARRAY:
            return _list_of(target_rule(_item(spec)))
        case FieldKind.REFERENCE:
            return _reference_column
        case FieldKind.CHILDREN:
            return _rows(_children(spec))
    assert_never(spec.kind)


def _item(spec: FieldSpec) -> FieldSpec:
    """The field that an array's element would be."""
    if spec.items is None:
        raise KeyError(spec.path)
    return FieldSpec(path=spec.path, kind=spec.items, column=spec.column, sensitivity=spec.sensitivity)


def _children(spec: FieldSpec) -> ChildTable:
    """The child table of a field of kind children."""
    if spec.children is None:
        raise KeyError(spec.path)
    return spec.children
