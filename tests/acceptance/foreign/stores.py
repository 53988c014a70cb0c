"""A library's two stores, nothing like the demo: five collections and nine tables in a schema of their own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from bson import Binary, Decimal128, Int64, ObjectId

from tests.acceptance.live import LiveSandbox, Shop

CONFIG = Path(__file__).parent / "config"
SPACE = UUID(int=20)
MEMBERS, BRANCHES, LOANS, READINGS = 260, 12, 200, 30
WELL_KNOWN = 10
SCHEMA = """
create schema stacks;
create type stacks.card_status as enum ('open', 'barred');
create domain stacks.title as text check (value <> 'forbidden');
create table stacks.member (
  member_uuid uuid primary key, mongo_id varchar(40), full_name text, nick varchar(40), e_mail text, card_code char(12),
  card_status stacks.card_status, balance numeric(12, 2), fee numeric(38, 6), points bigint, score double precision,
  is_staff boolean, photo bytea, prefs jsonb, languages text[], lucky integer[], referrer uuid, home_branch text,
  home_lon double precision, home_lat double precision, born_at timestamptz,
  shouting text generated always as (upper(full_name)) stored
);
create table stacks.contact (id uuid primary key, member_uuid uuid, phone text, hours json);
create table stacks.door_key (id uuid primary key, holder uuid, serial text, pin text, issued_at timestamp);
create table stacks.visit (id uuid primary key, member_uuid uuid, day text, door smallint);
create table stacks.branch (id uuid primary key, code text, title stacks.title, floors numeric);
create table stacks.shelf (id uuid primary key, branch_code text, shelf_no integer, width_cm float8, label text);
create table stacks.loan (
  id uuid primary key, mongo_id varchar(24), ledger text, borrower_uuid uuid, total numeric, opened_at timestamptz,
  note text
);
create table stacks.loan_item (
  loan_id uuid, ord integer, isbn text, price numeric(9, 2), due_at timestamptz, keeper_uuid uuid
);
create table stacks.gate_reading (
  id uuid primary key, reading_no bigint, device text, device_owner uuid, value double precision, frame bytea,
  payload jsonb, taken_at timestamptz, expires_at timestamptz
)
"""
Document = dict[str, Any]
Rows = dict[str, list[Sequence[object]]]
BORN = datetime(1931, 5, 6, 7, 8, 9, 123_000, tzinfo=UTC)
NEVER = datetime(2199, 1, 1, tzinfo=UTC)


# -- names -------------------------------------------------------------------------------------------------------------


def hexa(number: int, *, letter: str = "a") -> str:
    """The ObjectId of a member (`a`) or loan (`b`)."""
    return f"{letter}{number:023x}"


def row_id(table: str, number: object) -> UUID:
    """The row's own id."""
    return uuid5(SPACE, f"{table} {number}")


def branch_code(number: int) -> str:
    """Codes with a slash, another script, case and a composed letter."""
    return ("north/{}", "ولیعصر-{}", "Été-{}", "süd {}")[number % 4].format(number)


def micro(at: datetime) -> datetime:
    """The same millisecond as PostgreSQL holds it after a careful backfill: with microseconds behind it."""
    return at + timedelta(microseconds=457)


# -- members and what is embedded in them ------------------------------------------------------------------------------


def members(rows: Rows) -> Iterator[Document]:
    """Documents of members; their rows, contacts, keys and visits are added to `rows`."""
    for number in range(MEMBERS):
        yield _member(number, rows)


def _member(number: int, rows: Rows) -> Document:
    name = f"Ana-{number} Ćurić \N{HAMSTER FACE}"
    own, referrer = row_id("member", number), number % WELL_KNOWN if number % 3 else None
    born, prefs = BORN + timedelta(days=number, milliseconds=number), _prefs(number)
    languages = [["fa", "de", "en"], [], ["hr"]][number % 3]
    document: Document = {
        "_id": ObjectId(hexa(number)), "full_name": name, "nick": f"ANA{number}", "e_mail": f"Ana.{number}@Example.ORG",
        "card": {"code": f"{number:04d}", "status": "open"}, "balance": f"{number}.005",
        "fee": Decimal128(f"{number}.1234565"), "points": Int64(2**60 + number), "score": number / 7,
        "is_staff": number % 2 == 0, "photo": bytes([number % 256, 0, 255]), "prefs": prefs, "languages": languages,
        "lucky": [number, Int64(7), 3.0], "home": {"branch": branch_code(number % BRANCHES), "geo": [number / 3, -0.5]},
        "born_at": born, "contact": {"phone": f"+98 0{number}", "hours": {"from": 9, "to": 17.5}},
        "door_keys": [{"serial": f"K{number}-{at}", "pin": f"{number}{at}", "issued_at": born} for at in range(2)],
        "visits": [{"day": f"2024-01-0{at + 1}", "door": number + at} for at in range(3)], "nobody_compares": number,
    }  # fmt: skip
    if referrer is not None:
        document["referred_by"] = ObjectId(hexa(referrer))
    rows["member"].append((
        own, hexa(number), name, f"ana{number}", f"ana.{number}@example.org", f"{number:04d}", "open",
        Decimal(f"{number}.01"), Decimal(f"{number}.123457"), 2**60 + number, number / 7, number % 2 == 0,
        bytes([number % 256, 0, 255]), _json(number), languages, [number, 7, 3],
        None if referrer is None else row_id("member", referrer), branch_code(number % BRANCHES), number / 3, -0.5,
        micro(born),
    ))  # fmt: skip
    if is_hermit(number):
        return {name: value for name, value in document.items() if name not in ("contact", "door_keys", "visits")}
    if number % 5:
        rows["contact"].append((row_id("contact", number), own, f"+98 0{number}", '{"to": 17.50, "from": 9}'))
    elif number % 2:
        document["contact"] = None
    else:
        del document["contact"]
    for at in range(2):
        key = row_id("door_key", f"{number}-{at}")
        rows["door_key"].append((key, own, f"K{number}-{at}", f"{number}{at}", micro(born).replace(tzinfo=None)))
    rows["visit"] += [(row_id("visit", f"{number}-{at}"), own, f"2024-01-0{at + 1}", number + at) for at in range(3)]
    return document


