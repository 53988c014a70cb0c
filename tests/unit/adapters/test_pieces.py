"""A look over several snapshots: nothing is lost or doubled where it is cut, and one that stands still is an error."""

import pytest

from reconciler.adapters.pieces import Cut, PiecedRead
from reconciler.core.model import RawRecord
from reconciler.errors import ReadInterrupted

RECORDS = [RawRecord(id=str(number)) for number in range(9)]


class Shelf:
    """A piece over a list, from a place on; `step` is how far its seams get behind what was read."""

    def __init__(self, begin: int, *, step: int) -> None:
        self._begin = self._at = begin
        self._step = step

    async def count(self) -> int:
        return len(RECORDS) - self._begin

    async def batch(self) -> list[RawRecord]:
        found, self._at = RECORDS[self._at : self._at + 2], self._at + 2
        return found

    async def cut(self) -> Cut:
        return Cut(seam=min(self._at, len(RECORDS)) * self._step, counted=min(self._at, len(RECORDS)) - self._begin)

    async def close(self) -> None:
        return


def look(*, step: int, longest: float) -> PiecedRead:
    """A look at the list whose snapshots may be held so long, in seconds."""

    async def opened(seam: object | None) -> Shelf:
        return Shelf(seam if isinstance(seam, int) else 0, step=step)

    return PiecedRead(opened, longest=longest)


async def read(found: PiecedRead) -> list[RawRecord]:
    """Everything that a look delivers, and that its counts agree."""
    total = await found.count()
    records = [record async for batch in found.batches() for record in batch]
    await found.close()
    assert total == await found.counted() == len(records)
    return records


@pytest.mark.parametrize("longest", [0.0, 60.0])
async def test_pieces_join_to_the_whole(longest: float) -> None:
    assert await read(look(step=1, longest=longest)) == RECORDS


async def test_a_look_that_comes_back_to_the_same_place_ends_with_an_error() -> None:
    with pytest.raises(ReadInterrupted, match="came back to the place where it had gone on before"):
        await read(look(step=0, longest=0.0))
