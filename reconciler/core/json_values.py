"""Rules that make json canonical: BSON values as the JSON the backfill writes, json columns with all their digits."""

import json
import re
from decimal import Decimal, InvalidOperation

from reconciler.core.model import MISSING, Canonical, Instant, JsonText, ObjectIdValue, Raw
from reconciler.core.number_rules import shortest
from reconciler.core.values import JsonBool, UnreadableValue, iso_time, mistyped, type_name

PLAIN_NAME = re.compile(r"[A-Za-z_$][\w$-]*")
MOST_DIGITS = 4000  # Python refuses to read or print integers beyond 4300


class JsonRefused(ValueError):
    """Text that is JSON to some and not to others."""


def json_document(value: Raw) -> Canonical:
    """A document's value as the JSON value that the backfill writes for it; missing and null are None."""
    return None if value is MISSING else json_value(value, "")


def json_value(value: Raw, path: str) -> Canonical:
    """One BSON value inside json; UnreadableValue for what JSON has no form for."""
    match value:
        case None | str():
            return value
        case bool():
            return JsonBool(value)
        case int():
            return value
        case float():
            return shortest(value)
        case dict():
            return {name: json_value(item, f"{path}{step(name)}") for name, item in value.items()}
        case list():
            return [json_value(item, f"{path}[{index}]") for index, item in enumerate(value)]
        case ObjectIdValue(hex=digits):
            return digits
        case Instant(microseconds=time):
            return iso_time(time // 1000)
        case _:
            raise UnreadableValue(type_name=type_name(value), path=path)


def json_column(value: Raw) -> Canonical:
    """A json or jsonb column, numbers with all their digits; the whole value null counts as SQL NULL."""
    if type(value) is not JsonText:
        return None if value is None else mistyped(value)
    try:
        return _tagged(json.loads(value.text, parse_float=Decimal, parse_int=_whole, parse_constant=_no_constant, object_pairs_hook=_object))  # fmt: skip  # noqa: E501
    except JsonRefused as problem:
        raise UnreadableValue(type_name=f"json with {problem}") from None
    except RecursionError:
        raise UnreadableValue(type_name="json nested too deep") from None
    except (ValueError, InvalidOperation):
        raise UnreadableValue(type_name="json that can't be parsed") from None


def step(name: str) -> str:
    """A name as the next step of a path: `.name`, or `["na.me"]` where a dot would mislead."""
    return f".{name}" if PLAIN_NAME.fullmatch(name) else f"[{json.dumps(name, ensure_ascii=False)}]"


def _whole(digits: str) -> int | Decimal:
    """An integer of any length."""
    return int(digits) if len(digits) < MOST_DIGITS else Decimal(digits)


def _no_constant(_: str) -> object:
    """NaN and Infinity are no JSON."""
    raise JsonRefused("NaN or Infinity")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose names occur once each."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise JsonRefused("a name that occurs twice")
    return found


def _tagged(value: object) -> Canonical:
    """Parsed JSON with its booleans set apart from numbers; half a surrogate pair is no text."""
    match value:
        case bool():
            return JsonBool(value)
        case str():
            return _text(value)
        case dict():
            return {_text(name): _tagged(item) for name, item in value.items()}
        case list():
            return [_tagged(item) for item in value]
        case _:
            return value


def _text(text: str) -> str:
    """The text, if UTF-8 can spell it."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise JsonRefused("half a surrogate pair") from None
    return text
