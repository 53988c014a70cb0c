"""What the files declare by name, mistaken or not, so that one mistake is not told again wherever its name is used."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reconciler.adapters.config.mistakes import Tree
from reconciler.adapters.config.shapes import DomainShape

HEADER: Final = re.compile(r"^\s*\[entity\.([a-z0-9_]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainFile:
    """A domain's file as it was read (`tree`), and what of it has the right shape; `where` names it in mistakes."""

    where: str
    stem: str
    tree: Tree
    shape: DomainShape | None

    @property
    def entities(self) -> frozenset[str]:
        """The names of its entities."""
        return frozenset(_keys(self.tree.get("entity")))

    @property
    def domain(self) -> str:
        """The domain's name, or the file's where it has none."""
        name = self.tree.get("domain")
        return name if isinstance(name, str) else self.stem

    def paths(self, entity: str) -> frozenset[str]:
        """The paths that an entity's file declares, with the implicit ones: `_id` and the owner."""
        table = _table(_table(self.tree.get("entity")).get(entity))
        owner = _table(table.get("owner")).get("entity")
        implicit = {"_id"} if "key" not in table else set()
        return frozenset({*_keys(table.get("fields")), *implicit, *([owner] if isinstance(owner, str) else [])})


def names_in(path: Path) -> Tree:
    """The entities that a file seems to declare, for a file that is no TOML as it stands."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return {"entity": {name: {} for name in HEADER.findall(text)}}


def _table(value: object) -> Mapping[str, object]:
    """The value where it is a table, else an empty one."""
    return value if isinstance(value, dict) else {}


def _keys(value: object) -> tuple[str, ...]:
    """The keys of a table, none where it is no table."""
    return tuple(_table(value))
