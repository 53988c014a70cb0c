"""Small entities, records and generators for the tests of the core."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from reconciler.core.compare import compare
from reconciler.core.model import (
    FieldDiff,
    Instant,
    JsonText,
    ObjectIdValue,
    Raw,
    RawRecord,
    Record,
    RecordKey,
    Sensitivity,
    Side,
)
from reconciler.core.records import Normalizer
from reconciler.core.spec import ChildTable, Embedded, EntitySpec, FieldKind, FieldSpec

ID = "0123456789abcdef01234567"
IDENTITY = FieldSpec(path="_id", kind=FieldKind.IDENTITY, column="legacy_object_id", sensitivity=Sensitivity.PLAIN)


def digest(text: str) -> str:
    """A digest that shows nothing and tells texts apart."""
    return f"#{hash(text) & 0xFFFFFFFF:08x}"


def field(kind: FieldKind, *, path: str = "it", sensitivity: Sensitivity = Sensitivity.PLAIN, **more: Any) -> FieldSpec:  # noqa: ANN401 - whatever the kind asks
    """A field with what its kind asks for."""
    needs: dict[FieldKind, dict[str, Any]] = {
        FieldKind.DECIMAL: {"scale": 2},
        FieldKind.ARRAY: {"items": FieldKind.TEXT},
        FieldKind.REFERENCE: {"refers_to": "user"},
        FieldKind.CHILDREN: {"children": children(), "column": ""},
    }
    return FieldSpec(
        **({"path": path, "kind": kind, "column": "it", "sensitivity": sensitivity} | needs.get(kind, {}) | more)
    )


def children() -> ChildTable:
    """A child table with a name and a nested value."""
    return ChildTable(
        table="parts",
        parent_column="parent_id",
        position_column="position",
        fields=(
            FieldSpec(path="name", kind=FieldKind.TEXT, column="name"),
            FieldSpec(path="size.value", kind=FieldKind.INTEGER, column="size"),
        ),
    )


def entity(*fields: FieldSpec, key: Sequence[str] = ("_id",), **more: Any) -> EntitySpec:  # noqa: ANN401 - attributes of EntitySpec
    """An entity with these fields, and its legacy id where nothing else is its key."""
    own = (IDENTITY, *fields) if tuple(key) == ("_id",) and all(one.path != "_id" for one in fields) else fields
    return EntitySpec(name="thing", collection="things", table="things", fields=own, key=tuple(key), **more)


def embedded_entity(*, owner_in_key: bool) -> EntitySpec:
    """Tokens inside users, keyed by their own text, and by their owner as well where asked."""
    return EntitySpec(
        name="token",
        collection="users",
        table="tokens",
        fields=(
            FieldSpec(
                path="user", kind=FieldKind.REFERENCE, column="user_id", refers_to="user", sensitivity=Sensitivity.PLAIN
            ),
            FieldSpec(path="hash", kind=FieldKind.TEXT, column="hash", sensitivity=Sensitivity.PLAIN),
        ),
        key=("user", "hash") if owner_in_key else ("hash",),
        embedded=Embedded(path="tokens", many=True, owner="user", column="user_id"),
    )


def record(spec: EntitySpec, side: Side, *values: Raw, id: str = "r") -> Record:  # noqa: A002 - the record's own word
    """A normalized record of these raw values, in the order of the fields."""
    return Normalizer(spec, side=side, digest=digest).record(RawRecord(id=id, values=values))


def diffs(spec: FieldSpec, source: Raw, target: Raw) -> list[tuple[str, str]]:
    """(path, kind) of what differs between a document's value and a column's."""
    return [(one.path, one.kind.value) for one in field_diffs(spec, source, target)]


def field_diffs(spec: FieldSpec, source: Raw, target: Raw) -> tuple[FieldDiff, ...]:
    """The diffs between a document's value and a column's."""
    whole = entity(spec)
    left = record(whole, Side.SOURCE, ObjectIdValue(ID), source)
    right = record(whole, Side.TARGET, ID, target)
    return compare(whole, source=left, target=right)


def keyed(*parts: str | int | Decimal, id: str = "r") -> Record:  # noqa: A002 - the record's own word
    """A record of nothing but its key."""
    text = "/".join(map(str, parts))
    return Record(id=id, key=RecordKey(parts=parts, text=text), key_text=text, values=parts)


# -- generators --------------------------------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
names = st.one_of(st.sampled_from(["a", "b", "__v", "x.y", "", "$set", "0", "ключ"]), texts)
longs = st.integers(-(2**63), 2**63 - 1)
doubles = st.floats(allow_nan=False, allow_infinity=False)
leaves = st.one_of(st.none(), st.booleans(), longs, doubles, texts)
documents = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)
moments = st.integers(-(2**55), 2**55).map(Instant)


def json_text(value: Raw) -> JsonText:
    """A document's value as the text of a jsonb column that agrees with it."""
    return JsonText(_spelled(value))


def _spelled(value: Raw) -> str:
    """JSON text, numbers with a needless point."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int():
            return f"{value}.0"
        case float():
            return repr(value)
        case str():
            return '"' + "".join(f"\\u{one:04x}" for one in _units(value)) + '"'
        case list():
            return f"[{','.join(map(_spelled, value))}]"
        case dict():
            return "{" + ",".join(f"{_spelled(name)} : {_spelled(value[name])}" for name in sorted(value)) + "}"
    raise TypeError(type(value).__name__)


def _units(text: str) -> list[int]:
    """The UTF-16 units of a text, as JSON escapes spell them."""
    raw = text.encode("utf-16-be")
    return [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]
