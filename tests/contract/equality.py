"""The equality cases of tests/cases: read, put into both stores, and seen by readers, scan, re-read and references."""

import tomllib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from bson import ObjectId, encode, json_util
from bson.codec_options import DatetimeConversion
from bson.raw_bson import RawBSONDocument

from reconciler.adapters.clock import SystemClock
from reconciler.adapters.mongo.connection import connect
from reconciler.adapters.mongo.reader import MongoReader, ReadLimits
from reconciler.adapters.postgres.connection import Connector, Limits
from reconciler.adapters.postgres.reader import PostgresReader
from reconciler.app.passes import EntityPass, Looker
from reconciler.app.rechecks import RecheckPolicy, Rechecks
from reconciler.app.references import refine
from reconciler.core.checksum.unlike import unlike
from reconciler.core.checksum.words import KeyRange, obstacles
from reconciler.core.model import Outcome, RecordDiff, Sensitivity, Side
from reconciler.core.spec import ChildTable, DomainSpec, EntitySpec, FieldKind, FieldSpec, NumberType, System
from tests.acceptance.live import Shop

CASES = Path(__file__).parents[1] / "cases"
LOCAL = ("127.0.0.1", "::1", "localhost")
JSON_OPTIONS = json_util.JSONOptions(datetime_conversion=DatetimeConversion.DATETIME_MS, tz_aware=True)
AT_ONCE = RecheckPolicy(confirm_after=0.0, first_pause=0.0)
IDENTITY = FieldSpec(path="_id", kind=FieldKind.IDENTITY, column="legacy_object_id", sensitivity=Sensitivity.PLAIN)
FRIEND = EntitySpec(
    name="friend",
    collection="friends",
    table="friends",
    fields=(IDENTITY, FieldSpec(path="name", kind=FieldKind.TEXT, column="name", sensitivity=Sensitivity.PLAIN)),
    key=("_id",),
)
FRIENDS = """
create table friends (id uuid primary key, legacy_object_id varchar(24), name text);
insert into friends values ('00000000-0000-0000-0000-000000000001', '0000000000000000000000fa'),
  ('00000000-0000-0000-0000-000000000002', '0000000000000000000000fb'), ('00000000-0000-0000-0000-000000000003', null)
"""
Case = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was said of a record: its outcome, (path, kind, note) of its fields, or the path of what can't be read."""

    outcome: Outcome
    fields: tuple[tuple[str, str, str], ...] = ()
    detail: str = ""


@dataclass(slots=True, kw_only=True)
class Group:
    """The cases of one file that share a column: one entity, one collection, one table."""

    entity: EntitySpec
    column: str
    cases: dict[str, Case] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        return any(case["expect"] == "refused" for case in self.cases.values())


def read(name: str) -> dict[str, Any]:
    """A file of cases."""
    return tomllib.loads((CASES / f"{name}.toml").read_text())


def kinds() -> list[str]:
    """The files that are about one kind of field."""
    return sorted(path.stem for path in CASES.glob("*.toml") if path.stem not in ("keys", "types"))


def all_cases() -> list[tuple[str, Case]]:
    """Every case of every kind, with its name."""
    return [(f"{name}: {case['title']}", case) for name in kinds() for case in read(name)["case"]]


def groups(name: str) -> list[Group]:
    """The cases of a file by column and options."""
    whole = read(name)
    found: dict[str, Group] = {}
    for number, case in enumerate(whole["case"]):
        column, options = case.get("column", whole["column"]), case.get("options", whole.get("options", {}))
        place = f"{column} {options} {number if case['expect'] == 'refused' else ''}"
        if place not in found:
            found[place] = Group(entity=entity_of(f"{name}_{len(found)}", whole["kind"], options), column=column)
        found[place].cases[f"{name}: {case['title']}"] = case
    return list(found.values())


def entity_of(name: str, kind: str, options: Mapping[str, Any]) -> EntitySpec:
    """An entity of a legacy id and a value."""
    children = _children(name) if kind == FieldKind.CHILDREN else None
    needs = dict(options)
    if "items" in needs:
        needs["items"] = FieldKind(needs["items"])
    if "accepts" in needs:
        needs["accepts"] = tuple(map(NumberType, needs["accepts"]))
    value = FieldSpec(
        path="value",
        kind=FieldKind(kind),
        column="" if children else "value",
        sensitivity=Sensitivity.PLAIN,
        children=children,
        **needs,
    )
    return EntitySpec(name=name, collection=name, table=name, fields=(IDENTITY, value), key=("_id",))


def _children(name: str) -> ChildTable:
    """The child table of children.toml."""
    columns = (("name", FieldKind.TEXT), ("size.value", FieldKind.INTEGER), ("at", FieldKind.INSTANT))
    plain = tuple(
        FieldSpec(path=path, kind=kind, column=path.partition(".")[0], sensitivity=Sensitivity.PLAIN)
        for path, kind in columns
    )
    reference = FieldKind.REFERENCE
    friend = FieldSpec(
        path="friend", kind=reference, column="friend", sensitivity=Sensitivity.PLAIN, refers_to="friend"
    )
    fields = (*plain, friend)
    return ChildTable(table=f"{name}_rows", parent_column="parent_id", position_column="position", fields=fields)


# -- putting the cases into the stores ---------------------------------------------------------------------------------


def key_of(number: int) -> str:
    """The legacy id of a group's case."""
    return f"{number:024x}"


