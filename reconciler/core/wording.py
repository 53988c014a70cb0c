"""Numbers, lengths of time and moments as people read them."""

from datetime import UTC, datetime, timedelta
from math import ceil

MINUTE, HOUR, DAY = 60, 3600, 86400
DAYS_FROM = 4 * DAY
TINY = 0.0001


def number(count: int) -> str:
    """`1,204,331`."""
    return f"{count:,}"


def counted(count: int, noun: str) -> str:
    """`1 diff`, `2 diffs`."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def per_cent(rate: float) -> str:
    """`0.60 %`, rounded upwards; more digits below a hundredth of a per cent."""
    digits = 2 if rate >= TINY or not rate else 5
    return f"{ceil(round(rate * 100 * 10**digits, 6)) / 10**digits:.{digits}f} %"


def span(length: timedelta) -> str:
    """Two units at most: `14 d 3 h`, `74 h 12 min`, `3 min 4 s`, `0 s`; cut down, never rounded up."""
    seconds = int(length.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    for limit, size, unit, part, small in (
        (DAYS_FROM, DAY, "d", HOUR, "h"),
        (HOUR, HOUR, "h", MINUTE, "min"),
        (MINUTE, MINUTE, "min", 1, "s"),
    ):
        if seconds >= limit:
            rest = seconds % size // part
            return f"{sign}{seconds // size} {unit}{f' {rest} {small}' if rest else ''}"
    return f"{sign}{seconds} s"


def moment(at: datetime) -> str:
    """`2025-11-20 19:52:07 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def listed(names: tuple[str, ...]) -> str:
    """`a, b and c`."""
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)
