"""Proof, while an entity is scanned by checksums, that each store's hash tells each of its fields."""

from collections.abc import Iterable, Mapping, Sequence

from reconciler.app.passes import EntityPass, Looker
from reconciler.app.tellings import Telling
from reconciler.app.together import together
from reconciler.core.checksum import proof
from reconciler.core.checksum.unlike import unlike
from reconciler.core.checksum.words import HashedRecord, KeyRange
from reconciler.core.model import Record, Side
from reconciler.core.spec import EntitySpec, FieldSpec

EXAMPLES = 20
_Examples = dict[str, Sequence[HashedRecord]]


class Untold(Exception):
    """Some field of some store is not told as it is compared, on no example. The text says which."""


class Proving:
    """What is proved so far. A field that nothing holds is watched for, and proved on the first range that holds it."""

    def __init__(self, found: EntityPass, *, looker: Looker, tellings: Mapping[Side, Telling]) -> None:
        """Canaries are planted in `found`."""
        self._found = found
        self._looker = looker
        self._tellings = tellings
        self._unproved = {side: [item.path for item in found.entity.fields] for side in Side}
        self._planted: set[tuple[Side, str]] = set()

    def watched(self, side: Side) -> list[FieldSpec]:
        """Fields that no record of the side was seen to hold."""
        return [self._entity.field(path) for path in self._unproved[side]]

    async def begin(self) -> None:
        """Proves what the first records of both stores hold; raises Untold."""
        lists = await together(*(self._tellings[side].examples(None, limit=EXAMPLES) for side in Side))
        first = dict(zip(Side, lists, strict=True))
        records = await self._read({side: {"": some} for side, some in first.items()})
        examples = {side: self._by_path(side, first[side], records[side]) for side in Side}
        self._prove(examples, records)
        left = {side: [path for path in self._unproved[side] if examples[side][path]] for side in Side}
        await self.seen(left, KeyRange())

    async def seen(self, held: Mapping[Side, Iterable[str]], key_range: KeyRange) -> None:
        """Proves fields that a range has been found to hold; raises Untold."""
        examples: dict[Side, _Examples] = {side: {} for side in Side}
        for side, paths in held.items():
            for path in paths:
                item = self._entity.field(path)
                examples[side][path] = await self._tellings[side].examples(item, limit=EXAMPLES, key_range=key_range)
        if not any(examples.values()):
            return
        self._prove(examples, await self._read(examples))
        untold = [
            f"{path} in the {side.value}" for side in Side for path in self._unproved[side] if examples[side].get(path)
        ]
        if untold:
            raise Untold(f"no example is told as it is compared, of {', '.join(untold)}")

    @property
    def _entity(self) -> EntitySpec:
        """What is scanned."""
        return self._found.entity

    def _by_path(self, side: Side, some: Sequence[HashedRecord], records: Mapping[str, Record]) -> _Examples:
        """Of some records those that hold something in a field, for each field."""
        there = [one for one in some if one.id in records and not records[one.id].problem]
        places = {path: self._entity.index(path) for path in self._unproved[side]}
        return {
            path: [one for one in there if records[one.id].values[place] not in (None, [])]
            for path, place in places.items()
        }

    def _prove(self, examples: Mapping[Side, _Examples], records: Mapping[Side, Mapping[str, Record]]) -> None:
        """Takes away what an example proves, and plants canaries on it."""
        for side, by_path in examples.items():
            for path, some in by_path.items():
                record = proof.vouched(self._entity, self._entity.field(path), side, records[side], some)
                if record is not None:
                    self._unproved[side].remove(path)
                    self._plant(side, record)

    def _plant(self, side: Side, record: Record) -> None:
        """Plants canaries on a record, a spoilt field each, once."""
        if (side, record.id) not in self._planted:
            self._planted.add((side, record.id))
            self._found.add_canaries(proof.planted(self._entity, side, record))

    async def _read(self, examples: Mapping[Side, _Examples]) -> dict[Side, dict[str, Record]]:
        """The examples as they are compared, by id, those that match among them released as canaries."""
        listed = {
            side: {one.id: one for some in by_path.values() for one in some} for side, by_path in examples.items()
        }
        asked = unlike(self._entity, {Side.SOURCE: tuple(listed[Side.SOURCE].values()), Side.TARGET: ()})
        ids = {side: sorted(some) for side, some in listed.items()}
        records: dict[Side, dict[str, Record]] = {side: {} for side in Side}
        for judged in await self._looker.fresh(self._entity, keys=asked.keys, ids=ids):
            self._found.release(judged)
            for side, record in zip((Side.SOURCE, Side.TARGET), judged.records, strict=True):
                if record is not None:
                    records[side][record.id] = record
        return records
