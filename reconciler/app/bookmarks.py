"""Where a scan by checksums stands, noted range by range, and taken up again when its run goes on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from reconciler.app.passes import EntityPass, Looker
from reconciler.app.ports import Clock
from reconciler.app.scan_memory import ScanMemory
from reconciler.core.checksum.words import KeyRange
from reconciler.core.model import Outcome, RecordKey, Side
from reconciler.core.outcomes import Judged
from reconciler.core.scanned import Counts, ScannedRange, Suspect
from reconciler.core.wording import number

AT_ONCE = 500


@dataclass(slots=True, kw_only=True)
class Seen:
    """What a scan has found, and the records it has looked at one by one; `unnoted` are those since the last note."""

    found: EntityPass
    looked_at: dict[Side, set[str]] = field(default_factory=lambda: {side: set() for side in Side})
    unnoted: dict[Side, set[str]] = field(default_factory=lambda: {side: set() for side in Side})
    hidden: int = 0

    def new(self, judged: Judged) -> dict[Side, str]:
        """The ids of a match's records that were not looked at before, which they are from now on."""
        fresh = {side: id_ for side, id_ in ids_of(judged).items() if id_ not in self.looked_at[side]}
        for side, id_ in fresh.items():
            self.looked_at[side].add(id_)
            self.unnoted[side].add(id_)
        self.found.source_records += Side.SOURCE in fresh
        self.found.target_records += Side.TARGET in fresh
        return fresh


class Bookmark:
    """Notes the ranges of one entity in one run."""

    def __init__(self, *, store: ScanMemory, clock: Clock, run_id: int, domain: str) -> None:
        """`run_id` is running."""
        self._store = store
        self._clock = clock
        self._run_id = run_id
        self._domain = domain
        self._shape = ""
        self._number = 0
        self._since = clock.now()
        self._suspects: set[str] = set()

    async def take_up(self, seen: Seen, looker: Looker, *, shape: str) -> KeyRange | None:
        """What the run found before it was interrupted becomes part of `seen`; the last range that it finished.

        What differed then is looked at again now. None where there is nothing to go on behind: where nothing was
        noted, and where `shape`, that of the stores' tables, is another or another run saw something differ since.
        """
        name, self._shape = seen.found.entity.name, shape
        scanned = await self._store.scanned(self._run_id, domain=self._domain, entity=name)
        if not scanned.ranges:
            return None
        last = scanned.ranges[-1]
        why = "another run saw differences" if scanned.overtaken else ""
        why = why or ("its tables were made anew or changed" if last.shape != shape else "")
        if why:
            seen.found.notes.append(f"{name}: read from the beginning: {why} while the run was interrupted")
            await self.forget(name)
            return None
        _restore(seen, scanned.ranges)
        suspects = [one for part in scanned.ranges for one in part.suspects]
        await _look_again(seen, looker, suspects, at=self._clock.monotonic())
        seen.found.notes.append(_told(name, scanned.ranges))
        self._since = scanned.ranges[0].since
        await self._put(seen, KeyRange(until=last.key_range.until), instead=True)
        return last.key_range

    async def note(self, seen: Seen, key_range: KeyRange) -> None:
        """A range is done."""
        await self._put(seen, key_range, instead=False)

    async def forget(self, entity: str) -> None:
        """Nothing that was noted counts."""
        await self._store.note_scanned(self._run_id, domain=self._domain, entity=entity, done=None, instead=True)

    async def _put(self, seen: Seen, key_range: KeyRange, *, instead: bool) -> None:
        """Stores a range with what came to be known by it."""
        suspects = {locator: one for locator, one in seen.found.candidates.items() if locator not in self._suspects}
        done = ScannedRange(
            number=self._number,
            key_range=key_range,
            shape=self._shape,
            since=self._since,
            at=self._clock.now(),
            tally=_tally(seen),
            looked_at={side: tuple(sorted(ids)) for side, ids in seen.unnoted.items()},
            suspects=tuple(_suspect(locator, one.judged) for locator, one in suspects.items()),
        )
        await self._store.note_scanned(
            self._run_id, domain=self._domain, entity=seen.found.entity.name, done=done, instead=instead
        )
        self._number += 1
        self._suspects |= suspects.keys()
        seen.unnoted = {side: set() for side in Side}
        self._since = done.at


