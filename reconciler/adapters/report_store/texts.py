"""What goes into a column and comes out again: canonical JSON in ASCII, times in microseconds, text."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from reconciler.core.model import InvariantResult, SampleDraw
from reconciler.core.schema_look import PathSeen, SchemaLook

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
UNRECORDABLE = "unrecordable"
DEEPEST = 100
EMPTY = "[]"


def to_micros(at: datetime) -> int:
    """Microseconds since 1970-01-01T00:00:00Z. Raises ValueError for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError("a stored time needs a zone")
    return (at - EPOCH) // MICROSECOND


def to_time(micros: int) -> datetime:
    """The aware UTC time."""
    return EPOCH + micros * MICROSECOND


def to_time_or_none(micros: int | None) -> datetime | None:
    """The aware UTC time, or none."""
    return None if micros is None else to_time(micros)


def safe(text: str) -> str:
    """The text with lone surrogates spelled out, which no column can hold."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def dump(value: object) -> str:
    """JSON in ASCII, sorted keys. Raises TypeError, ValueError or RecursionError for what JSON cannot say."""
    return json.dumps(_plain(value), ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":"))


def dump_or_note(value: object, note: str) -> tuple[object, str]:
    """The plain value and its note; null and a note where it cannot be recorded. A diff is never lost for its value."""
    if value is None or isinstance(value, str):
        return value, note
    try:
        plain = _plain(value)
        dump(plain)
    except (TypeError, ValueError, RecursionError, ArithmeticError):
        noted = UNRECORDABLE in note
        return None, note if noted else f"{note}; {UNRECORDABLE}" if note else UNRECORDABLE
    return plain, note


def _plain(value: object, depth: int = 0) -> object:
    """The value in JSON's own types; numbers exactly, as text where a JSON number would not keep every digit."""
    match value:
        case None | bool() | str() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Decimal():
            return _number(value)
        case list() | tuple() if depth < DEEPEST:
            return [_plain(item, depth + 1) for item in value]
        case dict() if depth < DEEPEST:
            return {_name(name): _plain(item, depth + 1) for name, item in value.items()}
        case _:
            raise TypeError(type(value).__name__)


def _name(name: object) -> str:
    """A name of an object; JSON has no others than text."""
    if not isinstance(name, str):
        raise TypeError(type(name).__name__)
    return name


def _number(value: Decimal) -> object:
    """A number where it comes back with the same digits, otherwise its text."""
    text = str(value)
    if not value.is_finite():
        return text
    if value.as_tuple().exponent == 0:
        whole = int(value)
        return whole if str(whole) == text else text
    return float(text) if str(float(text)) == text else text


def dump_texts(texts: Sequence[str]) -> str:
    """A list of texts."""
    return dump(list(texts)) if texts else EMPTY


def load_texts(text: str) -> tuple[str, ...]:
    """A list of texts."""
    return () if text == EMPTY else tuple(json.loads(text))


def dump_mapping(mapping: Mapping[str, str]) -> str:
    """Names and texts."""
    return dump(dict(mapping))


def load_mapping(text: str) -> dict[str, str]:
    """Names and texts."""
    return dict(json.loads(text))


def dump_schema(look: SchemaLook | None) -> str:
    """What was seen of the schemas."""
    if look is None:
        return dump(None)
    unmentioned = [[one.side, safe(one.path), one.count, one.looked_at] for one in look.unmentioned]
    return dump({"lacks": list(look.lacks), "hints": list(look.hints), "unmentioned": unmentioned})


def load_schema(text: str) -> SchemaLook | None:
    """What was seen of the schemas."""
    found = json.loads(text)
    if found is None:
        return None
    unmentioned = (
        PathSeen(side=side, path=path, count=count, looked_at=looked_at)
        for side, path, count, looked_at in found.get("unmentioned", ())
    )
    return SchemaLook(lacks=tuple(found["lacks"]), hints=tuple(found["hints"]), unmentioned=tuple(unmentioned))


def dump_invariants(results: Sequence[InvariantResult]) -> str:
    """How invariants came out."""
    rows = [[one.name, one.side, one.violations, list(one.sample_keys)] for one in results]
    return dump(rows) if rows else EMPTY


def load_invariants(text: str) -> tuple[InvariantResult, ...]:
    """How invariants came out."""
    if text == EMPTY:
        return ()
    return tuple(
        InvariantResult(name=name, side=side, violations=violations, sample_keys=tuple(keys))
        for name, side, violations, keys in json.loads(text)
    )


def dump_draw(draw: SampleDraw | None) -> str:
    """What a sample drew; empty for none."""
    return "" if draw is None else dump([draw.size, draw.even, draw.population])


def load_draw(text: str) -> SampleDraw | None:
    """What a sample drew; none of an empty text."""
    if not text:
        return None
    size, even, population = json.loads(text)
    return SampleDraw(size=size, even=even, population=population)
