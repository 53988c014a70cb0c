"""Values as SQL text: what a column should hold, and the condition that it still holds what was seen."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from reconciler.core.model import (
    Canonical,
    DanglingReference,
    InfiniteInstant,
    Instant,
    JsonText,
    Mistyped,
    Opaque,
    Raw,
    ResolvedReference,
)
from reconciler.core.normalize import source_rule
from reconciler.core.repair.plan import CannotRepair
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec, System
from reconciler.core.values import JsonBool, Milliseconds, Token, UnreadableValue, iso_time

NULL: Final = "NULL"
FIRST_MS, END_MS = -62_135_596_800_000, 253_402_300_800_000  # the years 1 to 9999
AS_TEXT: Final = frozenset({FieldKind.TEXT, FieldKind.CHAR, FieldKind.CI})
NUMBERS: Final = frozenset({FieldKind.DECIMAL, FieldKind.DOUBLE})


def name(text: str) -> str:
    """An identifier in quotes."""
    return '"' + text.replace('"', '""') + '"'


def table(schema: str, text: str) -> str:
    """A table with its schema."""
    return f"{name(schema)}.{name(text)}"


def literal(text: str) -> str:
    """A text between quotes; backslashes mean nothing while standard_conforming_strings is on."""
    if "\0" in text:
        raise CannotRepair("the value holds U+0000, which PostgreSQL can't")
    return "'" + text.replace("'", "''") + "'"


# -- what a column should hold -----------------------------------------------------------------------------------------


def wanted(spec: FieldSpec, raw: Raw, system: System) -> str:
    """The column's value as the document has it, by the field's rule. Raises CannotRepair."""
    try:
        value = source_rule(spec)(raw)
    except UnreadableValue:
        raise CannotRepair(f"{spec.path} in MongoDB can't be read by its rule") from None
    if value is None:
        return NULL
    if isinstance(value, Mistyped):
        told = f"{spec.path} in MongoDB is of the type {value.type_name}, which its rule does not name"
        raise CannotRepair(f"{told}: mend MongoDB, or plan with --direction mongo")
    if spec.kind is FieldKind.REFERENCE:
        return referred(spec, str(value), system)
    if spec.kind in AS_TEXT and isinstance(raw, str):
        return literal(raw)
    if spec.kind is FieldKind.ARRAY and isinstance(value, list):
        return literal(_array([_plain(spec, item) for item in value]))
    return literal(_json(value)) if spec.kind is FieldKind.JSON else literal(_plain(spec, value) or "")


def referred(spec: FieldSpec, legacy_id: str, system: System) -> str:
    """The row's own id that goes with an ObjectId, looked up when the plan runs."""
    entity = system.entity(spec.refers_to)
    found = f"{name(entity.legacy_column)} = {literal(legacy_id)}"
    return f"(SELECT {name(entity.row_id)} FROM {table(entity.schema, entity.table)} WHERE {found})"


def _plain(spec: FieldSpec, value: Canonical) -> str | None:  # noqa: C901 - one line a type
    """A canonical value as the text that PostgreSQL reads; None for null."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case Milliseconds():
            return _moment(value * 1000)
        case Token():
            return _token(spec, value)
        case Decimal() if spec.kind is FieldKind.INTEGER and value != value.to_integral_value():
            raise CannotRepair(f"{spec.path} in MongoDB is no whole number, and the column holds only such")
        case Decimal():
            return format(value, "f")
        case float():
            return repr(value)
        case int():
            return str(int(value))
        case bytes():
            return f"\\x{value.hex()}"
        case str():
            return value
        case _:
            raise CannotRepair(f"{spec.path} in MongoDB holds a value that has no form in the column")


def _token(spec: FieldSpec, value: Token) -> str:
    """NaN and infinities, where the column can hold them."""
    if spec.kind in NUMBERS and value.text in ("NaN", "Infinity", "-Infinity"):
        return value.text
    raise CannotRepair(f"{spec.path} in MongoDB holds a value that has no form in the column")


def _moment(microseconds: int) -> str:
    """A point in time to the microsecond."""
    milliseconds, rest = divmod(microseconds, 1000)
    if not FIRST_MS <= milliseconds < END_MS:
        raise CannotRepair("a time lies outside the years 1 to 9999")
    return f"{iso_time(milliseconds)[:-1]}{rest:03d}+00" if rest else f"{iso_time(milliseconds)[:-1]}+00"


def _array(items: Sequence[str | None]) -> str:
    """The text of an array, each element in quotes."""
    texts = ["NULL" if item is None else '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in items]
    return "{" + ",".join(texts) + "}"


def _json(value: Canonical) -> str:
    """Canonical JSON as text, numbers with all their digits."""
    match value:
        case JsonBool():
            return "true" if value.value else "false"
        case None:
            return "null"
        case str():
            if "\0" in value:
                raise CannotRepair("a text inside json holds U+0000, which jsonb can't")
            return json.dumps(value, ensure_ascii=False)
        case Decimal():
            return format(value, "f")
        case int():
            return str(value)
        case list():
            return f"[{', '.join(map(_json, value))}]"
        case dict():
            return "{" + ", ".join(f"{_json(key)}: {_json(item)}" for key, item in value.items()) + "}"
        case _:
            raise CannotRepair("a number inside json is NaN or infinite, which JSON can't hold")


# -- what a column was seen to hold ------------------------------------------------------------------------------------


def still(column: str, spec: FieldSpec, raw: Raw, system: System) -> str:
    """The condition that a column (as SQL) holds what was read of it."""
    match raw:
        case None:
            return f"{column} IS NULL"
        case Opaque():
            raise CannotRepair(f"{spec.path} in PostgreSQL has a type that no rule takes")
        case ResolvedReference(legacy_id=legacy_id):
            return f"{column} = {referred(spec, legacy_id, system)}"
        case DanglingReference(shown=shown):
            return f"{column} = {literal(shown)}"
        case JsonText(text=text):
            return f"{column}::jsonb IS NOT DISTINCT FROM {literal(text)}::jsonb"
        case list():
            return f"{column} IS NOT DISTINCT FROM {literal(_array([_seen(spec, item) for item in raw]))}"
    return f"{column} IS NOT DISTINCT FROM {literal(_seen(spec, raw) or '')}"


def _seen(spec: FieldSpec, raw: Raw) -> str | None:
    """A column's value as the text that PostgreSQL reads."""
    match raw:
        case None:
            return None
        case bool():
            return "true" if raw else "false"
        case Instant(microseconds=time):
            return _moment(time)
        case InfiniteInstant(text=text):
            return text
        case Decimal():
            return format(raw, "f") if raw.is_finite() else str(raw)
        case float():
            return repr(raw)
        case int() | str():
            return str(raw)
        case bytes():
            return f"\\x{raw.hex()}"
        case _:
            raise CannotRepair(f"{spec.path} in PostgreSQL has a value that can't be told in SQL")


def key_still(entity: EntitySpec, values: Sequence[Raw], system: System) -> str:
    """The condition that a row has the key it had."""
    keyed = [(entity.field(path), values[entity.index(path)]) for path in entity.key]
    return " AND ".join(still(name(spec.column), spec, value, system) for spec, value in keyed)
