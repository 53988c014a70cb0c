"""Diffs in the clear to diffs fit to be stored and shown: plain values as JSON, pii masked, secrets gone."""

import json
from decimal import Decimal
from itertools import takewhile

from reconciler.core.classify import field_cluster, outcome_cluster
from reconciler.core.compare import ABSENT
from reconciler.core.model import (
    Canonical,
    DanglingReference,
    DiffState,
    FieldDiff,
    Mistyped,
    RecordDiff,
    ReportedDiff,
    ReportedField,
    Sensitivity,
)
from reconciler.core.spec import EntitySpec
from reconciler.core.values import JsonBool, Milliseconds, Token, iso_time

SAME, OTHER = "•", "▒"
LONGEST_RUN = 12
SAFE_DIGITS = 15  # a double holds every whole number of so many digits
WIDEST = 40  # beyond that the zeros fill the line


def reported(domain: str, entity: EntitySpec, diff: RecordDiff, *, state: DiffState) -> ReportedDiff:
    """The diff as it may leave memory."""
    fields = tuple(_field(domain, entity, one) for one in diff.fields)
    cluster = None if fields else outcome_cluster(domain, entity, diff.outcome, diff.detail)
    return ReportedDiff(
        locator=diff.locator,
        key=diff.key_text,
        outcome=diff.outcome,
        state=state,
        fields=fields,
        cluster=cluster,
        detail=diff.detail,
    )


def _field(domain: str, entity: EntitySpec, diff: FieldDiff) -> ReportedField:
    """One field as its sensitivity allows."""
    redacted = None if diff.sensitivity is Sensitivity.PLAIN else diff.sensitivity
    secret = redacted is Sensitivity.SECRET
    source, target = (None, None) if secret else (shown(diff.source), shown(diff.target))
    if redacted is Sensitivity.PII:
        source, target = masked(source, target)
    return ReportedField(
        path=diff.path,
        kind=diff.kind,
        source=source,
        target=target,
        redacted=redacted,
        cluster=field_cluster(domain, entity, diff),
        note="" if secret else diff.note,
    )


def shown(value: Canonical) -> object:
    """A canonical value as JSON: times in ISO 8601, bytes in hex, numbers beyond a double's reach as text."""
    match value:
        case None | bool() | str():
            return value
        case JsonBool():
            return value.value
        case Milliseconds():
            return iso_time(value)
        case int() | float() | Decimal():
            return number(value)
        case bytes():
            return value.hex()
        case list():
            return [shown(item) for item in value]
        case dict():
            return {name: shown(item) for name, item in value.items()}
        case Token():
            return None if value is ABSENT else value.text
        case Mistyped() | DanglingReference():
            return retyped(value)
        case _:
            raise TypeError(type(value).__name__)


def retyped(value: Mistyped | DanglingReference) -> object:
    """A value of a strange type in JSON's own type for it, so that 7 and "7" are told apart."""
    kind = value.type_name if isinstance(value, Mistyped) else ""
    if kind == "bool":
        return value.shown == "True"
    return int(value.shown) if kind == "int" and len(value.shown) <= SAFE_DIGITS else value.shown


def number(value: float | Decimal) -> object:
    """A number with all its digits: as text, unless it is whole and small."""
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if exact.adjusted() < SAFE_DIGITS and exact == exact.to_integral_value():
        return int(exact)
    return format(exact, "f") if -WIDEST < exact.adjusted() < WIDEST else str(exact)


def masked(source: object, target: object) -> tuple[object, object]:
    """Both values masked the same way: a mark a character, another where they differ, nothing of the values."""
    if isinstance(source, bool) or isinstance(target, bool):
        return _hidden(source), _hidden(target)
    left, right = _letters(source), _letters(target)
    head = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))
    shorter = min(len(left), len(right)) - head
    ends = zip(reversed(left), reversed(right), strict=False)
    tail = min(shorter, sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], ends)))
    return (
        None if source is None else _mask(head, len(left) - head - tail, tail),
        None if target is None else _mask(head, len(right) - head - tail, tail),
    )


def _hidden(value: object) -> str | None:
    """A value whose length alone would tell it."""
    return None if value is None else OTHER


def _letters(value: object) -> str:
    """A shown value as one text."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


def _mask(head: int, middle: int, tail: int) -> str:
    """`•••▒▒••`; long runs are cut short."""
    return "".join(_run(mark, length) for mark, length in ((SAME, head), (OTHER, middle), (SAME, tail)))


def _run(mark: str, length: int) -> str:
    """A run of marks. A count would be digits, and digits may be what is to be hidden."""
    return mark * length if length <= LONGEST_RUN else f"{mark * LONGEST_RUN}…"
