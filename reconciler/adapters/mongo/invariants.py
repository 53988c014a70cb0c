"""Invariants as read-only aggregations on MongoDB."""

from typing import Any, assert_never

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo.collation import Collation

from reconciler.core import invariants
from reconciler.core.model import InvariantResult, Side
from reconciler.core.spec import EntitySpec, InvariantKind, InvariantSpec, System

Stage = dict[str, Any]
Database = AsyncIOMotorDatabase[dict[str, Any]]
BYTES = Collation(locale="simple")


async def check(
    database: Database, entity: EntitySpec, invariant: InvariantSpec, *, system: System, max_time_ms: int
) -> InvariantResult:
    """How often the invariant is violated in the source, with some of the keys."""
    found = await _ask(database, entity, _pipeline(entity, invariant, system), max_time_ms)
    if invariant.kind is InvariantKind.NO_CYCLES:
        loops = invariants.cycles({_text(row["_id"]): _text(row["to"]) for row in found})
        return invariants.result(
            invariant, Side.SOURCE, violations=len(loops), keys=(key for loop in loops for key in loop)
        )
    if invariant.kind is InvariantKind.CONTIGUOUS:
        ranges = [(_text(row["at"]), row.get("first"), row.get("last")) for row in found if "at" in row]
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


def _text(value: object) -> str:
    """A key as reports spell it."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _filled(paths: tuple[str, ...]) -> Stage:
    """A match of documents where none of the paths is null or missing."""
    return {"$match": {path: {"$ne": None} for path in paths}}


def _by(paths: tuple[str, ...]) -> Any:  # noqa: ANN401 - a path or an object of them
    """The expression to group by."""
    return f"${paths[0]}" if len(paths) == 1 else {f"part{place}": f"${path}" for place, path in enumerate(paths)}


def _pipeline(entity: EntitySpec, invariant: InvariantSpec, system: System) -> list[Stage]:
    """The pipeline whose rows are the violations (`keys`), or what is judged in memory."""
    key = "_id" if not entity.natural_key else entity.key[0]
    match invariant.kind:
        case InvariantKind.UNIQUE:
            return [
                _filled(invariant.fields),
                {"$group": {"_id": _by(invariant.fields), "keys": {"$push": f"${key}"}}},
                {"$match": {"keys.1": {"$exists": True}}},
            ]
        case InvariantKind.AT_MOST_ONE | InvariantKind.EXACTLY_ONE:
            return _counted(invariant, key)
        case InvariantKind.RANGE:
            path = invariant.fields[0]
            outside = [{path: {"$lt": invariant.minimum}}] if invariant.minimum is not None else []
            outside += [{path: {"$gt": invariant.maximum}}] if invariant.maximum is not None else []
            return [{"$match": {"$or": outside}}, {"$project": {"keys": [f"${key}"]}}]
        case InvariantKind.NO_CYCLES:
            return [_filled(invariant.fields), {"$project": {"to": f"${invariant.fields[0]}"}}]
        case InvariantKind.CONTIGUOUS:
            at, first, last = invariant.fields
            return [{"$sort": {at: 1}}, {"$project": {"at": f"${at}", "first": f"${first}", "last": f"${last}"}}]
        case InvariantKind.BELONGS_TO:
            back = {"$expr": {"$ne": [f"$found.{invariant.fields[1]}", "$_id"]}}
            return [
                *_followed(entity, invariant, system),
                {"$unwind": "$found"},
                {"$match": back},
                {"$project": {"keys": ["$_id", "$found._id"]}},
            ]
        case InvariantKind.EXISTS:
            return [*_followed(entity, invariant, system), {"$match": {"found": []}}, {"$project": {"keys": ["$_id"]}}]
        case InvariantKind.SUM_EQUAL:
            raise NotImplementedError(invariant.name)
    assert_never(invariant.kind)


def _counted(invariant: InvariantSpec, key: str) -> list[Stage]:
    """Groups with too many, or not exactly one, of those with `where`."""
    holds = {"$and": [{"$eq": [f"${path}", value]} for path, value in invariant.where]}
    wrong = {"$gt": 1} if invariant.kind is InvariantKind.AT_MOST_ONE else {"$ne": 1}
    if invariant.group:
        group = {
            "_id": _by(invariant.group),
            "n": {"$sum": {"$cond": [holds, 1, 0]}},
            "keys": {"$first": f"${invariant.group[0]}"},
        }
        return [
            _filled(invariant.group),
            {"$group": group},
            {"$match": {"n": wrong}},
            {"$project": {"keys": ["$keys"]}},
        ]
    group = {
        "_id": None,
        "n": {"$sum": {"$cond": [holds, 1, 0]}},
        "keys": {"$push": {"$cond": [holds, f"${key}", "$$REMOVE"]}},
    }
    return [{"$group": group}, {"$match": {"n": wrong}}]


def _followed(entity: EntitySpec, invariant: InvariantSpec, system: System) -> list[Stage]:
    """Stages that bring what a reference leads to as `found`."""
    path = invariant.fields[0]
    other = system.entity(entity.field(path).refers_to)
    return [
        _filled((path,)),
        {"$lookup": {"from": other.collection, "localField": path, "foreignField": "_id", "as": "found"}},
    ]
