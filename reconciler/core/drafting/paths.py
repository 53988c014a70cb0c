"""The paths of sampled documents: their BSON types and how often they are filled."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.child_rows import dig
from reconciler.core.drafting.facts import Document
from reconciler.core.model import MISSING, Raw
from reconciler.core.spec import PATH
from reconciler.core.values import type_name

DEEPEST, MOST_PATHS, LONGEST_TUPLE = 4, 400, 4
ORDINARY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PathFacts:
    """A path in `of` documents, with the types of what it holds; null and missing are not among them."""

    path: str
    types: Mapping[str, int]
    of: int

    @property
    def filled(self) -> int:
        """In how many documents it holds something."""
        return sum(self.types.values())

    @property
    def shown(self) -> str:
        """Types with their shares, as a comment says it."""
        parts = [f"{name} {_share(count, self.of)}" for name, count in sorted(self.types.items())]
        absent = self.of - self.filled
        return ", ".join([*parts, *([f"null or missing {_share(absent, self.of)}"] if absent else [])])


def _share(count: int, whole: int) -> str:
    """A share in percent."""
    return f"{100 * count / whole:.0f} %" if whole else "0 %"


def paths_of(documents: Sequence[Document]) -> dict[str, PathFacts]:
    """The paths that occur most, with their types; elements of objects in arrays are not among them."""
    found: dict[str, Counter[str]] = {}
    for document in documents:
        for path, value in _walk(document, "", 1):
            kinds = found.setdefault(path, Counter())
            if value is not None:
                kinds[type_name(value)] += 1
    most = sorted(found, key=lambda path: (-found[path].total(), path))[:MOST_PATHS]
    return {path: PathFacts(path=path, types=dict(found[path]), of=len(documents)) for path in most}


def _walk(value: Mapping[str, Raw], before: str, depth: int) -> Iterator[tuple[str, Raw]]:
    """Every path below an object with its value; the items of short arrays of single values have paths of their own."""
    for name, item in value.items():
        path = f"{before}{name}"
        if not PATH.fullmatch(path):
            continue
        yield path, item
        if isinstance(item, dict) and depth < DEEPEST:
            yield from _walk(item, f"{path}.", depth + 1)
        elif isinstance(item, list) and 0 < len(item) <= LONGEST_TUPLE:
            yield from ((f"{path}[{place}]", one) for place, one in enumerate(item) if not isinstance(one, dict | list))


def values_at(documents: Sequence[Document], path: str) -> list[Raw]:
    """The value of each document at a path; null and missing are None."""
    found = [dig(document, path) for document in documents]
    return [None if value is MISSING else value for value in found]


def top_names(documents: Sequence[Document]) -> list[str]:
    """Names of top-level fields that more than one document has, or all have, and that look like names of fields."""
    counts = Counter(name for document in documents for name in document)
    return sorted(
        name for name, count in counts.items() if ORDINARY.fullmatch(name) and count >= min(2, len(documents))
    )
