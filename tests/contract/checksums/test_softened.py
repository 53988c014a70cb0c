"""How often rules made raw values equal is counted to the record, without looking at the records, on real servers."""

import random
from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from bson import ObjectId

from reconciler.app import checksums
from reconciler.core.model import Sensitivity
from reconciler.core.spec import ChildTable, DomainSpec, EntitySpec, FieldKind, FieldSpec, Method, System
from tests.acceptance.live import LiveSandbox, Shop
from tests.contract.checksums.test_scans import hex_id, seen, told
from tests.contract.readers.world import IDENTITY, field

pytestmark = pytest.mark.contract
PARTS = ChildTable(
    table="parts",
    parent_column="parent_id",
    position_column="position",
    fields=(
        field("name", FieldKind.TEXT),
        field("deep.code", FieldKind.CI, column="code"),
        field("at", FieldKind.INSTANT),
        field("mail[0]", FieldKind.LOWER, column="mail"),
    ),
)
THING = EntitySpec(
    name="thing",
    collection="things",
    table="things",
    fields=(
        IDENTITY,
        field("number", FieldKind.INTEGER),
        field("wallet", FieldKind.CI),
        field("code", FieldKind.CHAR),
        field("padded", FieldKind.CHAR),
        field("mail", FieldKind.LOWER),
        field("nick[0]", FieldKind.CI, column="nick"),
        field("at", FieldKind.INSTANT),
        FieldSpec(path="parts", kind=FieldKind.CHILDREN, sensitivity=Sensitivity.PLAIN, children=PARTS),
    ),
    key=("_id",),
)
NUMBERED = replace(THING, name="numbered", fields=THING.fields[1:], key=("number",))
PASSING = replace(THING, name="passing", ttl="at")
SYSTEM = System(domains=(DomainSpec(name="shop", title="Shop", entities=(THING, NUMBERED, PASSING)),))
TABLES = """
create table things (
  id uuid primary key, legacy_object_id varchar(24), number integer, wallet text, code text, padded char(6), mail text,
  nick text, at timestamptz
);
create table parts (parent_id uuid, position integer, name text, code text, at timestamptz, mail text);
create index on parts (parent_id)
"""
SOFT = ("wallet", "code", "padded", "mail", "nick[0]", "at", "parts")
THINGS = 60
NOON = datetime(2101, 1, 1, 12, tzinfo=UTC)
MORNING = datetime(2001, 1, 1, 8, tzinfo=UTC)


@dataclass(slots=True)
class Filled:
    """A shop, and by path the records whose raw values differ though they are equal."""

    shop: Shop
    softened: dict[str, set[int]]

    def counted(self, *, but: AbstractSet[int] = frozenset()) -> Counter[str]:
        """How many there are by path, some records left out."""
        return +Counter({path: len(numbers - but) for path, numbers in self.softened.items()})


def spelled(draw: random.Random, word: str, ways: str) -> tuple[str, str]:
    """Two spellings of a word that are equal in any case: both as they are, one of them changed, or both alike."""
    return {"=": (word, word), "s": (word.upper(), word), "t": (word, word.upper()), "b": (word.upper(),) * 2,
            "x": (word.upper(), word.title())}[draw.choice(ways)]  # fmt: skip


