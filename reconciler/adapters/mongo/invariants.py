"""Invariants as read-only aggregations on MongoDB."""

import re
from collections.abc import Sequence
from typing import Any, assert_never

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo.collation import Collation

from reconciler.adapters.mongo import queries
from reconciler.core import invariants
from reconciler.core.model import InvariantResult, Side
from reconciler.core.records import joined_key
from reconciler.core.spec import EntitySpec, InvariantKind, InvariantSpec, System

Stage = dict[str, Any]
Database = AsyncIOMotorDatabase[dict[str, Any]]
BYTES = Collation(locale="simple")
STEP = re.compile(r"([^.\[\]]+)((?:\[\d+\])*)(?:\.|$)")
INDEX = re.compile(r"\[(\d+)\]")


async def check(
    database: Database, entity: EntitySpec, invariant: InvariantSpec, *, system: System, max_time_ms: int
) -> InvariantResult:
    """How often the invariant is violated in the source, with some of the keys."""
    found = await _ask(database, entity, _pipeline(entity, invariant, system), max_time_ms)
    if invariant.kind is InvariantKind.NO_CYCLES:
        shown = {_text([row["_id"]]): _text(row["key"]) for row in found}
        loops = invariants.cycles({_text([row["_id"]]): _text([row["field0"]]) for row in found})
        return invariants.result(
            invariant, Side.SOURCE, violations=len(loops), keys=(shown[one] for loop in loops for one in loop)
        )
    if invariant.kind is InvariantKind.CONTIGUOUS:
        ranges = [(_text([row["field0"]]), row.get("field1"), row.get("field2")) for row in found if "field0" in row]
        broken = invariants.broken_ranges(sorted(ranges, key=lambda one: invariants.by_number(one[0])))
        return invariants.result(invariant, Side.SOURCE, violations=len(broken), keys=broken)
    keys = (_text(key) for row in found for key in row["keys"])
    return invariants.result(invariant, Side.SOURCE, violations=len(found), keys=keys)


async def _ask(database: Database, entity: EntitySpec, pipeline: list[Stage], max_time_ms: int) -> list[dict[str, Any]]:
    """All rows of a pipeline's answer."""
    cursor = database[entity.collection].aggregate(
        pipeline, allowDiskUse=True, collation=BYTES, maxTimeMS=max_time_ms, comment="reconciler invariant"
    )
    return await cursor.to_list(length=None)


def _text(parts: list[object]) -> str:
    """A key of these parts as reports spell it."""
    return joined_key(
        [str(int(part)) if isinstance(part, float) and part.is_integer() else str(part) for part in parts]
    )


# -- records -----------------------------------------------------------------------------------------------------------


def _records(entity: EntitySpec, invariant: InvariantSpec) -> list[Stage]:
    """Stages that give a document for each record in scope: `key` as its parts, `field0`…, `group0`…, `held0`…."""
    named = (("field", invariant.fields), ("group", invariant.group), ("held", [path for path, _ in invariant.where]))
    if invariant.kind is InvariantKind.BELONGS_TO:
        named = (("field", invariant.fields[:1]), *named[1:])
    values = {f"{name}{place}": _value(entity, path) for name, paths in named for place, path in enumerate(paths)}
    key = [{"$ifNull": [_value(entity, path), None]} for path in entity.key]
    return [*queries.shape(entity), *_in_scope(entity), {"$project": {"key": key} | values}]


def _value(entity: EntitySpec, path: str) -> Any:  # noqa: ANN401 - a path or an expression
    """The expression of the value at a path of a record, steps into arrays included; an embedded record's owner too."""
    if entity.embedded is not None and path == entity.embedded.owner:
        return "$_id"
    pieces = STEP.findall(path)
    found: Any = "$" + ".".join([*([queries.ELEMENT] if entity.embedded else []), pieces[0][0]])
    for name, place in [("", pieces[0][1]), *pieces[1:]]:
        found = _inner(found, name) if name else found
        for index in INDEX.findall(place):
            found = {"$cond": [{"$isArray": [found]}, {"$arrayElemAt": [found, int(index)]}, "$$REMOVE"]}
    return found


def _inner(value: Any, name: str) -> Any:  # noqa: ANN401 - expressions
    """The expression of what is inside a value."""
    return (
        f"{value}.{name}" if isinstance(value, str) else {"$let": {"vars": {"inner": value}, "in": f"$$inner.{name}"}}
    )


def _in_scope(entity: EntitySpec) -> list[Stage]:
    """A match that leaves out what the comparison calls out of scope: another prefix, an expired time."""
    wanted: list[Stage] = []
    if entity.scope:
        text = _value(entity, entity.scope.path)
        starts = {"$eq": [{"$indexOfBytes": [text, entity.scope.prefix]}, 0]}
        wanted.append({"$cond": [{"$eq": [{"$type": text}, "string"]}, starts, True]})
    if entity.ttl:
        time = _value(entity, entity.ttl)
        wanted.append({"$not": [{"$and": [{"$eq": [{"$type": time}, "date"]}, {"$lt": [time, "$$NOW"]}]}]})
    return [{"$match": {"$expr": {"$and": wanted}}}] if wanted else []


