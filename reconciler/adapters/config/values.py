"""Values that a configuration spells as text (durations, cron, names), each as a type that pydantic checks."""

import re
from datetime import UTC, date, timedelta
from decimal import Decimal
from ipaddress import ip_network
from typing import Annotated, Final

from apscheduler.triggers.cron import CronTrigger
from pydantic import AfterValidator, BeforeValidator, PlainSerializer, PlainValidator, WithJsonSchema

from reconciler.core.spec import NAME, PATH

DURATION: Final = re.compile(r"([0-9]{1,9}(?:[.][0-9]{1,6})?)(ms|s|m|h|d)")
IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,62}")
UNITS: Final = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
CRON_FIELDS: Final = 5
MOST_TOLERANCE: Final = Decimal(10) ** 18


def parse_duration(text: object) -> timedelta:
    """The duration that `72h` or `250ms` means; ValueError says what a duration looks like."""
    found = DURATION.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("a duration: a number with ms, s, m, h or d")
    return float(found[1]) * UNITS[found[2]]


def format_duration(duration: timedelta) -> str:
    """The duration in the largest unit that needs no fraction: `72h` is told as `3d`."""
    for unit in ("d", "h", "m", "s", "ms"):
        if not duration % UNITS[unit]:
            return f"{duration // UNITS[unit]}{unit}" if duration else "0s"
    return f"{duration / UNITS['ms']:g}ms"


def check_positive(duration: timedelta) -> timedelta:
    """The duration itself; ValueError where it takes no time at all."""
    if not duration:
        raise ValueError("a duration above zero")
    return duration


def parse_tolerance(value: object) -> Decimal | timedelta:
    """A number as it is spelled, or a duration; ValueError says what a tolerance looks like."""
    if isinstance(value, str):
        return check_positive(parse_duration(value))
    if type(value) not in (int, float) or not 0 < Decimal(str(value)) <= MOST_TOLERANCE:
        raise ValueError(f"a number above 0 and up to {MOST_TOLERANCE:.0e}, or a duration like 5s")
    return Decimal(str(value))


def format_tolerance(tolerance: Decimal | timedelta) -> str:
    """The tolerance as a file spells it."""
    return format_duration(tolerance) if isinstance(tolerance, timedelta) else f"{tolerance:f}"


def parse_day(value: object) -> date:
    """A date, written as TOML's own or as text; ValueError says what a date looks like."""
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError as error:
        raise ValueError("a date like 2026-01-31") from error


def check_cron(text: str) -> str:
    """The expression itself, empty for never; ValueError where schedulers would not agree on what it means."""
    if not text:
        return text
    fields = text.split()
    if len(fields) != CRON_FIELDS:
        raise ValueError("five cron fields (minute hour day month weekday), or nothing for never")
    if re.search(r"\d", fields[4]):
        raise ValueError("weekdays by name (mon-fri), as their numbers differ from one cron to another")
    if "*" not in (fields[2], fields[4]):
        raise ValueError("a day of the month or a weekday, not both")
    try:
        CronTrigger.from_crontab(text, timezone=UTC)
    except ValueError as error:
        raise ValueError("a cron expression in UTC, like 0 1 * * *") from error
    return text


def check_network(text: str) -> str:
    """The address or network itself; ValueError where it is neither."""
    try:
        ip_network(text)
    except ValueError:
        raise ValueError("an address or a network, like 10.0.0.7 or 10.0.0.0/24") from None
    return text


def _matching(pattern: re.Pattern[str], expected: str) -> AfterValidator:
    """A check that the whole text has this form."""

    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(expected)
        return text

    return AfterValidator(check)


def check_scalar(value: object) -> str | int | bool:
    """A value that an invariant's `where` may ask for."""
    if not isinstance(value, str | int | bool):
        raise ValueError("true or false, a whole number, or a text")  # noqa: TRY004 - pydantic takes ValueError for a mistake
    return value


Duration = Annotated[
    timedelta,
    PlainValidator(parse_duration),
    PlainSerializer(format_duration),
    WithJsonSchema({"type": "string", "pattern": f"^{DURATION.pattern}$", "examples": ["72h", "250ms"]}),
]
Tolerance = Annotated[
    Decimal | timedelta,
    PlainValidator(parse_tolerance),
    PlainSerializer(format_tolerance),
    WithJsonSchema({"type": ["number", "string"], "examples": [0.01, "5s"]}),
]
Day = Annotated[date, PlainValidator(parse_day), WithJsonSchema({"type": "string", "format": "date"})]
PositiveDuration = Annotated[Duration, AfterValidator(check_positive)]
Cron = Annotated[str, AfterValidator(check_cron)]
Name = Annotated[str, _matching(NAME, "a name in lower_snake_case")]
Identifier = Annotated[str, _matching(IDENTIFIER, "a name of letters, digits and _ (63 at most)")]
Table = Annotated[
    str, _matching(re.compile(rf"({IDENTIFIER.pattern}\.)?{IDENTIFIER.pattern}"), "a table, or schema.table")
]
Collection = Annotated[
    str,
    _matching(
        re.compile(r"(?!system\.)[^$\0\s][^$\0]{0,119}"), "the name of a collection that is not the server's own"
    ),
]
Path = Annotated[str, _matching(PATH, "a path like profile.phone or location.coordinates[0]")]
EmbeddedPath = Annotated[
    str, _matching(re.compile(rf"{PATH.pattern}(\[\])?"), "a path, with [] at its end where it is an array: passkeys[]")
]
Flag = Annotated[str, _matching(re.compile(r"[A-Z][A-Z0-9_]*"), "the name of an environment variable")]
Scalar = Annotated[
    str | int | bool, PlainValidator(check_scalar), WithJsonSchema({"type": ["string", "integer", "boolean"]})
]
WebAddress = Annotated[
    str,
    _matching(
        re.compile(r"(https?://[^\s/@]+(/[^\s@]*)?)?"), "an http or https address without a password, or nothing"
    ),
]
HeaderName = Annotated[str, _matching(re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}"), "the name of a header")]
TimeOfDay = Annotated[str, _matching(re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]"), "a time of day like 07:30")]
Network = Annotated[str, AfterValidator(check_network)]
Text = Annotated[str, BeforeValidator(lambda text: text.strip() if isinstance(text, str) else text)]
Sentence = Annotated[Text, _matching(re.compile(r"(?s).+"), "a text that is not empty")]
