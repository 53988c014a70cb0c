"""A small system of our own and its stores: one entity for each way in which a key can order records."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from uuid import UUID, uuid5

from bson import ObjectId

from reconciler.adapters.mongo.connection import connect
from reconciler.adapters.mongo.reader import MongoReader, ReadLimits
from reconciler.adapters.postgres.connection import Connector, Limits
from reconciler.adapters.postgres.reader import PostgresReader
from reconciler.app.ports import RecordReader
from reconciler.core.model import RawRecord, RecordKey, Sensitivity
from reconciler.core.spec import DomainSpec, Embedded, EntitySpec, FieldKind, FieldSpec, System
from tests.acceptance.live import LiveSandbox, Shop

SPACE = UUID(int=7)
STATEMENT = re.compile(r" LOG:  (?:statement|execute (?:fetch from )?[^:]*): (.*)")
LOCAL = ("127.0.0.1", "::1", "localhost")
TABLES = """
create table people (id uuid primary key, legacy_object_id varchar(24), name text);
create unique index on people (legacy_object_id);
create table things (
  id uuid primary key, legacy_object_id varchar(24), name text, note text, at timestamptz, owner uuid,
  size numeric(12, 2)
);
create table tokens (id uuid primary key, person_id uuid, hash text, device text);
create table profiles (id uuid primary key, person_id uuid, bio text);
create table levels (id uuid primary key, level integer, title text);
create table settings (id uuid primary key, key text, value text);
create table badges (id uuid primary key, legacy_object_id varchar(24), code text, holder uuid);
"""


def field(path: str, kind: FieldKind, *, column: str = "", refers_to: str = "", scale: int | None = None) -> FieldSpec:
    """A plain field in the column of its name."""
    return FieldSpec(
        path=path,
        kind=kind,
        column=column or path,
        sensitivity=Sensitivity.PLAIN,
        refers_to=refers_to,
        scale=scale,
    )


IDENTITY = field("_id", FieldKind.IDENTITY, column="legacy_object_id")
OWNER = field("person", FieldKind.REFERENCE, column="person_id", refers_to="person")
PERSON = EntitySpec(
    name="person",
    collection="people",
    table="people",
    fields=(IDENTITY, field("name", FieldKind.TEXT)),
    key=("_id",),
)
THING = EntitySpec(
    name="thing",
    collection="things",
    table="things",
    fields=(
        IDENTITY,
        field("name", FieldKind.TEXT),
        field("note", FieldKind.TEXT),
        field("at", FieldKind.INSTANT),
        field("owner", FieldKind.REFERENCE, refers_to="person"),
        field("size", FieldKind.DECIMAL, scale=2),
    ),
    key=("_id",),
)
TOKEN = EntitySpec(
    name="token",
    collection="people",
    table="tokens",
    embedded=Embedded(path="tokens", many=True, owner="person", column="person_id"),
    fields=(OWNER, field("hash", FieldKind.TEXT), field("device", FieldKind.TEXT)),
    key=("person", "hash"),
)
PROFILE = EntitySpec(
    name="profile",
    collection="people",
    table="profiles",
    embedded=Embedded(path="profile", many=False, owner="person", column="person_id"),
    fields=(OWNER, field("bio", FieldKind.TEXT)),
    key=("person",),
)
LEVEL = EntitySpec(
    name="level",
    collection="levels",
    table="levels",
    fields=(field("level", FieldKind.INTEGER), field("title", FieldKind.TEXT)),
    key=("level",),
)
SETTING = EntitySpec(
    name="setting",
    collection="settings",
    table="settings",
    fields=(field("key", FieldKind.TEXT), field("value", FieldKind.TEXT)),
    key=("key",),
)
BADGE = EntitySpec(
    name="badge",
    collection="badges",
    table="badges",
    fields=(
        FieldSpec(path="code", kind=FieldKind.TEXT, column="code"),
        field("holder", FieldKind.REFERENCE, refers_to="person"),
    ),
    key=("code",),
)
ENTITIES = (PERSON, THING, TOKEN, PROFILE, LEVEL, SETTING, BADGE)
SYSTEM = System(domains=(DomainSpec(name="shop", title="Shop", entities=ENTITIES),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Both readers."""

    source: MongoReader
    target: PostgresReader


@contextmanager
def empty(live: LiveSandbox) -> Iterator[Shop]:
    """The system's tables and collections without a record."""
    with live.empty_shop() as shop:
        for statement in filter(None, map(str.strip, TABLES.split(";"))):
            shop.sql(statement)
        for entity in ENTITIES:
            if entity.collection not in shop.mongo.list_collection_names():
                shop.mongo.create_collection(entity.collection)
        yield shop


@asynccontextmanager
async def readers(
    shop: Shop,
    *,
    mongodb_uri: str = "",
    pg_url: str = "",
    batch: int = 1000,
    timeout_ms: int = 10_000,
    snapshot_max: float = 60.0,
) -> AsyncIterator[Readers]:
    """Readers of a shop by accounts that can only read, or of other addresses."""
    limits = Limits(batch=batch, statement_timeout_ms=timeout_ms, snapshot_max=snapshot_max)
    connector = Connector(pg_url or shop.reader_pg_url, allowed_hosts=LOCAL, limits=limits)
    uri = mongodb_uri or shop.reader_mongodb_uri
    async with connect(uri, allowed_hosts=LOCAL, timeout_ms=timeout_ms) as (client, address):
        gently = ReadLimits(batch=batch, max_time_ms=timeout_ms, snapshot_max=snapshot_max)
        yield Readers(
            source=MongoReader(
                client, address, system=SYSTEM, limits=gently, allow_writable=False, allowed_hosts=LOCAL
            ),
            target=PostgresReader(connector, system=SYSTEM, allow_writable=False),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a look found: the count at its start, the count after its end, and every record."""

    count: int
    counted: int
    records: Sequence[RawRecord]

    @property
    def ids(self) -> list[str]:
        return [record.id for record in self.records]


async def look(reader: RecordReader, entity: EntitySpec) -> Looked:
    """A look at the whole entity."""
    async with reader.read(entity) as opened:
        count = await opened.count()
        records = [record async for batch in opened.batches() for record in batch]
        return Looked(count=count, counted=await opened.counted(), records=records)


def object_id(number: int) -> ObjectId:
    """The ObjectId with this number."""
    return ObjectId(f"{number:024x}")


def uuid(number: int) -> str:
    """The row id with this number, in an order of its own."""
    return str(uuid5(SPACE, str(number)))


def key(part: str | int) -> RecordKey:
    """A key of one part."""
    return RecordKey(parts=(part,), text=str(part))


@contextmanager
def statements(shop: Shop) -> Iterator[list[str]]:
    """What the server notes that the reader's sessions ask, filled in at the end; only first lines."""
    log = shop.live.sandbox.folder / "postgres.log"
    shop.sql(f"alter role soak_reader in database {shop.name} set log_statement = 'all'")
    begun, found = log.stat().st_size, list[str]()
    yield found
    found += STATEMENT.findall(log.read_bytes()[begun:].decode(errors="replace"))
