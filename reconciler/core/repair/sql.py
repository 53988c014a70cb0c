"""Repairs of PostgreSQL: guarded updates of columns and child rows, inserts of rows, deletions on request only."""

from reconciler.core.child_rows import dig
from reconciler.core.model import ChildRow, FieldDiff, Opaque, Outcome, Raw, RawRecord, Sensitivity
from reconciler.core.normalize import source_rule, target_rule
from reconciler.core.repair.plan import CannotRepair, Step, Wrong, paths_of, require_showable
from reconciler.core.repair.sql_values import key_still, literal, name, still, table, wanted
from reconciler.core.spec import ChildTable, EntitySpec, FieldKind, FieldSpec, System


def repaired(entity: EntitySpec, wrong: Wrong, system: System, *, delete: bool) -> Step:
    """What makes the rows like the document. Raises CannotRepair."""
    match wrong.outcome:
        case Outcome.FIELD_MISMATCH if wrong.source and wrong.target:
            return _updated(entity, wrong, wrong.source, wrong.target, system)
        case Outcome.MISSING_IN_TARGET if wrong.source:
            return _inserted(entity, wrong.key, wrong.source, system)
        case Outcome.EXTRA_IN_TARGET if wrong.target:
            return _extra(entity, wrong.key, wrong.target, system, delete=delete)
        case Outcome.UNREADABLE:
            raise CannotRepair("a value of it can't be read, so what it should hold is not known")
        case Outcome.KEY_DEFECT:
            raise CannotRepair("its key is unusable: which document the row belongs to is for a person to say")
        case _:
            raise CannotRepair("it was not found again as the cluster has it")


# -- rows that differ --------------------------------------------------------------------------------------------------


def _updated(entity: EntitySpec, wrong: Wrong, source: RawRecord, target: RawRecord, system: System) -> Step:
    """One update of the row for its columns, and statements for its child rows."""
    sets, guards, texts = [], [], []
    for path in paths_of(wrong.fields):
        spec, at = entity.field(path), entity.index(path)
        require_showable(spec)
        if spec.kind is FieldKind.CHILDREN and spec.children:
            parent = _Parent(entity=entity, row=target, system=system)
            texts += parent.children(spec.children, source.values[at], target.values[at])
            continue
        _require_known(wrong.fields, path)
        value = wanted(spec, source.values[at], system)
        sets.append(f"{name(spec.column)} = {value}")
        guards.append(still(name(spec.column), spec, target.values[at], system))
        guards += [f"{value} IS NOT NULL"] if value.startswith("(SELECT") else []
    if sets:
        where = [f"{name(entity.row_id)} = {literal(target.id)}", key_still(entity, target.values, system), *guards]
        text = f"UPDATE {table(entity.schema, entity.table)} SET {', '.join(sets)}\n WHERE {_and(where)};"
        texts.insert(0, text)
    return Step(key=wrong.key, told=", ".join(paths_of(wrong.fields)), texts=tuple(texts))


def _require_known(fields: tuple[FieldDiff, ...], path: str) -> None:
    """A reference to what PostgreSQL does not have can't be written there."""
    for field in fields:
        if field.field_path == path and "ObjectId resolves to nothing" in field.note:
            raise CannotRepair(f"{path} refers to a document that PostgreSQL has no row of: write that one first")


def _and(conditions: list[str]) -> str:
    """Conditions, one a line."""
    return "\n   AND ".join(conditions)


class _Parent:
    """A row whose child rows are mended, cell by cell, by position."""

    def __init__(self, *, entity: EntitySpec, row: RawRecord, system: System) -> None:
        """`row` is the parent as it was read."""
        self._entity, self._row, self._system = entity, row, system

    def children(self, child: ChildTable, source: Raw, target: Raw) -> list[str]:
        """An update for each row that differs, an insert for each that is missing. Raises CannotRepair."""
        elements, rows = _elements(source), _by_position(target)
        if any(position >= len(elements) for position in rows):
            raise CannotRepair("PostgreSQL has child rows that the array does not: deleting them is for a person")
        texts = []
        for position, element in enumerate(elements):
            row = rows.get(position)
            text = self._insert(child, position, element) if row is None else self._update(child, element, row)
            texts += [text] if text else []
        return texts

    def _place(self, child: ChildTable, position: int) -> list[str]:
        """The condition that names one child row."""
        parent = f"{name(child.parent_column)} = {literal(self._row.id)}"
        return [parent, f"{name(child.position_column)} = {position}"]

    def _table(self, child: ChildTable) -> str:
        """The child table, which lies in its parent's schema."""
        return table(self._entity.schema, child.table)

    def _update(self, child: ChildTable, element: Raw, row: ChildRow) -> str:
        """The cells that differ, each guarded; empty where none does."""
        sets, guards = [], []
        for spec, seen in zip(child.fields, row.values, strict=True):
            raw = dig(element, spec.path)
            if source_rule(spec)(raw) != target_rule(spec)(seen):
                sets.append(f"{name(spec.column)} = {wanted(spec, raw, self._system)}")
                guards.append(still(name(spec.column), spec, seen, self._system))
        if not sets or row.position is None:
            return ""
        where = _and([*self._place(child, row.position), *guards])
        return f"UPDATE {self._table(child)} SET {', '.join(sets)}\n WHERE {where};"

    def _insert(self, child: ChildTable, position: int, element: Raw) -> str:
        """A child row where there is none, as long as its parent is the one that was seen."""
        values = [wanted(spec, dig(element, spec.path), self._system) for spec in child.fields]
        columns = [child.parent_column, child.position_column, *(spec.column for spec in child.fields)]
        parent = f"{name(self._entity.row_id)} = {literal(self._row.id)}"
        key = key_still(self._entity, self._row.values, self._system)
        taken = f"SELECT 1 FROM {self._table(child)} WHERE {' AND '.join(self._place(child, position))}"
        there = f"SELECT 1 FROM {table(self._entity.schema, self._entity.table)} WHERE {parent} AND {key}"
        conditions = [f"NOT EXISTS ({taken})", f"EXISTS ({there})"]
        return (
            f"{_insert_text(self._table(child), columns, [literal(self._row.id), str(position), *values], conditions)};"
        )


