"""Invariants as read-only statements on PostgreSQL."""

from typing import assert_never

import asyncpg

from reconciler.adapters.postgres.sql import of_table, quoted
from reconciler.core import invariants
from reconciler.core.model import InvariantResult, Side
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec, InvariantKind, InvariantSpec, System


async def check(
    connection: asyncpg.Connection, entity: EntitySpec, invariant: InvariantSpec, *, system: System
) -> InvariantResult:
    """How often the invariant is violated in the target, with some of the keys."""
    values = [value for _, value in invariant.where]
    rows = await connection.fetch(_statement(entity, invariant, system), *values)
    if invariant.kind is InvariantKind.NO_CYCLES:
        loops = invariants.cycles({row["key"]: row["parent"] for row in rows})
        return invariants.result(
            invariant, Side.TARGET, violations=len(loops), keys=(key for loop in loops for key in loop)
        )
    if invariant.kind is InvariantKind.CONTIGUOUS:
        broken = invariants.broken_ranges([(row["at"], row["first"], row["last"]) for row in rows])
        return invariants.result(invariant, Side.TARGET, violations=len(broken), keys=broken)
    return invariants.result(
        invariant,
        Side.TARGET,
        violations=len(rows),
        keys=(key for row in rows for key in row["keys"] if key is not None),
    )


def _statement(entity: EntitySpec, invariant: InvariantSpec, system: System) -> str:
    """The statement whose rows are the violations (`keys text[]`), or what is judged in memory.

    `where` values are its parameters.
    """
    key = _key(entity, "t")
    match invariant.kind:
        case InvariantKind.UNIQUE:
            return _unique(entity, invariant)
        case InvariantKind.AT_MOST_ONE | InvariantKind.EXACTLY_ONE:
            return _counted(entity, invariant, system)
        case InvariantKind.RANGE:
            return _range(entity, invariant)
        case InvariantKind.NO_CYCLES:
            (parent,) = _columns(entity, invariant)
            joined = f"join {of_table(entity)} p on p.{quoted(entity.row_id)} = {parent}"
            return f"select {key} as key, {_key(entity, 'p')} as parent from {of_table(entity)} t {joined}"
        case InvariantKind.CONTIGUOUS:
            at, first, last = _columns(entity, invariant)
            return f"select {at}::text as at, {first} as first, {last} as last from {of_table(entity)} t order by {at}"
        case InvariantKind.BELONGS_TO:
            return _belongs_to(entity, invariant, system)
        case InvariantKind.EXISTS:
            other, column = _other(entity, invariant, system)
            there = f"exists (select from {of_table(other)} o where o.{quoted(other.row_id)} = {column})"
            return f"select array[{key}] as keys from {of_table(entity)} t where {column} is not null and not {there}"
        case InvariantKind.SUM_EQUAL:
            raise NotImplementedError(invariant.name)
    assert_never(invariant.kind)


def _columns(entity: EntitySpec, invariant: InvariantSpec) -> list[str]:
    """The columns of the invariant's fields."""
    return [f"t.{quoted(entity.field(path).column)}" for path in invariant.fields]


def _unique(entity: EntitySpec, invariant: InvariantSpec) -> str:
    """Groups of rows that share what should be one row's own."""
    columns = _columns(entity, invariant)
    filled = " and ".join(f"{column} is not null" for column in columns)
    return (
        f"select array_agg({_key(entity, 't')}) as keys from {of_table(entity)} t where {filled}"
        f" group by {', '.join(columns)} having count(*) > 1"
    )


def _range(entity: EntitySpec, invariant: InvariantSpec) -> str:
    """Rows outside the bounds."""
    (column,) = _columns(entity, invariant)
    bounds = [f"{column} < {invariant.minimum}"] if invariant.minimum is not None else []
    bounds += [f"{column} > {invariant.maximum}"] if invariant.maximum is not None else []
    return f"select array[{_key(entity, 't')}] as keys from {of_table(entity)} t where {' or '.join(bounds)}"


def _belongs_to(entity: EntitySpec, invariant: InvariantSpec, system: System) -> str:
    """Rows whose other end does not point back."""
    other, column = _other(entity, invariant, system)
    back = f"o.{quoted(other.field(invariant.fields[1]).column)}"
    joined = f"join {of_table(other)} o on o.{quoted(other.row_id)} = {column}"
    return (
        f"select array[{_key(entity, 't')}, {_key(other, 'o')}] as keys from {of_table(entity)} t {joined}"
        f" where {back} is distinct from t.{quoted(entity.row_id)}"
    )


def _key(entity: EntitySpec, alias: str) -> str:
    """The key of a row as text; its own id where it has none."""
    column = entity.legacy_column if not entity.natural_key else entity.field(entity.key[0]).column
    return f"coalesce({alias}.{quoted(column)}::text, 'id:' || {alias}.{quoted(entity.row_id)}::text)"


def _other(entity: EntitySpec, invariant: InvariantSpec, system: System) -> tuple[EntitySpec, str]:
    """The entity that the first field refers to, and the column that does."""
    field = entity.field(invariant.fields[0])
    return system.entity(field.refers_to), f"t.{quoted(field.column)}"


def _counted(entity: EntitySpec, invariant: InvariantSpec, system: System) -> str:
    """Groups with too many, or not exactly one, of the rows with `where`."""
    where = enumerate((entity.field(path).column for path, _ in invariant.where), start=1)
    holds = " and ".join(f"t.{quoted(column)} = ${place}" for place, column in where)
    wrong = f"count(*) filter (where {holds}) {'> 1' if invariant.kind is InvariantKind.AT_MOST_ONE else '<> 1'}"
    table = f"from {of_table(entity)} t"
    if not invariant.group:
        keys = f"coalesce(array_agg({_key(entity, 't')}) filter (where {holds}), array['none'])"
        return f"select {keys} as keys {table} having {wrong}"
    columns = [f"t.{quoted(entity.field(path).column)}" for path in invariant.group]
    shown, joined = _shown_group(entity.field(invariant.group[0]), system)
    return (
        f"select array[{shown}] as keys {table}{joined} where {columns[0]} is not null"
        f" group by {', '.join(columns)} having {wrong}"
    )


def _shown_group(group: FieldSpec, system: System) -> tuple[str, str]:
    """How a group is shown, and the join that this takes: a reference by the legacy id behind it."""
    shown = f"min(t.{quoted(group.column)}::text)"
    if group.kind is not FieldKind.REFERENCE:
        return shown, ""
    other = system.entity(group.refers_to)
    joined = f" left join {of_table(other)} o on o.{quoted(other.row_id)} = t.{quoted(group.column)}"
    return f"coalesce(min(o.{quoted(other.legacy_column)}), {shown})", joined
