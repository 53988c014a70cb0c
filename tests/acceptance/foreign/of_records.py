"""What is spoilt in the library beside the fields of members: records, keys, child rows; and what is no fault."""

import unicodedata
from collections.abc import Callable
from dataclasses import replace

from bson import Binary, ObjectId

from tests.acceptance.foreign.planting import (
    Fault,
    Said,
    differs,
    extra,
    gone,
    in_document,
    in_row,
    key_of,
    mongo_filter,
    own_row,
    row,
    said,
)
from tests.acceptance.foreign.stores import BORN, branch_code, hexa, is_hermit, reading_no, row_id
from tests.acceptance.live import Shop

# -- records -----------------------------------------------------------------------------------------------------------


def sql(shop: Shop, statement: str) -> None:
    """Runs a statement that touches one row."""
    assert len(shop.sql(f"{statement} returning 1")) == 1


def malformed(change: str) -> Fault:
    """A legacy id that is none."""

    def plant(shop: Shop, number: int) -> None:
        row("member", number, shop, change)

    def expect(number: int) -> list[Said]:
        key = {"null": f"id:{row_id('member', number)}", "upper(mongo_id)": hexa(number).upper()}
        shown = key.get(change.removeprefix("mongo_id = "), f"{hexa(number)} ")
        return [
            ("member", shown, "key_defect", None, None), ("member", hexa(number), "missing_in_target", None, None)
        ]  # fmt: skip

    return Fault(name=change, home="member", plant=plant, expect=expect, fits=is_hermit)


def stranger(key: object, shown: str) -> Fault:
    """A document under an `_id` of another type, far from all others."""

    def plant(shop: Shop, _: int) -> None:
        shop.mongo["loans"].insert_one({"_id": key, "ledger": "lib.0"})

    expected = [("loan", shown, "missing_in_target", None, None)]
    return Fault(
        name=f"the id {shown} of type {type(key).__name__}", home="loan", plant=plant, expect=lambda _: [*expected]
    )


def twice(home: str, table: str, columns: str) -> Fault:
    """A second row of the same key."""

    def plant(shop: Shop, number: int) -> None:
        own = "member_uuid" if home == "member" else "id"
        statement = f"insert into stacks.{table} ({own}, {columns}) select gen_random_uuid(), {columns}"
        sql(shop, f"{statement} from stacks.{table} where {own_row(home, number)}")

    def expect(number: int) -> list[Said]:
        key = key_of(home, number)
        return [*[(home, key, "key_defect", None, None)] * 2, (home, key, "missing_in_target", None, None)]

    return Fault(name="two rows", home=home, plant=plant, expect=expect, fits=is_hermit if home == "member" else None)


def renamed(home: str, change: str, key: Callable[[int], str]) -> Fault:
    """A row of another natural key."""
    return Fault(
        name=change,
        home=home,
        plant=lambda shop, number: row(home, number, shop, change),
        expect=lambda number: [
            *said(home, outcome="missing_in_target")(number), (home, key(number), "extra_in_target", None, None)
        ],
    )  # fmt: skip


def swapped(shop: Shop, number: int) -> None:
    """Two readings exchange their rows' keys."""
    one, other = (row_id("gate_reading", at) for at in (number, number + 1))
    shop.sql(
        f"update stacks.gate_reading set reading_no = case id when '{one}' then {reading_no(number + 1)}"  # noqa: S608 - as above
        f" else {reading_no(number)} end where id in ('{one}', '{other}')"
    )


def push(shop: Shop, number: int, array: str, element: object) -> None:
    """A further element of a member's array."""
    assert shop.mongo["members"].update_one(mongo_filter("member", number), {"$push": {array: element}}).modified_count


def strange_id(shop: Shop, number: int) -> None:
    """A loan's document under the text of its id."""
    document = shop.mongo["loans"].find_one_and_delete(mongo_filter("loan", number))
    assert document
    shop.mongo["loans"].insert_one({**document, "_id": str(document["_id"])})


