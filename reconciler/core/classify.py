"""Field diffs to clusters: the likely cause of a difference, and what gathers diffs of the same cause."""

import re
import unicodedata
from collections.abc import Iterator
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal

from reconciler.core.model import (
    Canonical,
    ClusterKey,
    DanglingReference,
    DiffKind,
    FieldDiff,
    Mistyped,
    Outcome,
    Sensitivity,
)
from reconciler.core.spec import EntitySpec
from reconciler.core.values import DAY_MS, JsonBool, Milliseconds, Token

INDEX = re.compile(r"\[\d+\]")
SECOND = 1000
QUARTER_HOUR = 15 * 60 * SECOND
MINOR_UNITS = (2, 3, 6, 8, 18)
DOUBLE_DIGITS = 15
A_BILLIONTH = Decimal("1e-9")
ROOMY = Context(prec=200, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])
ZERO_IN_TARGET, ZERO_IN_SOURCE = "zero in PostgreSQL", "zero in MongoDB"
TELLING = frozenset({ZERO_IN_TARGET, ZERO_IN_SOURCE, "flipped"})
OUTCOME_TITLES = {
    Outcome.MISSING_IN_TARGET: "records missing in PostgreSQL",
    Outcome.EXTRA_IN_TARGET: "records only in PostgreSQL",
    Outcome.KEY_DEFECT: "key defects",
    Outcome.UNREADABLE: "unreadable records",
}


def field_cluster(domain: str, entity: EntitySpec, diff: FieldDiff) -> ClusterKey:
    """The cluster of a field diff; a secret field says nothing but that it differs."""
    secret = diff.sensitivity is Sensitivity.SECRET
    return ClusterKey(
        domain=domain,
        entity=entity.name,
        path=INDEX.sub("[]", diff.path),
        kind=diff.kind.value,
        types="" if secret else _types(diff),
        cause="" if secret else _cause(diff),
    )


def _cause(diff: FieldDiff) -> str:
    """The likely cause; of personal values none that tells the value itself."""
    cause = likely_cause(diff)
    return "" if diff.sensitivity is Sensitivity.PII and cause in TELLING else cause


def outcome_cluster(domain: str, entity: EntitySpec, outcome: Outcome, detail: str = "") -> ClusterKey:
    """The cluster of a diff without fields."""
    title = OUTCOME_TITLES.get(outcome, outcome.value)
    return ClusterKey(
        domain=domain,
        entity=entity.name,
        path=None,
        kind=outcome.value,
        types="",
        cause=f"{title}{f': {detail}' if detail else ''}",
    )


def _types(diff: FieldDiff) -> str:
    """The pair of types, where they tell something."""
    if diff.kind is not DiffKind.TYPE:
        return ""
    return f"{_type(diff.source)} against {_type(diff.target)}"


def _type(value: Canonical) -> str:
    """A canonical value's type in words."""
    match value:
        case Mistyped():
            return value.type_name
        case None | Token():
            return "nothing"
        case str():
            return "text"
        case bool() | JsonBool():
            return "boolean"
        case int() | float() | Decimal():
            return "number"
        case dict():
            return "object"
        case list():
            return "array"
        case _:
            return type(value).__name__


def likely_cause(diff: FieldDiff) -> str:
    """The first cause that fits the two values, empty where none does."""
    source, target = diff.source, diff.target
    if diff.kind is DiffKind.ORDER:
        return "same elements in another order"
    for value in (target, source):
        if isinstance(value, DanglingReference):
            return value.told
    if diff.kind in (DiffKind.MISSING_FIELD, DiffKind.EXTRA_FIELD):
        return _absence(source, target)
    return "" if diff.kind is DiffKind.TYPE else _change(source, target)


