"""Two records of one key to their field diffs: `==` of canonical values decides, DeepDiff finds the places."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import zip_longest

from deepdiff import DeepDiff

from reconciler.core.json_values import step
from reconciler.core.model import Canonical, DanglingReference, DiffKind, FieldDiff, Mistyped, Record, Sensitivity
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec
from reconciler.core.values import HOLE, Token

NESTED = (FieldKind.JSON, FieldKind.ARRAY, FieldKind.CHILDREN)
MOST_EXPLAINED = 2_000
DEEPEST_EXPLAINED = 40
ABSENT = Token("absent")
LEAST_SENSITIVE_FIRST = (Sensitivity.PLAIN, Sensitivity.PII, Sensitivity.SECRET)
Steps = tuple[str | int, ...]
Place = tuple[Steps, Canonical, Canonical]
Kinded = tuple[Steps, DiffKind, Canonical, Canonical]


def compare(entity: EntitySpec, *, source: Record, target: Record) -> tuple[FieldDiff, ...]:
    """Every difference between two records of one key; empty exactly when all canonical values are equal."""
    if source.values == target.values:
        return ()
    pairs = zip(entity.fields, source.values, target.values, strict=True)
    return tuple(
        diff
        for spec, left, right in pairs
        if not equal(left, right)
        for diff in field_diffs(spec, source=left, target=right)
    )


def equal(source: Canonical, target: Canonical) -> bool:
    """Whether canonical values are equal. Rules give both sides of a field the same form, so `==` never mixes kinds."""
    return source == target


def field_diffs(spec: FieldSpec, *, source: Canonical, target: Canonical) -> tuple[FieldDiff, ...]:
    """How two unequal values of a field differ, one diff a place; never empty."""
    found: dict[str | int, FieldDiff] = {}
    for place in _places(spec, source, target):
        sensitivity = sensitivity_at(spec, place[0])
        secret = sensitivity is Sensitivity.SECRET
        steps, kind, left, right = _closed(place) if secret else place
        diff = FieldDiff(
            path=spec.path + _below(spec, steps),
            kind=kind,
            source=left,
            target=right,
            sensitivity=sensitivity,
            field_path=spec.path,
            note="" if secret else _note(left, right),
        )
        found.setdefault(diff.path if secret else len(found), diff)
    return tuple(found.values())


def sensitivity_at(spec: FieldSpec, steps: Steps) -> Sensitivity:
    """How sensitive a place is: as its field; in child rows as the column, or as the most sensitive of a row."""
    if spec.children is None:
        return spec.sensitivity
    named = [one.sensitivity for one in spec.children.fields if len(steps) <= 1 or one.path == steps[1]]
    return max((spec.sensitivity, *named), key=LEAST_SENSITIVE_FIRST.index)


def _closed(place: Kinded) -> Kinded:
    """A place below a secret column as the column itself."""
    steps, kind, source, target = place
    return (steps[:2], DiffKind.VALUE, None, None) if len(steps) > 2 else (steps, kind, source, target)  # noqa: PLR2004 - row and column


def _places(spec: FieldSpec, source: Canonical, target: Canonical) -> list[Kinded]:
    """Where below the field the values differ, and how; a secret field differs as a whole."""
    whole: list[Kinded] = [((), kind_of(source, target), source, target)]
    both_open = type(source) is type(target) and isinstance(source, list | dict)
    if spec.kind not in NESTED or not both_open:
        return whole
    orders: list[Kinded] = [
        (steps, DiffKind.ORDER, left, right) for steps, left, right in _reordered(source, target, ())
    ]
    if orders and orders[0][0] == ():
        return orders
    if spec.sensitivity is Sensitivity.SECRET:
        return whole
    explained: list[Kinded] = [
        (steps, kind_of(left, right), left, right)
        for steps, left, right in sorted(_explained(source, target), key=_in_document_order)
        if not any(steps[: len(order[0])] == order[0] for order in orders)
    ]
    return [*orders, *explained] or whole


def _in_document_order(place: Place) -> list[tuple[int, str]]:
    """Sorts places by index and name."""
    return [(one, "") if isinstance(one, int) else (-1, one) for one in place[0]]


def kind_of(source: Canonical, target: Canonical) -> DiffKind:
    """The kind of the difference between two unequal values at one place."""
    if isinstance(source, Mistyped) or isinstance(target, Mistyped):
        return DiffKind.TYPE
    if isinstance(source, DanglingReference) or isinstance(target, DanglingReference):
        return DiffKind.DANGLING_REFERENCE
    if source is ABSENT or (source is None and target is not ABSENT) or source is HOLE:
        return DiffKind.EXTRA_FIELD
    if target is ABSENT or target is None or target is HOLE:
        return DiffKind.MISSING_FIELD
    if isinstance(source, Token) or isinstance(target, Token):
        return DiffKind.VALUE
    return DiffKind.VALUE if _form(source) == _form(target) else DiffKind.TYPE


def _form(value: Canonical) -> str:
    """The JSON form of a value: all numbers are one form."""
    number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return "number" if number else type(value).__name__


def _note(source: Canonical, target: Canonical) -> str:
    """What a person should know beyond the two values: types that do not fit, why a reference dangles."""
    for value in (target, source):
        if isinstance(value, DanglingReference):
            return value.told
    if isinstance(source, Mistyped):
        return f"the source holds a {source.type_name}"
    return f"the target holds a {target.type_name}" if isinstance(target, Mistyped) else ""


def _below(spec: FieldSpec, steps: Steps) -> str:
    """The steps below a field; the second step into child rows is one of their declared paths."""
    if spec.kind is FieldKind.CHILDREN and len(steps) > 1:
        return f"{spell(steps[:1])}.{steps[1]}{spell(steps[2:])}"
    return spell(steps)


def spell(steps: Steps) -> str:
    """The steps as CONTRACT.md spells paths: `.hour`, `[2].value`."""
    return "".join(f"[{one}]" if isinstance(one, int) else step(one) for one in steps)


# -- order -------------------------------------------------------------------------------------------------------------


def _reordered(source: Canonical, target: Canonical, steps: Steps) -> Iterator[Place]:
    """The lists at equal places that hold the same elements in another order."""
    if isinstance(source, dict) and isinstance(target, dict):
        for name in source:
            if name in target:
                yield from _reordered(source[name], target[name], (*steps, name))
    if not isinstance(source, list) or not isinstance(target, list) or source == target:
        return
    if len(source) == len(target) and _bag(source) == _bag(target):
        yield steps, source, target
        return
    for index, (left, right) in enumerate(zip(source, target, strict=False)):
        yield from _reordered(left, right, (*steps, index))


def _bag(items: list[Canonical]) -> Counter[object]:
    """How often each element occurs."""
    return Counter(_hashable(item) for item in items)


def _hashable(value: Canonical) -> object:
    """A value in a form that a Counter takes; equal values, equal forms."""
    if isinstance(value, dict):
        return ("object", frozenset((name, _hashable(item)) for name, item in value.items()))
    if isinstance(value, list):
        return ("array", tuple(_hashable(item) for item in value))
    return (_form(value), value)


# -- places ------------------------------------------------------------------------------------------------------------


def _explained(source: Canonical, target: Canonical) -> Iterator[Place]:
    """The places that differ: as DeepDiff aligns them, or place by place where it would take too long."""
    if (
        max(_leaves(source), _leaves(target)) > MOST_EXPLAINED
        or max(_depth(source), _depth(target)) > DEEPEST_EXPLAINED
        or _has_hole(source)
        or _has_hole(target)
    ):
        yield from _walked(source, target, ())
    elif _spelling(source) <= _spelling(target):
        yield from ((path, left, right) for path, _, left, right in _both_paths(source, target))
    else:  # one order for both directions, so that swapping the sides swaps what is said
        yield from ((path, left, right) for _, path, right, left in _both_paths(target, source))


def _spelling(value: Canonical) -> str:
    """Text that equal values share, so that two values can be put in an order."""
    match value:
        case dict():
            return f"{{{','.join(f'{name!r}:{_spelling(value[name])}' for name in sorted(value))}}}"
        case list():
            return f"[{','.join(map(_spelling, value))}]"
        case int() | float() | Decimal():
            return str(hash(value))
        case _:
            return repr(value)


def _has_hole(value: Canonical) -> bool:
    """Whether positions of child rows are missing: then a position says more than what its neighbours look like."""
    return isinstance(value, list) and any(item is HOLE for item in value)


def _both_paths(one: Canonical, other: Canonical) -> Iterator[tuple[Steps, Steps, Canonical, Canonical]]:
    """The places that differ, with their paths on both sides: the only one, twice, where a side has nothing there."""
    numbers: dict[object, int] = {}
    found = DeepDiff(
        _numbered(one, numbers),
        _numbered(other, numbers),
        view="tree",
        ignore_private_variables=False,
        threshold_to_diff_deeper=0,
    )
    for category, levels in found.items():
        for level in levels:
            steps, others = (tuple(level.path(output_format="list", use_t2=use_t2)) for use_t2 in (False, True))
            added, removed = category.endswith("_item_added"), category.endswith("_item_removed")
            left = ABSENT if added else _at(one, steps)
            right = ABSENT if removed else _at(other, others)
            first, second = (others if added else steps), (steps if removed else others)
            if type(left) is type(right) and isinstance(left, list | dict):
                for more, again, below, beneath in _both_paths(left, right):
                    yield (*first, *more), (*second, *again), below, beneath
            else:
                yield first, second, left, right


def _numbered(value: Canonical, numbers: dict[object, int]) -> object:
    """The value's shape with a number for each distinct leaf and element: DeepDiff sees structure, never a value.

    An element is one number whatever it holds, so that lists of objects are aligned as lists of numbers are.
    """
    match value:
        case dict():
            return {name: _numbered(item, numbers) for name, item in value.items()}
        case list():
            return [numbers.setdefault(_hashable(item), len(numbers)) for item in value]
        case _:
            return numbers.setdefault(_hashable(value), len(numbers))


def _at(value: Canonical, steps: Steps) -> Canonical:
    """Our own value at a place, ABSENT where there is none."""
    for one in steps:
        match value, one:
            case dict(), str() if one in value:
                value = value[one]
            case list(), int() if one < len(value):
                value = value[one]
            case _:
                return ABSENT
    return value


def _walked(source: Canonical, target: Canonical, steps: Steps) -> Iterator[Place]:
    """The places that differ, name by name and index by index."""
    if isinstance(source, dict) and isinstance(target, dict):
        for name in dict.fromkeys((*source, *target)):
            yield from _walked(source.get(name, ABSENT), target.get(name, ABSENT), (*steps, name))
    elif isinstance(source, list) and isinstance(target, list):
        for index, (left, right) in enumerate(zip_longest(source, target, fillvalue=ABSENT)):
            yield from _walked(left, right, (*steps, index))
    elif not equal(source, target):
        yield steps, source, target


def _children(value: Canonical) -> list[Canonical]:
    """What lies directly below a value."""
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def _leaves(value: Canonical) -> int:
    """How many values there are below."""
    return sum(_leaves(item) for item in _children(value)) or 1


def _depth(value: Canonical) -> int:
    """How many levels there are below."""
    return 1 + max((_depth(item) for item in _children(value)), default=0)
