"""Pairs the paths of a collection with the columns of a table, by their names and by what matched records hold."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.drafting.facts import ColumnFacts, Document, Matched, Resolved, Row
from reconciler.core.drafting.kinds import Agreement, Canonicals, Kind, best, kinds_for, led_to
from reconciler.core.drafting.names import LAST_STEP, NO_POINTER, fit
from reconciler.core.drafting.paths import PathFacts, paths_of, values_at
from reconciler.core.model import ObjectIdValue, Raw
from reconciler.core.spec import FieldKind

NAMED, PLAUSIBLE = 0.5, 0.6
BY_VALUES, FEWEST, VALUES_WEIGH = 0.95, 3, 1.5
IS_KEY = 9.0
NUMBERS = frozenset({"int", "double", "decimal", "string"})
TAKEN: Mapping[FieldKind, frozenset[str]] = {
    FieldKind.INTEGER: frozenset({"int", "double"}), FieldKind.DOUBLE: frozenset({"int", "double"}),
    FieldKind.DECIMAL: NUMBERS, FieldKind.BOOLEAN: frozenset({"bool"}), FieldKind.INSTANT: frozenset({"date"}),
    FieldKind.BYTES: frozenset({"binData"}), FieldKind.ARRAY: frozenset({"array"}),
    FieldKind.REFERENCE: frozenset({"objectId"}), FieldKind.IDENTITY: frozenset({"objectId"}),
}  # fmt: skip
TEXT_TYPES = frozenset({"string"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldGuess:
    """A path paired with a column; `table` is what a reference's UUIDs lead to, `seen` the path's types in words."""

    path: str
    column: str
    kind: Kind
    table: str = ""
    collection: str = ""
    seen: str = ""
    named: float = 1.0
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """The fields of an entity, and what no field was made of: columns with the reason, names of paths."""

    fields: tuple[FieldGuess, ...]
    left_columns: tuple[tuple[str, str], ...]
    used: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chance:
    """A path and a column that may belong together."""

    score: float
    path: PathFacts
    column: ColumnFacts
    named: float
    agreement: Agreement
    doubt: str


@dataclass(slots=True, kw_only=True)
class _Sides:
    """The values of both sides, read once each."""

    documents: Sequence[Document]
    rows: Sequence[Row]
    _paths: dict[str, list[Raw]] = field(default_factory=dict)

    def source(self, path: str) -> list[Raw]:
        """The values at a path."""
        if path not in self._paths:
            self._paths[path] = values_at(self.documents, path)
        return self._paths[path]

    def target(self, column: str) -> list[Raw]:
        """The values of a column."""
        return [row[column] for row in self.rows]


def paired(matched: Matched, resolved: Resolved, *, without: Collection[str]) -> Pairing:
    """The fields of a matched collection and table; `without` are columns that are no fields."""
    sides = _Sides(documents=[one for one, _ in matched.pairs], rows=[row for _, row in matched.pairs])
    paths = paths_of(matched.documents)
    columns = [column for column in matched.table.columns if column.name not in without]
    canonicals = Canonicals(source=sides.source, target=sides.target, resolved=resolved)
    chances = [
        chance
        for column in columns
        for path in paths.values()
        if (chance := _chance(path, column, sides.target(column.name), canonicals))
    ]
    chosen = _chosen([*chances, *_key_parts(matched, paths, canonicals)], matched)
    fields = [_guess(chance, matched, sides, resolved) for chance in chosen]
    named = {chance.column.name for chance in chosen}
    left = [(column.name, _why_left(column, paths)) for column in columns if column.name not in named]
    return Pairing(fields=tuple(fields), left_columns=tuple(left), used=frozenset(one.path.path for one in chosen))


def _chance(path: PathFacts, column: ColumnFacts, values: Sequence[Raw], canonicals: Canonicals) -> _Chance | None:
    """How well a path and a column go together; None where they don't."""
    kinds = kinds_for(column, values, path.types)
    named = fit(path.path, column.name)
    if not kinds or (named < NAMED and not _takes(kinds[0], path)) or _strangers(kinds[0], path):
        return None
    agreement, doubt = best(kinds, canonicals, path.path, column.name)
    if named < NAMED and not _by_values(agreement):
        return None
    if PLAUSIBLE > named >= NAMED and not agreement.agreed:
        return None
    if agreement.compared and not agreement.agreed and named < NO_POINTER:
        return None
    score = named + VALUES_WEIGH * (agreement.share if agreement.compared else 1 / 5)
    return _Chance(score=score, path=path, column=column, named=named, agreement=agreement, doubt=doubt)