def _change(source: Canonical, target: Canonical) -> str:
    """What may have happened to a value on its way."""
    if isinstance(source, str) and isinstance(target, str):
        return next((cause for cause in _text_causes(source, target) if cause), "")
    if isinstance(source, bool | JsonBool):
        return "flipped"
    if isinstance(source, Milliseconds) and isinstance(target, Milliseconds):
        return _time_cause(source, target)
    if isinstance(source, int | float | Decimal) and isinstance(target, int | float | Decimal):
        return _number_cause(Decimal(source), Decimal(target))
    return ""


def _absence(source: Canonical, target: Canonical) -> str:
    """Null on one side: against an empty value, or against something."""
    gone = target is None or isinstance(target, Token)
    present, where = (source, "PostgreSQL") if gone else (target, "MongoDB")
    empty = present in ("", 0, [], {})
    return f"null in {where} for {'an empty value' if empty else 'a value'}"


def _text_causes(source: str, target: str) -> Iterator[str]:
    """What may have happened to a text, most telling first."""
    yield "emptied in PostgreSQL" if not target else ""
    yield (
        "leading zero lost"
        if source.startswith("0") and source.lstrip("0") == target.lstrip("0") and source.isdigit()
        else ""
    )
    yield "white space at the ends" if source.strip() == target.strip() else ""
    yield "white space" if "".join(source.split()) == "".join(target.split()) else ""
    yield "upper and lower case" if source.casefold() == target.casefold() else ""
    yield "Unicode normalization" if _composed(source) == _composed(target) else ""
    yield f"truncated at {len(target)} characters" if source.startswith(target) else ""
    yield f"truncated in MongoDB at {len(source)} characters" if target.startswith(source) and source else ""
    yield (
        "question marks for characters"
        if "?" in target and len(source) == len(target) and _replaced(source, target)
        else ""
    )


def _composed(text: str) -> str:
    """The text in compatibility composition."""
    return unicodedata.normalize("NFKC", text)


def _replaced(source: str, target: str) -> bool:
    """Whether the target differs from the source in question marks only."""
    return all(right in (left, "?") for left, right in zip(source, target, strict=True))


def _number_cause(source: Decimal, target: Decimal) -> str:
    """A power of ten, a sign, lost digits; a counter that is one behind has none of these."""
    apart = ROOMY.abs(ROOMY.subtract(source, target))
    if (not source or not target) and apart > 1:
        return ZERO_IN_TARGET if not target else ZERO_IN_SOURCE
    if source == target.copy_negate():
        return "sign turned"
    for exponent in MINOR_UNITS:
        if ROOMY.scaleb(source, exponent) == target:
            return f"minor units: PostgreSQL is 10^{exponent} times MongoDB"
        if ROOMY.scaleb(target, exponent) == source:
            return f"minor units: MongoDB is 10^{exponent} times PostgreSQL"
    if target == target.to_integral_value() and apart < 1:
        return "fraction lost"
    close = apart <= ROOMY.multiply(ROOMY.abs(source), A_BILLIONTH)
    return "last digits lost" if close and _through_a_double(source, target) else ""


def _through_a_double(source: Decimal, target: Decimal) -> bool:
    """Whether the target is what is left of more digits than a double holds."""
    return _digits(source) > DOUBLE_DIGITS and (_digits(target) <= DOUBLE_DIGITS or target == Decimal(float(source)))


def _digits(number: Decimal) -> int:
    """How many digits a number has between its first and its last that are not 0."""
    return len("".join(map(str, number.as_tuple().digits)).strip("0"))


def _time_cause(source: int, target: int) -> str:
    """A constant offset, lost milliseconds, a lost time of day."""
    offset = target - source
    if offset % QUARTER_HOUR == 0 and abs(offset) <= DAY_MS:
        minutes = abs(offset) // 60_000
        return f"PostgreSQL is {'later' if offset > 0 else 'earlier'} by {minutes // 60}:{minutes % 60:02d} h"
    if target % SECOND == 0 and 0 < -offset < SECOND:
        return "milliseconds lost"
    if target % DAY_MS == 0 and 0 < -offset < DAY_MS:
        return "time of day lost"
    return "off by less than a second" if abs(offset) < SECOND else ""
