"""What is asked of MongoDB for an entity: find arguments and pipelines, all constants built from the configuration."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId, json_util

from reconciler.core.model import RecordKey
from reconciler.core.records import LEGACY_ID
from reconciler.core.spec import EntitySpec, FieldKind

Stage = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A pipeline whose documents hold the record at `element`, its owner's id in `_id`, and its place in an array in `place`."""

    pipeline: list[Stage]
    embedded: bool


def records(
    entity: EntitySpec, *, where: Stage | None = None, inner: Stage | None = None, ordered: bool = True
) -> Query:
    """All records of an entity, or those whose document matches `where` and whose embedded element matches `inner`."""
    stages: list[Stage] = [{"$match": where}] if where else []
    sort: list[Stage] = [{"$sort": {_sort_path(entity, path): 1 for path in entity.ordered_key}}] if ordered else []
    if entity.embedded is None:
        stages += [*sort, {"$project": _projection(entity)}]
    elif sort == [{"$sort": {"_id": 1}}]:
        stages += [*sort, *_embedded(entity, inner)]
    else:
        stages += [*_embedded(entity, inner), *sort]
    return Query(pipeline=stages, embedded=entity.embedded is not None)


def _projection(entity: EntitySpec) -> Stage:
    """The top-level fields that are compared."""
    return {"_id": 1} | {item.path.partition(".")[0].partition("[")[0]: 1 for item in entity.fields}


def _embedded(entity: EntitySpec, inner: Stage | None) -> list[Stage]:
    """Stages that turn a parent into its embedded records; null and missing are none."""
    embedded = entity.embedded
    if embedded is None:
        return []
    stages: list[Stage] = [{"$match": {embedded.path: {"$ne": None}}}] if not embedded.many else []
    stages.append({"$project": {"_id": 1, "element": f"${embedded.path}"}})
    if embedded.many:
        stages.append({"$unwind": {"path": "$element", "includeArrayIndex": "place"}})
    return [*stages, {"$match": inner}] if inner else stages


def _sort_path(entity: EntitySpec, path: str) -> str:
    """Where a key's part lies in the pipeline's documents."""
    if entity.embedded is None or path == entity.embedded.owner:
        return "_id" if entity.embedded else path
    return f"element.{path}"


def count(entity: EntitySpec) -> list[Stage]:
    """A pipeline that counts the entity's records as the server sees them."""
    embedded = entity.embedded
    if embedded is None:
        return [{"$count": "n"}]
    if not embedded.many:
        return [{"$match": {embedded.path: {"$ne": None}}}, {"$count": "n"}]
    path = f"${embedded.path}"
    size = {"$cond": [{"$isArray": path}, {"$size": path}, {"$cond": [{"$lte": [path, None]}, 0, 1]}]}
    return [{"$project": {"n": size}}, {"$group": {"_id": None, "n": {"$sum": "$n"}}}]


def by_keys(entity: EntitySpec, keys: Sequence[RecordKey]) -> Query:
    """The records with these keys; where the owner is one part of several, those that hang on another owner too."""
    ordered = entity.ordered_key
    path = ordered[0]
    values = _spellings(entity, path, [key.parts[0] for key in keys])
    if entity.embedded is None or path == entity.embedded.owner:
        name = "_id" if entity.embedded else path
        return records(entity, where={name: {"$in": values}}, ordered=False)
    inside = {f"{entity.embedded.path}.{path}": {"$in": values}}
    return records(entity, where=inside, inner={f"element.{path}": {"$in": values}}, ordered=False)


def _spellings(entity: EntitySpec, path: str, parts: Sequence[object]) -> list[object]:
    """A key's part as MongoDB may hold it: as its own type, and as the text that prints the same."""
    kind = entity.field(path).kind
    texts = [str(part) for part in parts]
    match kind:
        case FieldKind.IDENTITY | FieldKind.REFERENCE:
            return [*(ObjectId(text) for text in texts if LEGACY_ID.fullmatch(text)), *texts]
        case FieldKind.INTEGER:
            return [*(int(text) if text.lstrip("-").isdigit() else float(text) for text in texts), *texts]
        case _:
            return [*texts, *(int(text) for text in texts if text.isdigit() and len(text) < 16)]  # noqa: PLR2004 - a Long


def by_ids(entity: EntitySpec, ids: Sequence[str]) -> Query:
    """The records of these documents."""
    places = [text.rpartition("#")[0] for text in ids] if entity.embedded and entity.embedded.many else ids
    return records(entity, where={"_id": {"$in": [document_id(text) for text in places]}}, ordered=False)


def document_id(text: str) -> Any:  # noqa: ANN401 - any BSON value can be an _id
    """The `_id` behind `id_text`."""
    return ObjectId(text) if LEGACY_ID.fullmatch(text) else json_util.loads(text)["_id"]


def id_text(value: Any) -> str:  # noqa: ANN401 - any BSON value can be an _id
    """An `_id` as text that finds it again: 24 hex digits, or extended JSON for other types."""
    return str(value) if isinstance(value, ObjectId) else json_util.dumps({"_id": value})
