"""Raw values that a rule changes, told as expressions of MongoDB's aggregation."""

from collections.abc import Sequence

from reconciler.core.checksum.mongo import Expression, at, below, joined, key_parts, sound
from reconciler.core.checksum.soft import soft_sides
from reconciler.core.checksum.words import CELL, FIELD, ROW
from reconciler.core.model import Side
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec


def changed(entity: EntitySpec, item: FieldSpec, *, root: str, owner: str) -> Expression:
    """Whether the field's rule changes what a document holds."""
    return _guarded(root, item, _changed(item, at(entity, item.path, root, owner)), otherwise=False)


def hashed(entity: EntitySpec, item: FieldSpec, *, root: str, owner: str) -> Expression:
    """The hash of the record's key and the field's raw value; only to be asked where `changed` holds."""
    key = [{"$ifNull": [part, ""]} for part in key_parts(entity, root=root, owner=owner)]
    return {"$toHashedIndexKey": joined([*key, _raw(item, at(entity, item.path, root, owner))], FIELD)}


def _guarded(root: str, item: FieldSpec, found: Expression, *, otherwise: Expression) -> Expression:
    """An expression that is asked only where its path leads to what it should: an index fails on anything else."""
    return {"$cond": [sound(root, [item.path]), found, otherwise]} if "[" in item.path else found


def _changed(item: FieldSpec, value: Expression) -> Expression:
    """Whether a rule changes a value; a time has no digits that could be cut."""
    if item.children is not None:
        rows = {"$cond": [{"$isArray": [value]}, value, []]}
        some = [one for one in _cells(item) if Side.SOURCE in soft_sides(one)]
        cells = [_guarded("$$this", one, _changed(one, below("$$this", one.path)), otherwise=False) for one in some]
        return {"$anyElementTrue": [{"$map": {"input": rows, "as": "this", "in": {"$or": cells}}}]}
    other = {"$ne": [value, _trimmed(value) if item.kind is FieldKind.CHAR else {"$toLower": value}]}
    return {"$cond": [{"$eq": [{"$type": value}, "string"]}, other, False]}


def _raw(item: FieldSpec, value: Expression) -> Expression:
    """A raw value as text, as far as its rule makes nothing of it."""
    if item.children is not None:
        cells = [_guarded("$$this", one, _raw(one, below("$$this", one.path)), otherwise="") for one in _cells(item)]
        row = joined(cells, CELL)
        return {"$reduce": {"input": value, "initialValue": "", "in": {"$concat": ["$$value", row, ROW]}}}
    match item.kind:
        case FieldKind.INSTANT:
            return "0"
        case FieldKind.CHAR:
            blanks = {"$subtract": [{"$strLenBytes": value}, {"$strLenBytes": _trimmed(value)}]}
            text: Expression = {"$toString": blanks}
        case _:
            text = value
    return {"$cond": [{"$eq": [{"$type": value}, "string"]}, text, ""]}


def _cells(item: FieldSpec) -> Sequence[FieldSpec]:
    """The fields of child rows whose rules may change a value."""
    return [one for one in item.children.fields if soft_sides(one)] if item.children else []


def _trimmed(value: Expression) -> Expression:
    """A text without blanks at its end."""
    return {"$rtrim": {"input": value, "chars": " "}}
