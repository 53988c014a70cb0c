"""What makes the key of an entity: the column that holds the `_id`, or a unique index whose columns fields fill."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice, product

from reconciler.core.drafting.facts import ID, ColumnFacts, Document, KeyGuess, Row, TableFacts
from reconciler.core.drafting.names import KINDRED, SAME, fit
from reconciler.core.drafting.paths import PathFacts, paths_of, values_at
from reconciler.core.model import Raw

MOST_CHOICES, MOST_TRIED = 4, 24
Key = tuple[str | int | None, ...]
LARGEST_LONG = 2**63
NO_INDEX = "no unique index holds the key in PostgreSQL"
WHOLE_TYPES = frozenset({"int", "double"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChance:
    """Columns that may be the key, with the paths that may fill them."""

    paths: tuple[str, ...]
    columns: tuple[str, ...]
    named: float
    indexed: bool


def key_chances(table: TableFacts, documents: Sequence[Document], *, without: frozenset[str]) -> list[KeyChance]:
    """What the key may be, in the order to try; `without` are columns that can be no part of it."""
    paths = list(paths_of(documents).values())
    indexes = [index.columns for index in table.unique if not index.condition]
    found = [chance for columns in indexes for chance in _of_index(table, columns, paths, documents, without)]
    known = {chance.columns for chance in found}
    alone = [(column.name,) for column in table.columns if (column.name,) not in known]
    if not found:
        found = [
            one for columns in alone for one in _of_index(table, columns, paths, documents, without, indexed=False)
        ]
    return sorted(found, key=lambda chance: (-chance.named, len(chance.columns), chance.columns, chance.paths))[
        :MOST_TRIED
    ]


def _of_index(
    table: TableFacts,
    names: Sequence[str],
    paths: Sequence[PathFacts],
    documents: Sequence[Document],
    without: frozenset[str],
    *,
    indexed: bool = True,
) -> Iterator[KeyChance]:
    """The ways to fill the columns of one index."""
    columns = [table.column(name) for name in names if name not in without]
    if len(columns) != len(names):
        return
    choices = [_choices(column, paths, documents, alone=len(names) == 1) for column in columns if column]
    for chosen in islice(product(*choices), MOST_TRIED):
        way = tuple(path for path, _ in chosen)
        if len(set(way)) == len(way):
            named = sum(score for _, score in chosen) / len(chosen)
            if indexed or named >= SAME:
                yield KeyChance(paths=way, columns=tuple(names), named=named, indexed=indexed)


def _choices(
    column: ColumnFacts, paths: Sequence[PathFacts], documents: Sequence[Document], *, alone: bool
) -> list[tuple[str, float]]:
    """The paths that may fill a column of a key, the best named first."""
    if not (column.is_text or column.is_whole):
        return []
    wanted = {"string"} if column.is_text else WHOLE_TYPES
    fitting = [path for path in paths if path.types and set(path.types) <= wanted]
    scored = [(path.path, fit(path.path, column.name)) for path in fitting]
    likely = [
        (path, score)
        for path, score in scored
        if score >= KINDRED or (alone and (path == ID or column.is_text) and distinct(documents, path))
    ]
    return sorted(likely, key=lambda one: (-one[1], one[0] != ID, one[0]))[:MOST_CHOICES]


def distinct(documents: Sequence[Document], path: str) -> bool:
    """Whether every document has a value of its own at a path."""
    found = [repr(value) for value in values_at(documents, path) if value is not None]
    return len(found) == len(documents) == len(set(found))


def key_of(document: Document, paths: Sequence[str]) -> Key | None:
    """A document's key, None where a part is missing."""
    parts = [plain_part(value) for path in paths for value in values_at([document], path)]
    return None if None in parts else tuple(parts)


def plain_part(value: Raw) -> str | int | None:
    """A key's part as both sides spell it."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    if isinstance(value, str):
        return value
    number = Decimal(value)
    whole = number.is_finite() and abs(number) < LARGEST_LONG and number == int(number)
    return int(number) if whole else None


def matched_by(documents: Sequence[Document], rows: Sequence[Row], chance: KeyChance) -> list[tuple[Document, Row]]:
    """Documents and rows of one key; keys that occur twice on a side are left out."""
    ours = [(key, document) for document in documents if (key := key_of(document, chance.paths)) is not None]
    theirs = {tuple(plain_part(row[name]) for name in chance.columns): row for row in rows}
    counts = Counter(key for key, _ in ours)
    return [(document, theirs[key]) for key, document in ours if counts[key] == 1 and key in theirs]


def guessed(chance: KeyChance, *, matches: int) -> KeyGuess:
    """The chance as the key, with what is doubtful about it."""
    doubts = [] if chance.indexed else [NO_INDEX]
    doubts += [] if matches else ["no sampled document has a row with this key"]
    return KeyGuess(paths=chance.paths, columns=chance.columns, doubts=tuple(doubts))


def merit(chance: KeyChance, matches: int, documents: int) -> tuple[float, bool, int]:
    """How good a key is: by the share of documents that found their row, and by names; `_id` is the best."""
    share = matches / documents if documents else 0.0
    named = 1.0 if chance.paths == (ID,) and share else chance.named / 2
    return (round(share + named, 6), chance.indexed, -len(chance.columns))
