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
    rows = await connection.fetch(_statement(entity, invariant, system), *_parameters(entity, invariant))
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


def _parameters(entity: EntitySpec, invariant: InvariantSpec) -> list[object]:
    """The values of `where`, then the scope's prefix."""
    return [*(value for _, value in invariant.where), *([entity.scope.prefix] if entity.scope else [])]


def _rows(entity: EntitySpec, invariant: InvariantSpec) -> str:
    """The rows in scope, to select from as `t`: without those of another prefix or an expired time."""
    wanted = []
    if entity.scope:
        text = f"{quoted(entity.field(entity.scope.path).column)}::text"
        wanted.append(f"coalesce(starts_with({text}, ${len(invariant.where) + 1}), true)")
    if entity.ttl:
        wanted.append(f"coalesce({quoted(entity.field(entity.ttl).column)} >= now(), true)")
    return f"(select * from {of_table(entity)} where {' and '.join(wanted)}) t" if wanted else f"{of_table(entity)} t"


def _statement(entity: EntitySpec, invariant: InvariantSpec, system: System) -> str:
    """The statement whose rows are the violations (`keys text[]`), or what is judged in memory."""
    key, rows = _key(entity, system), _rows(entity, invariant)
    match invariant.kind:
        case InvariantKind.UNIQUE:
            columns = _columns(entity, invariant)
            filled = " and ".join(f"{column} is not null" for column in columns)
            grouped = f"group by {', '.join(columns)} having count(*) > 1"
            return f"select array_agg({key}) as keys from {rows} where {filled} {grouped}"
        case InvariantKind.AT_MOST_ONE | InvariantKind.EXACTLY_ONE:
            return _counted(entity, invariant, system)
        case InvariantKind.RANGE:
            return f"select array[{key}] as keys from {rows} where {_outside(entity, invariant)}"
        case InvariantKind.NO_CYCLES:
            (parent,) = _columns(entity, invariant)
            joined = f"join {of_table(entity)} p on p.{quoted(entity.row_id)} = {parent}"
            return f"select {key} as key, {_key(entity, system, 'p')} as parent from {rows} {joined}"
        case InvariantKind.CONTIGUOUS:
            at, first, last = _columns(entity, invariant)
            return f"select {at}::text as at, {first} as first, {last} as last from {rows} order by {at}"
        case InvariantKind.BELONGS_TO:
            other, column = _other(entity, invariant, system)
            back = f"o.{quoted(other.field(invariant.fields[1]).column)} is distinct from t.{quoted(entity.row_id)}"
            joined = f"join {of_table(other)} o on o.{quoted(other.row_id)} = {column}"
            found = f"coalesce(o.{quoted(other.legacy_column)}::text, 'id:' || o.{quoted(other.row_id)}::text)"
            return f"select array[{key}, {found}] as keys from {rows} {joined} where {back}"
        case InvariantKind.EXISTS:
            other, column = _other(entity, invariant, system)
            there = f"exists (select from {of_table(other)} o where o.{quoted(other.row_id)} = {column})"
            return f"select array[{key}] as keys from {rows} where {column} is not null and not {there}"
        case InvariantKind.SUM_EQUAL:
            raise NotImplementedError(invariant.name)
    assert_never(invariant.kind)


def _columns(entity: EntitySpec, invariant: InvariantSpec) -> list[str]:
    """The columns of the invariant's fields."""
    return [f"t.{quoted(entity.field(path).column)}" for path in invariant.fields]


def _outside(entity: EntitySpec, invariant: InvariantSpec) -> str:
    """The condition of lying outside the bounds."""
    (column,) = _columns(entity, invariant)
    bounds = [f"{column} < {invariant.minimum}"] if invariant.minimum is not None else []
    bounds += [f"{column} > {invariant.maximum}"] if invariant.maximum is not None else []
    return " or ".join(bounds)


def _key(entity: EntitySpec, system: System, alias: str = "t") -> str:
    """The key of a row as `records.joined_key` spells it; its own id where a part is null."""
    parts = [_part(entity, system, path, alias) for path in entity.key]
    escaped = [f"replace(replace({part}, '%', '%25'), '/', '%2F')" for part in parts[:-1]]
    return f"coalesce({' || chr(47) || '.join([*escaped, parts[-1]])}, 'id:' || {alias}.{quoted(entity.row_id)}::text)"


def _part(entity: EntitySpec, system: System, path: str, alias: str) -> str:
    """One part of a row's key as text; the owner by its legacy id."""
    field = entity.field(path)
    column = f"{alias}.{quoted(field.column)}"
    if field.kind is not FieldKind.REFERENCE:
        return f"{column}::text"
    owner = system.entity(field.refers_to)
    there = f"from {of_table(owner)} w where w.{quoted(owner.row_id)} = {column}"
    return f"(select w.{quoted(owner.legacy_column)}::text {there})"


def _other(entity: EntitySpec, invariant: InvariantSpec, system: System) -> tuple[EntitySpec, str]:
    """The entity that the first field refers to, and the column that does."""
    field = entity.field(invariant.fields[0])
    return system.entity(field.refers_to), f"t.{quoted(field.column)}"


def _counted(entity: EntitySpec, invariant: InvariantSpec, system: System) -> str:
    """Groups with too many, or not exactly one, of the rows with `where`."""
    where = enumerate((entity.field(path).column for path, _ in invariant.where), start=1)
    holds = " and ".join(f"t.{quoted(column)} = ${place}" for place, column in where)
    wrong = f"count(*) filter (where {holds}) {'> 1' if invariant.kind is InvariantKind.AT_MOST_ONE else '<> 1'}"
    table = f"from {_rows(entity, invariant)}"
    if not invariant.group:
        keys = f"coalesce(array_agg({_key(entity, system)}) filter (where {holds}), array['none'])"
        return f"select {keys} as keys {table} having {wrong}"
    columns = [f"t.{quoted(entity.field(path).column)}" for path in invariant.group]
    shown, joined = _shown_group(entity.field(invariant.group[0]), system)
    filled = " and ".join(f"{column} is not null" for column in columns)
    grouped = f"group by {', '.join(columns)} having {wrong}"
    return f"select array[{shown}] as keys {table}{joined} where {filled} {grouped}"


def _shown_group(group: FieldSpec, system: System) -> tuple[str, str]:
    """How a group is shown, and the join that this takes: a reference by the legacy id behind it."""
    shown = f"min(t.{quoted(group.column)}::text)"
    if group.kind is not FieldKind.REFERENCE:
        return shown, ""
    other = system.entity(group.refers_to)
    joined = f" left join {of_table(other)} o on o.{quoted(other.row_id)} = t.{quoted(group.column)}"
    return f"coalesce(min(o.{quoted(other.legacy_column)}), {shown})", joined
