"""Checking what was declared to hold, on the sides named, once differences have settled."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

from reconciler.app.passes import EntityPass
from reconciler.app.ports import Clock, RecordReader, TargetReader
from reconciler.app.rechecks import RecheckPolicy
from reconciler.core import invariants
from reconciler.core.invariants import Answer
from reconciler.core.model import InvariantResult, Record, Side
from reconciler.core.records import Digest, hidden_in_key, spelled
from reconciler.core.spec import DomainSpec, EntitySpec, InvariantKind, InvariantSpec
from reconciler.errors import ReadInterrupted


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

    async def ask(self, domain: DomainSpec, one: EntityPass) -> None:
        """Asks what is declared of an entity that was looked at to its end; of nothing at all, nothing is asked."""
        if not one.complete or not (one.source_records or one.target_records):
            return
        for invariant in domain.invariants:
            if invariant.entity == one.entity.name and invariant.kind is not InvariantKind.SUM_EQUAL:
                for side in invariant.sides:
                    with _unless_interrupted(one, invariant):
                        one.answers.append(await self.answer(one.entity, invariant, side))

    async def settle(self, passes: Sequence[EntityPass]) -> None:
        """Asks again what was violated, until it holds or has been violated for as long as a difference must last."""
        pause = self._patience.first_pause
        while pending := [answer for one in passes for answer in one.answers if answer.pending]:
            left = max(answer.since for answer in pending) + self._patience.confirm_after - self._clock.monotonic()
            await self._clock.sleep(max(0, min(pause, self._patience.longest_pause, left)))
            pause *= 2
            for one in passes:
                asked, one.answers = one.answers, []
                for answer in asked:
                    with _unless_interrupted(one, answer.invariant):
                        one.answers.append(await self._again(answer))

    def results(self, domain: DomainSpec, one: EntityPass) -> tuple[InvariantResult, ...]:
        """The results for one entity, clean ones included; sums are taken of what has settled."""
        summed = [
            sums(invariant, one)
            for invariant in domain.invariants
            if invariant.entity == one.entity.name and invariant.kind is InvariantKind.SUM_EQUAL
        ]
        anything = one.source_records or one.target_records
        return (*(answer.result for answer in one.answers), *(summed if anything else ()))

    async def _again(self, answer: Answer) -> Answer:
        """The answer as it is by now."""
        if not answer.pending:
            return answer
        now = self._clock.monotonic()
        later = await self.answer(answer.entity, answer.invariant, answer.side)
        confirmed = now >= answer.since + self._patience.confirm_after
        return replace(answer, result=invariants.still(answer.result, later.result), confirmed=confirmed)

    async def answer(self, entity: EntitySpec, invariant: InvariantSpec, side: Side) -> Answer:
        """What a store says, its keys as reports spell them."""
        since = self._clock.monotonic()
        result = await self._asked(entity, invariant, side)
        confirmed = not self._patience.confirm_after
        return Answer(entity=entity, invariant=invariant, side=side, result=result, since=since, confirmed=confirmed)

    async def _asked(self, entity: EntitySpec, invariant: InvariantSpec, side: Side) -> InvariantResult:
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


@contextmanager
def _unless_interrupted(one: EntityPass, invariant: InvariantSpec) -> Iterator[None]:
    """An invariant that can't be evaluated leaves its entity inconclusive, and says why."""
    try:
        yield
    except ReadInterrupted as problem:
        one.complete = False
        one.notes.append(f"invariant {invariant.name} of {one.entity.name}: {problem.message} ({problem.got})")


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
