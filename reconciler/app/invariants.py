"""Checking what was declared to hold, on the sides named, once differences have settled."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from reconciler.app.passes import EntityPass
from reconciler.app.ports import Clock, RecordReader, TargetReader
from reconciler.app.rechecks import RecheckPolicy
from reconciler.core import invariants
from reconciler.core.model import InvariantResult, Record, Side
from reconciler.core.records import Digest, hidden_in_key, spelled
from reconciler.core.spec import DomainSpec, EntitySpec, InvariantKind, InvariantSpec


class InvariantChecks:
    """Asks both stores."""

    def __init__(
        self, *, source: RecordReader, target: TargetReader, digest: Digest, clock: Clock, patience: RecheckPolicy
    ) -> None:
        """Each side is asked about itself only; `digest` stands for the parts of a key that may not be shown."""
        self._readers: Mapping[Side, RecordReader] = {Side.SOURCE: source, Side.TARGET: target}
        self._digest = digest
        self._clock = clock
        self._patience = patience

    async def check(self, domain: DomainSpec, one: EntityPass) -> tuple[InvariantResult, ...]:
        """The results for one entity, clean ones included; asked when differences have had time to settle."""
        own = [invariant for invariant in domain.invariants if invariant.entity == one.entity.name]
        summed = [sums(invariant, one) for invariant in own if invariant.kind is InvariantKind.SUM_EQUAL]
        questions = [
            (invariant, side)
            for invariant in own
            if invariant.kind is not InvariantKind.SUM_EQUAL
            for side in invariant.sides
        ]
        return (*await self.settled(one.entity, questions), *summed)

    async def settled(
        self, entity: EntitySpec, questions: Sequence[tuple[InvariantSpec, Side]]
    ) -> tuple[InvariantResult, ...]:
        """Answers in the order of the questions; a violation counts when it lasts as long as a difference has to."""
        answers = [await self.asked(entity, *question) for question in questions]
        pause, left = self._patience.first_pause, self._patience.confirm_after
        while left > 0 and any(answer.violations for answer in answers):
            wait = min(pause, self._patience.longest_pause, left)
            await self._clock.sleep(wait)
            pause, left = pause * 2, left - wait
            answers = [
                invariants.still(answer, await self.asked(entity, *question)) if answer.violations else answer
                for answer, question in zip(answers, questions, strict=True)
            ]
        return tuple(answers)

    async def asked(self, entity: EntitySpec, invariant: InvariantSpec, side: Side) -> InvariantResult:
        """What a store says, its keys as reports spell them."""
        told = await self._readers[side].check_invariant(entity, invariant)
        shown = invariants.shown_path(invariant)
        if shown is None:
            keys = [spelled(entity, key, digest=self._digest) for key in told.sample_keys]
        elif hidden_in_key(entity, shown):
            keys = [self._digest(key) for key in told.sample_keys]
        else:
            keys = list(told.sample_keys)
        return replace(told, sample_keys=tuple(keys))


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
