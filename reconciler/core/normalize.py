"""Plain values to canonical values, one rule a kind of field and side; what no rule takes is Mistyped or Unreadable.

Canonical forms: text kinds `str`; integer `int | Decimal | Token`; decimal `Decimal | int | Token`; double `float |
Token`; boolean `bool`; instant `Milliseconds` (cut downwards) or Token; bytes `bytes`; reference and identity `str`
(24 hex digits) or DanglingReference; json `dict | list | str | int | Decimal | JsonBool | Token | None`; array and
children lists of these.
"""

from collections.abc import Callable, Sequence
from typing import assert_never

from reconciler.core.child_rows import elements, rows
from reconciler.core.json_values import json_column, json_document
from reconciler.core.model import (
    MISSING,
    Canonical,
    DanglingReference,
    InfiniteInstant,
    Instant,
    ObjectIdValue,
    Raw,
    ResolvedReference,
    Side,
)
from reconciler.core.number_rules import decimal, decimal_column, double, integer, integer_column
from reconciler.core.spec import ChildTable, FieldKind, FieldSpec
from reconciler.core.values import Milliseconds, Rule, Token, mistyped


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
            return integer
        case FieldKind.DECIMAL:
            return decimal(spec)
        case FieldKind.DOUBLE:
            return double
        case FieldKind.BOOLEAN:
            return _of_type(bool)
        case FieldKind.INSTANT:
            return _instant
        case FieldKind.BYTES:
            return _of_type(bytes)
        case FieldKind.JSON:
            return json_document
        case FieldKind.ARRAY:
            return _list_of(source_rule(element_of(spec)))
        case FieldKind.REFERENCE | FieldKind.IDENTITY:
            return _object_id
        case FieldKind.CHILDREN:
            return elements([(item.path, source_rule(item)) for item in _children(spec).fields])
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
            return integer_column
        case FieldKind.DECIMAL:
            return decimal_column
        case FieldKind.DOUBLE:
            return double
        case FieldKind.BOOLEAN:
            return _of_type(bool)
        case FieldKind.INSTANT:
            return _instant
        case FieldKind.BYTES:
            return _of_type(bytes)
        case FieldKind.JSON:
            return json_column
        case FieldKind.ARRAY:
            return _list_of(target_rule(element_of(spec)))
        case FieldKind.REFERENCE:
            return _reference_column
        case FieldKind.CHILDREN:
            return rows([(item.path, target_rule(item)) for item in _children(spec).fields])
    assert_never(spec.kind)


def unchanged(spec: FieldSpec, side: Side) -> type | None:
    """The type whose values the field's rule returns as they are, if there is one."""
    match spec.kind:
        case FieldKind.TEXT:
            return str
        case FieldKind.LOWER | FieldKind.IDENTITY if side is Side.TARGET:
            return str
        case FieldKind.BOOLEAN:
            return bool
        case FieldKind.BYTES:
            return bytes
        case FieldKind.INTEGER:
            return int
        case _:
            return None


def _of_type(wanted: type, change: Callable[..., Canonical] | None = None) -> Rule:
    """Takes exactly one Python type; null and missing are None; everything else is mistyped."""

    def rule(value: Raw) -> Canonical:
        if type(value) is wanted:
            return value if change is None else change(value)
        return None if value is None or value is MISSING else mistyped(value)

    return rule


def _char(text: str) -> str:
    """A char(n) without its padding."""
    return text.rstrip(" ")


def _instant(value: Raw) -> Canonical:
    """Milliseconds since 1970, cut downwards; infinities differ from every date."""
    if type(value) is Instant:
        return Milliseconds(value.microseconds // 1000)
    if type(value) is InfiniteInstant:
        return Token(value.text)
    return None if value is None or value is MISSING else mistyped(value)


def _object_id(value: Raw) -> Canonical:
    """An ObjectId as its hex digits."""
    if type(value) is ObjectIdValue:
        return value.hex
    return None if value is None or value is MISSING else mistyped(value)


def _reference_column(value: Raw) -> Canonical:
    """A reference that the target adapter has resolved."""
    if type(value) is ResolvedReference:
        return value.legacy_id
    if type(value) is DanglingReference:
        return value
    return None if value is None else mistyped(value)


def _list_of(element: Rule) -> Rule:
    """An ordered array; null and missing are None, an empty array is not."""

    def rule(value: Raw) -> Canonical:
        if type(value) is list:
            return _each(value, element)
        return None if value is None or value is MISSING else mistyped(value)

    return rule


def _each(values: Sequence[Raw], element: Rule) -> list[Canonical]:
    """Every element by its rule."""
    return [element(value) for value in values]


def element_of(spec: FieldSpec) -> FieldSpec:
    """The field that an array's element would be."""
    if spec.items is None:
        raise KeyError(spec.path)
    return FieldSpec(
        path=spec.path,
        kind=spec.items,
        column=spec.column,
        sensitivity=spec.sensitivity,
        scale=spec.scale,
        accepts=spec.accepts,
    )


def _children(spec: FieldSpec) -> ChildTable:
    """The child table of a field of kind children."""
    if spec.children is None:
        raise KeyError(spec.path)
    return spec.children
