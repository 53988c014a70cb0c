"""Scans by checksums see what scans by records see: odd keys, doubled keys, doubled names, expiry, moved records."""

import struct
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from bson import ObjectId, encode
from bson.raw_bson import RawBSONDocument

from reconciler.adapters.clock import SystemClock
from reconciler.adapters.mongo.connection import connect
from reconciler.adapters.mongo.reader import MongoReader, ReadLimits
from reconciler.adapters.postgres.connection import Connector, Limits
from reconciler.adapters.postgres.reader import PostgresReader
from reconciler.app import checksums
from reconciler.app.checksum_samples import ChecksumSample
from reconciler.app.checksums import ChecksumScan
from reconciler.app.passes import EntityPass, Looker
from reconciler.app.plan_guard import PlanGuard, PlanPolicy
from reconciler.app.ports import Clock
from reconciler.app.scans import Scans
from reconciler.core.checksum import mongo, sql
from reconciler.core.model import Outcome
from reconciler.core.spec import DomainSpec, Embedded, EntitySpec, FieldKind, FieldSpec, Method, Scope, System
from reconciler.errors import PlanRefused
from tests.acceptance.live import LiveSandbox, Shop
from tests.contract.readers.world import IDENTITY, LOCAL, OWNER, field

pytestmark = pytest.mark.contract
PERSON = EntitySpec(
    name="person",
    collection="people",
    table="people",
    fields=(IDENTITY, field("name", FieldKind.TEXT), field("note", FieldKind.TEXT), field("at", FieldKind.INSTANT)),
    key=("_id",),
)
VISITOR = EntitySpec(
    name="visitor",
    collection="visitors",
    table="visitors",
    fields=(IDENTITY, field("name", FieldKind.TEXT), field("at", FieldKind.INSTANT)),
    key=("_id",),
    ttl="at",
)
LEVEL = EntitySpec(
    name="level",
    collection="levels",
    table="levels",
    fields=(field("level", FieldKind.INTEGER), field("title", FieldKind.TEXT)),
    key=("level",),
)
TOKEN = EntitySpec(
    name="token",
    collection="people",
    table="tokens",
    embedded=Embedded(path="tokens", many=True, owner="person", column="person_id"),
    fields=(OWNER, field("hash", FieldKind.TEXT), field("device", FieldKind.TEXT), field("at", FieldKind.INSTANT)),
    key=("person", "hash"),
    ttl="at",
)
PROFILE = EntitySpec(
    name="profile",
    collection="people",
    table="profiles",
    embedded=Embedded(path="profile", many=False, owner="person", column="person_id"),
    fields=(OWNER, field("bio", FieldKind.TEXT)),
    key=("person",),
)
ENTITIES = (PERSON, VISITOR, LEVEL, TOKEN, PROFILE)
SYSTEM = System(domains=(DomainSpec(name="shop", title="Shop", entities=ENTITIES),))
TABLES = """
create table people (id uuid primary key default gen_random_uuid(), legacy_object_id varchar(24), name text, note text, at timestamptz);
create index on people (legacy_object_id);
create table visitors (id uuid primary key default gen_random_uuid(), legacy_object_id varchar(24), name text, at timestamptz);
create table levels (id uuid primary key default gen_random_uuid(), level integer, title text);
create table tokens (id uuid primary key default gen_random_uuid(), person_id uuid, hash text, device text, at timestamptz);
create table profiles (id uuid primary key default gen_random_uuid(), person_id uuid, bio text);
"""
PEOPLE = 40
ANY_SIZE = PlanPolicy(large=1_000_000)


def hex_id(number: int) -> str:
    return f"{number:024x}"


