"""Keeps a scan from reading a large table from end to end over and over: the stores' planners are asked before."""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.app.ports import RecordReader
from reconciler.app.tellings import Unindexed
from reconciler.core.checksum.words import KeyRange
from reconciler.core.spec import EntitySpec
from reconciler.core.wording import number
from reconciler.errors import PlanRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPolicy:
    """From how many records on a table is large, and whether a large one is read without an index all the same."""

    large: int = 50_000
    allow_unindexed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanGuard:
    """Asks both stores before an entity is read."""

    readers: Sequence[RecordReader]
    policy: PlanPolicy

    async def notes(self, entity: EntitySpec, key_range: KeyRange | None = None) -> list[str]:
        """What is read without an index because the configuration says so; PlanRefused where it does not.

        Asked are the plans of a look-up by key, or those of a range of keys.
        """
        found = [one for reader in self.readers for one in await reader.unindexed(entity, key_range)]
        large = [one for one in found if one.records >= self.policy.large]
        if large and not self.policy.allow_unindexed:
            raise _refused(entity, large)
        return [f"{entity.name}: {one.name} is read without an index, as runs.allow_unindexed says" for one in large]


def _refused(entity: EntitySpec, large: Sequence[Unindexed]) -> PlanRefused:
    """What would be read from end to end, and what to do about it."""
    names = " and ".join(f"{one.name} from end to end, about {number(one.records)} records" for one in large)
    indexes = "; ".join(f"`{one.create}`" for one in large)
    return PlanRefused(
        f"{entity.name} was not scanned",
        expected="plans that find keys by an index in every large table",
        got=f"one that reads {names}",
        next_step=f"{indexes}, or allow it with runs.allow_unindexed",
    )