READING_PLACES = ["device.serial", "device.owner", "value", "frame", "payload.n"]
RECORDS = [
    gone("member"),
    gone("contact"),
    gone("door_key"),
    gone("visit"),
    gone("branch"),
    gone("shelf"),
    gone("loan"),
    gone("reading"),
    extra("branch"),
    extra("shelf"),
    extra("loan"),
    extra("reading"),
    malformed("mongo_id = null"),
    malformed("mongo_id = upper(mongo_id)"),
    malformed("mongo_id = mongo_id || ' '"),
    twice("member", "member", "mongo_id, full_name"),
    twice("shelf", "shelf", "branch_code, shelf_no"),
    twice("branch", "branch", "code, title, floors"),
    twice("door_key", "door_key", "serial, holder, pin"),
    twice("reading", "gate_reading", "reading_no, device"),
    renamed("branch", "code = code || ' '", lambda number: f"{branch_code(number)} "),
    renamed("branch", "code = normalize(code, NFD)", lambda number: unicodedata.normalize("NFD", branch_code(number))),
    renamed("shelf", "shelf_no = -1", lambda number: f"{branch_code(number).replace('/', '%2F')}/-1"),
    renamed("visit", "day = '2024-1-2'", lambda number: f"{hexa(number)}/2024-1-2"),
    renamed("door_key", "serial = lower(serial)", lambda number: f"k{number}-1"),
    renamed("reading", "reading_no = 10 ^ 15", lambda _: f"{10**15}"),
    stranger(7, "7"),
    stranger("zzz", "zzz"),
    stranger(ObjectId("f" * 24), "f" * 24),
    stranger(ObjectId("0" * 24), "0" * 24),
    Fault(name="an id as text", home="loan", plant=strange_id, expect=differs("loan", ("_id", "type"))),
    Fault(
        name="two records swapped",
        home="reading",
        plant=swapped,
        expect=lambda number: [
            ("reading", str(reading_no(at)), "field_mismatch", path, "value")
            for at in (number, number + 1)
            for path in READING_PLACES
        ],
    ),
    Fault(
        name="a key twice in one array",
        home="member",
        plant=lambda shop, number: push(shop, number, "door_keys", {"serial": f"K{number}-1", "pin": "0"}),
        expect=lambda number: [
            *[("door_key", f"K{number}-1", "key_defect", None, None)] * 2,
            ("door_key", f"K{number}-1", "extra_in_target", None, None),
        ],
    ),
    Fault(
        name="an element without its key",
        home="member",
        plant=lambda shop, number: push(shop, number, "visits", {"door": 9}),
        expect=lambda number: [("visit", f"id:{hexa(number)}#3", "key_defect", None, None)],
    ),
    Fault(
        name="an element that is no object",
        home="member",
        plant=lambda shop, number: push(shop, number, "visits", "2024-01-09"),
        expect=lambda number: [("visit", f"id:{hexa(number)}#3", "missing_in_target", None, None)],
    ),
    Fault(
        name="a key on another member",
        home="door_key",
        plant=lambda shop, number: row("door_key", number, shop, f"holder = '{row_id('member', 0)}'"),
        expect=differs("door_key", ("member", "value")),
    ),
    Fault(
        name="a visit on no member",
        home="visit",
        plant=lambda shop, number: row("visit", number, shop, f"member_uuid = '{row_id('loan', 0)}'"),
        expect=differs("visit", ("member", "dangling_reference")),
    ),
]
ELSEWHERE = [
    in_row("contact", "a phone", "phone = replace(phone, '0', 'O')", ("phone", "value")),
    in_row("contact", "json text", "hours = '{\"to\": 17.5, \"from\": \"9\"}'", ("hours.from", "type")),
    in_row("door_key", "a secret", "pin = pin || '0'", ("pin", "value")),
    in_row("door_key", "a time of day lost", "issued_at = date_trunc('day', issued_at)", ("issued_at", "value")),
    in_row("visit", "another door", "door = 7", ("door", "value")),
    in_row("branch", "null for a title", "title = null", ("title", "missing_field")),
    in_document("branch", "half a floor", {"floors": 2.5}, ("floors", "value")),
    in_row("shelf", "a width", "width_cm = width_cm + 1e-9", ("width_cm", "value")),
    in_document("shelf", "a null label", {"label": None}, ("label", "extra_field")),
    in_row("loan", "another ledger of the scope", "ledger = 'lib.9'", ("ledger", "value")),
    in_row("loan", "left the scope on one side", "ledger = 'other'", ("ledger", "value")),
    in_row("loan", "another borrower", f"borrower_uuid = '{row_id('member', 200)}'", ("borrower", "value")),
    in_row("loan", "a fraction", "total = total + 0.0001", ("total", "value")),
    in_document("loan", "no number", {"total": "a lot"}),
    in_document("loan", "a note", {"note": None}, ("note", "extra_field")),
    in_row("reading", "a gate", "device = 'gate'", ("device.serial", "value")),
    in_row("reading", "an owner", "device_owner = null", ("device.owner", "missing_field")),
    in_document("reading", "a frame", {"frame": Binary(b"", 0)}, ("frame", "value")),
    in_row("reading", "later", "expires_at = expires_at + interval '1 day'", ("expires_at", "value")),
    in_row("reading", "infinity", "taken_at = 'infinity'", ("taken_at", "value")),
]  # fmt: skip


# -- child rows --------------------------------------------------------------------------------------------------------


