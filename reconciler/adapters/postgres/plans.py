"""What PostgreSQL's planner reads from end to end where an index should serve, and the index to make."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from reconciler.adapters.postgres.sql import Statement, by_keys, child_rows, quoted, table_name
from reconciler.app.tellings import Unindexed
from reconciler.core.spec import ChildTable, EntitySpec, FieldKind, System

COMMENT = "/* reconciler explain */ "
BY_INDEX = ("Index Scan", "Index Only Scan")
INDEXES_ONLY = "set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off"
Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A relation that a statement should find by an index: its alias in the statement, and the index's columns."""

    alias: str
    schema: str
    table: str
    columns: tuple[str, ...]
    unique: bool = True

    @property
    def create(self) -> str:
        """The statement that makes the index."""
        columns = ", ".join(quoted(column) for column in self.columns)
        kind = "unique index" if self.unique else "index"
        return f"create {kind} concurrently on {table_name(self.schema, self.table)} ({columns})"

    def is_read(self, node: Node) -> bool:
        """Whether a node of a plan reads this relation, or a partition of it."""
        name = str(node["Alias"])
        alias, _, number = name.rpartition("_")
        return name == self.alias or (alias == self.alias and number.isdigit())


Question = tuple[Statement, Sequence[Wanted]]


async def unindexed(connection: asyncpg.Connection, questions: Sequence[Question]) -> list[Unindexed]:
    """The relations that no index can serve, each once. `connection` is inside a transaction that is let go after."""
    suspects = [
        (statement, one) for statement, wanted in questions for one in _met(await _plan(connection, statement), wanted)
    ]
    if not suspects:
        return []
    await connection.execute(INDEXES_ONLY)
    found: dict[Wanted, Unindexed] = {}
    for statement, wanted in suspects:
        if wanted not in found and _met(await _plan(connection, statement), [wanted]):
            found[wanted] = await _told(connection, wanted)
    return list(found.values())


def _met(plan: Node, wanted: Sequence[Wanted]) -> list[Wanted]:
    """Those relations that the plan reads from end to end."""
    nodes = list(_read_whole(plan))
    return [one for one in wanted if any(one.is_read(node) for node in nodes)]


def _read_whole(node: Node) -> Iterator[Node]:
    """The nodes that read a relation from its first row to its last, in the order of an index or without one."""
    kind = node["Node Type"]
    if kind == "Seq Scan" or (kind in BY_INDEX and "Index Cond" not in node):
        yield node
    for below in node.get("Plans", ()):
        yield from _read_whole(below)


async def _plan(connection: asyncpg.Connection, statement: Statement) -> Node:
    """The plan of a statement, which is not carried out."""
    told = await connection.fetchval(f"explain (format json) {COMMENT}{statement.text}", *statement.values)
    plan: Node = json.loads(told)[0]["Plan"]
    return plan


async def _told(connection: asyncpg.Connection, wanted: Wanted) -> Unindexed:
    """The relation with the number of rows that the planner goes by."""
    whole = await _plan(connection, Statement(f"select from {table_name(wanted.schema, wanted.table)}"))
    name = f"table {wanted.schema}.{wanted.table}"
    return Unindexed(name=name, records=int(whole["Plan Rows"]), create=wanted.create)


# -- what an entity's statements should find by an index ---------------------------------------------------------------


def of_lookup(entity: EntitySpec, system: System) -> list[Question]:
    """A look-up by key, and by their rows' ids one of the child rows of each field that has some."""
    item = entity.field(entity.ordered_key[0])
    if item.kind is FieldKind.REFERENCE:
        wanted = [_own(entity, item.column), _owner(entity, system, "o")]
    else:
        wanted = [_own(entity, item.column, unique=len(entity.key) == 1)]
    example: object = 0 if item.kind is FieldKind.INTEGER else "0" * 24
    lookups = [Statement(text, (values,)) for text, values in by_keys(entity, system, [example])]
    return [
        *((one, wanted) for one in lookups),
        *(_children(entity, item.children) for item in entity.fields if item.children),
    ]


def of_range(entity: EntitySpec, system: System, statement: Statement) -> list[Question]:
    """A statement about a range of legacy ids."""
    if entity.embedded is None:
        return [(statement, [_own(entity, entity.legacy_column)])]
    owner = _owner(entity, system, f"r{entity.index(entity.embedded.owner)}")
    return [(statement, [_own(entity, entity.embedded.column), owner])]


def _children(entity: EntitySpec, children: ChildTable) -> Question:
    """The child rows of rows."""
    columns = (children.parent_column, children.position_column)
    wanted = Wanted(alias=children.table, schema=entity.schema, table=children.table, columns=columns, unique=False)
    return Statement(child_rows(entity, children), ([UUID(int=0)],)), [wanted]


def _own(entity: EntitySpec, column: str, *, unique: bool = True) -> Wanted:
    """The entity's own table."""
    return Wanted(alias="t", schema=entity.schema, table=entity.table, columns=(column,), unique=unique)


def _owner(entity: EntitySpec, system: System, alias: str) -> Wanted:
    """The table of the rows that embedded records hang on."""
    owner = system.entity(entity.embedded.owner if entity.embedded else entity.name)
    return Wanted(alias=alias, schema=owner.schema, table=owner.table, columns=(owner.legacy_column,))
