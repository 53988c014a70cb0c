"""One pair to field diffs: our own equality of canonical values decides, DeepDiff only explains; its words stop here."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from deepdiff import DeepDiff

from reconciler.core.model import Canonical, DanglingReference, DiffKind, FieldDiff, Mistyped, Record, Sensitivity
from reconciler.core.normalize import HOLE, JsonBool, Token, step
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec

NESTED = (FieldKind.JSON, FieldKind.ARRAY, FieldKind.CHILDREN)
LONGEST_LIST = 2000
Steps = tuple[str | int, ...]


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
    found = _places(spec, source, target)
    return tuple(
        FieldDiff(
            path=spec.path + spell(steps),
            kind=kind,
            source=left,
            target=right,
            sensitivity=spec.sensitivity,
            field_path=spec.path,
            note=_note(left, right),
        )
        for steps, kind, left, right in found
    )


def _places(
    spec: FieldSpec, source: Canonical, target: Canonical
) -> list[tuple[Steps, DiffKind, Canonical, Canonical]]:
    """Where below the field the values differ, and how; a secret field differs as a whole."""
    whole = [((), kind_of(source, target), source, target)]
    if spec.kind not in NESTED or type(source) is not type(target) or not isinstance(source, list | dict):
        return whole
    orders = [((*steps,), DiffKind.ORDER, left, right) for steps, left, right in _reordered(source, target, ())]
    if spec.sensitivity is Sensitivity.SECRET:
        return [((), DiffKind.ORDER, source, target)] if orders and orders[0][0] == () else whole
    explained = [
        (steps, kind_of(left, right), left, right)
        for steps, left, right in _explained(source, target)
        if not any(steps[: len(order[0])] == order[0] for order in orders)
    ]
    return [*orders, *explained] or whole


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


ABSENT = Token("absent")


def _form(value: Canonical) -> str:
    """The JSON form of a value: all numbers are one form."""
    return "number" if isinstance(value, int | float | Decimal) else type(value).__name__


def _note(source: Canonical, target: Canonical) -> str:
    """What a person should know beyond the two values: types that do not fit, why a reference dangles."""
    for value in (target, source):
        if isinstance(value, DanglingReference):
            return value.reason.value
    if isinstance(source, Mistyped):
        return f"the source holds a {source.type_name}"
    return f"the target holds a {target.type_name}" if isinstance(target, Mistyped) else ""


# -- order -------------------------------------------------------------------------------------------------------------


def _reordered(source: Canonical, target: Canonical, steps: Steps) -> Iterator[tuple[Steps, Canonical, Canonical]]:
    """The lists at equal places that hold the same elements in another order."""
    if isinstance(source, dict) and isinstance(target, dict):
        for name in source.keys() & target.keys():
            yield from _reordered(source[name], target[name], (*steps, name))
    if not isinstance(source, list) or not isinstance(target, list) or source == target:
        return
    if len(source) == len(target) <= LONGEST_LIST and _bag(source) == _bag(target):
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


# -- DeepDiff ----------------------------------------------------------------------------------------------------------


def _explained(source: Canonical, target: Canonical) -> Iterator[tuple[Steps, Canonical, Canonical]]:
    """The places at which DeepDiff sees a difference, with our own values there."""
    found = DeepDiff(
        _plain(source),
        _plain(target),
        view="tree",
        ignore_private_variables=False,
        threshold_to_diff_deeper=0,
        verbose_level=2,
    )
    for category, levels in found.items():
        for level in levels:
            steps = tuple(level.path(output_format="list"))
            left = ABSENT if category.endswith("_item_added") else _at(source, steps)
            yield steps, left, ABSENT if category.endswith("_item_removed") else _at(target, steps)


def _plain(value: Canonical) -> object:
    """A value in a form that DeepDiff compares as we do: numbers as Decimal, tokens as texts that no value can have."""
    match value:
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case JsonBool():
            return value.value
        case bool() | None | str():
            return value
        case int() | float():
            return Decimal(value)
        case Decimal():
            return value
        case bytes():
            return f"\0bytes {value.hex()}"
        case Token(text=text):
            return f"\0token {text}"
        case _:
            return f"\0{id(value)}"


def _at(value: Canonical, steps: Steps) -> Canonical:
    """Our own value at a place, ABSENT where there is none."""
    for one in steps:
        if (isinstance(value, dict) and one in value) or (isinstance(value, list) and isinstance(one, int) and one < len(value)):
            value = value[one]
        else:
            return ABSENT
    return value


def spell(steps: Steps) -> str:
    """The steps as CONTRACT.md spells paths: `.hour`, `[2].value`."""
    return "".join(f"[{one}]" if isinstance(one, int) else step(one) for one in steps)
