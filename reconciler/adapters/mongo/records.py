"""Raw batches to raw records: one record a document as `queries.shape` gives them."""

from collections.abc import Callable, Sequence
from typing import Any

from reconciler.adapters.mongo.documents import Document, decoded_all, getter, plain, split
from reconciler.adapters.mongo.queries import ELEMENT, INDEX, id_text
from reconciler.core.model import MISSING, Opaque, Raw, RawRecord
from reconciler.core.spec import EntitySpec
from reconciler.core.values import type_name

Maker = Callable[[bytes], list[RawRecord]]
Values = Callable[[Document], Sequence[Raw]]


def maker(entity: EntitySpec) -> Maker:
    """A function that makes the raw records of a raw batch, in the same order."""
    values = _element_values(entity) if entity.embedded else getter([item.path for item in entity.fields])

    def make(batch: bytes) -> list[RawRecord]:
        documents = split(batch)
        pairs = zip(decoded_all(documents), documents, strict=True)
        return [RawRecord(id=_record_id(document, raw), values=tuple(values(document))) for document, raw in pairs]

    return make


def _record_id(document: Document, raw: bytes) -> str:
    """The document's id, with its place where it is an element of an array."""
    text = id_text(document, raw)
    return f"{text}#{document[INDEX] or 0}" if INDEX in document else text


def _element_values(entity: EntitySpec) -> Values:
    """A function that takes an embedded record's values; its owner's id is one of them."""
    owner = entity.embedded.owner if entity.embedded else ""
    paths = [item.path for item in entity.fields]
    inside = getter([path for path in paths if path != owner])
    at = paths.index(owner)

    def values(document: Document) -> Sequence[Raw]:
        element = document.get(ELEMENT)
        found = inside(element) if isinstance(element, dict) else [_strange(element)] * (len(paths) - 1)
        return [*found[:at], plain(document["_id"]), *found[at:]]

    return values


def _strange(element: Any) -> Raw:  # noqa: ANN401 - any BSON value
    """What stands for every field of an element that is no object."""
    if element is None:
        return MISSING
    value = plain(element)
    return value if isinstance(value, Opaque) else Opaque(type_name(value))