def is_hermit(number: int) -> bool:
    """Whether nothing is embedded in a member."""
    return number % 10 == 9


def _prefs(number: int) -> Document:
    """Nested json with numbers, ids, dates and names that mislead."""
    return {
        "theme": {"dark": True, "a.b": number, "__v": 0}, "tags": [1, 2, 3, {"k": None}], "big": Int64(2**53 + 1),
        "by": ObjectId(hexa(number)), "at": BORN, "price": 0.1, "none": None,
    }  # fmt: skip


def _json(number: int) -> str:
    """The same as the backfill writes it, names in another order."""
    return (
        f'{{"none": null, "price": 1e-1, "at": "1931-05-06T07:08:09.123Z", "by": "{hexa(number)}",'
        f' "big": {2**53 + 1}, "tags": [1, 2.0, 3, {{"k": null}}],'
        f' "theme": {{"__v": 0, "a.b": {number}, "dark": true}}}}'
    )


# -- the rest ----------------------------------------------------------------------------------------------------------


def branches(rows: Rows) -> Iterator[Document]:
    """Branches, whose `_id` is a text."""
    for number in range(BRANCHES):
        title = "" if number == 1 else f"Branch {number}"
        rows["branch"].append((row_id("branch", number), branch_code(number), title, Decimal(number)))
        yield {"_id": branch_code(number), "title": title, "floors": [number, float(number)][number % 2]}


def shelves(rows: Rows) -> Iterator[Document]:
    """Shelves, named by branch and number."""
    for branch in range(BRANCHES):
        for number in range(3):
            own, width = row_id("shelf", f"{branch}-{number}"), 80.25 + number
            rows["shelf"].append((own, branch_code(branch), number, width, f"S{number}"))
            yield {"branch": branch_code(branch), "number": number, "width_cm": width, "label": f"S{number}"}


def loans(rows: Rows) -> Iterator[Document]:
    """Loans with items; every eighth is of a ledger that nobody compares, and has no row."""
    for number in range(LOANS):
        foreign, member = number % 8 == 7, number % WELL_KNOWN
        items = [_item(number, at, rows, has_row=not foreign) for at in range(number % 4 + 2)]
        if not foreign:
            own, borrower = row_id("loan", number), row_id("member", member)
            total, note = Decimal(f"{number}.2500"), None if number % 2 else "due"
            key = hexa(number, letter="b")
            rows["loan"].append((own, key, f"lib.{number % 3}", borrower, total, micro(BORN), note))
        yield {
            "_id": ObjectId(hexa(number, letter="b")), "ledger": "other" if foreign else f"lib.{number % 3}",
            "borrower": ObjectId(hexa(member)), "total": [number + 0.25, f" {number}.25 "][number % 2],
            "opened_at": BORN, "items": items, "note": None if number % 2 else "due",
        }  # fmt: skip


def _item(loan: int, at: int, rows: Rows, *, has_row: bool) -> Document:
    price, due = Decimal(f"{at}.50"), BORN + timedelta(days=at)
    if has_row:
        keeper = row_id("member", at)
        rows["loan_item"].append((row_id("loan", loan), at, f"isbn {loan}/{at}", price, micro(due), keeper))
    return {
        "isbn": f"isbn {loan}/{at}", "price": {"amount": Decimal128(price)}, "due_at": due,
        "keeper": ObjectId(hexa(at)),
    }  # fmt: skip


def readings(rows: Rows) -> Iterator[Document]:
    """Readings, whose `_id` is a number: int, Long and double, positive and negative."""
    for number in range(READINGS):
        key = reading_no(number)
        member, until = number % WELL_KNOWN, NEVER
        rows["gate_reading"].append((
            row_id("gate_reading", number), key, f"gate {number}", row_id("member", member), number * 1e-3,
            bytes([number]) * 3, f'{{"n": {number}}}', micro(BORN), until,
        ))  # fmt: skip
        yield {
            "_id": [int, float, Int64][number % 3](key), "value": number * 1e-3, "frame": Binary(bytes([number]) * 3),
            "device": {"serial": f"gate {number}", "owner": ObjectId(hexa(member))}, "payload": {"n": number},
            "taken_at": BORN, "expires_at": until,
        }  # fmt: skip


def reading_no(number: int) -> int:
    """Keys on both sides of zero, and far from it."""
    return (number - 5) * (1, 10, 100, 1000)[number % 4]


COLLECTIONS: dict[str, Callable[[Rows], Iterator[Document]]] = {
    "members": members, "branches": branches, "shelves": shelves, "loans": loans, "gate_readings": readings,
}  # fmt: skip
TABLES = ("member", "contact", "door_key", "visit", "branch", "shelf", "loan", "loan_item", "gate_reading")


@contextmanager
def library(live: LiveSandbox) -> Iterator[Shop]:
    """Both stores, filled so that their sides agree."""
    with live.empty_shop() as shop:
        for statement in filter(None, map(str.strip, SCHEMA.split(";"))):
            shop.sql(statement)
        rows: Rows = {table: [] for table in TABLES}
        for name, documents in COLLECTIONS.items():
            shop.mongo[name].insert_many(documents(rows))
        for table, values in rows.items():
            shop.sql_many(f"stacks.{table}", values)
        yield shop
