"""One look at an entity over as many snapshots as its length asks for: read ahead, and counted piece by piece."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from reconciler.core.model import RawRecord
from reconciler.errors import ReadInterrupted

AHEAD = 2
Batch = Sequence[RawRecord]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Where another piece goes on (only the adapter knows what `seam` means), and the store's own count up to there."""

    seam: object
    counted: int


class Piece(Protocol):
    """One snapshot's part of a look, from a seam (or the start) onwards."""

    async def count(self) -> int:
        """How many records the store counts from where this piece began to the end of the entity."""

    async def batch(self) -> Batch:
        """The next records in merge order, none at the end."""

    async def cut(self) -> Cut | None:
        """Where another piece can go on behind the last batch; None where that can't be told."""

    async def close(self) -> None:
        """Lets the snapshot go; nothing is asked of the piece afterwards."""


Opener = Callable[[object | None], Awaitable[Piece]]


class PiecedRead:
    """A look that holds no snapshot longer than `longest` seconds, not even while nobody takes its batches."""

    def __init__(self, opener: Opener, *, longest: float) -> None:
        """`opener` takes a new snapshot and begins behind a seam, or at the start where that is None."""
        self._opener = opener
        self._longest = longest
        self._piece: Piece | None = None
        self._reading: asyncio.Task[None] | None = None
        self._deadline = 0.0
        self._first = True
        self._total: int | None = None
        self._counted: int | None = None

    async def count(self) -> int:
        """How many records the store counts in the first snapshot."""
        piece = self._piece or await self._open(None)
        self._total = await piece.count()
        return self._total

    async def counted(self) -> int:
        """How many records the store counted in the snapshots they were read from.

        To be asked after the last batch, and only by who asked `count` before the first.
        """
        if self._counted is None:
            raise RuntimeError("counted() asked before the last batch, or without count() before the first")
        return self._counted

    async def batches(self) -> AsyncIterator[Batch]:
        """All records in merge order, a few batches read ahead."""
        places, ready = asyncio.Semaphore(AHEAD), asyncio.Queue[Batch | None]()
        self._reading = reading = asyncio.create_task(self._read(places, ready))
        reading.add_done_callback(lambda _: ready.put_nowait(None))
        try:
            while (batch := await ready.get()) is not None:
                places.release()
                await asyncio.sleep(0)  # lets the reading ask for the next batch before this one is worked on
                yield batch
            await reading
        finally:
            await self._stop()

    async def close(self) -> None:
        """Stops reading ahead and lets the snapshot go."""
        await self._stop()
        await self._let_go()

    async def _stop(self) -> None:
        """Stops reading ahead."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _let_go(self) -> None:
        """Lets the snapshot go."""
        piece, self._piece = self._piece, None
        if piece is not None:
            await piece.close()

    async def _open(self, seam: object | None) -> Piece:
        """The next piece, with its time running."""
        self._piece = await self._opener(seam)
        self._deadline = asyncio.get_running_loop().time() + self._longest
        return self._piece

    async def _read(self, places: asyncio.Semaphore, ready: "asyncio.Queue[Batch | None]") -> None:
        """Puts every batch into `ready` as places become free; takes a new snapshot where the old one has its age."""
        piece = self._piece or await self._open(None)
        behind = 0
        seam: object = None
        while batch := await piece.batch():
            cut = None
            if not await self._place(places):
                cut = await self._cut(piece)
                await places.acquire()
            ready.put_nowait(batch)
            if cut is not None:
                if cut.seam == seam:
                    raise _standing_still()
                behind, seam = behind + cut.counted, cut.seam
                piece = await self._open(seam)
        if self._total is not None:
            self._counted = behind + (self._total if self._first else await piece.count())

    async def _place(self, places: asyncio.Semaphore) -> bool:
        """Waits for a place as long as the snapshot may be held; whether there is one, and time left."""
        try:
            async with asyncio.timeout_at(self._deadline):
                await places.acquire()
        except TimeoutError:
            return False
        if asyncio.get_running_loop().time() < self._deadline:
            return True
        places.release()
        return False

    async def _cut(self, piece: Piece) -> Cut | None:
        """Ends the piece behind its last batch, if it can be."""
        cut = await piece.cut()
        if cut is None:
            self._deadline += self._longest
        else:
            self._first = False
            await self._let_go()
        return cut


def _standing_still() -> ReadInterrupted:
    """What is wrong where a new snapshot gives what the one before it gave."""
    return ReadInterrupted(
        "a look over several snapshots came back to the place where it had gone on before",
        expected="each snapshot to go on behind the last record of the one before",
        got="the same place twice",
        next_step="set runs.snapshot_max longer than the look takes, and report this as a bug with the type of the key",
    )
