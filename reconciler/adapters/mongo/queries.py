"""What is asked of MongoDB for an entity: pipelines, all constants of the configuration but for keys as literals."""

import re
from collections.abc import Sequence
from typing import Any

from bson import ObjectId, json_util
from bson.raw_bson import RawBSONDocument

from reconciler.adapters.mongo.documents import Document, decoded, elements, split, wrapped
from reconciler.core.model import Opaque, RecordKey
from reconciler.core.records import LEGACY_ID
from reconciler.core.spec import Embedded, EntitySpec, FieldKind

Stage = dict[str, Any]
PLACE = "__order"
ELEMENT = "element"
INDEX = "place"
RAW_ID = "bson:"
LARGEST_LONG = 2**63 - 1
NUMERAL = re.compile(r"[0-9]{1,15}")


# -- shapes ------------------------------------------------------------------------------------------------------------


def shape(entity: EntitySpec, *, where: Stage | None = None, inner: Stage | None = None) -> list[Stage]:
    """Stages that give one document a record: its fields, or its owner's `_id` with the `element` and its `place`.

    `place` is the index in an array. `where` is matched by documents, `inner` by what they are turned into.
    """
    stages: list[Stage] = [{"$match": where}] if where else []
    stages += _whole(entity) if entity.embedded is None else _embedded(entity.embedded)
    return [*stages, {"$match": inner}] if inner else stages


def _whole(entity: EntitySpec) -> list[Stage]:
    """Documents as they are stored: a projection would drop the second of two fields of one name.

    Where nothing but the key is read, keys alone are enough.
    """
    if {item.path for item in entity.fields} != set(entity.key):
        return []
    return [{"$project": {"_id": 1} | {path.partition(".")[0].partition("[")[0]: 1 for path in entity.key}}]


def _embedded(embedded: Embedded) -> list[Stage]:
    """Stages that turn a parent into its embedded records; null, missing and an empty array are none."""
    element: Stage = {"$project": {"_id": 1, ELEMENT: f"${embedded.path}"}}
    if embedded.many:
        return [element, {"$unwind": {"path": f"${ELEMENT}", "includeArrayIndex": INDEX}}]
    return [{"$match": {"$expr": _filled(embedded.path)}}, element]


def _filled(path: str) -> Stage:
    """Whether there is something at a path, arrays that hold null included."""
    return {"$not": [{"$in": [{"$type": f"${path}"}, ["missing", "null", "undefined"]]}]}


# -- order -------------------------------------------------------------------------------------------------------------


def by_id(entity: EntitySpec) -> bool:
    """Whether merge order is that of `_id`, one record a document: then its index gives the order."""
    ordered = entity.ordered_key
    if entity.embedded is None:
        return ordered == ("_id",)
    return ordered == (entity.embedded.owner,) and not entity.embedded.many


def _placed(entity: EntitySpec) -> Stage:
    """A stage that gives each record its place in the order as one value.

    An object's values are compared whole and in turn, types first: what is missing, an array or of another type has
    a place too, the same for sorting and for comparing.
    """
    parts: Stage = {
        f"part{number}": {"$ifNull": [f"${_path(entity, path)}", None]}
        for number, path in enumerate(entity.ordered_key)
    }
    index = {INDEX: {"$ifNull": [f"${INDEX}", None]}} if entity.embedded and entity.embedded.many else {}
    return {"$set": {PLACE: parts | {"id": "$_id"} | index}}


def _path(entity: EntitySpec, path: str) -> str:
    """Where a key's part lies in the shape's documents."""
    if entity.embedded is None:
        return path
    return "_id" if path == entity.embedded.owner else f"{ELEMENT}.{path}"


def _between(field: str, after: Document | None, until: Document | None) -> list[Stage]:
    """A match of what lies behind `after` and not behind `until`, whatever the types; both are `$literal`s."""
    bounds = [{"$gt": [f"${field}", after]}] if after is not None else []
    bounds += [{"$lte": [f"${field}", until]}] if until is not None else []
    return [{"$match": {"$expr": {"$and": bounds}}}] if bounds else []


def in_order(entity: EntitySpec, *, after: Document | None = None) -> list[Stage]:
    """All records in merge order, those behind a seam."""
    if by_id(entity):
        return [*_between("_id", after, None), {"$sort": {"_id": 1}}, *shape(entity)]
    return [*shape(entity), _placed(entity), *_between(PLACE, after, None), {"$sort": {PLACE: 1}}]


