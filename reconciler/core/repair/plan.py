"""What a repair plan is made of: a direction, records that are wrong, statements for them, refusals with a reason."""

from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.core.model import FieldDiff, Outcome, RawRecord, Sensitivity
from reconciler.core.spec import FieldKind, FieldSpec


class Direction(StrEnum):
    """Which store a plan changes: PostgreSQL becomes like MongoDB, or MongoDB like PostgreSQL."""

    POSTGRES = "postgres"
    MONGO = "mongo"

    @property
    def changed(self) -> str:
        """The store that is changed."""
        return "PostgreSQL" if self is Direction.POSTGRES else "MongoDB"

    @property
    def followed(self) -> str:
        """The store that is taken as right."""
        return "MongoDB" if self is Direction.POSTGRES else "PostgreSQL"


class CannotRepair(Exception):
    """Why a record is left out of a plan, in a sentence that holds no value."""

    def __init__(self, reason: str) -> None:
        """`reason` is one sentence without its full stop."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A record as both stores hold it now, raw; `fields` are its differences that belong to the cluster."""

    key: str
    outcome: Outcome
    source: RawRecord | None
    target: RawRecord | None
    fields: tuple[FieldDiff, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a plan does to one record: `texts` change the store, `listed` is only told."""

    key: str
    told: str
    texts: tuple[str, ...] = ()

    @property
    def listed(self) -> bool:
        """Whether nothing is done to it."""
        return not self.texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A record that the plan leaves alone."""

    key: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Plan:
    """A plan as it grows: steps, refusals, and how many records need nothing any more."""

    direction: Direction
    steps: list[Step] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    settled: int = 0
    left: int = 0

    @property
    def changing(self) -> list[Step]:
        """The steps that change something."""
        return [step for step in self.steps if step.texts]


def require_showable(spec: FieldSpec) -> None:
    """Refuses fields whose values never leave memory, those of child rows among them."""
    inner = spec.children.fields if spec.kind is FieldKind.CHILDREN and spec.children else ()
    for one in (spec, *inner):
        if one.sensitivity is Sensitivity.SECRET and one.kind is not FieldKind.CHILDREN:
            raise CannotRepair(f"{one.path} is secret, its value never leaves memory: write it again instead")


def paths_of(fields: tuple[FieldDiff, ...]) -> tuple[str, ...]:
    """The fields that differ, each once."""
    return tuple(dict.fromkeys(one.field_path for one in fields))
