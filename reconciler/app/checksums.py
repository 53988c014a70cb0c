"""A scan that moves almost nothing: both stores sum their records range by range, and what disagrees is looked at."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from reconciler.app.bookmarks import Bookmark, Seen
from reconciler.app.passes import EntityPass, Looker, Report
from reconciler.app.plan_guard import PlanGuard
from reconciler.app.ports import Clock, SourceReader, TargetReader
from reconciler.app.proving import Proving, Untold
from reconciler.app.softened import Softenings
from reconciler.app.tellings import SourceTelling, Telling
from reconciler.app.together import together
from reconciler.core.checksum.unlike import Unlike, unlike
from reconciler.core.checksum.words import NO_RECORDS, HashedRecord, KeyRange, RangeSum, anchored, obstacles
from reconciler.core.model import Outcome, Side
from reconciler.core.outcomes import Judged
from reconciler.core.spec import EntitySpec, FieldSpec

_Sums = Mapping[str, RangeSum]
_Ask = Callable[[Telling, KeyRange, Sequence[FieldSpec]], Awaitable[_Sums]]
FIRST_RANGE, SMALLEST_RANGE, LARGEST_RANGE = 20_000, 1_000, 500_000
TARGET_SECONDS = 1.0
FASTEST_GROWTH = 4.0
FEW = 5_000
PARTED_FROM = 16_000  # records of a range: of fewer, keys and hashes are not more than the sums of parts
CLOSER_SHARE = 0.25


class BetterRead(Exception):
    """The records should be read one by one: checksums are dearer here, or can't be trusted. The text says why."""


@dataclass(slots=True, kw_only=True)
class _Work(Seen):
    """A scan in progress, with what each store is asked through; `about` as many records are to be compared."""

    source: SourceTelling
    target: Telling
    proving: Proving
    softenings: Softenings
    bookmark: Bookmark | None
    about: int = 0
    apart: bool = False


