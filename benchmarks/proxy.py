"""A TCP proxy that counts the bytes on a connection in both directions, and can hold them back for a while."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

CHUNK = 1 << 16
CHUNKS_UNDER_WAY = 256


@dataclass(slots=True, kw_only=True)
class Wire:
    """The port to connect to instead of the server's, and the bytes that went by so far."""

    port: int = 0
    bytes: int = 0


@asynccontextmanager
async def proxied(port: int, *, one_way: float = 0.0) -> AsyncIterator[Wire]:
    """A proxy before the server on 127.0.0.1; each byte is passed on `one_way` seconds after it came."""
    wire, open_now = Wire(), set[asyncio.Task[None]]()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            open_now.add(task)
            task.add_done_callback(open_now.discard)
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.TaskGroup() as both:
            both.create_task(_pass_on(reader, server_writer, wire, one_way))
            both.create_task(_pass_on(server_reader, writer, wire, one_way))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        for task in tuple(open_now):
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wire: Wire, one_way: float) -> None:
    """One direction until its end; what is under way does not hold up what comes behind it."""
    under_way = asyncio.Queue[tuple[float, bytes]](CHUNKS_UNDER_WAY)
    async with asyncio.TaskGroup() as both:
        both.create_task(_deliver(under_way, writer))
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(CHUNK):
                wire.bytes += len(data)
                await under_way.put((asyncio.get_running_loop().time() + one_way, data))
        await under_way.put((0.0, b""))


async def _deliver(under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
    """Writes each chunk when it is due; an empty one is the end."""
    with contextlib.suppress(ConnectionError):
        while (found := await under_way.get())[1]:
            await asyncio.sleep(max(0.0, found[0] - asyncio.get_running_loop().time()))
            writer.write(found[1])
            await writer.drain()
    writer.close()