@pytest.fixture
def world(live_sandbox: LiveSandbox) -> Iterator[Shop]:
    """Both stores in agreement."""
    with live_sandbox.empty_shop() as shop:
        for statement in filter(None, map(str.strip, TABLES.split(";"))):
            shop.sql(statement)
        shop.mongo.people.insert_many(
            [
                {
                    "_id": ObjectId(hex_id(number)),
                    "name": f"n{number}",
                    "tokens": [{"hash": f"h{number}", "device": "d"}],
                    "profile": {"bio": f"b{number}"},
                }
                for number in range(PEOPLE)
            ]
        )
        shop.sql(
            f"insert into people (legacy_object_id, name) select lpad(to_hex(n), 24, '0'), 'n' || n from generate_series(0, {PEOPLE - 1}) n"
        )
        person = "(select id from people where legacy_object_id = lpad(to_hex(n), 24, '0'))"
        shop.sql(
            f"insert into tokens (person_id, hash, device) select {person}, 'h' || n, 'd' from generate_series(0, {PEOPLE - 1}) n"
        )
        shop.sql(
            f"insert into profiles (person_id, bio) select {person}, 'b' || n from generate_series(0, {PEOPLE - 1}) n"
        )
        shop.mongo.visitors.insert_one({"_id": ObjectId(hex_id(1)), "name": "v"})
        shop.sql("insert into visitors (legacy_object_id, name) values ($1, 'v')", hex_id(1))
        shop.mongo.levels.insert_many([{"level": 1, "title": "a"}, {"level": 2.0, "title": "b"}])
        shop.sql("insert into levels (level, title) values (1, 'a'), (2, 'b')")
        yield shop


@asynccontextmanager
async def scans(
    shop: Shop,
    method: Method,
    *,
    policy: PlanPolicy = ANY_SIZE,
    clock: Clock | None = None,
    system: System = SYSTEM,
) -> AsyncIterator[Scans]:
    clock = clock or SystemClock()
    connector = Connector(shop.reader_pg_url, allowed_hosts=LOCAL, limits=Limits())
    async with connect(shop.reader_mongodb_uri, allowed_hosts=LOCAL, timeout_ms=30_000) as (client, address):
        source = MongoReader(
            client, address, system=system, limits=ReadLimits(), allow_writable=False, allowed_hosts=LOCAL
        )
        target = PostgresReader(connector, system=system, allow_writable=False)
        looker = Looker(source=source, target=target, clock=clock, digest=str)
        guard = PlanGuard(readers=(source, target), policy=policy)
        checksum = ChecksumScan(source=source, target=target, clock=clock, looker=looker, guard=guard)
        sample = ChecksumSample(source=source, target=target, clock=clock, looker=looker)
        yield Scans(looker=looker, checksums=checksum, samples=sample, guard=guard, method=method)


def seen(
    shop: Shop, entity: EntitySpec, method: Method, *, policy: PlanPolicy = ANY_SIZE, system: System = SYSTEM
) -> EntityPass:
    """What a scan by a method finds."""

    async def scanned() -> EntityPass:
        async with scans(shop, method, policy=policy, system=system) as opened:
            return await opened.scan(entity, lambda _done, _total: None)

    return shop.live.call(scanned())


def told(found: EntityPass) -> tuple[Any, ...]:
    """What must be the same by every method; records that have expired may be seen or not."""
    diffs = Counter((locator, one.judged.outcome) for locator, one in found.candidates.items())
    matched = found.outcomes[Outcome.MATCHED]
    return matched, found.source_records, found.target_records, found.complete, diffs, found.softened


