"""A record told as an expression of MongoDB's aggregation: constants of the configuration, no value of any record.

An expression never fails on a value: types are asked before anything is converted.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, assert_never

from reconciler.core.checksum.mongo_json import as_json, quoted
from reconciler.core.checksum.words import CELL, FIELD, QUOTE, ROW, SOURCE_MARK, STEPS_OF_DOUBLE
from reconciler.core.child_rows import STEP
from reconciler.core.spec import ChildTable, EntitySpec, FieldKind, FieldSpec, NumberType

Expression = Any
WHOLE = "$$ROOT"
NOTHING = ["missing", "null"]
LARGEST_WHOLE_DOUBLE = 2.0**63
LARGEST_DECIMAL = "1E+34"
MOST_DIGITS = 34


def told(entity: EntitySpec, *, root: str, owner: str = "") -> Expression:
    """The record's text. `root` is the variable or path that holds the document, `owner` where the owner's id is."""
    values = [_value(entity, item, at(entity, item.path, root, owner)) for item in entity.fields]
    inside = [item.path for item in entity.fields if not owner or item.path != _owner(entity)]
    return _if(sound(root, inside), joined(values, FIELD), SOURCE_MARK)


def key_parts(entity: EntitySpec, *, root: str, owner: str = "") -> list[Expression]:
    """The key's parts in merge order as texts; null for a part of another type."""
    return [_key_part(entity.field(path), at(entity, path, root, owner)) for path in entity.ordered_key]


def expired(path: str, *, root: str, now_ms: int) -> Expression:
    """Whether the time at a path is past, and no second value of that name says otherwise."""
    value = below(root, path)
    return {"$and": [_is(value, "date"), {"$lt": [{"$toLong": value}, now_ms]}, sound(root, [path])]}


def _owner(entity: EntitySpec) -> str:
    """The name of the field that holds the owner."""
    return entity.embedded.owner if entity.embedded else ""


def at(entity: EntitySpec, path: str, root: str, owner: str) -> Expression:
    """Where a field's value is."""
    return owner if owner and path == _owner(entity) else below(root, path)


def _value(entity: EntitySpec, item: FieldSpec, value: Expression) -> Expression:
    """A field's text; null in a key is a defect, on whichever side."""
    text = field(item, value)
    may_be_null = item.path in entity.key and item.kind not in (FieldKind.IDENTITY, FieldKind.REFERENCE)
    return _if({"$in": [{"$type": value}, NOTHING]}, SOURCE_MARK, text) if may_be_null else text


def _key_part(item: FieldSpec, value: Expression) -> Expression:
    """A part of the key as text, null where it is of another type."""
    match item.kind:
        case FieldKind.IDENTITY | FieldKind.REFERENCE:
            return _if(_is(value, "objectId"), {"$toString": value}, None)
        case FieldKind.INTEGER:
            return _integer(value, None)
        case _:
            return _if(_is(value, "string"), value, None)


# -- paths -------------------------------------------------------------------------------------------------------------


def below(root: str, path: str) -> Expression:
    """The value at a path; only to be asked where `sound` holds."""
    value: Expression = root
    for step in STEP.findall(path):
        value = _step(value, step)
    return value


def _step(value: Expression, step: str) -> Expression:
    """The value one step below."""
    if step.startswith("["):
        return {"$arrayElemAt": [value, int(step[1:-1])]}
    if isinstance(value, str):
        return f"${step}" if value == WHOLE else f"{value}.{step}"
    return {"$let": {"vars": {"e": value}, "in": f"$$e.{step}"}}


def sound(root: str, paths: Sequence[str]) -> Expression:
    """Whether all that the paths lead through is what they take it for, and no name in it occurs twice.

    MongoDB reads through arrays and past doubled names, the comparison does not.
    """
    conditions = [_is(root, "object"), _names_once(root)]
    for parent, is_array in _parents(root, paths):
        conditions.append({"$in": [{"$type": parent}, [*NOTHING, "array" if is_array else "object"]]})
        if not is_array:
            conditions.append(_names_once(parent))
    return {"$and": conditions}


def _parents(root: str, paths: Sequence[str]) -> list[tuple[Expression, bool]]:
    """What lies on the way to the values, outermost first, and whether it has to be an array."""
    found: list[tuple[Expression, bool]] = []
    for path in paths:
        steps = STEP.findall(path)
        value: Expression = root
        for step, following in pairwise(steps):
            value = _step(value, step)
            if (one := (value, following.startswith("["))) not in found:
                found.append(one)
    return found


