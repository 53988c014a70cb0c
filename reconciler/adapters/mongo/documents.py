"""Raw BSON to plain values, value by value, so that one bad value costs neither its document nor its batch."""

import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import bson
from bson import Binary, Decimal128, Int64, ObjectId
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.datetime_ms import DatetimeMS
from bson.errors import BSONError

from reconciler.core.model import MISSING, Instant, Missing, ObjectIdValue, Opaque, Raw
from reconciler.core.values import type_name

OPTIONS: CodecOptions[dict[str, Any]] = CodecOptions(
    document_class=dict, tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_MS
)
AS_THEY_ARE = frozenset({str, int, float, bool, type(None), bytes, Missing, Opaque})
STEP = re.compile(r"[^.\[\]]+|\[\d+\]")
DOCUMENT, ARRAY, REGEX, SCOPED_CODE = 0x03, 0x04, 0x0B, 0x0F
DEPRECATED = {0x06: "undefined", 0x0C: "dbPointer", 0x0E: "symbol"}
FIXED = {0x01: 8, 0x06: 0, 0x07: 12, 0x08: 1, 0x09: 8, 0x0A: 0, 0x10: 4, 0x11: 8, 0x12: 8, 0x13: 16, 0x7F: 0, 0xFF: 0}
SIZED = {0x02: 4, DOCUMENT: 0, ARRAY: 0, 0x05: 5, 0x0C: 16, 0x0D: 4, 0x0E: 4, SCOPED_CODE: 0}
NAMES = {
    "Regex": "regex", "Timestamp": "timestamp", "MinKey": "minKey", "MaxKey": "maxKey", "DBRef": "dbRef",
    "Code": "javascript",
}  # fmt: skip
BROKEN = (BSONError, OverflowError, ValueError)
TWICE = Opaque("name that occurs twice", unreadable=True)
Document = dict[str, Any]
Steps = tuple[str | int, ...]


# -- decoding ----------------------------------------------------------------------------------------------------------


def decoded_all(documents: Sequence[bytes]) -> Sequence[Document]:
    """These documents, each decoded alone where decoding them together loses or breaks something."""
    try:
        together: Sequence[Document] = bson.decode_all(b"".join(documents), OPTIONS)
        if _all_faithful(together, documents):
            return together
    except BROKEN:
        pass
    return [decoded(raw) for raw in documents]


def _all_faithful(together: Sequence[Document], documents: Sequence[bytes]) -> bool:
    """Whether decoding lost nothing of any document: encoded as one array, they give the bytes that they came from."""
    array = b"".join([b"\x03%d\0%b" % numbered for numbered in enumerate(documents)])
    sized = struct.pack("<i", len(array) + 5) + array + b"\0"
    return bson.encode({"v": together}, codec_options=OPTIONS) == wrapped("v", ARRAY, sized)


def split(batch: bytes) -> list[bytes]:
    """The documents of a raw batch, still encoded."""
    found, position = [], 0
    while position < len(batch):
        (size,) = struct.unpack_from("<i", batch, position)
        found.append(batch[position : position + size])
        position += size
    return found


def decoded(raw: bytes) -> Document:
    """The document with every value as it is stored; broken, ambiguous and deprecated values become Opaque.

    A decoded document that encodes to the bytes it came from has lost nothing: no doubled name, no deprecated type.
    """
    try:
        whole = bson.decode(raw, OPTIONS)
        if _faithful(whole, raw):
            return whole
    except BROKEN:
        pass
    return _one_by_one(raw)


def _faithful(whole: Document, raw: bytes) -> bool:
    """Whether decoding lost nothing."""
    return bson.encode(whole, codec_options=OPTIONS) == raw


def _one_by_one(raw: bytes) -> Document:
    """Each value decoded alone, at any depth."""
    found: Document = {}
    for tag, name, value in elements(raw):
        found[name] = TWICE if name in found else _alone(tag, value)
    return found


def _alone(tag: int, value: bytes) -> Any:  # noqa: ANN401 - any BSON value
    """One value, or what is wrong with it; only its broken leaves are lost where it is an object or array."""
    if tag in DEPRECATED:
        return Opaque(DEPRECATED[tag])
    document = wrapped("v", tag, value)
    try:
        whole = bson.decode(document, OPTIONS)
        if _faithful(whole, document):
            return whole["v"]
    except BROKEN:
        pass
    if tag == DOCUMENT:
        return _one_by_one(value)
    if tag == ARRAY:
        return [_alone(inner, item) for inner, _, item in elements(value)]
    return Opaque("value that can't be decoded", unreadable=True)


