"""Field diffs to clusters: the likely cause of a difference and the fingerprint that gathers diffs of the same cause."""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

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
from reconciler.core.normalize import JsonBool, Token
from reconciler.core.spec import EntitySpec, FieldKind

INDEX = re.compile(r"\[\d+\]")
QUARTER_HOUR = 15 * 60 * 1000
DAY = 24 * 60 * 60 * 1000
OUTCOME_TITLES = {
    Outcome.MISSING_IN_TARGET: "records missing in PostgreSQL",
    Outcome.EXTRA_IN_TARGET: "records only in PostgreSQL",
    Outcome.KEY_DEFECT: "key defects",
    Outcome.UNREADABLE: "unreadable records",
}


def field_cluster(domain: str, entity: EntitySpec, diff: FieldDiff) -> ClusterKey:
    """The cluster of a field diff; a secret field's values say nothing about the cause."""
    field = entity.field(diff.field_path)
    secret = diff.sensitivity is Sensitivity.SECRET
    is_time = field.kind is FieldKind.INSTANT
    return ClusterKey(
        domain=domain,
        entity=entity.name,
        path=INDEX.sub("[]", diff.path),
        kind=diff.kind.value,
        types=_types(diff),
        cause="" if secret and diff.kind is not DiffKind.DANGLING_REFERENCE else likely_cause(diff, is_time=is_time),
    )


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


def likely_cause(diff: FieldDiff, *, is_time: bool) -> str:
    """The first cause that fits the two values, empty where none does."""
    source, target = diff.source, diff.target
    if diff.kind is DiffKind.ORDER:
        return "same elements in another order"
    if isinstance(target, DanglingReference) or isinstance(source, DanglingReference):
        return (target if isinstance(target, DanglingReference) else source).reason.value  # type: ignore[union-attr]
    if diff.kind in (DiffKind.MISSING_FIELD, DiffKind.EXTRA_FIELD):
        return _absence(source, target)
    if isinstance(source, str) and isinstance(target, str):
        return next((cause for cause in _text_causes(source, target) if cause), "")
    if isinstance(source, bool | JsonBool):
        return "flipped" if diff.kind is DiffKind.VALUE else ""
    numbers = isinstance(source, int | float | Decimal) and isinstance(target, int | float | Decimal)
    if not numbers:
        return ""
    change = _time_cause if is_time else _number_cause
    return change(Decimal(source), Decimal(target))  # type: ignore[arg-type]


def _absence(source: Canonical, target: Canonical) -> str:
    """Null on one side: against an empty value, or against something."""
    present, where = (source, "PostgreSQL") if target is None or isinstance(target, Token) else (target, "MongoDB")
    empty = present in ("", 0) or present == [] or present == {}
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
    return all(left == right or right == "?" for left, right in zip(source, target, strict=True))


def _number_cause(source: Decimal, target: Decimal) -> str:
    """A power of ten, a sign, lost digits."""
    if not source or not target:
        return "zero in PostgreSQL" if not target else "zero in MongoDB"
    if source == -target:
        return "sign turned"
    for exponent in (2, 3, 6, 8, 18):
        if source.scaleb(exponent) == target:
            return f"minor units: PostgreSQL is ×10^{exponent}"
        if target.scaleb(exponent) == source:
            return f"minor units: MongoDB is ×10^{exponent}"
    if target == target.to_integral_value() and abs(source - target) < 1:
        return "fraction lost"
    return "last digits lost" if abs(source - target) <= abs(source) * Decimal("1e-9") else ""


def _time_cause(source: Decimal, target: Decimal) -> str:
    """A constant offset, lost milliseconds, a lost time of day."""
    offset = int(target - source)
    if offset % QUARTER_HOUR == 0 and abs(offset) <= DAY:
        minutes = abs(offset) // 60_000
        return f"PostgreSQL is {'later' if offset > 0 else 'earlier'} by {minutes // 60}:{minutes % 60:02d} h"
    if target % 1000 == 0 and 0 < source - target < 1000:  # noqa: PLR2004 - a second
        return "milliseconds lost"
    if target % DAY == 0 and 0 < source - target < DAY:
        return "time of day lost"
    return "off by less than a second" if abs(offset) < 1000 else ""  # noqa: PLR2004 - a second
