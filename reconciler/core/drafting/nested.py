"""Which tables hold what is embedded in the documents of another: child tables with positions, and rows with keys."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.core.drafting.facts import ColumnFacts, Document, KeyGuess, Matched, Place, Resolved, Row, TableFacts
from reconciler.core.drafting.keys import NO_INDEX, KeyChance, distinct, guessed, key_chances, matched_by
from reconciler.core.drafting.kinds import led_to
from reconciler.core.drafting.names import KINDRED, NO_POINTER, fit, likeness, words
from reconciler.core.drafting.paths import paths_of, values_at

POSITION_WORDS = frozenset(
    {"position", "pos", "index", "idx", "ordinal", "ord", "seq", "sequence", "sort", "order", "place", "rank"}
)
ENOUGH, SOME = 0.5, 0.3
ALIGNED = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedChance:
    """A table that may hold what lies at a path of the documents of another."""

    parent: Matched
    table: TableFacts
    link: str
    path: str
    many: bool
    score: float


def link_columns(table: TableFacts, rows: Sequence[Row], resolved: Resolved) -> dict[str, str]:
    """The columns of a table that hold the ids of another's rows, with that table's label."""
    declared = {one.column: one.table for one in table.foreign}
    for column in table.columns:
        if column.is_uuid and column.name not in declared and column.name != table.row_id:
            label = led_to([row[column.name] for row in rows if row[column.name] is not None], resolved)
            if label:
                declared[column.name] = label
    return {name: label for name, label in declared.items() if (found := table.column(name)) and found.is_uuid}


def nested_chance(table: TableFacts, links: Mapping[str, str], matched: Sequence[Matched]) -> NestedChance | None:
    """The likeliest place for a table's rows inside the documents of another, None where there is none."""
    chances = [
        chance
        for link, label in links.items()
        for parent in matched
        if parent.table.label == label and parent.place is None and parent.table.schema == table.schema
        for chance in _places(table, link, parent)
    ]
    return max(chances, key=lambda one: (one.score, one.path, one.link), default=None)


def _places(table: TableFacts, link: str, parent: Matched) -> Iterator[NestedChance]:
    """The paths of a parent whose elements are named like the table's columns."""
    for path, facts in paths_of(parent.documents).items():
        for many in (True, False):
            if ("array" if many else "object") not in facts.types:
                continue
            columns = _share(table, link, elements_of(parent.documents, path, many=many))
            alike = likeness(path, table.name)
            if columns >= ENOUGH or (alike >= KINDRED and columns >= SOME):
                yield NestedChance(parent=parent, table=table, link=link, path=path, many=many, score=columns + alike)


def elements_of(documents: Sequence[Document], path: str, *, many: bool) -> list[Document]:
    """The objects at a path of all documents."""
    found: list[Document] = []
    for value in values_at(documents, path):
        items = value if many and isinstance(value, list) else [value]
        found += [one for one in items if isinstance(one, dict)]
    return found


def _share(table: TableFacts, link: str, elements: Sequence[Document]) -> float:
    """The share of a table's columns that the elements have a field for."""
    paths = paths_of(elements)
    wanted = [one.name for one in table.columns if one.name not in (link, table.row_id) and not _is_position(one)]
    found = [name for name in wanted if any(fit(path, name) >= NO_POINTER for path in paths)]
    return len(found) / len(wanted) if wanted else 0.0


def _is_position(column: ColumnFacts) -> bool:
    """Whether a column's name says that it counts elements."""
    return column.is_whole and bool(set(words(column.name)) & POSITION_WORDS)


def nested_match(chance: NestedChance, rows: Sequence[Row]) -> Matched | str:
    """The place with the elements and rows that belong together; a reason where it can't be compared."""
    families = _families(chance, rows)
    elements = [one for _, found, _ in families for one in found]
    place = Place(parent=chance.parent.table.label, path=chance.path, many=chance.many, link=chance.link)
    position = _position(chance) if chance.many else ""
    if position:
        return _children(chance, replace(place, position=position), families, elements)
    if not chance.parent.key.legacy_column:
        return f"the documents of {chance.parent.collection} have no ObjectId in PostgreSQL that its rows could hang on"
    if not chance.table.row_id:
        return "no single column tells its rows apart"
    if not chance.many:
        return _one_each(chance, place, families, elements)
    return _keyed(chance, place, families, elements)


