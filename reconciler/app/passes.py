"""One look at one entity in both stores: read, normalize, pair, compare, count; what differs becomes a candidate."""

import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.app.ports import Clock, EntityRead, RecordReader, TargetReader
from reconciler.core.canaries import released
from reconciler.core.drill import drilled
from reconciler.core.invariants import Answer
from reconciler.core.model import Outcome, RawRecord, Record, RecordKey, SampleDraw, Side
from reconciler.core.outcomes import Judge, Judged, join_strays, observation
from reconciler.core.pairing import Defective, Match, Pairing
from reconciler.core.records import Digest, Normalizer, Part, parse_key
from reconciler.core.rules import RuleSpec
from reconciler.core.sampling import Drawn, KeySample
from reconciler.core.schema_look import PathSeen, SchemaLook
from reconciler.core.spec import EntitySpec
from reconciler.core.summary import no_outcomes

CANARY_PAIRS = 3
Report = Callable[[int, int], None]
Remember = Callable[[list[str], list[str]], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Candidate:
    """A difference as it was last seen; it counts when it stays. Times are monotonic seconds."""

    judged: Judged
    seen: bytes
    first: float
    since: float

    @property
    def locator(self) -> str:
        """What finds it again."""
        return self.judged.diff.locator if self.judged.diff else ""


@dataclass(slots=True, kw_only=True)
class EntityPass:
    """What a look at an entity has counted so far; `complete` where both stores were read to the end they counted."""

    entity: EntitySpec
    method: str
    source_records: int = 0
    target_records: int = 0
    outcomes: dict[Outcome, int] = field(default_factory=no_outcomes)
    candidates: dict[str, Candidate] = field(default_factory=dict)
    settled: list[Judged] = field(default_factory=list)
    unconfirmed: list[Judged] = field(default_factory=list)
    cleared: int = 0
    checked: set[str] = field(default_factory=set)
    complete: bool = False
    softened: Counter[str] = field(default_factory=Counter)
    ruled: Counter[RuleSpec] = field(default_factory=Counter)
    canaries: tuple[int, int] = (0, 0)
    canary_pairs: int = 0
    notes: list[str] = field(default_factory=list)
    schema: SchemaLook | None = None
    answers: list[Answer] = field(default_factory=list)
    present: tuple[PathSeen, ...] = ()
    sample: SampleDraw | None = None

    @property
    def anything(self) -> bool:
        """Whether there is anything to tell: a record, or a note."""
        return bool(self.candidates or self.notes or any(self.outcomes.values()))

    def count(self, judged: Judged, at: float) -> None:
        """Counts a match at once, or makes it a candidate."""
        if judged.diff is None:
            self.outcomes[judged.outcome] += 1
            self.helped(judged)
            self.release(judged)
        else:
            self.candidates[judged.diff.locator] = Candidate(
                judged=judged, seen=observation(judged), first=at, since=at
            )

    def helped(self, judged: Judged) -> None:
        """Counts what made a match equal, or took a part of its difference away."""
        if judged.softened or judged.ruled:
            self.softened.update(judged.softened)
            self.ruled.update(judged.ruled)

    def release(self, judged: Judged) -> None:
        """Plants canaries on the first matched records."""
        if judged.outcome is not Outcome.MATCHED or self.canary_pairs == CANARY_PAIRS:
            return
        source = judged.records[0]
        if source is None:
            return
        self.canary_pairs += 1
        self.add_canaries(released(self.entity, source))

    def drill(self) -> None:
        """Plants the canaries that need no record of the stores, where none matched to plant them beside."""
        if not self.canary_pairs:
            self.add_canaries(drilled(self.entity))

    def add_canaries(self, more: tuple[int, int]) -> None:
        """Counts canaries, planted and caught."""
        self.canaries = (self.canaries[0] + more[0], self.canaries[1] + more[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """The keys that a sample drew, and `more` to look at; `counted` is by side, `population` has each key once."""

    drawn: Drawn
    more: tuple[RecordKey, ...]
    counted: Mapping[Side, int]
    population: int

    @property
    def keys(self) -> list[RecordKey]:
        """All keys to look at."""
        return [*self.drawn.keys, *self.more]

    def told(self, found: EntityPass) -> EntityPass:
        """What looking at the keys found, with what the draw proves; keys that were gone by then prove nothing."""
        found.source_records, found.target_records = self.counted[Side.SOURCE], self.counted[Side.TARGET]
        gone = max(0, len(self.keys) - sum(found.outcomes.values()) - len(found.candidates))
        even = max(0, self.drawn.even - gone)
        found.sample = SampleDraw(size=len(self.drawn.keys), even=even, population=self.population)
        return found


class Looker:
    """Looks at entities through both readers."""

    def __init__(self, *, source: RecordReader, target: TargetReader, clock: Clock, digest: Digest) -> None:
        """`digest` is the keyed digest for secret parts of keys."""
        self._readers: dict[Side, RecordReader] = {Side.SOURCE: source, Side.TARGET: target}
        self._clock = clock
        self._digest = digest

    def now(self) -> datetime:
        """The wall clock."""
        return self._clock.now()

    def now_ms(self) -> int:
        """The wall clock in milliseconds since 1970."""
        return int(self.now().timestamp() * 1000)

    async def healthy(self) -> None:
        """Makes sure that both stores answer; StoreUnavailable where one does not."""
        for reader in self._readers.values():
            await reader.health()

    async def problems(self, entity: EntitySpec) -> list[str]:
        """What the stores lack for this entity."""
        return [problem for reader in self._readers.values() for problem in await reader.problems(entity)]

    async def schema(self, entity: EntitySpec) -> SchemaLook:
        """What the schemas lack, and which unique indexes are missing in the target."""
        return SchemaLook(
            lacks=tuple(await self.problems(entity)), hints=tuple(await self._readers[Side.TARGET].hints(entity))
        )

    async def scan(self, entity: EntitySpec, report: Report, remember: Remember | None = None) -> EntityPass:
        """Every record of both stores; the stores' own counts, in the same snapshots, must agree with what was read.

        `remember` is told the keys that matched and all keys seen, a batch at a time.
        """
        found = EntityPass(entity=entity, method="stream")
        read = dict.fromkeys(Side, 0)
        async with AsyncExitStack() as stack:
            looks = {
                side: await stack.enter_async_context(reader.read(entity)) for side, reader in self._readers.items()
            }
            counted = {side: await look.count() for side, look in looks.items()}
            total = sum(counted.values())
            async for matches in self._merged(entity, looks, read):
                judge, at = Judge(entity, now_ms=self.now_ms()), self._clock.monotonic()
                judged = [judge.outcome(match) for match in matches]
                for one in judged:
                    found.count(one, at)
                if remember is not None:
                    await remember(*_keys_of(judged))
                report(sum(read.values()), total)
            counted = {side: await look.counted() for side, look in looks.items()}
        found.source_records, found.target_records = counted[Side.SOURCE], counted[Side.TARGET]
        found.complete = read == counted
        if not found.complete:
            found.notes.append(f"{entity.name}: {_unexplained(counted, read)}")
        return found

    async def _merged(
        self, entity: EntitySpec, looks: dict[Side, EntityRead], read: dict[Side, int]
    ) -> AsyncIterator[list[Match]]:
        """The matches of both streams, as they become ready; counts what is read."""
        pairing = Pairing(entity)
        streams = {side: look.batches() for side, look in looks.items()}
        normalizers = self._normalizers(entity)
        while (side := pairing.starving()) is not None:
            batch = await anext(streams[side], None)
            if batch is None:
                pairing.close(side)
            else:
                read[side] += len(batch)
                pairing.push(side, [normalizers[side].record(raw) for raw in batch])
            if matches := list(pairing.ready()):
                yield matches

    async def draw(self, entity: EntitySpec, *, size: int, seed: int, also: Sequence[str], report: Report) -> Draw:
        """Keys drawn by the seed from both sides, and those in `also` (as reports spell them); nothing else is read."""
        drawn, population = KeySample(size=size, seed=seed), 0
        keys_only = key_entity(entity)
        counted = dict.fromkeys(Side, 0)
        async with AsyncExitStack() as stack:
            looks = {
                side: await stack.enter_async_context(reader.read(keys_only)) for side, reader in self._readers.items()
            }
            async for matches in self._merged(keys_only, looks, counted):
                population += sum(len(_offer(drawn, match)) for match in matches)
                report(sum(counted.values()), 0)
        draw = drawn.drawn()
        wanted = {key.parts for key in draw.keys}
        more = [key for text in also if (key := parse_key(entity, text)) is not None and key.parts not in wanted]
        return Draw(drawn=draw, more=tuple(more), counted=counted, population=population)

    async def keys(
        self, entity: EntitySpec, *, keys: Sequence[RecordKey], ids: Mapping[Side, Sequence[str]], report: Report
    ) -> EntityPass:
        """The named keys, read from both stores now."""
        found = EntityPass(entity=entity, method="keys", complete=True)
        for at in range(0, max(1, len(keys)), 1000):
            some = keys[at : at + 1000]
            for judged in await self.fresh(entity, keys=some, ids=ids if at == 0 else {}):
                found.count(judged, self._clock.monotonic())
                source, target = judged.records
                found.source_records += source is not None
                found.target_records += target is not None
                if judged.diff is None:
                    found.checked |= {record.key_text for record in (source, target) if record is not None}
            report(at + len(some), len(keys))
        return found

    async def fresh(
        self, entity: EntitySpec, *, keys: Sequence[RecordKey], ids: Mapping[Side, Sequence[str]]
    ) -> list[Judged]:
        """What a fresh read of these keys and ids says."""
        judged, _ = await self.fresh_and_raw(entity, keys=keys, ids=ids)
        return judged

    async def fresh_and_raw(
        self, entity: EntitySpec, *, keys: Sequence[RecordKey], ids: Mapping[Side, Sequence[str]]
    ) -> tuple[list[Judged], dict[Side, dict[str, RawRecord]]]:
        """What a fresh read of these keys and ids says, and the records as they were read, by their own ids."""
        normalizers = self._normalizers(entity)
        pairing = Pairing(entity)
        read: dict[Side, dict[str, RawRecord]] = {}
        for side, reader in self._readers.items():
            raw = await reader.fetch(entity, keys=keys, ids=ids.get(side, ()))
            read[side] = {one.id: one for one in raw}
            pairing.push(side, in_order([normalizers[side].record(one) for one in raw]))
            pairing.close(side)
        judge = Judge(entity, now_ms=self.now_ms())
        return [judge.outcome(match) for match in join_strays(list(pairing.ready()))], read

    def _normalizers(self, entity: EntitySpec) -> dict[Side, Normalizer]:
        """One for each side."""
        return {side: Normalizer(entity, side=side, digest=self._digest) for side in Side}


def in_order(records: Sequence[Record]) -> list[Record]:
    """Records in merge order, those without a key first."""
    keyless = [record for record in records if record.key is None]
    return [
        *keyless,
        *sorted(
            (record for record in records if record.key is not None),
            key=lambda record: record.key.parts if record.key else (),
        ),
    ]


def _offer(drawn: KeySample, match: Match) -> set[tuple[Part, ...]]:
    """Offers the keys of a match; returns each once."""
    sides = (
        {match.side: match.record}
        if isinstance(match, Defective)
        else {Side.SOURCE: match.source, Side.TARGET: match.target}
    )
    keys = {side: record.key for side, record in sides.items() if record is not None and record.key is not None}
    for side, key in keys.items():
        drawn.offer(side, key)
    return {key.parts for key in keys.values()}


def key_entity(entity: EntitySpec) -> EntitySpec:
    """The entity with nothing but its key and its owner."""
    owner = (entity.embedded.owner,) if entity.embedded else ()
    fields = tuple(entity.field(path) for path in dict.fromkeys((*entity.key, *owner)))
    return replace(entity, fields=fields, scope=None, ttl="", rules=())


def _keys_of(judged: Sequence[Judged]) -> tuple[list[str], list[str]]:
    """The keys of the records that matched, and of all records."""
    matched = [one.records[0].key_text for one in judged if one.outcome is Outcome.MATCHED and one.records[0]]
    return matched, [record.key_text for one in judged for record in one.records if record is not None]


def _unexplained(counted: dict[Side, int], read: dict[Side, int]) -> str:
    """Counts that do not explain each other, in words."""
    said = (
        f"the {side.value} counts {counted[side]:,} records but delivered {read[side]:,}"
        for side in Side
        if counted[side] != read[side]
    )
    return " and ".join(said)


def draw_seed() -> int:
    """A seed for a run that names none."""
    return random.SystemRandom().randrange(2**31)