# -- what is asked -----------------------------------------------------------------------------------------------------


def _filled(name: str, paths: Sequence[str]) -> Stage:
    """A match of records where none of these is null or missing."""
    return {"$match": {f"{name}{place}": {"$ne": None} for place in range(len(paths))}}


def _by(name: str, paths: Sequence[str]) -> Any:  # noqa: ANN401 - a path or an object of them
    """The expression to group by."""
    return f"${name}0" if len(paths) == 1 else {f"part{place}": f"${name}{place}" for place in range(len(paths))}


def _pipeline(entity: EntitySpec, invariant: InvariantSpec, system: System) -> list[Stage]:
    """The pipeline whose rows are the violations (`keys`), or what is judged in memory."""
    records = _records(entity, invariant)
    match invariant.kind:
        case InvariantKind.UNIQUE:
            return [
                *records,
                _filled("field", invariant.fields),
                {"$group": {"_id": _by("field", invariant.fields), "keys": {"$push": "$key"}}},
                {"$match": {"keys.1": {"$exists": True}}},
            ]
        case InvariantKind.AT_MOST_ONE | InvariantKind.EXACTLY_ONE:
            return [*records, *_counted(invariant)]
        case InvariantKind.RANGE:
            return [*records, *_outside(invariant), {"$project": {"keys": ["$key"]}}]
        case InvariantKind.NO_CYCLES:
            return [*records, _filled("field", invariant.fields)]
        case InvariantKind.CONTIGUOUS:
            return [*records, {"$sort": {"field0": 1}}]
        case InvariantKind.BELONGS_TO:
            other = system.entity(entity.field(invariant.fields[0]).refers_to)
            back = {"$expr": {"$ne": [{"$ifNull": [_value(other, invariant.fields[1]), None]}, "$$from"]}}
            return [
                *records,
                *_followed(entity, invariant, system, [{"$match": back}]),
                {"$unwind": "$found"},
                {"$project": {"keys": ["$key", ["$found._id"]]}},
            ]
        case InvariantKind.EXISTS:
            return [
                *records,
                *_followed(entity, invariant, system, []),
                {"$match": {"found": []}},
                {"$project": {"keys": ["$key"]}},
            ]
        case InvariantKind.SUM_EQUAL:
            raise NotImplementedError(invariant.name)
    assert_never(invariant.kind)


def _outside(invariant: InvariantSpec) -> list[Stage]:
    """A match of records whose number, text that is one included, lies out of range; what is no number is left out."""
    number = {"$convert": {"input": "$field0", "to": "decimal", "onError": None, "onNull": None}}
    outside = [{"number": {"$lt": invariant.minimum}}] if invariant.minimum is not None else []
    outside += [{"number": {"$gt": invariant.maximum}}] if invariant.maximum is not None else []
    plain = {"$cond": [{"$isNumber": "$field0"}, "$field0", number]}
    return [{"$set": {"number": plain}}, {"$match": {"$or": outside}}]


def _counted(invariant: InvariantSpec) -> list[Stage]:
    """Groups with too many, or not exactly one, of those with `where`."""
    holds = {"$and": [{"$eq": [f"$held{place}", value]} for place, (_, value) in enumerate(invariant.where)]}
    wrong = {"$gt": 1} if invariant.kind is InvariantKind.AT_MOST_ONE else {"$ne": 1}
    number = {"$sum": {"$cond": [holds, 1, 0]}}
    if invariant.group:
        group = {"_id": _by("group", invariant.group), "n": number, "first": {"$first": "$group0"}}
        return [
            _filled("group", invariant.group),
            {"$group": group},
            {"$match": {"n": wrong}},
            {"$project": {"keys": [["$first"]]}},
        ]
    keys = {"$push": {"$cond": [holds, "$key", "$$REMOVE"]}}
    return [{"$group": {"_id": None, "n": number, "keys": keys}}, {"$match": {"n": wrong}}]


def _followed(entity: EntitySpec, invariant: InvariantSpec, system: System, wanted: Sequence[Stage]) -> list[Stage]:
    """Stages that bring as `found` what a reference leads to and is `wanted`; `$$from` is the record's own `_id`."""
    other = system.entity(entity.field(invariant.fields[0]).refers_to)
    looked_up = {
        "from": other.collection,
        "localField": "field0",
        "foreignField": "_id",
        "let": {"from": "$_id"},
        "pipeline": [*wanted, {"$project": {"_id": 1}}],
        "as": "found",
    }
    return [_filled("field", invariant.fields[:1]), {"$lookup": looked_up}]
