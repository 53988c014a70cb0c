"""SQL for an entity: constants built from the configuration, every name quoted and qualified, values only as parameters."""

from reconciler.core.spec import ChildTable, EntitySpec, FieldKind, FieldSpec, System


def quoted(name: str) -> str:
    """An identifier in quotes."""
    return '"' + name.replace('"', '""') + '"'


def table_name(schema: str, table: str) -> str:
    """A qualified table name."""
    return f"{quoted(schema)}.{quoted(table)}"


def of_table(entity: EntitySpec) -> str:
    """The entity's own table."""
    return table_name(entity.schema, entity.table)


def select(entity: EntitySpec, system: System) -> str:
    """`select … from …` with the row's id in column 0 and the fields after it, in order; the owner's legacy id is joined where the key needs it."""
    fields = ", ".join(f"t.{quoted(item.column)}" if item.column else "null" for item in entity.fields)
    return f"select t.{quoted(entity.row_id)}, {fields} from {of_table(entity)} t{_owner_join(entity, system)}"


def _owner_join(entity: EntitySpec, system: System) -> str:
    """The join that lets rows be ordered by their owner's legacy id."""
    if entity.embedded is None or not entity.owner_in_key:
        return ""
    owner = system.entity(entity.embedded.owner)
    return f" left join {of_table(owner)} o on o.{quoted(owner.row_id)} = t.{quoted(entity.embedded.column)}"


def key_expression(entity: EntitySpec, system: System, path: str) -> str:
    """The SQL expression of a key's part; texts are compared by their bytes."""
    item = entity.field(path)
    if item.kind is FieldKind.REFERENCE:
        return f'o.{quoted(system.entity(item.refers_to).legacy_column)} collate "C"'
    collate = "" if item.kind is FieldKind.INTEGER else ' collate "C"'
    return f"t.{quoted(item.column)}{collate}"


def in_order(entity: EntitySpec, system: System) -> str:
    """All rows in merge order."""
    order = ", ".join(f"{key_expression(entity, system, path)} nulls first" for path in entity.ordered_key)
    return f"{select(entity, system)} order by {order}"


def count(entity: EntitySpec) -> str:
    """How many rows there are."""
    return f"select count(*) from {of_table(entity)}"


def by_keys(entity: EntitySpec, system: System) -> str:
    """Rows whose first key part is one of $1."""
    path = entity.ordered_key[0]
    kind = "numeric" if entity.field(path).kind is FieldKind.INTEGER else "text"
    return f"{select(entity, system)} where {key_expression(entity, system, path)} = any($1::{kind}[])"


def by_ids(entity: EntitySpec, system: System) -> str:
    """Rows whose id, as text, is one of $1."""
    return f"{select(entity, system)} where t.{quoted(entity.row_id)}::text = any($1::text[])"


def references(entity: EntitySpec) -> str:
    """(id, legacy id) of the rows with these ids."""
    return f"select {quoted(entity.row_id)}, {quoted(entity.legacy_column)} from {of_table(entity)} where {quoted(entity.row_id)} = any($1::uuid[])"


def known_legacy_ids(entity: EntitySpec) -> str:
    """Which of these legacy ids are there."""
    column = quoted(entity.legacy_column)
    return f"select distinct {column} from {of_table(entity)} where {column} = any($1::text[])"


def child_rows(entity: EntitySpec, children: ChildTable) -> str:
    """(parent, position, fields …) of the child rows of these parents."""
    fields = "".join(f", {quoted(item.column)}" for item in children.fields)
    parent, position = quoted(children.parent_column), quoted(children.position_column)
    return f"select {parent}, {position}{fields} from {table_name(entity.schema, children.table)} where {parent} = any($1::uuid[]) order by {parent}, {position}"


def orphans(entity: EntitySpec, item: FieldSpec) -> str:
    """(parent, position) of child rows whose parent row does not exist."""
    children = item.children
    if children is None:
        raise KeyError(item.path)
    parent = quoted(children.parent_column)
    return (
        f"select c.{parent}, c.{quoted(children.position_column)} from {table_name(entity.schema, children.table)} c "
        f"where not exists (select from {of_table(entity)} t where t.{quoted(entity.row_id)} = c.{parent}) order by 1, 2"
    )


def unresolved_gaps(schema: str, table: str) -> str:
    """(domain, count) of dual writes that failed and were not repaired."""
    return f"select domain, count(*) as n from {table_name(schema, table)} where resolved_at is null group by domain"