class ChecksumScan:
    """Scans entities by sums of hashes."""

    def __init__(
        self, *, source: SourceReader, target: TargetReader, clock: Clock, looker: Looker, guard: PlanGuard
    ) -> None:
        """`looker` looks at the records that differ, `guard` is asked before the first range."""
        self._source = source
        self._target = target
        self._clock = clock
        self._looker = looker
        self._guard = guard

    async def obstacles(self, entity: EntitySpec) -> list[str]:
        """Why the stores can't tell an entity's records, a phrase each; nothing is asked where the mapping says so."""
        if found := obstacles(entity):
            return list(found)
        return [*await self._source.untellable(entity), *await self._target.untellable(entity)]

    async def scan(self, entity: EntitySpec, report: Report, bookmark: Bookmark | None = None) -> EntityPass:
        """Every record of both stores; raises BetterRead where they should be streamed.

        Finished ranges are noted in the bookmark, and those that it knows of are not read again.
        """
        now_ms = self._looker.now_ms()
        async with AsyncExitStack() as stack:
            source = await stack.enter_async_context(self._source.tell(entity, now_ms=now_ms))
            target = await stack.enter_async_context(self._target.tell(entity, now_ms=now_ms))
            found = EntityPass(entity=entity, method="checksum")
            proving = Proving(found, looker=self._looker, tellings={Side.SOURCE: source, Side.TARGET: target})
            work = _Work(
                found=found,
                proving=proving,
                source=source,
                target=target,
                softenings=Softenings(entity, source=source, target=target),
                bookmark=bookmark if anchored(entity) else None,
            )
            await _proved(proving.begin())
            work.about = await self._about(entity)
            behind = await self._behind(work)
            if behind is None or behind.until is not None:
                await self._ranges(work, report, behind.until if behind else None)
        found.complete = not work.hidden
        if work.hidden:
            found.notes.append(f"{entity.name}: {work.hidden:,} records differ that can't be read one by one")
        return found

    async def _about(self, entity: EntitySpec) -> int:
        """About how many records both stores hold together, each as many as the one that knows of more."""
        return 2 * max(await self._source.about(entity), await self._target.about(entity))

    async def _behind(self, work: _Work) -> KeyRange | None:
        """The last range that an interrupted run had finished, with what it found; None at a beginning."""
        if work.bookmark is None:
            return None
        entity = work.found.entity
        shape = f"{await self._source.shape(entity)} {await self._target.shape(entity)}"
        return await work.bookmark.take_up(work, self._looker, shape=shape)

    async def _ranges(self, work: _Work, report: Report, after: str | None) -> None:
        """One range after the other, each as long as it takes about a second."""
        cut, size = anchored(work.found.entity), FIRST_RANGE
        middle, until = await self._cuts(work, after, size) if cut else (None, None)
        if middle is not None:
            work.found.notes += await self._guard.notes(work.found.entity, KeyRange(after=middle, until=until))
        while True:
            key_range, began = KeyRange(after=after, until=until), self._clock.monotonic()
            differing, following = await together(
                self._differing(work, key_range, middle, size), self._cuts(work, until, size) if until else _no_cuts()
            )
            size = _next_size(size, self._clock.monotonic() - began)
            if differing or differing is None:
                await self._closer(work, key_range, differing)
            if work.bookmark is not None:
                await work.bookmark.note(work, key_range)
            done = work.found.source_records + work.found.target_records
            report(done, max(work.about, done) if work.about else 0)
            if until is None:
                return
            after, (middle, until) = until, following

    async def _differing(self, work: _Work, key_range: KeyRange, middle: str | None, size: int) -> Sequence[str] | None:
        """The parts of a range in which the stores disagree, None for all of it; what is equal is counted.

        Behind a range that differed, parts are asked for at once: what differs tends to be spread.
        """
        parted = anchored(work.found.entity) and size >= PARTED_FROM
        if not (parted and work.apart):
            source, target = await self._both(work, key_range, middle, _total)
            if source[""].agrees(target[""]):
                _equal(work.found, source[""], target[""])
                await self._softened(work, key_range)
                return ()
            if not parted:
                return None
        source, target = await self._both(work, key_range, middle, _parts)
        differing = []
        for name in sorted(source.keys() | target.keys()):
            one, other = source.get(name, NO_RECORDS), target.get(name, NO_RECORDS)
            if one.agrees(other):
                _equal(work.found, one, other)
            else:
                differing.append(name)
        work.apart = bool(differing)
        if not differing:
            await self._softened(work, key_range)
        return differing

    async def _softened(self, work: _Work, key_range: KeyRange) -> None:
        """Counts in how many records of a range on which both stores agree a rule made raw values equal."""
        source, target = await together(*(work.softenings.sums(side, key_range) for side in Side))
        work.found.softened.update(await work.softenings.alike(key_range, source, target))

    async def _both(self, work: _Work, key_range: KeyRange, middle: str | None, ask: _Ask) -> tuple[_Sums, _Sums]:
        """What both stores say of a range, by parts; fields that it is the first to hold are proved."""
        watched = {side: work.proving.watched(side) for side in Side}
        source, target = await together(
            _in_halves(work.source, key_range, middle, ask, watched[Side.SOURCE]),
            ask(work.target, key_range, watched[Side.TARGET]),
        )
        sums = {Side.SOURCE: source, Side.TARGET: target}
        held = {side: {path for one in parts.values() for path in one.held} for side, parts in sums.items()}
        await _proved(work.proving.seen(held, key_range))
        return source, target

    async def _cuts(self, work: _Work, after: str | None, size: int) -> tuple[str | None, str | None]:
        """The middle and the end of the next range."""
        middle = await work.source.boundary(after, size // 2)
        return (None, None) if middle is None else (middle, await work.source.boundary(middle, size - size // 2))

    async def _closer(self, work: _Work, key_range: KeyRange, parts: Sequence[str] | None) -> None:
        """Looks at the records of a range, or of parts of it, whose hashes differ, as both stores hold them now."""
        entity, found = work.found.entity, work.found
        source, target = await self._hashes(work, key_range, parts)
        asked = unlike(entity, {Side.SOURCE: source, Side.TARGET: target})
        found.outcomes[Outcome.MATCHED] += asked.equal
        found.outcomes[Outcome.OUT_OF_SCOPE] += max(asked.expired.values())
        found.source_records += asked.equal + asked.expired[Side.SOURCE]
        found.target_records += asked.equal + asked.expired[Side.TARGET]
        differing = max(len(ids) for ids in asked.listed.values())
        looked_at = max(len(ids) for ids in work.looked_at.values()) + differing
        if looked_at > max(FEW, CLOSER_SHARE * max(found.source_records + differing, found.target_records)):
            raise BetterRead("too many records differ for a look at each of them")
        found.softened.update(await work.softenings.among(key_range, asked))
        self._count(work, await self._looker.fresh(entity, keys=asked.keys, ids=asked.ids))
        if any(lost := _lost(work, asked)):
            self._count(work, await self._looker.fresh(entity, keys=(), ids=dict(zip(Side, lost, strict=True))))
        if any(_lost(work, asked)):
            await self._gone(work, asked, await self._hashes(work, key_range, parts))

    async def _hashes(
        self, work: _Work, key_range: KeyRange, parts: Sequence[str] | None
    ) -> list[Sequence[HashedRecord]]:
        """The records of both stores, each with its hash."""
        return await together(*(one.hashes(key_range, parts=parts) for one in (work.source, work.target)))

    async def _gone(self, work: _Work, asked: Unlike, lists: Sequence[Sequence[HashedRecord]]) -> None:
        """Makes sure that records which could not be read again are gone, and not out of sight."""
        there = {side: {record.id for record in records} for side, records in zip(Side, lists, strict=True)}
        hidden = sum(len(there[side].intersection(ids)) for side, ids in zip(Side, _lost(work, asked), strict=True))
        if hidden:
            work.hidden += hidden

    def _count(self, work: _Work, judged: Sequence[Judged]) -> None:
        """Counts what was looked at, each record once."""
        for one in judged:
            if work.new(one):
                work.found.count(one, self._clock.monotonic())


async def _proved(proof: Awaitable[None]) -> None:
    """Waits for a proof; what a store does not tell is better read."""
    try:
        await proof
    except Untold as why:
        raise BetterRead(str(why)) from None


async def _total(telling: Telling, key_range: KeyRange, watched: Sequence[FieldSpec]) -> _Sums:
    """A range as one part, without a name."""
    return {"": await telling.total(key_range, watched=watched)}


async def _parts(telling: Telling, key_range: KeyRange, watched: Sequence[FieldSpec]) -> _Sums:
    """A range in parts."""
    return await telling.parts(key_range, watched=watched)


async def _in_halves(
    telling: Telling, key_range: KeyRange, middle: str | None, ask: _Ask, watched: Sequence[FieldSpec]
) -> _Sums:
    """The source's sums, asked in two halves at once: telling documents takes it longer than the target its rows."""
    if middle is None:
        return await ask(telling, key_range, watched)
    first, second = await together(
        ask(telling, replace(key_range, until=middle), watched),
        ask(telling, replace(key_range, after=middle), watched),
    )
    names = first.keys() | second.keys()
    return {name: first.get(name, NO_RECORDS) + second.get(name, NO_RECORDS) for name in names}


async def _no_cuts() -> tuple[None, None]:
    """What follows the last range."""
    return None, None


def _lost(work: _Work, asked: Unlike) -> list[list[str]]:
    """The ids of records that were to be looked at and were not found, of the source and of the target."""
    return [sorted(asked.listed[side] - work.looked_at[side]) for side in Side]


def _equal(found: EntityPass, source: RangeSum, target: RangeSum) -> None:
    """Counts a range on which both stores agree."""
    found.outcomes[Outcome.MATCHED] += source.records - source.expired
    found.outcomes[Outcome.OUT_OF_SCOPE] += max(source.expired, target.expired)
    found.source_records += source.records
    found.target_records += target.records


def _next_size(size: int, seconds: float) -> int:
    """How many records the next range takes, so that it lasts as long as it should."""
    wanted = size * min(FASTEST_GROWTH, TARGET_SECONDS / max(seconds, 0.001))
    return int(max(SMALLEST_RANGE, min(LARGEST_RANGE, wanted)))
