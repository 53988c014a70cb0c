"""Rules that bring embedded arrays and child tables to one form: a list of elements, each by its declared paths."""

import re
from collections.abc import Sequence

from reconciler.core.model import MISSING, Canonical, ChildRow, Mistyped, Opaque, Raw
from reconciler.core.values import HOLE, Rule, mistyped, type_name

Rules = Sequence[tuple[str, Rule]]
MOST_CHILDREN = 100_000
STEP = re.compile(r"[^.\[\]]+|\[\d+\]")


def elements(rules: Rules) -> Rule:
    """An embedded array of objects; null, missing and empty are all no rows."""

    def rule(value: Raw) -> Canonical:
        if value is None or value is MISSING:
            return []
        if type(value) is not list:
            return mistyped(value)
        return [_element(item, rules) for item in value]

    return rule


def _element(item: Raw, rules: Rules) -> Canonical:
    """One embedded object as a mapping of its declared paths."""
    if type(item) is not dict:
        return mistyped(item)
    return {path: rule(dig(item, path)) for path, rule in rules}


def rows(rules: Rules) -> Rule:
    """Child rows as the array that their positions spell; at a position taken, negative or null one is too many."""

    def rule(value: Raw) -> Canonical:
        if type(value) is not tuple:
            return [] if value is None else mistyped(value)
        placed: dict[int, Canonical] = {}
        strange: list[Canonical] = []
        for row in value:
            _place(row, rules, placed, strange)
        return [placed.get(index, HOLE) for index in range(max(placed, default=-1) + 1)] + strange

    return rule


def _place(row: ChildRow, rules: Rules, placed: dict[int, Canonical], strange: list[Canonical]) -> None:
    """Puts a child row where its position says, or among the strange ones."""
    position = row.position
    if type(position) is not int or not 0 <= position < MOST_CHILDREN or position in placed:
        strange.append(Mistyped(type_name="row position", shown=f"position {position}"))
    else:
        placed[position] = {path: rule(value) for (path, rule), value in zip(rules, row.values, strict=True)}


def dig(document: Raw, path: str) -> Raw:
    """The raw value at a path below an object: MISSING behind null or nothing, Opaque behind what has no such steps."""
    value: Raw = document
    for one in STEP.findall(path):
        if value is None or value is MISSING:
            return MISSING
        if isinstance(value, Opaque):
            return value
        if one.startswith("["):
            value = _item(value, int(one[1:-1]))
        else:
            value = value.get(one, MISSING) if type(value) is dict else Opaque(type_name(value))
    return value


def _item(value: Raw, index: int) -> Raw:
    """An array's element, MISSING beyond its end."""
    if type(value) is not list:
        return Opaque(type_name(value))
    return value[index] if index < len(value) else MISSING