def document(key: str, case: Case) -> RawBSONDocument | dict[str, Any]:
    """The case's document."""
    if "raw" in case:
        tag, *value = bytes.fromhex(case["raw"])
        element = bytes([tag]) + b"value\0" + bytes(value)
        body = encode({"_id": ObjectId(key)})[4:-1] + element
        return RawBSONDocument((len(body) + 5).to_bytes(4, "little") + body + b"\0")
    source = {"value": value_of(case["source"])} if "source" in case else {}
    return {"_id": ObjectId(key), **source}


def value_of(text: str) -> Any:  # noqa: ANN401 - any BSON value
    """The value that extended JSON spells."""
    return json_util.loads(f'{{"v": {text}}}', json_options=JSON_OPTIONS)["v"]


def statements(group: Group) -> Iterator[str]:
    """What makes and fills the group's table."""
    entity, value = group.entity, f", value {group.column}" if group.column else ""
    yield f"create table {entity.table} (id uuid primary key, legacy_object_id varchar(24){value})"
    children = entity.fields[1].children
    if children:
        columns = "parent_id uuid, position integer, name text, size integer, at timestamptz, friend uuid"
        yield f"create table {children.table} ({columns})"
    for number, case in enumerate(group.cases.values()):
        row = f"'{number:032x}', '{key_of(number)}'"
        if children:
            yield f"insert into {entity.table} values ({row})"  # noqa: S608 - the cases' own SQL
            yield from _rows(children, number, case)
        elif "target" in case:
            yield f"insert into {entity.table} values ({row}, {case['target']})"  # noqa: S608 - as above


def _rows(children: ChildTable, number: int, case: Case) -> Iterator[str]:
    """The child rows of a case."""
    if "rows" in case:
        yield f"insert into {children.table} (position, name, size, at, friend) values {case['rows']}"  # noqa: S608 - as above
        yield f"update {children.table} set parent_id = '{number:032x}' where parent_id is null"  # noqa: S608 - as above


def fill(shop: Shop, group: Group) -> None:
    """Puts a group's documents into MongoDB."""
    shop.mongo.create_collection(group.entity.collection)
    documents = [document(key_of(number), case) for number, case in enumerate(group.cases.values())]
    shop.mongo[group.entity.collection].insert_many(documents)


async def execute(shop: Shop, texts: Sequence[str]) -> None:
    """Runs statements one after the other."""
    connection = await asyncpg.connect(shop.pg_url)
    try:
        for text in texts:
            await connection.execute(text)
    finally:
        await connection.close()


# -- reading them back -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Eyes:
    """What looks at both stores as a run does."""

    system: System
    source: MongoReader
    target: PostgresReader

    @property
    def looker(self) -> Looker:
        return Looker(source=self.source, target=self.target, clock=SystemClock(), digest=str)

    async def told(self, entity: EntitySpec) -> dict[str, list[Told]]:
        """What a scan, a re-read and a look at the references say, by key."""
        found = await self.looker.scan(entity, lambda _done, _total: None)
        assert found.complete
        await Rechecks(self.looker, SystemClock(), AT_ONCE).settle([found])
        diffs = [one.diff for one in found.settled if one.diff]
        assert not found.cleared
        assert not found.unconfirmed
        return await self._by_key(entity, found, diffs)

    async def alike(self, entity: EntitySpec) -> frozenset[str] | None:
        """The keys of the records that a scan by checksums takes for equal; None where it reads the entity instead."""
        readers: dict[Side, MongoReader | PostgresReader] = {Side.SOURCE: self.source, Side.TARGET: self.target}
        if obstacles(entity) or [why for reader in readers.values() for why in await reader.untellable(entity)]:
            return None
        lists = {}
        for side, reader in readers.items():
            async with reader.tell(entity, now_ms=0) as telling:
                lists[side] = await telling.hashes(KeyRange())
        asked = unlike(entity, lists)
        alike = {one.key[0] for one in lists[Side.SOURCE] if one.id not in asked.listed[Side.SOURCE]}
        assert len(alike) == asked.equal
        return frozenset(filter(None, alike))

    async def _by_key(
        self, entity: EntitySpec, found: EntityPass, diffs: Sequence[RecordDiff]
    ) -> dict[str, list[Told]]:
        """The refined diffs by key; records that matched stand under an empty key."""
        told: dict[str, list[Told]] = {"": [Told(outcome=Outcome.MATCHED)] * found.outcomes[Outcome.MATCHED]}
        for diff in await refine(entity, diffs, system=self.system, target=self.target):
            fields = tuple((one.path, one.kind.value, one.note) for one in diff.fields)
            told.setdefault(diff.key_text, []).append(Told(outcome=diff.outcome, fields=fields, detail=diff.detail))
        return told


@asynccontextmanager
async def eyes(shop: Shop, entities: Sequence[EntitySpec]) -> AsyncIterator[Eyes]:
    """Readers of a shop by accounts that can only read."""
    system = System(domains=(DomainSpec(name="cases", title="Cases", entities=(FRIEND, *entities)),))
    connector = Connector(shop.reader_pg_url, allowed_hosts=LOCAL, limits=Limits())
    async with connect(shop.reader_mongodb_uri, allowed_hosts=LOCAL, timeout_ms=30_000) as (client, address):
        source = MongoReader(
            client, address, system=system, limits=ReadLimits(), allow_writable=False, allowed_hosts=LOCAL
        )
        yield Eyes(system=system, source=source, target=PostgresReader(connector, system=system, allow_writable=False))
