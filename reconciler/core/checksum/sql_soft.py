"""Raw values that a rule changes, told as SQL text."""

from collections.abc import Mapping, Sequence

from reconciler.core.checksum.soft import soft_sides
from reconciler.core.checksum.sql import Types, as_text, concatenated, literal, name, table
from reconciler.core.checksum.words import CELL, ROW
from reconciler.core.model import Side
from reconciler.core.spec import ChildTable, EntitySpec, FieldKind, FieldSpec

OF_A_MILLISECOND = 1000


def changed(entity: EntitySpec, item: FieldSpec, *, types: Types, child_types: Mapping[str, Types]) -> str:
    """The condition that the field's rule changes what the row `t` holds; null is as good as false."""
    if item.children is None:
        return _changed(item, f"t.{name(item.column)}", types[item.column])
    own = child_types[item.children.table]
    cells = [one for one in _cells(item.children) if Side.TARGET in soft_sides(one)]
    either = " or ".join(_changed(one, f"c.{name(one.column)}", own[one.column]) for one in cells)
    return f"exists (select {_rows(entity, item.children)} and ({either}))"


def raw(entity: EntitySpec, item: FieldSpec, *, types: Types, child_types: Mapping[str, Types]) -> str:
    """The text of the raw value, as far as its rule makes nothing of it."""
    if item.children is None:
        return _raw(item, f"t.{name(item.column)}", types[item.column])
    own = child_types[item.children.table]
    cells = [_raw(one, f"c.{name(one.column)}", own[one.column]) for one in _cells(item.children)]
    order = f"order by c.{name(item.children.position_column)}"
    row = f"{concatenated(cells, CELL)} || {literal(ROW)}"
    return f"coalesce((select string_agg({row}, '' {order}) {_rows(entity, item.children)}), '')"


def _rows(entity: EntitySpec, children: ChildTable) -> str:
    """Where the child rows `c` of the row `t` come from."""
    parent = f"c.{name(children.parent_column)} = t.{name(entity.row_id)}"
    return f"from {table(entity.schema, children.table)} c where {parent}"


def _cells(children: ChildTable) -> Sequence[FieldSpec]:
    """The fields of child rows whose rules may change a value."""
    return [one for one in children.fields if soft_sides(one)]


def _changed(item: FieldSpec, column: str, base: str) -> str:
    """Whether a rule changes a column's value."""
    text = as_text(column, base)
    match item.kind:
        case FieldKind.INSTANT:
            return f"(isfinite({column}) and {_cut(column)} <> 0)"
        case FieldKind.CHAR:
            return f"{_blanks(text)} > 0"
        case _:
            return f'{text} collate "C" <> lower({text} collate "C")'


def _raw(item: FieldSpec, column: str, base: str) -> str:
    """A column's raw value as text, as far as its rule makes nothing of it."""
    text = as_text(column, base)
    match item.kind:
        case FieldKind.INSTANT:
            return f"case when isfinite({column}) then {_cut(column)}::text else '0' end"
        case FieldKind.CHAR:
            return f"coalesce({_blanks(text)}::text, '')"
        case _:
            return f"coalesce({text}, '')"


def _cut(column: str) -> str:
    """The microseconds that a time has beyond its milliseconds."""
    return f"mod(extract(microseconds from {column}), {OF_A_MILLISECOND})"


def _blanks(text: str) -> str:
    """How many blanks a text ends with."""
    return f"(octet_length({text}) - octet_length(rtrim({text}, ' ')))"
