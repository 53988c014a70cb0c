"""How a record of the library is found and spoilt, and what has to be said of it then."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from tests.acceptance.foreign.stores import branch_code, hexa, is_hermit, reading_no, row_id
from tests.acceptance.live import Shop

Said = tuple[str, str, str, str | None, str | None]
Plant = Callable[[Shop, int], None]
Expect = Callable[[int], list[Said]]
Fits = Callable[[int], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to spoil record `number` of an entity, and the (entity, key, outcome, path, kind) that it must give."""

    name: str
    home: str
    plant: Plant
    expect: Expect
    fits: Fits | None = None  # which numbers it can be planted in, where not those of its entity


def key_of(home: str, number: int) -> str:
    """The key that reports show of an entity's record."""
    match home:
        case "branch":
            return branch_code(number)
        case "shelf":
            return f"{branch_code(number).replace('/', '%2F')}/1"
        case "loan":
            return hexa(number, letter="b")
        case "reading":
            return str(reading_no(number))
        case "door_key":
            return f"K{number}-1"
        case "visit":
            return f"{hexa(number)}/2024-01-02"
        case _:
            return hexa(number)


FITS: dict[str, Fits] = {
    "member": bool, "contact": lambda number: number % 5 > 0 and not is_hermit(number),
    "door_key": lambda number: not is_hermit(number), "visit": lambda number: not is_hermit(number),
    "loan": lambda number: number % 4 == 0,
}  # fmt: skip
TABLES = {"reading": "gate_reading"}
COLLECTIONS = {"branch": "branches", "shelf": "shelves", "loan": "loans", "reading": "gate_readings"}


def mongo_filter(home: str, number: int) -> dict[str, Any]:
    """Finds the document."""
    match home:
        case "branch":
            return {"_id": branch_code(number)}
        case "shelf":
            return {"branch": branch_code(number), "number": 1}
        case "loan":
            return {"_id": ObjectId(hexa(number, letter="b"))}
        case "reading":
            return {"_id": reading_no(number)}
        case _:
            return {"_id": ObjectId(hexa(number))}


def own_row(home: str, number: int) -> str:
    """Finds the row."""
    column = "member_uuid" if home == "member" else "id"
    suffix = {"shelf": "-1", "door_key": "-1", "visit": "-1"}.get(home, "")
    table = TABLES.get(home, home)
    return f"{column} = '{row_id(table, f'{number}{suffix}')}'"


def sets(home: str, number: int, shop: Shop, values: dict[str, Any]) -> None:
    """Changes a document."""
    done = shop.mongo[COLLECTIONS.get(home, "members")].update_one(mongo_filter(home, number), {"$set": values})
    assert done.modified_count == 1


def row(home: str, number: int, shop: Shop, change: str) -> None:
    """Changes a row."""
    statement = f"update stacks.{TABLES.get(home, home)} set {change} where {own_row(home, number)} returning 1"  # noqa: S608 - constants of this file
    assert len(shop.sql(statement)) == 1


def third(rest: int) -> Fits:
    """Members differ in what their languages and references are: by number % 3."""
    return lambda number: number % 3 == rest and number % 10 > 0


def said(home: str, *, outcome: str = "field_mismatch") -> Expect:
    """The outcome of a whole record."""
    return lambda number: [(home, key_of(home, number), outcome, None, None)]


def differs(home: str, *places: tuple[str, str]) -> Expect:
    """The places at which a record differs."""
    return lambda number: [(home, key_of(home, number), "field_mismatch", path, kind) for path, kind in places]


def in_row(home: str, name: str, change: str, *places: tuple[str, str], fits: Fits | None = None) -> Fault:
    """Something else in a row."""
    return Fault(
        name=name,
        home=home,
        plant=lambda shop, number: row(home, number, shop, change),
        expect=differs(home, *places),
        fits=fits,
    )


def in_document(
    home: str, name: str, values: dict[str, Any], *places: tuple[str, str], fits: Fits | None = None
) -> Fault:
    """Something else in a document."""
    return Fault(
        name=name,
        home=home,
        plant=lambda shop, number: sets(home, number, shop, values),
        expect=differs(home, *places) if places else said(home, outcome="unreadable"),
        fits=fits,
    )


def gone(home: str) -> Fault:
    """A row that is not there."""

    def plant(shop: Shop, number: int) -> None:
        found = shop.sql(f"delete from stacks.{TABLES.get(home, home)} where {own_row(home, number)} returning 1")  # noqa: S608 - constants of this file
        assert len(found) == 1
        if home == "loan":
            shop.sql(f"delete from stacks.loan_item where loan_id = '{row_id('loan', number)}'")  # noqa: S608 - as above

    return Fault(
        name="no row",
        home=home,
        plant=plant,
        expect=said(home, outcome="missing_in_target"),
        fits=is_hermit if home == "member" else None,
    )


def extra(home: str) -> Fault:
    """A document that is not there."""

    def plant(shop: Shop, number: int) -> None:
        assert shop.mongo[COLLECTIONS[home]].delete_one(mongo_filter(home, number)).deleted_count == 1

    return Fault(name="no document", home=home, plant=plant, expect=said(home, outcome="extra_in_target"))