def wrapped(name: str, tag: int, value: bytes) -> bytes:
    """A document of one element, encoded."""
    element = bytes([tag]) + name.encode() + b"\0" + value
    return struct.pack("<i", len(element) + 5) + element + b"\0"


def elements(raw: bytes) -> Iterator[tuple[int, str, bytes]]:
    """(type, name, bytes) of each top-level element; a name that is no UTF-8 is shown in hex."""
    position, end = 4, len(raw) - 1
    while position < end:
        tag = raw[position]
        stop = raw.index(b"\0", position + 1)
        name = _name(raw[position + 1 : stop])
        length = _length(raw, tag, stop + 1)
        yield tag, name, raw[stop + 1 : stop + 1 + length]
        position = stop + 1 + length


def _name(raw: bytes) -> str:
    """An element's name."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return f"0x{raw.hex()}"


def _length(raw: bytes, tag: int, start: int) -> int:
    """How many bytes an element's value takes, after bsonspec.org."""
    if tag in FIXED:
        return FIXED[tag]
    if tag == REGEX:
        pattern = raw.index(b"\0", start)
        return raw.index(b"\0", pattern + 1) + 1 - start
    (size,) = struct.unpack_from("<i", raw, start)
    return int(size) + SIZED[tag]


# -- plain values ------------------------------------------------------------------------------------------------------


def plain(value: Any) -> Raw:  # noqa: ANN401 - any BSON value
    """A BSON value as the core knows it."""
    kind = value.__class__
    return value if kind in AS_THEY_ARE else CONVERTERS.get(kind, _other)(value)


def _decimal(value: Decimal128) -> Decimal:
    """All 34 digits, NaN and infinities included."""
    number = value.to_decimal()
    return Decimal("NaN") if number.is_nan() else number


def _other(value: Any) -> Raw:  # noqa: ANN401 - any BSON value
    """A type without a counterpart, by its name."""
    if isinstance(value, Binary):
        return Opaque(f"binData subtype {value.subtype}")
    return Opaque(NAMES.get(type(value).__name__, type(value).__name__))


CONVERTERS: Mapping[type, Callable[[Any], Raw]] = {
    dict: lambda value: {name: plain(item) for name, item in value.items()},
    list: lambda value: [plain(item) for item in value],
    ObjectId: lambda value: ObjectIdValue(value.binary.hex()),
    DatetimeMS: lambda value: Instant(int(value) * 1000),
    Int64: int,
    Decimal128: _decimal,
}


# -- paths -------------------------------------------------------------------------------------------------------------


def steps_of(path: str) -> Steps:
    """The steps of a path like `profile.phone` or `location.coordinates[0]`."""
    return tuple(int(step[1:-1]) if step.startswith("[") else step for step in STEP.findall(path))


def getter(paths: Sequence[str]) -> Callable[[Mapping[str, Any]], list[Raw]]:
    """A function that takes the plain values at these paths from a document."""
    split_paths = [steps_of(path) for path in paths]
    firsts = [str(first) for first, *_ in split_paths]
    deep = [(place, rest) for place, (_, *rest) in enumerate(split_paths) if rest]

    def take(document: Mapping[str, Any]) -> list[Raw]:
        get = document.get
        found = [get(first, MISSING) for first in firsts]
        for place, rest in deep:
            found[place] = walk(found[place], rest)
        convert = CONVERTERS.get
        return [value if (kind := value.__class__) in AS_THEY_ARE else convert(kind, _other)(value) for value in found]

    return take


def walk(value: Any, steps: Sequence[str | int]) -> Any:  # noqa: ANN401 - any BSON value
    """The BSON value below: MISSING behind null or nothing, Opaque behind what is neither object nor array."""
    for step in steps:
        if value is None or value is MISSING:
            return MISSING
        if step.__class__ is str and value.__class__ is dict:
            value = value.get(step, MISSING)
        elif step.__class__ is int and value.__class__ is list:
            value = value[step] if step < len(value) else MISSING
        else:
            found = plain(value)
            return found if isinstance(found, Opaque) else Opaque(type_name(found))
    return value
