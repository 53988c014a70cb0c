"""The forms that canonical values take beyond Python's own, and how raw values are named and spelled."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from reconciler.core.model import (
    Canonical,
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

Rule = Callable[[Raw], Canonical]
LARGEST_PLAIN_DOUBLE = 1e21
DAY_MS = 86_400_000


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
UNREADABLE = Token("unreadable")


class Milliseconds(int):
    """A point in time as milliseconds since 1970; compares as the number it is."""

    __slots__ = ()


class UnreadableValue(Exception):
    """A value that the field's rule can't take: where below the field, and of which type."""

    def __init__(self, *, type_name: str, path: str = "") -> None:
        """`path` is relative to the field, as it is appended to its path."""
        super().__init__(type_name)
        self.type_name = type_name
        self.path = path


TYPE_NAMES = {
    type(None): "null",
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
    if isinstance(value, Opaque) and value.unreadable:
        raise UnreadableValue(type_name=value.type_name)
    return Mistyped(type_name=type_name(value), shown=spelled(value))


def spelled(value: Raw) -> str:
    """A raw value as the text that JavaScript would print; empty for a type whose content nobody reads."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < LARGEST_PLAIN_DOUBLE:
            return str(int(value))
        case ObjectIdValue(hex=text) | JsonText(text=text) | InfiniteInstant(text=text):
            return text
        case ResolvedReference(legacy_id=text) | DanglingReference(shown=text):
            return text
        case Instant(microseconds=time):
            return iso_time(time // 1000)
        case bytes():
            return value.hex()
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, default=spelled)
        case Opaque():
            return ""
    return str(value)


def iso_time(milliseconds: int) -> str:
    """ISO 8601 with `Z` and milliseconds; a sign and six digits for years outside 0 to 9999, as JavaScript does."""
    days, rest = divmod(milliseconds, DAY_MS)
    year, month, day = _civil(days)
    seconds, millisecond = divmod(rest, 1000)
    date = f"{year:04d}" if 0 <= year <= 9999 else f"{'-' if year < 0 else '+'}{abs(year):06d}"  # noqa: PLR2004 - four digits
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{millisecond:03d}"
    return f"{date}-{month:02d}-{day:02d}T{clock}Z"


def _civil(days: int) -> tuple[int, int, int]:
    """Year, month, day of a count of days since 1970-01-01, for any year of the Gregorian calendar."""
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9  # noqa: PLR2004 - the year begins in March here
    return year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1  # noqa: PLR2004
