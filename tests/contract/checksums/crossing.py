"""Each source value beside each target value, in records of their own: into both stores, and what is said of them."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from bson import ObjectId, encode
from bson.raw_bson import RawBSONDocument

from reconciler.app.ports import RecordReader
from reconciler.app.tellings import Telling
from reconciler.core.checksum.plain import told
from reconciler.core.checksum.words import NO_RECORDS, HashedRecord, KeyRange, RangeSum, hash_of
from reconciler.core.model import Outcome
from reconciler.core.records import Normalizer
from reconciler.core.spec import EntitySpec
from tests.acceptance.live import Shop
from tests.contract.checksums.crossed import MISSING, Crossed, Raw, all_crossed
from tests.contract.equality import FRIENDS, Eyes, execute, eyes

MOST_PARTED = 500  # records: parts are told alike whatever they hold


def key_of(crossed: Crossed, source: int, target: int) -> str:
    return f"{source * len(crossed.targets) + target:024x}"


def document(key: str, value: Any) -> Any:  # noqa: ANN401 - any BSON value
    """A document that holds the value at `value`."""
    if isinstance(value, Raw):
        elements = b"".join(bytes([tag]) + b"value\0" + body for tag, body in value.elements)
        body = encode({"_id": ObjectId(key)})[4:-1] + elements + b"\0"
        return RawBSONDocument(struct.pack("<i", len(body) + 4) + body)
    return {"_id": ObjectId(key)} | ({} if value is MISSING else {"value": value})


async def fill(shop: Shop, crossed: Crossed) -> None:
    """Every source value beside every target value."""
    table, pairs = crossed.name, [(s, t) for s in range(len(crossed.sources)) for t in range(len(crossed.targets))]
    shop.mongo[table].insert_many([document(key_of(crossed, s, t), crossed.sources[s]) for s, t in pairs])
    connection = await asyncpg.connect(shop.pg_url)
    try:
        value = f", value {crossed.column}" if crossed.column else ""
        await connection.execute(
            f"create table {table} (id uuid primary key, legacy_object_id varchar(24) unique{value})"
        )
        every = range(len(crossed.sources))
        if not crossed.column:
            await connection.execute(
                f"create table {table}_rows (parent_id uuid, position int, name text, size int, friend uuid);"
                f" create index on {table}_rows (parent_id)"
            )
        for t, target in enumerate(crossed.targets):
            keys = [key_of(crossed, s, t) for s in every]
            extra = f", {target}" if crossed.column else ""
            await connection.execute(
                f"insert into {table} select lpad(k, 32, '0')::uuid, k{extra} from unnest($1::text[]) k", keys
            )
            if not crossed.column and target:
                await connection.execute(
                    f"insert into {table}_rows select lpad(k, 32, '0')::uuid, r.* from unnest($1::text[]) k,"
                    f" (values {target}) r(p, n, s, f)".replace("r.*", "r.p::int, r.n, r.s::int, r.f::uuid"),
                    keys,
                )
    finally:
        await connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was said of one crossing: by the comparison, and by the two hashes."""

    source: Any
    target: str
    equal: bool
    same_hash: bool
    told_in_python: bool


async def python_hashes(reader: RecordReader, entity: EntitySpec) -> dict[str | None, int]:
    """The hashes of one side's records as Python tells them."""
    normalizer = Normalizer(entity, side=reader.side, digest=str)
    async with reader.read(entity) as look:
        records = [normalizer.record(raw) async for batch in look.batches() for raw in batch]
    return {record.key_text: hash_of(told(entity, record, reader.side)) for record in records}


async def check_parts(telling: Telling, total: RangeSum, listed: Sequence[HashedRecord]) -> None:
    """The parts of a range are the whole of it, each record in one of them."""
    parts = await telling.parts(KeyRange())
    assert sum(parts.values(), NO_RECORDS) == total
    few = sorted(parts)[::3]
    some = await telling.hashes(KeyRange(), parts=few)
    assert {one.id: one.hash for one in some} == {one.id: one.hash for one in listed if (one.key[0] or "")[-3:] in few}


async def judged(opened: Eyes, crossed: Crossed) -> list[Found]:
    """What the comparison and the checksums say of each crossing."""
    entity = crossed.entity
    scanned = await opened.looker.scan(entity, lambda _done, _total: None)
    differing = {one.judged.diff.key_text for one in scanned.candidates.values() if one.judged.diff}
    assert scanned.outcomes[Outcome.MATCHED] + len(differing) == len(crossed.sources) * len(crossed.targets)
    hashes: list[dict[str | None, int]] = []
    python: list[dict[str | None, int]] = []
    for reader in (opened.source, opened.target):
        python.append(await python_hashes(reader, entity))
        assert not await reader.untellable(entity)
        async with reader.tell(entity, now_ms=0) as telling:
            listed: Sequence[HashedRecord] = await telling.hashes(KeyRange())
            total = await telling.total(KeyRange())
            if len(listed) < MOST_PARTED:
                await check_parts(telling, total, listed)
        assert (total.records, total.total) == (len(listed), sum(one.hash for one in listed))
        hashes.append({one.key[0]: one.hash for one in listed})
    return [
        Found(
            source=source,
            target=target,
            equal=(key := key_of(crossed, s, t)) not in differing,
            same_hash=hashes[0][key] == hashes[1][key],
            told_in_python=all(one[key] == other[key] for one, other in zip(python, hashes, strict=True)),
        )
        for s, source in enumerate(crossed.sources)
        for t, target in enumerate(crossed.targets)
    ]


async def all_judged(shop: Shop) -> dict[str, list[Found]]:
    """Every kind, crossed."""
    await execute(shop, [FRIENDS])
    every = list(all_crossed())
    for crossed in every:
        await fill(shop, crossed)
    async with eyes(shop, [crossed.entity for crossed in every]) as opened:
        return {crossed.name: await judged(opened, crossed) for crossed in every}