def in_items(name: str, change: str, where: str, *places: tuple[str, str]) -> Fault:
    """Something else in the child rows of a loan."""
    return Fault(
        name=name,
        home="loan",
        plant=lambda shop, number: items(shop, number, f"update stacks.loan_item set {change}", where),  # noqa: S608 - as above
        expect=differs("loan", *places),
    )


def items(shop: Shop, number: int, statement: str, where: str) -> None:
    """Changes child rows of a loan."""
    assert shop.sql(f"{statement} where loan_id = '{row_id('loan', number)}' and {where} returning 1")


def moved_up(shop: Shop, number: int) -> None:
    """The first child row is lost, and the others close the gap."""
    items(shop, number, "delete from stacks.loan_item", "ord = 0")
    items(shop, number, "update stacks.loan_item set ord = ord - 1", "ord > 0")


ITEM_PATHS = ("isbn", "price.amount", "due_at", "keeper")
GONE = [(f"items[{at}]", "missing_field") for at in range(2)]
MORE = ("items[2]", "extra_field")
ITEMS = [
    Fault(name="no items", home="loan", expect=differs("loan", *GONE),
          plant=lambda shop, number: items(shop, number, "delete from stacks.loan_item", "true")),
    Fault(name="the first is lost", home="loan", expect=differs("loan", GONE[0]), plant=moved_up),
    in_items("a gap", "ord = 2", "ord = 1", GONE[1], MORE),
    in_items("a place taken", "ord = 0", "ord = 1", ("items[1]", "type")),
    in_items("no place", "ord = null", "ord = 1", ("items[1]", "type")),
    in_items("swapped", "ord = 1 - ord", "true", ("items", "order")),
    in_items("from 1", "ord = ord + 1", "true", GONE[0], *((f"items[1].{path}", "value") for path in ITEM_PATHS), MORE),
    in_items("a title", "isbn = 'isbn'", "ord = 0", ("items[0].isbn", "value")),
    in_items("a price", "price = price * 100", "ord = 1", ("items[1].price.amount", "value")),
    in_items("a date", "due_at = null", "ord = 0", ("items[0].due_at", "missing_field")),
    in_items("a keeper", f"keeper_uuid = '{row_id('member', 5)}'", "ord = 0", ("items[0].keeper", "value")),
    in_items("a keeper of no row", f"keeper_uuid = '{row_id('loan', 5)}'", "ord = 0",
             ("items[0].keeper", "dangling_reference")),
    Fault(
        name="an item of no loan",
        home="loan",
        plant=lambda shop, number: items(
            shop, number, f"update stacks.loan_item set loan_id = '{row_id('loan', -1)}'", "ord = 1"  # noqa: S608 - as above
        ),
        expect=lambda number: [
            *differs("loan", GONE[1])(number), ("loan", f"id:{row_id('loan', -1)}/1", "extra_in_target", None, None)
        ],
    ),
    in_document("loan", "a keeper of no id", {"items.0.keeper": ObjectId("e" * 24)},
                ("items[0].keeper", "dangling_reference")),
    in_document("loan", "an item is a text", {"items.0": "isbn"}, ("items[0]", "type")),
    in_document("loan", "items are an object", {"items": {"isbn": "x"}}, ("items", "type")),
    in_document("loan", "a field of an item is gone", {"items.1.isbn": None}, ("items[1].isbn", "extra_field")),
]  # fmt: skip


# -- what is another spelling of the same, or nobody's business --------------------------------------------------------


def unset(shop: Shop, number: int) -> None:
    """A null is taken out of a document."""
    taken = shop.mongo["loans"].update_one({**mongo_filter("loan", number), "note": None}, {"$unset": {"note": 1}})
    assert taken.modified_count == 1


def nothing(fault: Fault) -> Fault:
    """The same without anything to be said of it."""
    return replace(fault, expect=lambda _: [])


EQUAL = [
    *map(nothing, [
        in_row("member", "microseconds", "born_at = date_trunc('milliseconds', born_at)"),
        in_row("member", "capitals where they are nothing", "nick = initcap(nick)"),
        in_document("member", "another spelling of a number", {"balance": " +1.6001E2\n"},
                    fits=lambda number: number == 160),
        in_row("reading", "a number with a point",
               "payload = jsonb_set(payload, '{n}', (payload->>'n' || '.000')::jsonb)"),
        in_document("reading", "expired in one store", {"expires_at": BORN, "value": 9.9}),
    ]),
    Fault(name="missing for null", home="loan", plant=unset, expect=lambda _: [], fits=lambda number: number % 4 == 1),
]  # fmt: skip
FAULTS = [*RECORDS, *ELSEWHERE, *ITEMS, *EQUAL]
