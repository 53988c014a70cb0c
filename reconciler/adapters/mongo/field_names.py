"""Which fields documents have: names and types only, counted by the server, so that no value leaves it."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from motor.motor_asyncio import AsyncIOMotorCollection

from reconciler.adapters.mongo.documents import decoded_all, split
from reconciler.adapters.mongo.queries import ELEMENT, Stage, shape
from reconciler.core.drift import NOTHING, FieldsSeen, insides, plain_path, taken_types, watched
from reconciler.core.spec import EntitySpec, FieldSpec

Collection = AsyncIOMotorCollection[dict[str, Any]]
MOST_WHOLE, AT_EACH_END = 2_000, 1_000
FIELD, RECORDS = "p", "records"


async def fields_seen(collection: Collection, entity: EntitySpec, *, max_time_ms: int) -> FieldsSeen:
    """Names and types in all documents of a small collection; of a large one in the newest and in some at random.

    What no document looked at has, although it is mentioned, is looked for in all of them.
    """
    options = {"maxTimeMS": max_time_ms, "allowDiskUse": True, "comment": "reconciler schema"}
    whole = await collection.estimated_document_count(maxTimeMS=max_time_ms) <= MOST_WHOLE
    newest: list[Stage] = [{"$sort": {"_id": -1}}, {"$limit": AT_EACH_END}]
    draws: list[list[Stage]] = [[]] if whole else [newest, [{"$sample": {"size": AT_EACH_END}}]]
    found: dict[str, Counter[str]] = defaultdict(Counter)
    looked_at = 0
    for draw in draws:
        for answer in await _ask(collection, [*draw, *_records(entity), *_counted(entity)], options):
            name = answer["_id"]
            if name[FIELD] == RECORDS and name["t"] == "":
                looked_at += answer["n"]
            else:
                found[str(name[FIELD])][str(name["t"])] += answer["n"]
    if not whole:
        for field in watched(entity):
            await _look_for(collection, entity, field, found, options)
    return FieldsSeen(looked_at=looked_at, types=found)


def _records(entity: EntitySpec) -> list[Stage]:
    """Stages that give each record as a document of its own; elements that are no objects have no fields."""
    if entity.embedded is None:
        return []
    return [*shape(entity), {"$match": {ELEMENT: {"$type": "object"}}}, {"$replaceRoot": {"newRoot": f"${ELEMENT}"}}]


def _counted(entity: EntitySpec) -> list[Stage]:
    """Stages that count names and types, at the top and in the objects that specifications lead through."""
    named = [_names("$$ROOT", ""), *(_inside(path) for path in insides(entity))]
    each = {"$concatArrays": [[{FIELD: RECORDS, "t": ""}], *named]}
    return [
        {"$project": {"_id": 0, "f": each}},
        {"$unwind": "$f"},
        {"$group": {"_id": "$f", "n": {"$sum": 1}}},
    ]


def _names(value: str, above: str) -> Stage:
    """The names and types of an object's fields."""
    path = {"$concat": [f"{above}.", "$$f.k"]} if above else "$$f.k"
    return {"$map": {"input": {"$objectToArray": value}, "as": "f", "in": {FIELD: path, "t": {"$type": "$$f.v"}}}}


def _inside(path: str) -> Stage:
    """The names and types inside an object below, or inside each object of an array (`specs[]`)."""
    place = f"${path.removesuffix('[]')}"
    if not path.endswith("[]"):
        return _if_object(place, path)
    joined = {"$concatArrays": ["$$value", _if_object("$$this", path)]}
    walked = {"$reduce": {"input": place, "initialValue": [], "in": joined}}
    return {"$cond": [{"$isArray": place}, walked, []]}


def _if_object(value: str, path: str) -> Stage:
    """The names inside a value, none where it is no object."""
    return {"$cond": [{"$eq": [{"$type": value}, "object"]}, _names(value, path), []]}


async def _look_for(
    collection: Collection,
    entity: EntitySpec,
    field: FieldSpec,
    found: dict[str, Counter[str]],
    options: dict[str, Any],
) -> None:
    """Looks in all documents for one that has the field in a type that its rule takes, if none had so far."""
    path, taken = plain_path(field.path), taken_types(field)
    seen = {name for name in found[path] if name not in NOTHING}
    if (taken & seen) or (seen and not taken):
        return
    wanted: Stage = {"$type": sorted(taken)} if seen else {"$ne": None}
    stages = [*_records(entity), {"$match": {path: wanted}}, {"$limit": 1}]
    for answer in await _ask(collection, [*stages, {"$project": {"_id": 0, "t": {"$type": f"${path}"}}}], options):
        found[path][str(answer["t"])] += 1


async def _ask(collection: Collection, stages: Sequence[Stage], options: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers; a name that is no UTF-8 is shown in hex."""
    cursor = collection.aggregate_raw_batches(list(stages), **options)
    return [answer async for batch in cursor if batch for answer in decoded_all(split(batch))]
