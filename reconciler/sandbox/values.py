"""One value in the form of either store: what DOMAINS calls equal although it does not look so."""

import json
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from random import Random
from typing import Any

from bson import Decimal128, Int64, ObjectId

_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
_FIRST_DAY = datetime(2021, 1, 1, tzinfo=UTC)
_MILLISECONDS = 170_000_000_000
_MICROSECONDS = (0, 0, 0, 1, 137, 499, 500, 501, 999)
_RARE_MOMENTS = (
    datetime(1969, 7, 20, 20, 17, 40, 7_000, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1903, 3, 21, 4, 0, 0, 1_000, tzinfo=UTC),
    datetime(2022, 9, 21, 20, 30, tzinfo=UTC),
    datetime(2024, 2, 29, 23, 59, 59, 999_000, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
)
FOREVER = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
_PAST = datetime(2023, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)
_FUTURE = datetime(2044, 6, 7, 8, 9, 10, 123_000, tzinfo=UTC)
_LARGEST_EXACT_DOUBLE = 2**53


def sparse(dice: Random, document: dict[str, Any], key: str, value: Any, *, filled: float = 0.8) -> Any:  # noqa: ANN401 - any BSON value
    """Put the value into the document, or null, or nothing at all; return what the column then holds."""
    luck = dice.random()
    if luck < filled:
        document[key] = value
        return value
    if luck < (1 + filled) / 2:
        document[key] = None
    return None


def moment(dice: Random) -> datetime:
    """Return a UTC time in whole milliseconds, seldom one from before 1970 or from a leap day."""
    if dice.random() < 0.01:
        return dice.choice(_RARE_MOMENTS)
    return _FIRST_DAY + timedelta(milliseconds=dice.randrange(_MILLISECONDS))


def instant(dice: Random, value: datetime | None) -> datetime | None:
    """Return the time as the column holds it: with microseconds that Mongo never had."""
    if value is None or value == FOREVER:  # one microsecond more would be the driver's word for infinity
        return value
    return value + timedelta(microseconds=dice.choice(_MICROSECONDS))


def lifetime(dice: Random) -> tuple[datetime | None, datetime | None]:
    """Return the expiry in Mongo and in PostgreSQL (None: that store has no record), live or past on either side."""
    luck, shift = dice.random(), timedelta(milliseconds=dice.randrange(50_000_000_000))
    past, future = _PAST + shift, _FUTURE + shift
    if luck < 0.82:
        return future, instant(dice, future)
    if luck < 0.88:
        return past, instant(dice, past)
    if luck < 0.92:
        return past, None
    if luck < 0.96:
        return None, past
    return (future, past) if luck < 0.98 else (past, future)


def is_live(expiry: datetime | None) -> bool:
    """Return whether a record with this expiry is there and not expired."""
    return expiry is not None and expiry >= _FUTURE


def whole(dice: Random, value: int) -> int | float:
    """Return a whole number as int, Long or double."""
    luck = dice.random()
    if luck < 0.15 or not -(2**31) <= value < 2**31:
        return Int64(value)
    return float(value) if luck < 0.25 and abs(value) < _LARGEST_EXACT_DOUBLE else value


def money(dice: Random, value: Decimal) -> Decimal128 | float | str | int:
    """Return an amount as a Decimal128 with one exponent or another, or as older documents hold it."""
    luck = dice.random()
    if luck < 0.08:
        return str(value)
    if luck < 0.16 and len(value.as_tuple().digits) <= 15:
        return float(value)
    if luck < 0.20 and value == value.to_integral_value() and abs(value) < 2**31:
        return int(value)
    zeros_behind = _EXACT.add(value, Decimal("0.0000"))
    return Decimal128(dice.choice((value, value.normalize(_EXACT), zeros_behind, Decimal(f"{value:E}"))))


def cents(dice: Random) -> Decimal:
    """Return an amount with two decimals at most, small, large, round or nothing."""
    return Decimal(dice.choice((dice.randrange(10**4), dice.randrange(10**8), 100_000, 110, 0))) / 100


def at_scale(value: Decimal, scale: int) -> Decimal:
    """Return the number as a `numeric(p, scale)` column holds it, rounded half away from zero."""
    return value.quantize(Decimal(1).scaleb(-scale), context=_EXACT)


def printed(value: float) -> Decimal:
    """Return a number as the decimal that it prints shortest."""
    return Decimal(repr(value))


def wallet(dice: Random) -> str:
    """Return a wallet or token address in the mixed case of its checksum."""
    return "0x" + "".join(dice.choice((digit, digit.upper())) for digit in hexadecimal(dice, 40))


def recased(dice: Random, value: str | None) -> str | None:
    """Return an address in another case than it came in, as backfills do."""
    if value is None:
        return None
    return dice.choice((value, value.lower(), "0x" + value[2:].upper()))


def hexadecimal(dice: Random, digits: int) -> str:
    """Return random lower-case hex digits."""
    return f"{dice.getrandbits(4 * digits):0{digits}x}"


def json_text(dice: Random, value: Any) -> str | None:  # noqa: ANN401 - any BSON value
    """Return JSON text for a jsonb column: keys in any order, 1 or 1.0, hex ids, ISO-8601 dates with milliseconds."""
    if value is None:
        return "null" if dice.random() < 0.2 else None
    return json.dumps(_plain(dice, value), ensure_ascii=False)


def _plain(dice: Random, value: Any) -> Any:  # noqa: ANN401 - any BSON value
    if isinstance(value, dict):
        items = list(value.items())
        dice.shuffle(items)
        return {key: _plain(dice, item) for key, item in items}
    if isinstance(value, list):
        return [_plain(dice, item) for item in value]
    if isinstance(value, ObjectId):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return _number(dice, value)


def _number(dice: Random, value: float) -> int | float:
    if isinstance(value, int):
        return float(value) if abs(value) < _LARGEST_EXACT_DOUBLE and dice.random() < 0.2 else int(value)
    return int(value) if value.is_integer() and abs(value) < _LARGEST_EXACT_DOUBLE and dice.random() < 0.5 else value