@pytest.fixture(autouse=True)
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges of a few records, so that some lie between two others."""
    for name in ("FIRST_RANGE", "SMALLEST_RANGE", "LARGEST_RANGE"):
        monkeypatch.setattr(checksums, name, 10)
    monkeypatch.setattr(checksums, "PARTED_FROM", 10)


def both(shop: Shop, entity: EntitySpec) -> EntityPass:
    """A scan by checksums, which found what a scan by records finds."""
    found, streamed = seen(shop, entity, Method.CHECKSUM), seen(shop, entity, Method.STREAM)
    assert (found.method, streamed.method) == ("checksum", "stream")
    assert told(found) == told(streamed)
    assert sum(found.outcomes.values()) + len(found.candidates) >= max(found.source_records, found.target_records)
    return found


def element(tag: int, name: str, body: bytes) -> bytes:
    return bytes([tag]) + name.encode() + b"\0" + body


def text(value: bytes) -> bytes:
    return struct.pack("<i", len(value) + 1) + value + b"\0"


def replace_raw(shop: Shop, number: int, *elements: bytes) -> None:
    """A document made of bytes instead of a person."""
    key = ObjectId(hex_id(number))
    body = encode({"_id": key})[4:-1] + b"".join(elements) + b"\0"
    shop.mongo.people.delete_one({"_id": key})
    shop.mongo.people.insert_one(RawBSONDocument(struct.pack("<i", len(body) + 4) + body))


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_equal_stores_match_record_for_record(world: Shop, entity: EntitySpec) -> None:
    found = both(world, entity)

    assert not found.candidates
    assert found.canaries[0] == found.canaries[1] > 0


@pytest.mark.parametrize("number", [0, 9, 10, 19, 20, PEOPLE - 1])
def test_a_record_at_either_end_of_a_range_is_seen_on_both_sides(world: Shop, number: int) -> None:
    world.mongo.people.delete_one({"_id": ObjectId(hex_id(number))})
    assert len(both(world, PERSON).candidates) == 1

    world.sql("delete from people where legacy_object_id = $1", hex_id(number))
    assert not both(world, PERSON).candidates


@pytest.mark.parametrize("strange", ["f" * 24, "x", 7, True, {"a": 1}, hex_id(3), b"\xff", ObjectId("f" * 24)])
def test_an_id_of_another_type_or_beyond_the_last_range_is_seen(world: Shop, strange: Any) -> None:  # noqa: ANN401
    world.mongo.people.insert_one({"_id": strange, "name": "stray"})

    assert len(both(world, PERSON).candidates) == 1


@pytest.mark.parametrize("legacy", [None, "", "x", "0" * 23 + "A", "~" * 24, "f" * 24, hex_id(4)])
def test_a_row_whose_legacy_id_is_null_malformed_or_taken_is_seen(world: Shop, legacy: str | None) -> None:
    world.sql("insert into people (legacy_object_id, name) values ($1, 'n4')", legacy)

    assert both(world, PERSON).candidates


def test_values_swapped_between_two_records_do_not_cancel(world: Shop) -> None:
    world.sql("update people set name = case name when 'n5' then 'n6' else 'n5' end where name in ('n5', 'n6')")

    assert len(both(world, PERSON).candidates) == 2


def test_values_that_run_into_the_next_field_differ(world: Shop) -> None:
    world.mongo.people.update_one({"_id": ObjectId(hex_id(4))}, {"$set": {"note": "plain"}})
    world.sql("update people set note = 'plain' where legacy_object_id = $1", hex_id(4))
    world.mongo.people.update_one({"_id": ObjectId(hex_id(5))}, {"$set": {"name": "a\x1f'b"}})
    world.sql("update people set name = 'a', note = E'b\\x1f' where legacy_object_id = $1", hex_id(5))
    world.mongo.people.update_one({"_id": ObjectId(hex_id(6))}, {"$set": {"name": "a", "note": "b\x1f"}})
    world.sql("update people set name = E'a\\x1f''b' where legacy_object_id = $1", hex_id(6))

    assert len(both(world, PERSON).candidates) == 2


@pytest.mark.parametrize("second", [b"n5", b"other"])
def test_a_name_that_occurs_twice_is_unreadable(world: Shop, second: bytes) -> None:
    replace_raw(world, 5, element(2, "name", text(b"n5")), element(2, "name", text(second)))

    (one,) = both(world, PERSON).candidates.values()
    assert one.judged.outcome is Outcome.UNREADABLE


def test_a_text_that_is_no_utf8_is_unreadable(world: Shop) -> None:
    replace_raw(world, 5, element(2, "name", text(b"n5\xff")))

    (one,) = both(world, PERSON).candidates.values()
    assert one.judged.outcome is Outcome.UNREADABLE


def test_equal_records_of_one_natural_key_are_key_defects(world: Shop) -> None:
    world.mongo.levels.insert_one({"level": 2, "title": "b"})
    world.sql("insert into levels (level, title) values (2, 'b')")

    assert len(both(world, LEVEL).candidates) == 4


def test_a_natural_key_that_is_null_on_both_sides_is_a_key_defect(world: Shop) -> None:
    world.mongo.levels.insert_one({"level": None, "title": "c"})
    world.sql("insert into levels (level, title) values (null, 'c')")

    assert len(both(world, LEVEL).candidates) == 2


def test_equal_elements_of_one_key_are_key_defects(world: Shop) -> None:
    world.mongo.people.update_one({"_id": ObjectId(hex_id(5))}, {"$push": {"tokens": {"hash": "h5", "device": "d"}}})
    world.sql(
        "insert into tokens (person_id, hash, device) select person_id, hash, device from tokens where hash = 'h5'"
    )

    assert len(both(world, TOKEN).candidates) == 4


def test_an_element_under_another_owner_is_seen_once(world: Shop) -> None:
    world.sql("update tokens set person_id = (select id from people where name = 'n9') where hash = 'h5'")

    assert len(both(world, TOKEN).candidates) == 1


@pytest.mark.parametrize("owner", [None, "00000000-0000-0000-0000-000000000001"])
def test_a_row_without_an_owner_is_seen(world: Shop, owner: str | None) -> None:
    world.sql("update profiles set person_id = $1 where bio = 'b5'", owner)

    assert both(world, PROFILE).candidates


def test_an_element_that_is_no_object_is_seen(world: Shop) -> None:
    world.mongo.people.update_one({"_id": ObjectId(hex_id(5))}, {"$push": {"tokens": {"$each": [None, 7]}}})

    assert both(world, TOKEN).candidates


def test_what_has_expired_on_one_side_is_nobodys_concern(world: Shop) -> None:
    past, future = "2001-01-01T00:00:00Z", "2101-01-01T00:00:00Z"
    world.sql(
        "insert into visitors (legacy_object_id, name, at) values ($1, 'gone', $2::text::timestamptz)", hex_id(2), past
    )
    world.sql(
        "insert into visitors (legacy_object_id, name, at) values ($1, 'new', $2::text::timestamptz)", hex_id(3), future
    )
    found = both(world, VISITOR)
    assert [one.judged.outcome for one in found.candidates.values()] == [Outcome.EXTRA_IN_TARGET]
    assert found.outcomes[Outcome.OUT_OF_SCOPE] == 1


def test_an_expired_row_of_a_key_still_in_force_is_a_key_defect(world: Shop) -> None:
    world.sql("insert into visitors (legacy_object_id, name, at) values ($1, 'v', '2001-01-01Z')", hex_id(1))

    assert both(world, VISITOR).candidates


def test_infinite_expiry_has_not_passed(world: Shop) -> None:
    world.sql("update visitors set at = '-infinity'")
    world.mongo.visitors.insert_one({"_id": ObjectId(hex_id(2)), "name": "w", "at": datetime(2101, 1, 1, tzinfo=UTC)})
    world.sql("insert into visitors (legacy_object_id, name, at) values ($1, 'w', '2101-01-01Z')", hex_id(2))

    assert both(world, VISITOR).candidates


@pytest.mark.parametrize("leave_out", ["name", "note"])
def test_an_encoding_that_tells_less_than_is_compared_is_not_trusted(
    world: Shop, monkeypatch: pytest.MonkeyPatch, leave_out: str
) -> None:
    """Both stores are blinded for one field, in which a record differs."""
    world.sql(f"update people set {leave_out} = 'other' where legacy_object_id = $1", hex_id(30))
    for store in (mongo, sql):
        whole = store.field

        def blind(item: FieldSpec, *more: Any, whole: Any = whole) -> Any:  # noqa: ANN401 - an expression of either store
            return whole(item, *more) if item.path != leave_out else nothing(whole)

        def nothing(whole: Any) -> Any:  # noqa: ANN401 - the same
            return "''" if whole.__module__.endswith("sql") else ""

        monkeypatch.setattr(store, "field", blind)

    found = seen(world, PERSON, Method.AUTO)
    assert found.method == "stream"
    assert len(found.candidates) == 1
    assert f"{leave_out} in the target" in found.notes[0]


def test_where_most_records_differ_the_entity_is_streamed_and_says_so(
    world: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checksums, "FEW", 5)
    world.sql("update people set name = name || '!'")

    found = seen(world, PERSON, Method.AUTO)
    assert (found.method, len(found.candidates)) == ("stream", PEOPLE)
    assert "read record by record" in found.notes[0]


@pytest.mark.parametrize("entity", [
    EntitySpec(name="scoped", collection="people", table="people", fields=PERSON.fields, key=("_id",), scope=Scope(path="name", prefix="n")),
    EntitySpec(name="kept", collection="people", table="people", fields=PERSON.fields, key=("_id",), append_only=True),
], ids=lambda entity: entity.name)  # fmt: skip
def test_what_no_checksum_can_tell_is_streamed_and_says_why(world: Shop, entity: EntitySpec) -> None:
    found = seen(world, entity, Method.AUTO)

    assert (found.method, found.outcomes[Outcome.MATCHED]) == ("stream", PEOPLE)
    assert "not by checksums" in found.notes[0]


def test_references_to_rows_with_padded_ids_are_read_record_by_record(world: Shop) -> None:
    world.sql("alter table people alter legacy_object_id type char(26)")

    found = seen(world, PROFILE, Method.AUTO)
    assert (found.method, found.outcomes[Outcome.MATCHED]) == ("stream", 0)
    assert "people.legacy_object_id is a char(n)" in found.notes[0]


@pytest.mark.parametrize("method", [Method.AUTO, Method.STREAM])
def test_a_large_table_without_an_index_on_the_key_is_not_scanned(world: Shop, method: Method) -> None:
    world.sql("drop index people_legacy_object_id_idx")
    world.sql("analyze people")

    with pytest.raises(PlanRefused) as refused:
        seen(world, PERSON, method, policy=PlanPolicy(large=PEOPLE))
    assert refused.value.got == "one that reads table public.people from end to end, about 40 records"
    index = 'create unique index concurrently on "public"."people" ("legacy_object_id")'
    assert f"`{index}`" in refused.value.next_step

    assert seen(world, PERSON, method, policy=PlanPolicy(large=PEOPLE + 1)).complete
    found = seen(world, PERSON, method, policy=PlanPolicy(large=PEOPLE, allow_unindexed=True))
    assert found.complete
    assert "without an index" in found.notes[0]
    world.sql(index.replace(" concurrently", ""))
    assert seen(world, PERSON, method, policy=PlanPolicy(large=PEOPLE)).notes == []


class PacedClock(SystemClock):
    """Each look at it is so many seconds after the one before."""

    def __init__(self, step: float) -> None:
        self._step = step
        self._now = 0.0

    def monotonic(self) -> float:
        self._now += self._step
        return self._now


@pytest.mark.parametrize(("pace", "sizes"), [(1 / 3, [8, 8, 24]), (1.0, [8] * 5), (4.0, [8, 8, 2, 2, 2])])
def test_a_range_is_as_long_as_its_time_allows(
    world: Shop, monkeypatch: pytest.MonkeyPatch, pace: float, sizes: list[int]
) -> None:
    """A range takes `pace` of the time it should; the range behind it is under way already."""
    monkeypatch.setattr(checksums, "FIRST_RANGE", 8)
    monkeypatch.setattr(checksums, "SMALLEST_RANGE", 2)
    monkeypatch.setattr(checksums, "LARGEST_RANGE", 1000)
    world.sql("analyze people")
    told: list[tuple[int, int]] = []

    async def scanned() -> EntityPass:
        async with scans(world, Method.CHECKSUM, clock=PacedClock(pace * checksums.TARGET_SECONDS)) as opened:
            return await opened.scan(PERSON, lambda done, total: told.append((done, total)))

    assert world.live.call(scanned()).complete
    ends = [0, *(done // 2 for done, _ in told)]
    assert [end - start for start, end in pairwise(ends)][: len(sizes)] == sizes
    assert {total for _, total in told} == {2 * PEOPLE}
