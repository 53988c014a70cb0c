"""Raw BSON documents to plain values, field by field, so that one bad value costs neither its document nor its batch."""

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
from bson.raw_bson import RawBSONDocument

from reconciler.core.model import MISSING, Instant, ObjectIdValue, Opaque, Raw

OPTIONS: CodecOptions[dict[str, Any]] = CodecOptions(
    document_class=dict, tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_MS
)
RAW_OPTIONS: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})
STEP = re.compile(r"[^.\[\]]+|\[\d+\]")
DEPRECATED = {0x06: "undefined", 0x0C: "dbPointer", 0x0E: "symbol"}
FIXED = {0x01: 8, 0x06: 0, 0x07: 12, 0x08: 1, 0x09: 8, 0x0A: 0, 0x10: 4, 0x11: 8, 0x12: 8, 0x13: 16, 0x7F: 0, 0xFF: 0}
SIZED = {0x02: 4, 0x03: 0, 0x04: 0, 0x05: 5, 0x0C: 16, 0x0D: 4, 0x0E: 4, 0x0F: 0}
REGEX = 0x0B


def decoded(document: RawBSONDocument) -> Mapping[str, Any]:
    """The document with every value as it is stored; broken, ambiguous and deprecated values become Opaque.

    A decoded document that encodes to the very bytes it came from has lost nothing: no doubled name, no deprecated type.
    """
    raw = document.raw
    try:
        whole = bson.decode(raw, OPTIONS)
        if bson.encode(whole, codec_options=OPTIONS) == raw:
            return whole
    except (BSONError, OverflowError, ValueError):
        pass
    return _one_by_one(raw)


def _one_by_one(raw: bytes) -> dict[str, Any]:
    """Each top-level value decoded alone."""
    found: dict[str, Any] = {}
    for tag, name, value in elements(raw):
        found[name] = Opaque("name that occurs twice", unreadable=True) if name in found else _alone(tag, value)
    return found


def _alone(tag: int, value: bytes) -> Any:  # noqa: ANN401 - any BSON value
    """One value, or what is wrong with it."""
    if tag in DEPRECATED:
        return Opaque(DEPRECATED[tag])
    document = struct.pack("<i", len(value) + 8) + bytes([tag]) + b"v\0" + value + b"\0"
    try:
        whole = bson.decode(document, OPTIONS)
    except (BSONError, OverflowError, ValueError):
        return Opaque("value that can't be decoded", unreadable=True)
    if bson.encode(whole, codec_options=OPTIONS) != document:
        return Opaque("value with a doubled name or a deprecated type inside", unreadable=True)
    return whole["v"]


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


def plain(value: Any) -> Raw:  # noqa: ANN401 - any BSON value; one line a type
    """A BSON value as the core knows it."""
    kind = type(value)
    if kind in AS_THEY_ARE:
        return value
    if kind is dict:
        return {name: plain(item) for name, item in value.items()}
    if kind is list:
        return [plain(item) for item in value]
    if kind is ObjectId:
        return ObjectIdValue(str(value))
    if kind is DatetimeMS:
        return Instant(int(value) * 1000)
    if kind is Int64:
        return int(value)
    if kind is Decimal128:
        return _decimal(value)
    return _other(value)


def _decimal(value: Decimal128) -> Decimal:
    """All 34 digits, NaN and infinities included."""
    number = value.to_decimal()
    return Decimal("NaN") if number.is_nan() else number


def _other(value: Any) -> Raw:  # noqa: ANN401 - any BSON value
    """Bytes, and types without a counterpart by their name."""
    if isinstance(value, Opaque) or value is MISSING:
        return value
    if type(value) is bytes:
        return value
    if isinstance(value, Binary):
        return Opaque(f"binData subtype {value.subtype}")
    return Opaque(type(value).__name__)


# -- paths -------------------------------------------------------------------------------------------------------------


def getter(path: str) -> Callable[[Mapping[str, Any]], Raw]:
    """A function that takes the plain value at a path like `profile.phone` or `location.coordinates[0]` from a document."""
    steps = [int(step[1:-1]) if step.startswith("[") else step for step in STEP.findall(path)]
    if len(steps) == 1:
        name = steps[0]
        return lambda document: plain(document.get(name, MISSING))  # type: ignore[call-overload]
    return lambda document: plain(walk(document, steps))


def walk(value: Any, steps: Sequence[str | int]) -> Any:  # noqa: ANN401 - any BSON value
    """The BSON value below: MISSING behind null or nothing, Opaque behind something that is neither object nor array."""
    for step in steps:
        if value is None or value is MISSING or isinstance(value, Opaque):
            return MISSING if value is None else value
        if isinstance(step, int):
            if not isinstance(value, list):
                return Opaque(type(value).__name__)
            value = value[step] if step < len(value) else MISSING
        elif isinstance(value, Mapping):
            value = value.get(step, MISSING)
        else:
            return Opaque(type(value).__name__)
    return value