def ids_of(judged: Judged) -> dict[Side, str]:
    """The ids of a match's records."""
    records = zip((Side.SOURCE, Side.TARGET), judged.records, strict=True)
    return {side: record.id for side, record in records if record is not None}


def _suspect(locator: str, judged: Judged) -> Suspect:
    """Where a difference is found again."""
    keys = {str(record.key.parts[0]) for record in judged.records if record is not None and record.key is not None}
    return Suspect(locator=locator, keys=tuple(sorted(keys)), ids=ids_of(judged))


def _tally(seen: Seen) -> Counts:
    """The counts so far."""
    found = seen.found
    rules = {rule: place for place, rule in enumerate(found.entity.rules)}
    return Counts(
        records={Side.SOURCE: found.source_records, Side.TARGET: found.target_records},
        outcomes=dict(found.outcomes),
        softened=dict(found.softened),
        ruled={rules[rule]: count for rule, count in found.ruled.items()},
        canaries=found.canaries,
        cleared=found.cleared,
        hidden=seen.hidden,
    )


def _restore(seen: Seen, ranges: Sequence[ScannedRange]) -> None:
    """Counts as they were after the last range; canaries of both parts of the scan count."""
    found, tally = seen.found, ranges[-1].tally
    found.source_records += tally.records[Side.SOURCE]
    found.target_records += tally.records[Side.TARGET]
    for outcome, count in tally.outcomes.items():
        found.outcomes[outcome] += count
    found.softened.update(tally.softened)
    found.ruled.update({found.entity.rules[place]: count for place, count in tally.ruled.items()})
    found.add_canaries(tally.canaries)
    found.cleared += tally.cleared
    seen.hidden += tally.hidden
    for part in ranges:
        for side, ids in part.looked_at.items():
            seen.looked_at[side] |= set(ids)
            seen.unnoted[side] |= set(ids)


async def _look_again(seen: Seen, looker: Looker, suspects: Sequence[Suspect], *, at: float) -> None:
    """What differed before the interruption: what still does waits to be confirmed, all else has cleared."""
    known = {side: {one.ids[side] for one in suspects if side in one.ids} for side in Side}
    again: dict[Side, set[str]] = {side: set() for side in Side}
    for first in range(0, len(suspects), AT_ONCE):
        some = suspects[first : first + AT_ONCE]
        keys = [RecordKey(parts=(text,), text=text) for text in sorted({key for one in some for key in one.keys})]
        ids = {side: [one.ids[side] for one in some if side in one.ids] for side in Side}
        for judged in await looker.fresh(seen.found.entity, keys=keys, ids=ids):
            there = ids_of(judged)
            concerned = bool(seen.new(judged)) or any(id_ in known[side] for side, id_ in there.items())
            if concerned and any(id_ not in again[side] for side, id_ in there.items()):
                seen.found.count(judged, at)
            for side, id_ in there.items():
                again[side].add(id_)
    _clear(seen.found, suspects, again)


def _clear(found: EntityPass, suspects: Sequence[Suspect], again: dict[Side, set[str]]) -> None:
    """Counts the suspects that are part of no difference any more; one that is on neither side is out of scope."""
    differing: dict[Side, set[str]] = {side: set() for side in Side}
    for candidate in found.candidates.values():
        for side, id_ in ids_of(candidate.judged).items():
            differing[side].add(id_)
    for one in suspects:
        if one.locator in found.candidates or any(id_ in differing[side] for side, id_ in one.ids.items()):
            continue
        found.cleared += 1
        found.checked.add(one.locator)
        found.outcomes[Outcome.OUT_OF_SCOPE] += not any(id_ in again[side] for side, id_ in one.ids.items())


def _told(name: str, ranges: Sequence[ScannedRange]) -> str:
    """What was taken over, and when it was read."""
    records = ranges[-1].tally.records
    times = " and ".join(f"{at:%Y-%m-%d %H:%M:%S}" for at in (ranges[0].since, ranges[-1].at))
    counts = f"{number(records[Side.SOURCE])} and {number(records[Side.TARGET])} records"
    read = f"{counts} were compared before the run was interrupted, between {times} UTC"
    return f"{name}: {read}; the scan went on behind them"
