"""What both stores answer when asked whether something holds: embedded records, steps into arrays, scope and time."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import Decimal128

from reconciler.app.invariants import InvariantChecks
from reconciler.app.passes import EntityPass
from reconciler.app.rechecks import RecheckPolicy
from reconciler.core.model import InvariantResult, Side
from reconciler.core.spec import (
    DomainSpec,
    Embedded,
    EntitySpec,
    FieldKind,
    FieldSpec,
    InvariantKind,
    InvariantSpec,
    Scope,
)
from tests.acceptance.live import LiveSandbox, Shop
from tests.contract.readers.world import (
    IDENTITY,
    OWNER,
    Readers,
    empty,
    field,
    object_id,
    readers,
    uuid,
)

pytestmark = pytest.mark.contract

NAMED = EntitySpec(
    name="mark",
    collection="marks",
    table="marks",
    fields=(
        field("slug", FieldKind.TEXT),
        field("parent", FieldKind.REFERENCE, column="person_id", refers_to="mark"),
        field("badge", FieldKind.REFERENCE, column="person_id", refers_to="badge"),
    ),
    key=("slug",),
)
NO_CYCLE = InvariantSpec(name="it", entity="mark", kind=InvariantKind.NO_CYCLES, fields=("parent",))
HELD = InvariantSpec(name="it", entity="mark", kind=InvariantKind.BELONGS_TO, fields=("badge", "holder"))
LONG_AGO, FAR_AHEAD = datetime(2001, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)
TABLES = """
create table marks (
  id uuid primary key, legacy_object_id varchar(24), person_id uuid, slug text, until timestamptz, lng double precision,
  points integer, main boolean, size numeric
)
"""
FIELDS = (
    field("slug", FieldKind.TEXT),
    field("until", FieldKind.INSTANT),
    field("place.at[0]", FieldKind.DOUBLE, column="lng"),
    field("points", FieldKind.INTEGER),
    field("main", FieldKind.BOOLEAN),
    field("size", FieldKind.DECIMAL, column="size", scale=2),
)
WHOLE = EntitySpec(name="mark", collection="marks", table="marks", fields=(IDENTITY, *FIELDS), key=("_id",))
SCOPED = EntitySpec(
    name="mark",
    collection="marks",
    table="marks",
    fields=WHOLE.fields,
    key=("_id",),
    scope=Scope(path="slug", prefix="own/"),
    ttl="until",
)
INNER = EntitySpec(
    name="mark",
    collection="people",
    table="marks",
    embedded=Embedded(path="info.marks", many=True, owner="person", column="person_id"),
    fields=(OWNER, *FIELDS),
    key=("person", "slug"),
)
UNIQUE = InvariantSpec(name="it", entity="mark", kind=InvariantKind.UNIQUE, fields=("place.at[0]",))
LOW = InvariantSpec(name="it", entity="mark", kind=InvariantKind.RANGE, fields=("points",), minimum=1)
SMALL = InvariantSpec(name="it", entity="mark", kind=InvariantKind.RANGE, fields=("size",), maximum=9)
SLOW = InvariantSpec(
    name="slow", entity="mark", kind=InvariantKind.UNIQUE, fields=("slug", "points", "size"), sides=(Side.SOURCE,)
)
ONE_MAIN = InvariantSpec(
    name="it", entity="mark", kind=InvariantKind.EXACTLY_ONE, group=("slug",), where=(("main", True),)
)


@pytest.fixture
def marks(live_sandbox: LiveSandbox) -> Iterator[Shop]:
    with empty(live_sandbox) as shop:
        shop.sql(TABLES)
        shop.mongo.create_collection("marks")
        yield shop


@pytest.fixture
async def opened(marks: Shop) -> AsyncIterator[Readers]:
    async with readers(marks) as both:
        yield both


def mark(number: int, slug: str, *, lng: float, **more: object) -> dict[str, Any]:
    """A mark with its own id, as the source has it."""
    return {"_id": object_id(number), "slug": slug, "place": {"at": [lng, 0.5]}} | more


def insert(shop: Shop, documents: Sequence[dict[str, Any]], *, person: int = 0, first: int = 0) -> None:
    """The rows of marks."""
    for number, one in enumerate(documents, start=first):
        size = one.get("size")
        shop.sql(
            "insert into marks (id, legacy_object_id, person_id, slug, until, lng, points, main, size)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            uuid(1000 + number),
            str(one["_id"]) if "_id" in one else None,
            uuid(person) if person else None,
            one["slug"],
            one.get("until"),
            one["place"]["at"][0],
            one.get("points"),
            one.get("main"),
            size.to_decimal() if isinstance(size, Decimal128) else size,
        )


async def both(opened: Readers, entity: EntitySpec, invariant: InvariantSpec) -> list[tuple[int, tuple[str, ...]]]:
    """Violations and sorted keys, the source's first."""
    asked = [await reader.check_invariant(entity, invariant) for reader in (opened.source, opened.target)]
    return [(one.violations, tuple(sorted(one.sample_keys))) for one in asked]