def _names_once(value: Expression) -> Expression:
    """Whether an object's names occur once each: merging drops all but the last of a name."""
    size = {"$bsonSize": value}
    return {"$eq": [{"$ifNull": [size, 5]}, {"$bsonSize": {"$mergeObjects": [value]}}]}


# -- values ------------------------------------------------------------------------------------------------------------


def field(item: FieldSpec, value: Expression) -> Expression:  # noqa: C901, PLR0911 - one line a kind
    """The text of a field's value."""
    match item.kind:
        case FieldKind.TEXT:
            return _of_type(value, "string", {"$concat": [QUOTE, value]})
        case FieldKind.CHAR:
            return _of_type(value, "string", {"$concat": [QUOTE, {"$rtrim": {"input": value, "chars": " "}}]})
        case FieldKind.CI | FieldKind.LOWER:
            return _of_type(value, "string", {"$concat": [QUOTE, {"$toLower": value}]})
        case FieldKind.INTEGER:
            return _integer(value, _nothing(value))
        case FieldKind.DECIMAL:
            return _decimal(item, value)
        case FieldKind.DOUBLE:
            return _double(value)
        case FieldKind.BOOLEAN:
            return _boolean(value)
        case FieldKind.INSTANT:
            return _of_type(value, "date", {"$toString": {"$toLong": value}})
        case FieldKind.BYTES:
            return _of_type(value, "binData", {"$toString": {"$toHashedIndexKey": value}})
        case FieldKind.JSON:
            return _if({"$in": [{"$type": value}, NOTHING]}, "", as_json(value))
        case FieldKind.ARRAY:
            return _of_type(value, "array", _array(item, value))
        case FieldKind.REFERENCE | FieldKind.IDENTITY:
            return _of_type(value, "objectId", {"$toString": value})
        case FieldKind.CHILDREN:
            return _children(item, value)
    assert_never(item.kind)


def _if(condition: Expression, then: Expression, otherwise: Expression) -> Expression:
    """A choice."""
    return {"$cond": [condition, then, otherwise]}


def _is(value: Expression, type_name: str) -> Expression:
    """Whether a value is of a type."""
    return {"$eq": [{"$type": value}, type_name]}


def _nothing(value: Expression) -> Expression:
    """The text of null and missing, and the mark for everything else."""
    return _if({"$in": [{"$type": value}, NOTHING]}, "", SOURCE_MARK)


def _of_type(value: Expression, type_name: str, then: Expression) -> Expression:
    """The text of a value of one type."""
    return _if(_is(value, type_name), then, _nothing(value))


def joined(texts: Sequence[Expression], separator: str) -> Expression:
    """Texts with a separator between them."""
    return {"$concat": [part for text in texts for part in (separator, text)][1:]}


def _boolean(value: Expression) -> Expression:
    """A boolean; a number is none."""
    return _if({"$eq": [value, True]}, "true", _if({"$eq": [value, False]}, "false", _nothing(value)))


def _integer(value: Expression, otherwise: Expression) -> Expression:
    """A whole number of any type but Decimal128."""
    return {
        "$switch": {
            "branches": [
                {"case": {"$in": [{"$type": value}, ["int", "long"]]}, "then": {"$toString": value}},
                {"case": _whole_double(value), "then": {"$toString": {"$toLong": value}}},
            ],
            "default": otherwise,
        }
    }


def _whole_double(value: Expression) -> Expression:
    """Whether a value is a double that a Long can hold exactly; NaN is below every number here."""
    limit = LARGEST_WHOLE_DOUBLE
    bounds = [{"$gt": [value, -limit]}, {"$lt": [value, limit]}, {"$eq": [value, {"$trunc": value}]}]
    return {"$and": [_is(value, "double"), *bounds]}


def _double(value: Expression) -> Expression:
    """A number as a double, told as a whole number of steps."""
    branches = [_steps(*step) for step in STEPS_OF_DOUBLE]
    number = {"$or": [_is("$$v", "double"), {"$in": [{"$type": "$$v"}, ["int", "long"]]}]}
    told_so = _if(number, {"$switch": {"branches": branches, "default": SOURCE_MARK}}, _nothing("$$v"))
    return {"$let": {"vars": {"v": value}, "in": told_so}}