def count(entity: EntitySpec, *, after: Document | None = None, until: Document | None = None) -> list[Stage]:
    """A pipeline that counts the entity's records as the server sees them, behind one seam and up to another."""
    if by_id(entity):
        filled = _embedded(entity.embedded)[:1] if entity.embedded else []
        return [*_between("_id", after, until), *filled, {"$count": "n"}]
    if after is None and until is None:
        return [{"$count": "n"}] if entity.embedded is None else [*_embedded(entity.embedded), {"$count": "n"}]
    return [*shape(entity), _placed(entity), *_between(PLACE, after, until), {"$count": "n"}]


def last(batch: bytes) -> bytes:
    """The last document of a raw batch."""
    return split(batch)[-1]


def seam(entity: EntitySpec, raw: bytes) -> Document:
    """The place of a document of `in_order`, byte for byte as it is stored, as an expression."""
    field = "_id" if by_id(entity) else PLACE
    return RawBSONDocument(next(wrapped("$literal", tag, value) for tag, name, value in elements(raw) if name == field))  # type: ignore[return-value]


# -- single records ----------------------------------------------------------------------------------------------------


def by_keys(entity: EntitySpec, keys: Sequence[RecordKey]) -> list[Stage]:
    """The records with these keys; where the owner is one part of several, those that hang on another owner too."""
    path = entity.ordered_key[0]
    values = {"$in": _spellings(entity, path, [key.parts[0] for key in keys])}
    if entity.embedded is None or path == entity.embedded.owner:
        return shape(entity, where={key_path(entity): values})
    return shape(entity, where={key_path(entity): values}, inner={f"{ELEMENT}.{path}": values})


def key_path(entity: EntitySpec) -> str:
    """The path, in the collection's documents, of the key's part that records are looked up by."""
    path = entity.ordered_key[0]
    if entity.embedded is None:
        return path
    return "_id" if path == entity.embedded.owner else f"{entity.embedded.path}.{path}"


def _spellings(entity: EntitySpec, path: str, parts: Sequence[object]) -> list[object]:
    """A key's part as MongoDB may hold it: as its own type, and as the text that prints the same."""
    kind = entity.field(path).kind
    texts = [str(part) for part in parts]
    match kind:
        case FieldKind.IDENTITY | FieldKind.REFERENCE:
            return [*(ObjectId(text) for text in texts if LEGACY_ID.fullmatch(text)), *texts]
        case FieldKind.INTEGER:
            return [*(_number(text) for text in texts), *texts]
        case _:
            return [*texts, *(int(text) for text in texts if NUMERAL.fullmatch(text))]


def _number(text: str) -> int | float:
    """A number as BSON can hold it."""
    whole = int(text) if text.lstrip("-").isdigit() else None
    return whole if whole is not None and abs(whole) <= LARGEST_LONG else float(text)


def by_ids(entity: EntitySpec, ids: Sequence[str]) -> list[Stage]:
    """The records of these documents."""
    documents = [text.rpartition("#")[0] for text in ids] if entity.embedded and entity.embedded.many else ids
    ordinary = [document_id(text) for text in documents if not text.startswith(RAW_ID)]
    raw = [RawBSONDocument(_raw_match(text)) for text in documents if text.startswith(RAW_ID)]
    return shape(entity, where={"$or": [{"_id": {"$in": ordinary}}, *raw]})


def _raw_match(text: str) -> bytes:
    """An encoded match of an `_id` of which nothing but its bytes is known."""
    encoded = bytes.fromhex(text.removeprefix(RAW_ID))
    return wrapped("_id", 0x03, wrapped("$eq", encoded[0], encoded[1:]))


def document_id(text: str) -> Any:  # noqa: ANN401 - any BSON value can be an _id
    """The `_id` behind `id_text`."""
    return ObjectId(text) if LEGACY_ID.fullmatch(text) else json_util.loads(text)["_id"]


def id_text(document: Document, raw: bytes) -> str:
    """A document's `_id` as text that finds it again: hex digits, extended JSON, or the bytes of a broken one."""
    value = document.get("_id")
    if type(value) is ObjectId:
        return value.binary.hex()
    if _ordinary(value):
        return json_util.dumps({"_id": value})
    return next(f"{RAW_ID}{bytes([tag]).hex()}{data.hex()}" for tag, name, data in elements(raw) if name == "_id")


def _ordinary(value: object) -> bool:
    """Whether extended JSON can hold the value."""
    if isinstance(value, dict):
        return all(_ordinary(item) for item in value.values())
    return not isinstance(value, Opaque) and not (isinstance(value, list) and not all(map(_ordinary, value)))


def read_count(answer: Sequence[bytes]) -> int:
    """The number that a `count` pipeline answered with; nothing to count is no answer at all."""
    return int(decoded(answer[0])["n"]) if answer else 0
