"""The second opinion on nested values: json, arrays and child rows, again without code of the product."""

import json
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.unit.oracle.oracle import ABSENT, finite, number, verdict

NOTHING = (None, ABSENT)


def json_verdict(source: Any, target: Any) -> str:  # noqa: ANN401 - any value
    """`equal`, the kind of the difference of the whole value, or `inside` where it lies further down."""
    left = _written(None if source == ABSENT else source)
    return _nested(left, ("NoneType", None) if target is None else _stored(json.loads(target[1], parse_float=Decimal)))


def array_verdict(items: str, source: Any, target: Any, *, scale: int = 0) -> str:  # noqa: ANN401
    """`equal`, the kind of the difference of the whole array, or `inside`."""
    if source in NOTHING or target is None:
        both = source in NOTHING and target is None
        return "equal" if both else "extra_field" if target is not None else "missing_field"
    if not isinstance(source, list):
        return "type"
    pairs = zip(source, target, strict=False)
    same = len(source) == len(target) and all(verdict(items, *pair, scale=scale) == "equal" for pair in pairs)
    return "equal" if same else "inside"


def children_verdict(source: Any, rows: list[tuple[int | None, dict[str, Any]]]) -> str:  # noqa: ANN401
    """`equal` where the rows, sorted by positions that are exactly 0, 1, 2 …, are the array's texts; else `inside`."""
    elements = [] if source in NOTHING else source
    ordered = sorted(rows, key=lambda row: -1 if row[0] is None else row[0])
    if [position for position, _ in ordered] != list(range(len(elements))):
        return "inside"
    pairs = zip(elements, (row for _, row in ordered), strict=True)
    same = all(verdict("text", element.get(path), row[path]) == "equal" for element, row in pairs for path in row)
    return "equal" if same else "inside"


def _written(value: Any) -> Any:  # noqa: ANN401
    """A document's value as the backfill writes it into json."""
    if isinstance(value, bool | str) or value is None:
        return (type(value).__name__, value)
    if isinstance(value, list):
        return ("list", tuple(map(_written, value)))
    if isinstance(value, dict):
        return ("dict", frozenset((name, _written(item)) for name, item in value.items()))
    if isinstance(value, int | float):
        return ("number", number(repr(value) if finite(value) else value))
    return ("str", value[1])


def _stored(value: Any) -> Any:  # noqa: ANN401
    """A column's parsed json in the same form."""
    if isinstance(value, list):
        return ("list", tuple(map(_stored, value)))
    if isinstance(value, dict):
        return ("dict", frozenset((name, _stored(item)) for name, item in value.items()))
    counted = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return ("number", Fraction(value)) if counted else (type(value).__name__, value)


def _nested(left: Any, right: Any) -> str:  # noqa: ANN401
    """How two json values differ as a whole."""
    if left == right:
        return "equal"
    for one, other, kind in ((left, right, "extra_field"), (right, left, "missing_field")):
        if one[1] is None and other[1] is not None:
            return kind
    if left[0] != right[0]:
        return "type"
    if left[0] == "list" and Counter(left[1]) == Counter(right[1]):
        return "order"
    return "inside" if left[0] in ("list", "dict") else "value"
