"""What a run saw of an entity's schema in both stores: what stops it, what is odd, what nobody mentions."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PathSeen:
    """A field of documents or a column of a table: never its values, only its name and in how many it was seen.

    `side` is source or target; `looked_at` is how many documents, elements or rows `count` is a part of.
    """

    side: str
    path: str
    count: int
    looked_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaLook:
    """Sentences: `lacks` keep the entity from being compared, `hints` do not; a missing unique index is one.

    `unmentioned` are the fields and columns that no specification mentions.
    """

    lacks: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    unmentioned: tuple[PathSeen, ...] = ()
