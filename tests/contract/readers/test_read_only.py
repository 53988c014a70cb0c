"""Nothing is ever written: what is sent to the servers, and what they refuse of our sessions."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from subprocess import DEVNULL, Popen

import asyncpg
import pytest
from pymongo import MongoClient, monitoring

from reconciler.adapters.postgres.connection import Connector, Limits
from reconciler.core.spec import EntitySpec
from reconciler.errors import StoreRefused
from reconciler.sandbox.binaries import find_mongod
from reconciler.sandbox.processes import free_port, is_listening
from tests.acceptance.live import Shop
from tests.contract.readers.world import (
    ENTITIES,
    LOCAL,
    THING,
    Readers,
    key,
    look,
    object_id,
    readers,
    statements,
    uuid,
)

pytestmark = pytest.mark.contract

COMMANDS = {
    "hello", "ping", "aggregate", "find", "getMore", "killCursors", "listCollections", "connectionStatus", "buildInfo",
    "endSessions", "listIndexes", "saslStart", "saslContinue",
}  # fmt: skip
WRITING = {"$out", "$merge", "$where", "$function", "$accumulator"}
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
READING = {"select", "show", "set", "begin", "rollback", "with"}


class Heard(monitoring.CommandListener):
    """The commands that clients of this process sent while it was listening."""

    def __init__(self) -> None:
        self.listening = False
        self.commands: list[Mapping[str, object]] = []
        self.names: set[str] = set()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if self.listening:
            self.names.add(event.command_name)
            self.commands.append(event.command)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Not listened for."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Not listened for."""


HEARD = Heard()
monitoring.register(HEARD)


@pytest.fixture
def heard() -> Iterator[Heard]:
    HEARD.commands, HEARD.names, HEARD.listening = [], set(), True
    yield HEARD
    HEARD.listening = False


async def ask_everything(opened: Readers, entity: EntitySpec) -> None:
    """Every question that a reader of an entity knows."""
    for reader in (opened.source, opened.target):
        await reader.health()
        await reader.problems(entity)
        await reader.hints(entity)
        await look(reader, entity)
        first = 1 if entity.name == "level" else f"{1:024x}"
        await reader.fetch(entity, keys=[key(first)], ids=[f"{1:024x}#0" if entity.name == "token" else f"{1:024x}"])


def fill(shop: Shop) -> None:
    """A record or more of each entity."""
    for number in range(8):
        person = {"_id": object_id(number), "tokens": [{"hash": "h"}], "profile": {"bio": "b"}}
        shop.mongo["people"].insert_one(person)
        shop.mongo["things"].insert_one({"_id": object_id(number)})
        shop.mongo["levels"].insert_one({"_id": object_id(number), "level": number})
        shop.mongo["settings"].insert_one({"_id": object_id(number), "key": str(number)})
        shop.sql("insert into people values ($1, $2)", uuid(number), f"{number:024x}")
        shop.sql("insert into things (id, legacy_object_id, owner) values ($1, $2, $1)", uuid(number), f"{number:024x}")


async def test_mongodb_is_sent_commands_that_read(shop: Shop, heard: Heard) -> None:
    fill(shop)
    heard.names.clear()
    heard.commands.clear()
    async with readers(shop, batch=2, snapshot_max=1e-6) as opened:
        for entity in ENTITIES:
            await ask_everything(opened, entity)

    assert {"aggregate", "getMore", "listCollections", "connectionStatus"} <= heard.names <= COMMANDS
    asked = [command for command in heard.commands if "aggregate" in command]
    assert not [stage for command in asked for stage in words(command["pipeline"]) & WRITING]
    assert all("maxTimeMS" in command and str(command["comment"]).startswith("reconciler") for command in asked)


def words(value: object) -> set[str]:
    """Every name of a field inside a value."""
    if isinstance(value, Mapping):
        return set(value) | {word for item in value.values() for word in words(item)}
    return {word for item in value for word in words(item)} if isinstance(value, list) else set()


async def test_postgresql_is_sent_statements_that_read(shop: Shop) -> None:
    fill(shop)
    with statements(shop) as asked:
        async with readers(shop, batch=2, snapshot_max=1e-6) as opened:
            for entity in ENTITIES:
                await ask_everything(opened, entity)
            await opened.target.known_legacy_ids(THING, [f"{1:024x}", "\0"])

    assert len(asked) > 50
    told = [COMMENT.sub("", statement).strip() for statement in asked]
    assert {statement.split()[0].lower().rstrip(";") for statement in told if statement} <= READING
    begun = {statement.lower() for statement in asked if statement.lower().startswith("begin")}
    assert begun == {"begin isolation level repeatable read read only"}


@pytest.mark.parametrize(
    "statement",
    [
        "insert into public.things (id) values (gen_random_uuid())",
        "create table public.x (a int)",
        "truncate public.things",
    ],
)
async def test_sessions_refuse_to_write_even_for_an_account_that_could(shop: Shop, statement: str) -> None:
    connector = Connector(shop.pg_url, allowed_hosts=LOCAL, limits=Limits())
    async with connector.connection(doing="writing") as connection:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute(statement)
        await connection.execute("begin isolation level repeatable read read only")
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute(statement)
        await connection.execute("rollback")
        with pytest.raises(asyncpg.UndefinedTableError):
            await connection.execute("select * from things")


async def test_a_session_whose_settings_were_dropped_is_refused(shop: Shop) -> None:
    class Pooled(Connector):
        """What is left of a session behind a pooler that drops start-up settings."""

        def _settings(self) -> dict[str, str]:
            return {}

    connector = Pooled(shop.pg_url, allowed_hosts=LOCAL, limits=Limits())
    with pytest.raises(StoreRefused, match=r"transaction_read_only.*pooler"):
        async with connector.connect(doing="reading"):
            pass


async def test_a_server_without_a_replica_set_is_read_without_snapshots_and_says_so(shop: Shop, tmp_path: Path) -> None:
    port = free_port()
    options = [f"--port={port}", f"--dbpath={tmp_path}", "--bind_ip=127.0.0.1", "--nounixsocket", "--quiet"]
    with Popen([find_mongod(), *options], stdout=DEVNULL) as server:  # noqa: ASYNC220 - nothing else runs meanwhile
        try:
            while not is_listening(port):
                assert server.poll() is None
            alone = f"mongodb://127.0.0.1:{port}/{shop.name}?directConnection=true"
            async with readers(shop, mongodb_uri=alone, batch=1, snapshot_max=1e-6) as opened:
                [problem] = await opened.source.problems(THING)
                with MongoClient[dict[str, object]](alone) as client:
                    client[shop.name]["things"].insert_many([{"_id": number} for number in range(5)])
                health = await opened.source.health()
                found = await look(opened.source, THING)
        finally:
            server.terminate()

    assert "which is empty or does not exist" in problem
    assert health.problems == (
        "MongoDB is no replica set: reads are not of one snapshot, differences rest on re-reading alone",
    )
    assert health.identity == f"mongodb:standalone/{shop.name}"
    assert health.writable == ("everything: the server asks for no login",)
    assert found.counted == len(found.records) == 5