def _key_parts(matched: Matched, paths: Mapping[str, PathFacts], canonicals: Canonicals) -> Iterator[_Chance]:
    """The key's parts, whatever else speaks for or against them: texts and whole numbers are all that keys are."""
    for path, name in zip(matched.key.paths, matched.key.columns, strict=True):
        column = matched.table.column(name)
        if column and path in paths:
            kind = Kind(kind=FieldKind.TEXT if column.is_text else FieldKind.INTEGER)
            agreement, named = canonicals.agreement(kind, path, name), fit(path, name)
            yield _Chance(score=IS_KEY, path=paths[path], column=column, named=named, agreement=agreement, doubt="")


def _by_values(agreement: Agreement) -> bool:
    """Whether values alone say that a path and a column belong together."""
    return agreement.distinct >= FEWEST and agreement.share >= BY_VALUES


def _takes(kind: Kind, path: PathFacts) -> bool:
    """Whether most of a path's values are of types that a kind takes."""
    if kind.kind is FieldKind.JSON:
        return bool({"object", "array"} & set(path.types))
    taken = TAKEN.get(kind.kind, TEXT_TYPES)
    return sum(count for name, count in path.types.items() if name in taken) * 2 > path.filled


def _strangers(kind: Kind, path: PathFacts) -> bool:
    """Whether a kind and a path can never agree: an id is no text, and a reference nothing but an id."""
    types = set(path.types)
    if kind.kind is FieldKind.REFERENCE:
        return bool(types) and "objectId" not in types
    return types == {"objectId"} and kind.kind is not FieldKind.JSON


def _chosen(chances: Sequence[_Chance], matched: Matched) -> list[_Chance]:
    """Each path and each column once, the best pairs first; in the order of the columns."""
    fixed = dict(zip(matched.key.columns, matched.key.paths, strict=True))
    paths: set[str] = set()
    columns: set[str] = set()
    chosen: list[_Chance] = []
    for chance in sorted(chances, key=lambda one: _rank(one, fixed)):
        path, column = chance.path.path, chance.column.name
        if path in paths or column in columns or fixed.get(column, path) != path:
            continue
        paths.add(path)
        columns.add(column)
        chosen.append(chance)
    order = [column.name for column in matched.table.columns]
    return sorted(chosen, key=lambda one: order.index(one.column.name))


def _rank(chance: _Chance, fixed: Mapping[str, str]) -> tuple[bool, float, str, str]:
    """The key's parts first, then by score; ties by name."""
    path, column = chance.path.path, chance.column.name
    return (fixed.get(column) != path, -chance.score, path, column)


def _guess(chance: _Chance, matched: Matched, sides: _Sides, resolved: Resolved) -> FieldGuess:
    """The pair as a field, with what it leads to and what is doubtful about it."""
    kind, column = chance.agreement.kind, chance.column
    reference = kind.kind is FieldKind.REFERENCE
    table = _referred(chance, matched, sides, resolved) if reference else ""
    collection = _held(sides.source(chance.path.path), resolved) if reference else ""
    return FieldGuess(
        path=chance.path.path,
        column=column.name,
        kind=kind,
        table=table,
        collection=collection,
        seen=chance.path.shown,
        named=chance.named,
        doubts=tuple(_doubts(chance)),
    )


def _referred(chance: _Chance, matched: Matched, sides: _Sides, resolved: Resolved) -> str:
    """The table that a reference leads to: by its foreign key, else by what its UUIDs lead to."""
    declared = next((one.table for one in matched.table.foreign if one.column == chance.column.name), "")
    return declared or led_to(sides.target(chance.column.name), resolved)


def _held(values: Sequence[Raw], resolved: Resolved) -> str:
    """The collection that holds most of these ObjectIds."""
    ids = [value.hex for value in values if isinstance(value, ObjectIdValue)]
    found = [resolved.collections[digits] for digits in ids if digits in resolved.collections]
    return max(sorted(set(found)), key=found.count) if found else ""


def _doubts(chance: _Chance) -> Iterator[str]:
    """Why a pair may be wrong, a reason each."""
    agreement, column = chance.agreement, chance.column
    if chance.named < NAMED:
        yield "paired by its values alone, the names have nothing in common"
    elif chance.named < LAST_STEP:
        yield "the names differ"
    if not agreement.compared:
        yield "no sampled record holds a value, so kind and pairing rest on names and types"
    elif agreement.agreed < agreement.compared:
        yield f"{agreement.compared - agreement.agreed} of {agreement.compared} sampled records differ"
    if column.base == "numeric" and column.scale is None and agreement.kind.scale is not None:
        yield "the column has no scale of its own, so it is the most digits that were seen"
    if chance.doubt:
        yield chance.doubt


def _why_left(column: ColumnFacts, paths: Mapping[str, PathFacts]) -> str:
    """Why a column is no field."""
    if not kinds_for(column, (), {}):
        return f"no kind takes its type {column.shown}"
    close = [path for path in paths.values() if fit(path.path, column.name) >= NO_POINTER]
    if close:
        return f"its type {column.shown} does not go with the field of that name ({'/'.join(sorted(close[0].types))})"
    return "no field for it was found"
