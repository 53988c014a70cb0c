"""Where a rule made two different raw values equal: it counts, so that nobody has to take the rule on trust."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from reconciler.core.child_rows import dig
from reconciler.core.model import Canonical, ChildRow, Instant, Raw, Record, Side
from reconciler.core.normalize import element_of, source_rule, target_rule
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec

Changed = Callable[[Raw, Canonical], bool]
Softened = tuple[tuple[int, Raw], ...]
MICROSECONDS = 1000
CHANGING: Mapping[FieldKind, frozenset[Side]] = {
    FieldKind.CHAR: frozenset(Side),
    FieldKind.CI: frozenset(Side),
    FieldKind.LOWER: frozenset({Side.SOURCE}),
    FieldKind.DECIMAL: frozenset({Side.SOURCE}),
    FieldKind.INSTANT: frozenset({Side.TARGET}),
}


def changing_sides(spec: FieldSpec) -> frozenset[Side]:
    """The sides of which the field's rule may take another value than the one that is stored."""
    if spec.children is not None:
        return frozenset().union(*map(changing_sides, spec.children.fields))
    return CHANGING.get(spec.items or spec.kind, frozenset())


def changes_of(entity: EntitySpec, side: Side) -> tuple[tuple[int, Changed], ...]:
    """For the fields whose rule may change a value of this side: their place, and whether it changed one."""
    fields = enumerate(entity.fields)
    return tuple((index, _changes(spec, side)) for index, spec in fields if side in changing_sides(spec))


def _changes(spec: FieldSpec, side: Side) -> Changed:
    """What tells that a field's rule changed a value."""
    match spec.kind:
        case FieldKind.CHILDREN:
            return _Cells(spec, side).changed
        case FieldKind.ARRAY:
            return _any_of(_changes(element_of(spec), side))
        case FieldKind.INSTANT:
            return _cut
        case FieldKind.DECIMAL:
            return _rounded
        case _:
            return _other_text


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


def _any_of(changes: Changed) -> Changed:
    """Whether a rule changed any element of an array."""

    def changed(values: Raw, canonical: Canonical) -> bool:
        if type(values) is not list or type(canonical) is not list:
            return False
        return any(changes(one, other) for one, other in zip(values, canonical, strict=True))

    return changed


def softened(entity: EntitySpec, *, source: Record, target: Record) -> tuple[str, ...]:
    """The paths at which two records that agree held different raw values."""
    if not source.softened and not target.softened:
        return ()
    left, right = dict(source.softened), dict(target.softened)
    return tuple(
        entity.fields[index].path
        for index in sorted({*left, *right})
        if index not in left or index not in right or not _same(entity.fields[index], left[index], right[index])
    )


def _same(spec: FieldSpec, source: Raw, target: Raw) -> bool:
    """Whether two values that a rule changed were the same before."""
    if spec.children is None:
        return source == target
    return _Cells(spec, Side.SOURCE).before(source) == _Cells(spec, Side.TARGET).before(target)


# -- child rows --------------------------------------------------------------------------------------------------------


class _Cells:
    """The cells of embedded objects or child rows whose rules may change a value."""

    def __init__(self, spec: FieldSpec, side: Side) -> None:
        """`spec` has child rows."""
        rule_of = source_rule if side is Side.SOURCE else target_rule
        fields = enumerate(spec.children.fields if spec.children else ())
        self._ruled = [(at, item, rule_of(item), _changes(item, side)) for at, item in fields if changing_sides(item)]

    def changed(self, value: Raw, _: Canonical) -> bool:
        """Whether a rule changed any cell."""
        return any(
            changes(cell := _cell(row, at, item), rule(cell))
            for row in _in_order(value)
            for at, item, rule, changes in self._ruled
        )

    def before(self, value: Raw) -> list[list[object]]:
        """Each cell, row by row, as it was before its rule where that changed it."""
        return [
            [
                cell if changes(cell := _cell(row, at, item), ruled := rule(cell)) else ruled
                for at, item, rule, changes in self._ruled
            ]
            for row in _in_order(value)
        ]


def _in_order(value: Raw) -> Sequence[Raw | ChildRow]:
    """Embedded objects as they are, child rows by position."""
    if type(value) is tuple:
        return sorted(value, key=lambda row: row.position if type(row.position) is int else -1)
    return value if type(value) is list else ()


def _cell(row: Raw | ChildRow, at: int, item: FieldSpec) -> Raw:
    """A field's raw value in an embedded object or a child row."""
    return row.values[at] if type(row) is ChildRow else dig(row, item.path)