async def test_a_step_into_an_array_is_followed(marks: Shop, opened: Readers) -> None:
    documents = [mark(1, "a", lng=1.5), mark(2, "b", lng=1.5), mark(3, "c", lng=2.5)]
    marks.mongo["marks"].insert_many(documents)
    insert(marks, documents)

    expected = (1, (f"{1:024x}", f"{2:024x}"))
    assert await both(opened, WHOLE, UNIQUE) == [expected, expected]


async def test_embedded_records_are_asked_too_and_named_by_owner_and_key(marks: Shop, opened: Readers) -> None:
    for person in (1, 2):
        inner = [mark(0, f"x/{person}", lng=7.5), mark(0, "y", lng=person)]
        for one in inner:
            del one["_id"]
        marks.mongo["people"].insert_one({"_id": object_id(person), "info": {"marks": inner}})
        marks.sql("insert into people values ($1, $2)", uuid(person), f"{person:024x}")
        insert(marks, inner, person=person, first=10 * person)

    expected = (1, (f"{1:024x}/x/1", f"{2:024x}/x/2"))
    assert await both(opened, INNER, UNIQUE) == [expected, expected]


async def test_what_is_out_of_scope_or_expired_breaks_nothing(marks: Shop, opened: Readers) -> None:
    documents = [
        mark(1, "own/a", lng=1.5, until=FAR_AHEAD),
        mark(2, "other/b", lng=1.5),
        mark(3, "own/c", lng=1.5, until=LONG_AGO),
        mark(4, "own/d", lng=2.5, until=None),
        mark(5, "own/e", lng=2.5),
    ]
    marks.mongo["marks"].insert_many(documents)
    insert(marks, documents)

    expected = (1, (f"{4:024x}", f"{5:024x}"))
    assert await both(opened, SCOPED, UNIQUE) == [expected, expected]
    assert [violations for violations, _ in await both(opened, WHOLE, UNIQUE)] == [2, 2]


async def test_a_number_that_is_text_is_judged_as_a_number(marks: Shop, opened: Readers) -> None:
    documents = [
        mark(1, "a", lng=1, points=0, size=Decimal128("9.01")),
        mark(2, "b", lng=2, points=1, size=Decimal128("9.00")),
        mark(3, "c", lng=3, points=None),
        mark(4, "d", lng=4),
    ]
    insert(marks, documents)
    documents[0]["size"], documents[1]["size"] = "9.01", "9.00"
    marks.mongo["marks"].insert_many(documents)

    expected = (1, (f"{1:024x}",))
    assert await both(opened, WHOLE, LOW) == [expected, expected]
    assert await both(opened, WHOLE, SMALL) == [expected, expected]


async def test_a_group_without_its_one_is_named(marks: Shop, opened: Readers) -> None:
    documents = [
        mark(1, "none", lng=1, main=False),
        mark(2, "one", lng=2, main=True),
        mark(3, "two", lng=3, main=True),
        mark(4, "two", lng=4, main=True),
    ]
    marks.mongo["marks"].insert_many(documents)
    insert(marks, documents)

    expected = (2, ("none", "two"))
    assert await both(opened, WHOLE, ONE_MAIN) == [expected, expected]


async def test_records_named_by_a_text_are_followed_by_their_ids(marks: Shop, opened: Readers) -> None:
    for number, slug, parent in ((1, "a", 2), (2, "b", 1), (3, "c", 1)):
        marks.mongo["marks"].insert_one({"_id": object_id(number), "slug": slug, "parent": object_id(parent)})
        marks.sql("insert into marks (id, slug, person_id) values ($1, $2, $3)", uuid(number), slug, uuid(parent))

    expected = (1, ("a", "b"))
    assert await both(opened, NAMED, NO_CYCLE) == [expected, expected]


async def test_what_does_not_point_back_is_named_by_its_id_whatever_its_key(marks: Shop, opened: Readers) -> None:
    for number, slug, holder in ((1, "right", 1), (2, "wrong", 1)):
        badge = {"_id": object_id(10 + number), "code": f"hush{number}", "holder": object_id(holder)}
        marks.mongo["badges"].insert_one(badge)
        values = (uuid(10 + number), f"{10 + number:024x}", badge["code"], uuid(holder))
        marks.sql("insert into badges values ($1, $2, $3, $4)", *values)
        marks.mongo["marks"].insert_one({"_id": object_id(number), "slug": slug, "badge": object_id(10 + number)})
        marks.sql("insert into marks (id, slug, person_id) values ($1, $2, $3)", uuid(number), slug, uuid(10 + number))

    expected = (1, (f"{12:024x}", "wrong"))
    assert await both(opened, NAMED, HELD) == [expected, expected]


