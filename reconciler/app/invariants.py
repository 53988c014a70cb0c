"""Checking what was declared to hold, on the sides named, once differences have settled."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from reconciler.app.passes import EntityPass
from reconciler.app.ports import RecordReader, TargetReader
from reconciler.core import invariants
from reconciler.core.model import InvariantResult, Record, Side
from reconciler.core.spec import DomainSpec, InvariantKind, InvariantSpec


class InvariantChecks:
    """Asks both stores."""

    def __init__(self, *, source: RecordReader, target: TargetReader) -> None:
        """Each side is asked about itself only."""
        self._readers: Mapping[Side, RecordReader] = {Side.SOURCE: source, Side.TARGET: target}

    async def check(self, domain: DomainSpec, one: EntityPass) -> tuple[InvariantResult, ...]:
        """The results for one entity, clean ones included; asked when differences have had time to settle."""
        found: list[InvariantResult] = []
        for invariant in domain.invariants:
            if invariant.entity != one.entity.name:
                continue
            if invariant.kind is InvariantKind.SUM_EQUAL:
                found.append(sums(invariant, one))
            else:
                found += [await self._readers[side].check_invariant(one.entity, invariant) for side in invariant.sides]
        return tuple(found)


def sums(invariant: InvariantSpec, one: EntityPass) -> InvariantResult:
    """Whether both stores' sums agree by group: matched records add the same to both, so settled diffs decide."""
    entity = one.entity
    value = entity.index(invariant.fields[0])
    groups = [entity.index(path) for path in invariant.group]
    off: dict[str, Decimal] = defaultdict(Decimal)
    keys: dict[str, list[str]] = defaultdict(list)
    for judged in one.settled:
        source, target = judged.records
        for record, sign in ((source, 1), (target, -1)):
            if record is not None and record.values:
                group = "/".join(str(record.values[index]) for index in groups)
                off[group] += sign * _amount(record, value)
                keys[group].append(record.key_text)
    broken = [group for group, difference in off.items() if difference != 0]
    return invariants.result(
        invariant, "both", violations=len(broken), keys=(key for group in broken for key in keys[group])
    )


def _amount(record: Record, index: int) -> Decimal:
    """A record's share of a sum; one that is no finite number makes the sum differ by itself."""
    value = record.values[index]
    return Decimal(value) if isinstance(value, int | float | Decimal) else Decimal(0)