def _steps(letter: str, least: float, below: float, power: int) -> Expression:
    """A branch for `$$v` of a magnitude, where every double is a whole number of steps, or this one is.

    NaN is below every number here, and so in no branch.
    """
    steps, size = {"$multiply": ["$$v", 2.0**power]}, {"$abs": "$$v"}
    fits = [{"$gte": [size, least]}, {"$lt": [size, below]}]
    if not least:
        fits.append({"$eq": [steps, {"$trunc": steps}]})
    text: Expression = {"$toString": {"$toLong": steps}}
    return {"case": {"$and": fits}, "then": {"$concat": [letter, text]} if letter else text}


def _decimal(item: FieldSpec, value: Expression) -> Expression:
    """A number of any accepted type at the column's scale."""
    scale, branches = item.scale or 0, []
    if NumberType.DECIMAL128 in item.accepts:
        branches.append({"case": _is(value, "decimal"), "then": _scaled(value, scale)})
    if NumberType.DOUBLE in item.accepts:
        whole = {"$in": [{"$type": value}, ["int", "long"]]}
        branches.append({"case": whole, "then": _scaled({"$toDecimal": value}, scale)})
        branches.append({"case": _is(value, "double"), "then": _shortest(value, scale)})
    if NumberType.STRING in item.accepts:
        short = {"$and": [_is(value, "string"), {"$lte": [{"$strLenBytes": value}, MOST_DIGITS]}]}
        branches.append({"case": short, "then": _scaled(_converted(value, "decimal"), scale)})
    return {"$switch": {"branches": branches, "default": _nothing(value)}}


def _scaled(number: Expression, scale: int) -> Expression:
    """A Decimal128 times 10^scale, if that is a whole number of up to 34 digits; NaN is below every number here."""
    times = {"$multiply": [number, {"$toDecimal": f"1E+{scale}"}]}
    whole = {"$add": [{"$trunc": ["$$s"]}, {"$toDecimal": "0"}]}
    small = [{"$lt": ["$$s", {"$toDecimal": LARGEST_DECIMAL}]}, {"$gt": ["$$s", {"$toDecimal": f"-{LARGEST_DECIMAL}"}]}]
    fits = {"$and": [*small, {"$eq": ["$$s", "$$w"]}]}
    inner = {"$let": {"vars": {"w": whole}, "in": _if(fits, {"$toString": "$$w"}, SOURCE_MARK)}}
    return {"$let": {"vars": {"s": times}, "in": inner}}


def _shortest(value: Expression, scale: int) -> Expression:
    """A double whose 15 digits lead back to it: then they are what it prints shortest."""
    back = {"$eq": [_converted("$$d", "double"), value]}
    return {"$let": {"vars": {"d": _converted(value, "decimal")}, "in": _if(back, _scaled("$$d", scale), SOURCE_MARK)}}


def _converted(value: Expression, to: str) -> Expression:
    """A conversion that never fails; null where it can't be done."""
    return {"$convert": {"input": value, "to": to, "onError": None, "onNull": None}}


# -- lists -------------------------------------------------------------------------------------------------------------


def _array(item: FieldSpec, value: Expression) -> Expression:
    """Single values as JSON spells an array."""
    element: Expression = "$$this"
    match item.items:
        case FieldKind.TEXT:
            one = _if(_is(element, "string"), quoted(element), SOURCE_MARK)
        case FieldKind.BOOLEAN:
            one = _if({"$eq": [element, True]}, "true", _if({"$eq": [element, False]}, "false", SOURCE_MARK))
        case _:
            one = _integer(element, SOURCE_MARK)
    told_so = _if(_is(element, "null"), "null", one)
    comma = _if({"$eq": ["$$value", "["]}, "", ", ")
    return {
        "$concat": [
            {
                "$reduce": {
                    "input": value,
                    "initialValue": "[",
                    "in": {"$concat": ["$$value", comma, told_so]},
                }
            },
            "]",
        ]
    }


def _children(item: FieldSpec, value: Expression) -> Expression:
    """Embedded objects in turn; null, missing and empty are all no rows."""
    if item.children is None:
        raise KeyError(item.path)
    count = {"$concat": [{"$toString": {"$size": value}}, "["]}
    rows = {"$reduce": {"input": value, "initialValue": count, "in": {"$concat": ["$$value", _row(item.children)]}}}
    none = _if({"$in": [{"$type": value}, NOTHING]}, "0[]", SOURCE_MARK)
    return _if(_is(value, "array"), {"$concat": [rows, "]"]}, none)


def _row(children: ChildTable) -> Expression:
    """One element, `$$this`."""
    cells = [field(item, below("$$this", item.path)) for item in children.fields]
    whole = sound("$$this", [item.path for item in children.fields])
    return _if(whole, {"$concat": [joined(cells, CELL), ROW]}, SOURCE_MARK)
