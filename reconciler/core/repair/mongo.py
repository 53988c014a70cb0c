"""Repairs of MongoDB: update commands in canonical extended JSON, each with a condition that nothing has moved."""

import json
import re
from typing import Final

from reconciler.core.model import MISSING, FieldDiff, Outcome, Raw, RawRecord, Sensitivity
from reconciler.core.repair.mongo_values import Json, seen_value, wanted
from reconciler.core.repair.plan import CannotRepair, Step, Wrong, paths_of, require_showable
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec

OBJECT_ID: Final = re.compile(r"[0-9a-f]{24}")
TRAILING_INDEX: Final = re.compile(r"([^\[\]]+)\[(\d+)\]")
SURE: Final = {"w": "majority"}


def repaired(entity: EntitySpec, wrong: Wrong, *, delete: bool) -> Step:
    """What makes the document like the row. Raises CannotRepair."""
    if entity.embedded and entity.embedded.many:
        raise CannotRepair("it is an element of an array, and can't be named there for certain: mend it in the backend")
    match wrong.outcome:
        case Outcome.FIELD_MISMATCH if wrong.source and wrong.target:
            return _updated(entity, wrong, wrong.source, wrong.target)
        case Outcome.EXTRA_IN_TARGET if wrong.target:
            return _inserted(entity, wrong.key, wrong.target)
        case Outcome.MISSING_IN_TARGET if wrong.source:
            return _extra(entity, wrong.key, wrong.source, delete=delete)
        case Outcome.UNREADABLE:
            raise CannotRepair("a value of it can't be read, so what it should hold is not known")
        case Outcome.KEY_DEFECT:
            raise CannotRepair("its key is unusable: which document the row belongs to is for a person to say")
        case _:
            raise CannotRepair("it was not found again as the cluster has it")


def _updated(entity: EntitySpec, wrong: Wrong, source: RawRecord, target: RawRecord) -> Step:
    """One update of the document for all fields of the cluster."""
    sets: dict[str, Json] = {}
    guards: list[Json] = []
    for path in paths_of(wrong.fields):
        spec, at = entity.field(path), entity.index(path)
        require_showable(spec)
        _require_place(spec, source.values[at], wrong.fields)
        place = f"{entity.embedded.path}.{path}" if entity.embedded else path
        sets[re.sub(r"\[(\d+)\]", r".\1", place)] = wanted(spec, target.values[at])
        guards.append(_still(place, spec, source.values[at]))
    one = {"q": {"_id": _id(source), "$expr": {"$and": guards}}, "u": {"$set": sets}, "multi": False}
    command = {"update": entity.collection, "updates": [one], "writeConcern": SURE}
    return Step(key=wrong.key, told=", ".join(paths_of(wrong.fields)), texts=(_told(command),))


def _require_place(spec: FieldSpec, seen: Raw, fields: tuple[FieldDiff, ...]) -> None:
    """Refuses what an update of one path would not put where it belongs."""
    if spec.kind is FieldKind.CHILDREN:
        raise CannotRepair(f"{spec.path} is an array with rows of its own: only the backend writes it whole")
    if spec.kind is FieldKind.REFERENCE and not all(isinstance(one.target, str | None) for one in fields):
        raise CannotRepair(f"{spec.path} in PostgreSQL leads nowhere")
    if "[" in spec.path and (seen is MISSING or seen is None):
        raise CannotRepair(f"{spec.path} is an element of an array that the document does not have")
    if "." in spec.path and seen is MISSING:
        raise CannotRepair(f"{spec.path} lies in an object that the document may not have")


def _id(source: RawRecord) -> Json:
    """The document's `_id`, as the reader tells it."""
    if OBJECT_ID.fullmatch(source.id):
        return {"$oid": source.id}
    try:
        told = json.loads(source.id)
        return told["_id"]
    except (ValueError, KeyError, TypeError):
        raise CannotRepair("its `_id` can't be told in a command") from None


def _expression(path: str) -> Json:
    """A path as an expression; an index stands at its end only."""
    if "[" not in path:
        return f"${path}"
    found = TRAILING_INDEX.fullmatch(path)
    if found is None:
        raise CannotRepair(f"{path} goes through an array")
    return {"$arrayElemAt": [f"${found[1]}", int(found[2])]}


def _still(path: str, spec: FieldSpec, raw: Raw) -> Json:
    """The condition that the document holds what was read."""
    expression = _expression(path)
    if raw is MISSING:
        return {"$eq": [{"$type": expression}, "missing"]}
    if raw is None:
        return {"$eq": [{"$type": expression}, "null"]}
    return {"$eq": [expression, {"$literal": seen_value(spec, raw)}]}


def _told(command: Json) -> str:
    """A command on one line, in characters that every program reads alike."""
    return json.dumps(command, ensure_ascii=True, separators=(", ", ": "))


def _inserted(entity: EntitySpec, key: str, target: RawRecord) -> Step:
    """The document where there is none with its `_id`."""
    if entity.embedded or entity.natural_key:
        raise CannotRepair("a row of it does not tell which document to make: write it through the backend")
    made: dict[str, Json] = {}
    for spec, raw in zip(entity.fields, target.values, strict=True):
        require_showable(spec)
        if spec.kind is FieldKind.CHILDREN or "[" in spec.path:
            raise CannotRepair(f"{spec.path} is an array, which the backend writes whole: restore the document there")
        if spec.kind is not FieldKind.IDENTITY and raw is not None:
            made[spec.path] = wanted(spec, raw)
    one = {"q": {"_id": {"$oid": key}}, "u": {"$setOnInsert": made}, "upsert": True, "multi": False}
    command = {"update": entity.collection, "updates": [one], "writeConcern": SURE}
    return Step(key=key, told="a document that is missing", texts=(_told(command),))


def _extra(entity: EntitySpec, key: str, source: RawRecord, *, delete: bool) -> Step:
    """A document without its row: told, and deleted only where that was asked for and nothing of it has changed."""
    if not delete or entity.embedded:
        return Step(key=key, told=f"a document too many, _id {source.id}: left alone")
    guards = [
        _still(spec.path, spec, raw)
        for spec, raw in zip(entity.fields, source.values, strict=True)
        if spec.sensitivity is not Sensitivity.SECRET and spec.kind is not FieldKind.IDENTITY
    ]
    one = {"q": {"_id": _id(source), "$expr": {"$and": guards}}, "limit": 1}
    command = {"delete": entity.collection, "deletes": [one], "writeConcern": SURE}
    return Step(key=key, told="a document too many", texts=(_told(command),))
