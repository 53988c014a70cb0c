"""A sample that moves little: both stores tell hashes of its keys, what differs is read, and a part as proof."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from reconciler.app.checksums import BetterRead
from reconciler.app.passes import EntityPass, Looker, Report
from reconciler.app.ports import Clock, SourceReader, TargetReader
from reconciler.app.tellings import Telling
from reconciler.app.together import together
from reconciler.core.checksum import proof
from reconciler.core.checksum.unlike import Unlike, unlike
from reconciler.core.checksum.words import HashedRecord
from reconciler.core.model import Outcome, Record, RecordKey, Side
from reconciler.core.outcomes import Judged
from reconciler.core.spec import EntitySpec

READ = 50
AT_ONCE = 500
SMALLEST = 2 * READ


@dataclass(slots=True, kw_only=True)
class _Work:
    """A sample in progress: what each store is asked through, and what was found and read."""

    found: EntityPass
    tellings: Mapping[Side, Telling]
    read: dict[Side, dict[str, Record]] = field(default_factory=lambda: {side: {} for side in Side})


class ChecksumSample:
    """Compares keys by what both stores tell of them."""

    def __init__(self, *, source: SourceReader, target: TargetReader, clock: Clock, looker: Looker) -> None:
        """`looker` reads what differs, and the part that is proof."""
        self._source = source
        self._target = target
        self._clock = clock
        self._looker = looker

    async def keys(self, entity: EntitySpec, keys: Sequence[RecordKey], report: Report) -> EntityPass:
        """These keys, each once; raises BetterRead where they should all be read."""
        if len(entity.key) > 1 or len(keys) < SMALLEST:
            raise BetterRead("too few keys, or keys of several parts")
        now_ms = self._looker.now_ms()
        step = len(keys) // READ
        some, rest = keys[::step], [key for place, key in enumerate(keys) if place % step]
        async with AsyncExitStack() as stack:
            source = await stack.enter_async_context(self._source.tell(entity, now_ms=now_ms))
            target = await stack.enter_async_context(self._target.tell(entity, now_ms=now_ms))
            found = EntityPass(entity=entity, method="checksum", complete=True)
            work = _Work(found=found, tellings={Side.SOURCE: source, Side.TARGET: target})
            await self._prove(work, some)
            for at in range(0, len(rest), AT_ONCE):
                await self._compare(work, rest[at : at + AT_ONCE])
                report(len(some) + at, len(keys))
        return found

    async def _prove(self, work: _Work, keys: Sequence[RecordKey]) -> None:
        """Reads keys, and makes sure that each store's hash tells each field that any of their records holds."""
        self._count(work, await self._looker.fresh(work.found.entity, keys=keys, ids={}))
        hashes = await _hashes(work, keys)
        entity, untold = work.found.entity, []
        for side, records in work.read.items():
            for place, item in enumerate(entity.fields):
                if all(not one.values or one.values[place] is None for one in records.values()):
                    continue
                record = proof.vouched(entity, item, side, records, hashes[side])
                if record is None:
                    untold.append(f"{item.path} in the {side.value}")
                else:
                    work.found.add_canaries(proof.planted(entity, side, record))
        if untold:
            raise BetterRead(f"no record is told as it is compared, of {', '.join(untold)}")

    async def _compare(self, work: _Work, keys: Sequence[RecordKey]) -> None:
        """Counts the records that both stores tell alike, and reads those of the other keys."""
        hashes, found = await _hashes(work, keys), work.found
        asked = unlike(found.entity, hashes)
        found.outcomes[Outcome.MATCHED] += asked.equal
        found.outcomes[Outcome.OUT_OF_SCOPE] += max(asked.expired.values())
        found.checked |= _equal(keys, asked, hashes[Side.SOURCE])
        if asked.keys or any(asked.ids.values()):
            self._count(work, await self._looker.fresh(found.entity, keys=asked.keys, ids=asked.ids))

    def _count(self, work: _Work, judged: Sequence[Judged]) -> None:
        """Counts what was read."""
        for one in judged:
            work.found.count(one, self._clock.monotonic())
            for side, record in zip((Side.SOURCE, Side.TARGET), one.records, strict=True):
                if record is not None:
                    work.read[side][record.id] = record
                    work.found.checked |= set() if one.diff else {record.key_text}


async def _hashes(work: _Work, keys: Sequence[RecordKey]) -> dict[Side, Sequence[HashedRecord]]:
    """What both stores tell of these keys, asked at once."""
    told = await together(*(telling.hashes_of(keys) for telling in work.tellings.values()))
    return dict(zip(work.tellings, told, strict=True))


def _equal(keys: Sequence[RecordKey], asked: Unlike, source: Sequence[HashedRecord]) -> set[str]:
    """Of these keys, as reports spell them, those under which both stores hold an equal record."""
    differing = {str(key.parts[0]) for key in asked.keys}
    there = {one.key[0] for one in source if not one.expired} - differing
    return {key.text for key in keys if str(key.parts[0]) in there}
