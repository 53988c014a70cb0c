"""Where a rule made two different raw values equal: it counts, so that nobody has to take the rule on trust."""

from collections.abc import Callable
from decimal import Decimal

from reconciler.core.model import Canonical, Instant, Raw, Record, Side
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec

Changed = Callable[[Raw, Canonical], bool]
Softened = tuple[tuple[int, Raw], ...]
MICROSECONDS = 1000


def changes_of(entity: EntitySpec, side: Side) -> tuple[tuple[int, Changed], ...]:
    """For the fields whose rule may change a value of this side: their place, and whether it changed one."""
    found = ((index, _changes(spec, side)) for index, spec in enumerate(entity.fields))
    return tuple((index, changed) for index, changed in found if changed is not None)


def _changes(spec: FieldSpec, side: Side) -> Changed | None:
    """What tells that a field's rule changed a value; None for rules that never do."""
    match spec.kind:
        case FieldKind.CHAR | FieldKind.CI:
            return _other_text
        case FieldKind.LOWER if side is Side.SOURCE:
            return _other_text
        case FieldKind.INSTANT if side is Side.TARGET:
            return _cut
        case FieldKind.DECIMAL if side is Side.SOURCE:
            return _rounded
        case _:
            return None


def _other_text(value: Raw, canonical: Canonical) -> bool:
    """Whether a text was lower-cased or stripped of its padding."""
    return type(value) is str and value != canonical


def _cut(value: Raw, _: Canonical) -> bool:
    """Whether microseconds were cut off."""
    return type(value) is Instant and value.microseconds % MICROSECONDS != 0


def _rounded(value: Raw, canonical: Canonical) -> bool:
    """Whether digits beyond the column's scale were rounded away."""
    if type(canonical) is not Decimal:
        return False
    if type(value) is Decimal:
        return value != canonical
    spelled = repr(value) if type(value) is float else str(value).strip()
    return Decimal(spelled) != canonical


def softened(entity: EntitySpec, *, source: Record, target: Record) -> tuple[str, ...]:
    """The paths at which two records that agree held different raw values."""
    if not source.softened and not target.softened:
        return ()
    left, right = dict(source.softened), dict(target.softened)
    return tuple(
        entity.fields[index].path
        for index in sorted({*left, *right})
        if left.get(index, source.values[index]) != right.get(index, target.values[index])
    )
