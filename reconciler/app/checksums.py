"""A scan that moves almost nothing: both stores sum their records range by range, and what disagrees is looked at."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

from reconciler.app.bookmarks import Bookmark, Seen
from reconciler.app.passes import EntityPass, Looker, Report
from reconciler.app.plan_guard import PlanGuard
from reconciler.app.ports import Clock, SourceReader, TargetReader
from reconciler.app.softened import Softenings
from reconciler.app.tellings import SourceTelling, Telling
from reconciler.core.checksum import proof
from reconciler.core.checksum.soft import SoftSum
from reconciler.core.checksum.unlike import Unlike, unlike
from reconciler.core.checksum.words import HashedRecord, KeyRange, RangeSum, anchored, obstacles
from reconciler.core.model import Outcome, Record, Side
from reconciler.core.outcomes import Judged
from reconciler.core.spec import EntitySpec

_Examples = Mapping[str, Sequence[HashedRecord]]
FIRST_RANGE, SMALLEST_RANGE, LARGEST_RANGE = 20_000, 1_000, 500_000
TARGET_SECONDS = 1.0
FASTEST_GROWTH = 4.0
EXAMPLES = 20
FEW = 5_000
CLOSER_SHARE = 0.25


class BetterRead(Exception):
    """The records should be read one by one: checksums are dearer here, or can't be trusted. The text says why."""


@dataclass(slots=True, kw_only=True)
class _Work(Seen):
    """A scan in progress, with what each store is asked through; `about` as many records are to be compared."""

    source: SourceTelling
    target: Telling
    softenings: Softenings
    bookmark: Bookmark | None
    about: int = 0


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
            work = _Work(
                found=EntityPass(entity=entity, method="checksum"),
                source=source,
                target=target,
                softenings=Softenings(entity, source=source, target=target),
                bookmark=bookmark if anchored(entity) else None,
            )
            await self._prove(work)
            work.about = await self._about(entity)
            behind = await self._behind(work)
            if behind is None or behind.until is not None:
                await self._ranges(work, report, behind.until if behind else None)
        found = work.found
        found.complete = not work.hidden
        if work.hidden:
            found.notes.append(f"{entity.name}: {work.hidden:,} records differ that can't be read one by one")
        return found

    async def _prove(self, work: _Work) -> None:
        """Plants canaries on records that match, and makes sure that each store's hash tells each of the fields."""
        entity, untold = work.found.entity, []
        examples = {
            Side.SOURCE: await _examples(entity, work.source),
            Side.TARGET: await _examples(entity, work.target),
        }
        records = await self._read(work, examples)
        for side, by_path in examples.items():
            for path, some in by_path.items():
                record = proof.vouched(entity, entity.field(path), side, records[side], some)
                if record is not None:
                    work.found.add_canaries(proof.planted(entity, side, record))
                elif some:
                    untold.append(f"{path} in the {side.value}")
        if untold:
            raise BetterRead(f"no example is told as it is compared, of {', '.join(untold)}")

    async def _read(self, work: _Work, examples: Mapping[Side, _Examples]) -> dict[Side, dict[str, Record]]:
        """The examples as they are compared, by id, those that match among them released as canaries."""
        listed = {side: [one for some in by_path.values() for one in some] for side, by_path in examples.items()}
        asked = unlike(work.found.entity, {Side.SOURCE: listed[Side.SOURCE], Side.TARGET: ()})
        ids = {side: sorted({one.id for one in some}) for side, some in listed.items()}
        records: dict[Side, dict[str, Record]] = {side: {} for side in Side}
        for judged in await self._looker.fresh(work.found.entity, keys=asked.keys, ids=ids):
            work.found.release(judged)
            for side, record in zip((Side.SOURCE, Side.TARGET), judged.records, strict=True):
                if record is not None:
                    records[side][record.id] = record
        return records

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
            (source, left), (target, right), following = await together(
                self._told(work, Side.SOURCE, key_range, self._source_total(work, key_range, middle)),
                self._told(work, Side.TARGET, key_range, work.target.total(key_range)),
                self._cuts(work, until, size) if until else _no_cuts(),
            )
            size = _next_size(size, self._clock.monotonic() - began)
            if source.agrees(target):
                _equal(work.found, source, target)
                work.found.softened.update(await work.softenings.alike(key_range, left, right))
            else:
                await self._closer(work, key_range)
            if work.bookmark is not None:
                await work.bookmark.note(work, key_range)
            done = work.found.source_records + work.found.target_records
            report(done, max(work.about, done) if work.about else 0)
            if until is None:
                return
            after, (middle, until) = until, following

    async def _cuts(self, work: _Work, after: str | None, size: int) -> tuple[str | None, str | None]:
        """The middle and the end of the next range."""
        middle = await work.source.boundary(after, size // 2)
        return (None, None) if middle is None else (middle, await work.source.boundary(middle, size - size // 2))

    async def _told(
        self, work: _Work, side: Side, key_range: KeyRange, total: Coroutine[Any, Any, RangeSum]
    ) -> tuple[RangeSum, Sequence[SoftSum]]:
        """What a store says of a range: its sum, and in how many records a rule changes a value."""
        return await total, await work.softenings.sums(side, key_range)

    async def _source_total(self, work: _Work, key_range: KeyRange, middle: str | None) -> RangeSum:
        """The source's sum, asked in two halves at once: telling documents takes it longer than the target its rows."""
        if middle is None:
            return await work.source.total(key_range)
        first, second = await together(
            work.source.total(replace(key_range, until=middle)), work.source.total(replace(key_range, after=middle))
        )
        return first + second  # type: ignore[no-any-return]

    async def _closer(self, work: _Work, key_range: KeyRange) -> None:
        """Looks at the records of a range whose hashes differ, as both stores hold them now."""
        entity, found = work.found.entity, work.found
        source, target = await together(work.source.hashes(key_range), work.target.hashes(key_range))
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
            await self._gone(work, key_range, asked)

    async def _gone(self, work: _Work, key_range: KeyRange, asked: Unlike) -> None:
        """Makes sure that records which could not be read again are gone, and not out of sight."""
        lists = await together(work.source.hashes(key_range), work.target.hashes(key_range))
        there = {side: {record.id for record in records} for side, records in zip(Side, lists, strict=True)}
        hidden = sum(len(there[side].intersection(ids)) for side, ids in zip(Side, _lost(work, asked), strict=True))
        if hidden:
            work.hidden += hidden

    def _count(self, work: _Work, judged: Sequence[Judged]) -> None:
        """Counts what was looked at, each record once."""
        for one in judged:
            if work.new(one):
                work.found.count(one, self._clock.monotonic())


async def _examples(entity: EntitySpec, telling: Telling) -> _Examples:
    """Some records for each field, by path."""
    return {item.path: await telling.examples(item, limit=EXAMPLES) for item in entity.fields}


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


async def together(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    """The results of work done at once; where one fails the others are ended, and its own error comes out."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