@dataclass(kw_only=True)
class Writing:
    """A clock that waits for nothing: while it is waited for, somebody writes to a store."""

    writes: list[Callable[[], object]]
    waited: float = 0

    def now(self) -> datetime:
        return LONG_AGO

    def monotonic(self) -> float:
        return self.waited

    async def sleep(self, seconds: float) -> None:
        self.waited += seconds
        if self.writes:
            self.writes.pop(0)()


def checks_of(opened: Readers, clock: Writing, *, confirm_after: float) -> InvariantChecks:
    """Checks that wait for a violation as long as this."""
    patience = RecheckPolicy(confirm_after=confirm_after)
    return InvariantChecks(
        source=opened.source, target=opened.target, digest=lambda text: f"<{len(text)}>", clock=clock, patience=patience
    )


async def settled(checks: InvariantChecks, *declared: InvariantSpec) -> Sequence[InvariantResult]:
    """What is stored of an entity of which these are declared."""
    domain = DomainSpec(name="shop", title="Shop", entities=(WHOLE,), invariants=declared)
    one = EntityPass(entity=WHOLE, method="stream", source_records=1, complete=True)
    await checks.ask(domain, one)
    await checks.settle([one])
    return checks.results(domain, one)


async def test_a_violation_that_a_writer_mends_does_not_count_and_one_that_lasts_does(
    marks: Shop, opened: Readers
) -> None:
    documents = [mark(number, f"s{number}", lng=1.5 if number < 3 else number) for number in (1, 2, 3)]
    marks.mongo["marks"].insert_many(documents)
    insert(marks, documents)

    def mend() -> None:
        marks.mongo["marks"].update_one({"_id": object_id(1)}, {"$set": {"place.at.0": 9.5}})

    clock = Writing(writes=[lambda: None, mend])
    found = await settled(checks_of(opened, clock, confirm_after=10), UNIQUE, LOW)

    assert [one.violations for one in found] == [0, 1, 0, 0]
    assert found[1].sample_keys == (f"{1:024x}", f"{2:024x}")
    assert clock.waited == 10


async def test_a_violation_that_moves_from_record_to_record_does_not_count(marks: Shop, opened: Readers) -> None:
    marks.mongo["marks"].insert_many([mark(1, "a", lng=1, points=0), mark(2, "b", lng=2, points=5)])

    def move() -> None:
        marks.mongo["marks"].update_one({"_id": object_id(1)}, {"$set": {"points": 5}})
        marks.mongo["marks"].update_one({"_id": object_id(2)}, {"$set": {"points": 0}})

    checks = checks_of(opened, Writing(writes=[move]), confirm_after=1)
    (found, _) = await settled(checks, LOW)

    assert (found.violations, found.sample_keys) == (0, ())


async def test_a_store_that_does_not_answer_in_time_leaves_the_entity_inconclusive(marks: Shop) -> None:
    marks.mongo["marks"].insert_many([mark(number, "a", lng=number) for number in range(20_000)])
    async with readers(marks, timeout_ms=1) as opened:
        one = EntityPass(entity=WHOLE, method="stream", source_records=1, complete=True)
        domain = DomainSpec(name="shop", title="Shop", entities=(WHOLE,), invariants=(SLOW,))
        await checks_of(opened, Writing(writes=[]), confirm_after=10).ask(domain, one)

    assert not one.complete
    assert one.answers == []
    assert one.notes[0].startswith("invariant slow of mark: ")


@pytest.mark.parametrize("side", [Side.SOURCE, Side.TARGET])
async def test_keys_and_groups_that_are_secret_are_shown_as_digests(marks: Shop, opened: Readers, side: Side) -> None:
    slug = FieldSpec(path="slug", kind=FieldKind.TEXT, column="slug")
    entity = EntitySpec(name="mark", collection="marks", table="marks", fields=(slug, *FIELDS[1:]), key=("slug",))
    documents = [mark(1, "hush", lng=1, main=False), mark(2, "hush", lng=1, main=False)]
    marks.mongo["marks"].insert_many(documents)
    insert(marks, documents)
    checks = checks_of(opened, Writing(writes=[]), confirm_after=0)

    assert (await checks.answer(entity, UNIQUE, side)).result.sample_keys == ("<4>",)
    assert (await checks.answer(entity, ONE_MAIN, side)).result.sample_keys == ("<4>",)