@pytest.fixture
def filled(live_sandbox: LiveSandbox) -> Iterator[Filled]:
    """Equal records, in every ten of which other sides are spelled differently."""
    draw, softened = random.Random(3), {path: set[int]() for path in SOFT}
    with live_sandbox.empty_shop() as shop:
        for statement in TABLES.split(";"):
            shop.sql(statement)
        rows, parts = [], []
        for number in range(THINGS):
            ways = ("=", "=s", "=t", "=b", "=x", "=stbx")[number // 10]
            document, row, its_parts = _thing(draw, number, ways, softened)
            shop.mongo.things.insert_one(document)
            rows.append(row)
            parts += its_parts
        shop.sql_many("things", rows)
        shop.sql_many("parts", parts)
        yield Filled(shop, softened)


def _thing(draw: random.Random, number: int, ways: str, softened: dict[str, set[int]]) -> tuple[Any, Any, Any]:
    """A document, its row and its child rows; what differs is noted."""

    def pair(path: str, word: str) -> tuple[str, str]:
        left, right = spelled(draw, word, ways)
        if left != right:
            softened[path].add(number)
        return left, right

    def late(path: str) -> timedelta:
        micros = draw.choice((0, 1, 999)) if "t" in ways else 0
        if micros:
            softened[path].add(number)
        return timedelta(microseconds=micros)

    wallet, nick = pair("wallet", "0xabc"), pair("nick[0]", "nal-x")
    blanks = [draw.choice((0, 2)) if one in ways else 0 for one in "st"]
    if blanks[0] != blanks[1]:
        softened["code"].add(number)
    mail, key, own = f"Ann{number}@X.org" if "s" in ways else f"ann{number}@x.org", hex_id(number), UUID(int=number)
    if "s" in ways:
        softened["mail"].add(number)
    softened["padded"].add(number)
    elements, its_parts = [], []
    for at in range(number % 3):
        code = pair("parts", "pq")
        second = NOON + timedelta(seconds=at)
        elements.append({"name": "n", "deep": {"code": code[0]}, "at": second, "mail": ["a@b.c"]})
        its_parts.append((own, at, "n", code[1], second + late("parts"), "a@b.c"))
    when = MORNING if number % 7 == 6 else NOON
    document = {
        "_id": ObjectId(key), "number": number, "wallet": wallet[0], "code": "de" + " " * blanks[0], "padded": "abc",
        "mail": mail, "nick": [nick[0]], "at": when, "parts": elements,
    }  # fmt: skip
    row = (
        own, key, number, wallet[1], "de" + " " * blanks[1], "abc", mail.lower(), nick[1], when + late("at"),
    )  # fmt: skip
    return document, row, its_parts[::-1]


@pytest.fixture(autouse=True)
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges of ten records."""
    for name in ("FIRST_RANGE", "SMALLEST_RANGE", "LARGEST_RANGE"):
        monkeypatch.setattr(checksums, name, 10)


def by_both(shop: Shop, entity: EntitySpec) -> Counter[str]:
    """What a scan by checksums counts, which is what a scan by records counts."""
    found, streamed = (seen(shop, entity, method, system=SYSTEM) for method in (Method.CHECKSUM, Method.STREAM))
    assert (found.method, streamed.method) == ("checksum", "stream")
    assert told(found) == told(streamed)
    return found.softened


@pytest.mark.parametrize("entity", [THING, NUMBERED], ids=lambda entity: entity.name)
def test_every_record_that_a_rule_made_equal_is_counted(filled: Filled, entity: EntitySpec) -> None:
    counted = filled.counted()

    assert set(counted) == set(SOFT)
    assert by_both(filled.shop, entity) == counted


def test_what_differs_is_not_counted_and_what_is_equal_beside_it_is(filled: Filled) -> None:
    differing = {3, 12, 23, 34, 45, 52, 53}
    filled.shop.sql("update things set wallet = 'other' where number = any($1::int[])", list(differing))
    filled.shop.sql("delete from things where number = 57")
    filled.shop.sql("delete from parts where parent_id = $1", UUID(int=57))
    filled.shop.sql("update things set legacy_object_id = upper(legacy_object_id) where number = 58")

    changed = {58} if hex_id(58).upper() != hex_id(58) else set()
    assert by_both(filled.shop, THING) == filled.counted(but={*differing, 57, *changed})


def test_what_has_expired_is_not_counted(filled: Filled) -> None:
    expired = {number for number in range(THINGS) if number % 7 == 6}

    assert by_both(filled.shop, PASSING) == filled.counted(but=expired)
    filled.shop.sql("update things set wallet = 'other' where number in (1, 21)")
    assert by_both(filled.shop, PASSING) == filled.counted(but={*expired, 1, 21})


def test_a_value_of_another_shape_ends_no_scan(filled: Filled) -> None:
    for number, strange in (
        (5, {"nick": "x"}),
        (15, {"parts": [{"mail": "x"}]}),
        (25, {"parts": [7]}),
        (35, {"mail": 7}),
    ):
        filled.shop.mongo.things.update_one({"number": number}, {"$set": strange})

    assert by_both(filled.shop, THING) == filled.counted(but={5, 15, 25, 35})
