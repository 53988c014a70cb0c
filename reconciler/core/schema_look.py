"""What a run saw of an entity's schema in both stores: what stops the comparison, and what should be better."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaLook:
    """Sentences: `lacks` keep the entity from being compared, `hints` do not; a missing unique index is one."""

    lacks: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