def _elements(source: Raw) -> list[Raw]:
    """The elements of an embedded array, all of them objects."""
    elements = source if isinstance(source, list) else []
    if isinstance(source, Opaque) or not all(isinstance(item, dict) for item in elements):
        raise CannotRepair("the array in MongoDB holds something that is no object")
    return elements


def _by_position(target: Raw) -> dict[int, ChildRow]:
    """Child rows by their position, each taken once."""
    rows = [row for row in target if isinstance(row, ChildRow)] if isinstance(target, tuple) else []
    placed = {row.position: row for row in rows if row.position is not None and row.position >= 0}
    if len(placed) != len(rows):
        raise CannotRepair("child rows have no position, or two have the same: which is right is for a person to say")
    return placed


def _insert_text(into: str, columns: list[str], values: list[str], conditions: list[str]) -> str:
    """An insert that happens only under conditions."""
    listed = ", ".join(map(name, columns))
    return (
        f"INSERT INTO {into} ({listed})\nSELECT {', '.join(values)}\n WHERE {_and(conditions)}\nON CONFLICT DO NOTHING"
    )


# -- rows that are missing, rows too many ------------------------------------------------------------------------------


def _inserted(entity: EntitySpec, key: str, source: RawRecord, system: System) -> Step:
    """The row and its child rows, where no row has the key and all that it refers to is there."""
    fields = list(zip(entity.fields, source.values, strict=True))
    for spec, _ in fields:
        require_showable(spec)
    plain = [(spec, wanted(spec, raw, system)) for spec, raw in fields if spec.kind is not FieldKind.CHILDREN]
    own = table(entity.schema, entity.table)
    keys = [f"{name(entity.field(path).column)} = {dict(_by_path(plain))[path]}" for path in entity.key]
    taken = f"SELECT 1 FROM {own} WHERE {' AND '.join(keys)}"
    needs = [f"{value} IS NOT NULL" for _, value in plain if value.startswith("(SELECT")]
    columns = [entity.row_id, *(spec.column for spec, _ in plain)]
    values = ["gen_random_uuid()", *(value for _, value in plain)]
    row = _insert_text(own, columns, values, [f"NOT EXISTS ({taken})", *needs])
    children = [
        text
        for spec, raw in fields
        if spec.kind is FieldKind.CHILDREN and spec.children
        for text in _new_children(entity, spec.children, raw, system)
    ]
    return Step(key=key, told="a row that is missing", texts=(_with_children(entity, row, children),))


def _with_children(entity: EntitySpec, row: str, children: list[str]) -> str:
    """One statement for a row and its child rows: where the row is not made, nothing is."""
    if not children:
        return f"{row};"
    parts = [f"made AS (\n{row}\nRETURNING {name(entity.row_id)} AS id)"]
    parts += [f"child_{number} AS (\n{text})" for number, text in enumerate(children)]
    return f"WITH {', '.join(parts)}\nSELECT count(*) FROM made;"


def _by_path(plain: list[tuple[FieldSpec, str]]) -> list[tuple[str, str]]:
    """Values by the path of their field."""
    return [(spec.path, value) for spec, value in plain]


def _new_children(entity: EntitySpec, child: ChildTable, raw: Raw, system: System) -> list[str]:
    """An insert for each child row of the row that is being made."""
    into = table(entity.schema, child.table)
    columns = ", ".join(
        map(name, [child.parent_column, child.position_column, *(spec.column for spec in child.fields)])
    )
    texts = []
    for position, element in enumerate(_elements(raw)):
        values = [str(position), *(wanted(spec, dig(element, spec.path), system) for spec in child.fields)]
        texts.append(f"INSERT INTO {into} ({columns}) SELECT made.id, {', '.join(values)} FROM made")
    return texts


def _extra(entity: EntitySpec, key: str, target: RawRecord, system: System, *, delete: bool) -> Step:
    """A row without its document: told, and deleted only where that was asked for and nothing of it has changed."""
    if not delete:
        return Step(key=key, told=f"a row too many, {name(entity.row_id)} = {literal(target.id)}: left alone")
    guards = [f"{name(entity.row_id)} = {literal(target.id)}"]
    for spec, raw in zip(entity.fields, target.values, strict=True):
        if spec.column and spec.sensitivity is not Sensitivity.SECRET:
            guards.append(still(name(spec.column), spec, raw, system))
    text = f"DELETE FROM {table(entity.schema, entity.table)}\n WHERE {_and(guards)};"
    return Step(key=key, told="a row too many", texts=(text,))
