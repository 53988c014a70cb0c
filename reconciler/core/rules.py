"""What a declared rule is: a difference ignored, or tolerated up to a size; who owns it, why, and until when."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum

from reconciler.errors import InvalidSpec


class RuleKind(StrEnum):
    """What a rule does with a difference at its path."""

    IGNORE = "ignore"
    TOLERANCE = "tolerance"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSpec:
    """One rule of an entity, on a field's path or a place below it, where `[]` stands for every index.

    `tolerance` belongs to kind tolerance: a number for numbers, a duration for instants. `until` is the last day, in
    UTC, on which the rule applies; without it there is no end.
    """

    path: str
    kind: RuleKind
    owner: str
    reason: str
    tolerance: Decimal | timedelta | None = None
    until: date | None = None

    def __post_init__(self) -> None:
        """Somebody answers for it, it has a reason, and its size suits its kind."""
        where = f"rule on {self.path}"
        for name, text in (("owner", self.owner), ("reason", self.reason)):
            if not text.strip():
                raise InvalidSpec(where, expected=f"an {name}" if name == "owner" else f"a {name}", got="nothing")
        if (self.tolerance is not None) != (self.kind is RuleKind.TOLERANCE):
            raise InvalidSpec(where, expected="`tolerance` with kind tolerance and only there", got=self.kind.value)

    @property
    def ends_at(self) -> datetime | None:
        """The last moment at which the rule applies; None without an end."""
        return datetime.combine(self.until, time.max, UTC) if self.until else None

    def applies_at(self, moment: datetime) -> bool:
        """Whether the rule has not expired by then."""
        return self.ends_at is None or moment <= self.ends_at


def told(entity: str, rule: RuleSpec) -> str:
    """`ignore rule on address.note (owner s.lee)`, as every face names a rule."""
    return f"{rule.kind.value} rule on {entity}.{rule.path} (owner {rule.owner})"