Family = tuple[Document, list[Document], list[Row]]


def _families(chance: NestedChance, rows: Sequence[Row]) -> list[Family]:
    """Each parent document with its elements and their rows."""
    by_parent: dict[object, list[Row]] = defaultdict(list)
    for row in rows:
        by_parent[row[chance.link]].append(row)
    row_id = chance.parent.table.row_id
    return [
        (document, elements_of([document], chance.path, many=chance.many), by_parent.get(row[row_id], []))
        for document, row in chance.parent.pairs
    ]


def _position(chance: NestedChance) -> str:
    """The column of positions, empty where there is none."""
    named = [column.name for column in chance.table.columns if _is_position(column)]
    for index in chance.table.unique:
        if chance.link in index.columns and not index.condition:
            others = [name for name in index.columns if name != chance.link]
            if len(others) == 1 and others[0] in named:
                return others[0]
    return named[0] if named and not chance.table.row_id else ""


def _children(
    chance: NestedChance, place: Place, families: Sequence[Family], elements: Sequence[Document]
) -> Matched | str:
    """Elements and rows by their positions, which have to begin at 0."""
    pairs: list[tuple[Document, Row]] = []
    filled = aligned = 0
    for _, found, rows in families:
        placed = {row[place.position]: row for row in rows}
        filled += bool(rows)
        aligned += bool(rows) and set(placed) == set(range(len(found)))
        pairs += [(one, placed[index]) for index, one in enumerate(found) if index in placed]
    if filled and not aligned:
        return f"the positions in its column {place.position} do not count the elements of {chance.path} from 0"
    doubts = () if filled and aligned >= ALIGNED * filled else ("positions could not be checked on records",)
    return Matched(
        collection=chance.parent.collection, table=chance.table, key=KeyGuess(), pairs=tuple(pairs),
        documents=tuple(elements), place=place, doubts=doubts,
    )  # fmt: skip


def _one_each(chance: NestedChance, place: Place, families: Sequence[Family], elements: Sequence[Document]) -> Matched:
    """The one object of a parent and its one row; the owner is the key."""
    pairs = [(found[0], rows[0]) for _, found, rows in families if found and len(rows) == 1]
    unique = any(index.columns == (chance.link,) and not index.condition for index in chance.table.unique)
    key = KeyGuess(owned=True, doubts=() if unique else (NO_INDEX,))
    return _matched(chance, place, key, pairs, elements)


def _keyed(
    chance: NestedChance, place: Place, families: Sequence[Family], elements: Sequence[Document]
) -> Matched | str:
    """Elements and rows by the best key."""
    best: tuple[int, Matched] | None = None
    for owned, key in _key_chances(chance, elements):
        pairs = [pair for _, found, rows in families for pair in matched_by(found, rows, key)]
        if best is None or len(pairs) > best[0]:
            guess = replace(guessed(key, matches=len(pairs)), owned=owned)
            best = (len(pairs), _matched(chance, place, guess, pairs, elements))
    return best[1] if best else "no unique index of texts or whole numbers tells its rows apart"


def _key_chances(chance: NestedChance, elements: Sequence[Document]) -> Iterator[tuple[bool, KeyChance]]:
    """What the key may be: a unique index without the parent's id, or one that the parent's id completes."""
    table, link = chance.table, chance.link
    for index in table.unique:
        columns = tuple(name for name in index.columns if name != link)
        if columns and not index.condition:
            alone = replace(table, unique=(replace(index, columns=columns),))
            for one in key_chances(alone, elements, without=frozenset({link})):
                if one.columns == columns and one.indexed:
                    yield link in index.columns, one
    for one in key_chances(replace(table, unique=()), elements, without=frozenset({link})):
        if distinct(elements, one.paths[0]):
            yield True, one


def _matched(
    chance: NestedChance,
    place: Place,
    key: KeyGuess,
    pairs: Sequence[tuple[Document, Row]],
    elements: Sequence[Document],
) -> Matched:
    """The place with what was found of it."""
    return Matched(
        collection=chance.parent.collection, table=chance.table, key=key, pairs=tuple(pairs),
        documents=tuple(elements), place=place,
    )  # fmt: skip
