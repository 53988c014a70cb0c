"""`reconciler init` on real stores: the marketplace against the bundled configuration, and databases unlike it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import Decimal128, ObjectId

from reconciler.adapters.config_files import load_configuration
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec, System
from tests.acceptance.command import ROOT, CommandLine, command_line, entities
from tests.acceptance.live import LiveSandbox, Shop

pytestmark = pytest.mark.contract

ENOUGH = 0.9
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
Facts = dict[tuple[str, ...], tuple[object, ...]]


def guessed(reconciler: CommandLine, folder: Path) -> System:
    """The system that `init --from-sources` writes to a folder; its files load without a mistake."""
    reconciler("init", "--from-sources", "--output", str(folder)).ended(0)
    return load_configuration(folder=folder, environ={}).system


def home(entity: EntitySpec) -> tuple[str, str, str]:
    """Where an entity's records lie, whatever it is called."""
    return (entity.collection, entity.embedded.path if entity.embedded else "", entity.table)


def facts_of(system: System) -> Facts:
    """What a configuration says of each field: path, column, kind, scale, items, and the table it refers to."""
    found: Facts = {}
    tables = {entity.name: entity.table for domain in system.domains for entity in domain.entities}
    for domain in system.domains:
        for entity in domain.entities:
            for item in entity.fields:
                named = tables.get(item.path, item.path)  # the owner's field bears the owner's name
                found[*home(entity), named] = meaning(item, tables)
                for child in item.children.fields if item.children else ():
                    found[*home(entity), f"{item.path}[].{child.path}"] = meaning(child, tables)
    return found


def meaning(item: FieldSpec, tables: dict[str, str]) -> tuple[object, ...]:
    child = (item.children.table, item.children.parent_column, item.children.position_column) if item.children else ()
    return (item.column, item.kind, item.scale, item.items, tables.get(item.refers_to, ""), *child)


def keys_of(system: System) -> dict[tuple[str, str, str], tuple[object, ...]]:
    """What makes the key of each entity, and which records are out of scope by time."""
    return {
        home(entity): (
            tuple(entity.field(path).column for path in entity.key),
            bool(entity.ttl) and not entity.embedded,
        )
        for domain in system.domains
        for entity in domain.entities
    }


# -- the marketplace ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("planted", [False, True], ids=["clean", "with every fault"])
def test_nine_fields_in_ten_of_the_marketplace_are_guessed_right(
    live_sandbox: LiveSandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, planted: bool
) -> None:
    with live_sandbox.shop(live_sandbox.template(planted=planted)) as shop:
        reconciler = command_line(mongodb_uri=shop.reader_mongodb_uri, pg_url=shop.reader_pg_url, folder=tmp_path)
        written = guessed(reconciler, tmp_path / "guessed")
    bundled = load_configuration(folder=ROOT / "config", environ={}).system
    wanted, found = facts_of(bundled), facts_of(written)
    wrong = {place: (meant, found.get(place)) for place, meant in wanted.items() if found.get(place) != meant}
    share = 1 - len(wrong) / len(wanted)
    with capsys.disabled():
        print(f"\ninit: {len(wanted) - len(wrong)} of {len(wanted)} fields as bundled ({share:.1%}); others: {wrong}")  # noqa: T201 - the measure

    assert share >= ENOUGH
    assert not set(found) - set(wanted)
    assert keys_of(written) == keys_of(bundled)
    assert {name for one in written.domains for name in one.collections} == {
        name for one in bundled.domains for name in one.collections
    } - {"configsettings", "users.points"}  # parts of collections that are compared
    assert written.gaps_table == bundled.gaps_table


def test_the_guessed_marketplace_runs_and_differs_only_in_what_no_schema_tells(
    shop: Shop, reconciler: CommandLine, tmp_path: Path
) -> None:
    written = guessed(reconciler, tmp_path / "guessed")
    given = reconciler.given(RECONCILER_CONFIG=str(tmp_path / "guessed"))
    given("doctor").ended(0)
    run = given.run(code=1)

    tables = {entity.name: entity.table for domain in written.domains for entity in domain.entities}
    differing = {tables[name] for name, one in entities(run).items() if one["outcomes"]["matched"] != one["seen"]}
    differing -= {entity.table for domain in written.domains for entity in domain.entities if entity.ttl}
    assert differing == {"refresh_tokens", "config_settings", "config_setting_history"}
    assert run["run"]["status"] == "completed"


def test_one_document_of_each_collection_is_enough_for_files_that_load(
    shop: Shop, reconciler: CommandLine, tmp_path: Path
) -> None:
    reconciler("init", "--from-sources", "--sample", "1", "--output", str(tmp_path / "guessed")).ended(0)
    reconciler.given(RECONCILER_CONFIG=str(tmp_path / "guessed"))("doctor").ended(0)


def test_what_is_unsure_is_marked_and_no_value_is_written(shop: Shop, reconciler: CommandLine, tmp_path: Path) -> None:
    reconciler("init", "--from-sources", "--output", str(tmp_path / "guessed")).ended(0)
    texts = [path.read_text(encoding="utf-8") for path in sorted((tmp_path / "guessed").rglob("*.toml"))]
    written = "\n".join([*texts, reconciler.heard[-1].said])

    assert written.count("# unsure:") > len(texts)
    assert "set scope" in written
    values = {
        text for collection in shop.mongo.list_collection_names() for text in long_texts(shop.mongo[collection].find())
    }
    assert len(values) > 1000
    assert not [text for text in values if not text.isidentifier() and text in written]
    assert not re.search(r"[0-9a-f]{24}", written)


def long_texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any BSON value
    """Every text of eight letters and more, ids and dates among them."""
    if isinstance(value, dict):
        for item in value.values():
            yield from long_texts(item)
    elif isinstance(value, str | ObjectId | datetime | Decimal128):
        yield from [str(value)] if len(str(value)) >= 8 else []
    elif not isinstance(value, bytes | int | float | None):
        for item in value:
            yield from long_texts(item)


# -- a hospital: whole numbers as keys, another schema, foreign keys, types that nothing takes -------------------------

HOSPITAL = """
create schema clinic;
create table clinic.ward (ward_no int primary key, name varchar(80) not null, bed_count int, is_open boolean);
create table clinic.patient_record (
  patient_number int primary key, full_name text not null, ward_no int references clinic.ward (ward_no),
  weight_kg numeric(5,1), allergies text[], admitted_at timestamptz, admission_reason text, chart jsonb, born date,
  unique (full_name)
);
create table clinic.shift_plan (day date primary key, nurse text);
"""


def hospital(shop: Shop) -> None:
    """Wards and patients that agree."""
    for statement in filter(None, HOSPITAL.split(";\n")):
        shop.sql(statement)
    for ward in range(1, 9):
        document = {
            "_id": ObjectId(),
            "wardNo": ward,
            "name": f"Ward {ward}",
            "beds": ward * 3 + 1,
            "isOpen": ward % 3 > 0,
        }
        shop.mongo["wards"].insert_one(document)
        values = (ward, document["name"], document["beds"], document["isOpen"])
        shop.sql("insert into clinic.ward values ($1, $2, $3, $4)", *values)
    for number in range(1001, 1061):
        admitted = START + timedelta(hours=number, milliseconds=7)
        weight, allergies = 50 + number % 40 + 0.5, ["dust", "nuts"][: number % 3]
        document = {
            "_id": number, "fullName": f"Patient {number}", "wardNo": number % 8 + 1, "weightKg": weight,
            "allergies": allergies, "admission": {"at": admitted, "reason": f"reason {number % 5}"},
            "chart": {"pulse": [60 + number % 9, 71.5], "note": None}, "born": START - timedelta(days=number),
        }  # fmt: skip
        shop.mongo["patients"].insert_one(document)
        shop.sql(
            "insert into clinic.patient_record values ($1, $2, $3, $4::float8, $5, $6, $7, $8, $9)",
            number, document["fullName"], number % 8 + 1, weight, allergies, admitted, f"reason {number % 5}",
            f'{{"note": null, "pulse": [{60 + number % 9}, 71.5]}}', (START - timedelta(days=number)).date(),
        )  # fmt: skip


# -- a library: texts as keys, uuids only here and there, a child table without a key ----------------------------------

LIBRARY = """
create table book (
  isbn text primary key, title text, authors jsonb, copies smallint, price numeric(8,2), pages int, language char(3)
);
create table library_members (
  member_code varchar(10) primary key, email text unique, phone text, joined_at timestamptz, active boolean
);
create table loans (id uuid primary key, mongo_id char(24) unique, member_code text, isbn text, due_at timestamptz);
create table loan_events (loan_id uuid not null, seq int not null, event text, at timestamptz, unique (loan_id, seq));
"""


def library(shop: Shop) -> None:
    """Books, members and loans that agree."""
    for statement in filter(None, LIBRARY.split(";\n")):
        shop.sql(statement)
    for number in range(30):
        isbn, title, price = f"978-3-{number:05d}", f"Title {number}", Decimal128(f"{number}.5")
        document: dict[str, Any] = {
            "_id": isbn, "title": title, "authors": [{"name": f"A {number}", "role": "author"}], "copies": number % 4,
            "price": price, "details": {"pages": 100 + number, "language": "en" if number % 2 else "deu"},
        }  # fmt: skip
        shop.mongo["books"].insert_one(document)
        shop.sql(
            "insert into book values ($1, $2, $3, $4, $5, $6, $7)",
            isbn, title, f'[{{"role": "author", "name": "A {number}"}}]', number % 4, price.to_decimal(), 100 + number,
            document["details"]["language"],
        )  # fmt: skip
        code, mail, joined = f"M-{number:05d}", f"Reader{number}@Example.org", START + timedelta(days=number)
        contact = {"email": mail, "phone": f"+49 30 {number:06d}"}
        shop.mongo["members"].insert_one({"_id": code, "contact": contact, "joined": joined, "active": number % 5 > 0})
        values = (code, mail.lower(), contact["phone"], joined, number % 5 > 0)
        shop.sql("insert into library_members values ($1, $2, $3, $4, $5)", *values)
        key, due = ObjectId(), START + timedelta(days=30 + number)
        events = [{"event": f"event {number} {one}", "at": START + timedelta(hours=one)} for one in range(number % 3)]
        shop.mongo["loans"].insert_one({"_id": key, "member": code, "book": isbn, "due": due, "events": events})
        row = shop.sql(
            "insert into loans values (gen_random_uuid(), $1, $2, $3, $4) returning id", str(key), code, isbn, due
        )[0]
        for place, event in enumerate(events):
            shop.sql("insert into loan_events values ($1, $2, $3, $4)", row["id"], place, event["event"], event["at"])


@pytest.fixture
def foreign(live_sandbox: LiveSandbox) -> Iterator[Shop]:
    """Empty databases of one's own."""
    with live_sandbox.empty_shop() as fresh:
        yield fresh


def kinds(system: System, table: str) -> dict[str, tuple[str, FieldKind]]:
    """Column and kind of each path of the entity of a table."""
    found = [one for domain in system.domains for one in domain.entities if one.table == table]
    return {item.path: (item.column, item.kind) for item in found[0].fields}


def test_a_hospital_gets_a_working_configuration(foreign: Shop, tmp_path: Path) -> None:
    hospital(foreign)
    reconciler = command_line(mongodb_uri=foreign.reader_mongodb_uri, pg_url=foreign.reader_pg_url, folder=tmp_path)
    system = guessed(reconciler, tmp_path / "guessed")
    given = reconciler.given(RECONCILER_CONFIG=str(tmp_path / "guessed"))

    assert kinds(system, "ward") == {
        "wardNo": ("ward_no", FieldKind.INTEGER), "name": ("name", FieldKind.TEXT),
        "beds": ("bed_count", FieldKind.INTEGER), "isOpen": ("is_open", FieldKind.BOOLEAN),
    }  # fmt: skip
    assert kinds(system, "patient_record") == {
        "_id": ("patient_number", FieldKind.INTEGER), "fullName": ("full_name", FieldKind.TEXT),
        "wardNo": ("ward_no", FieldKind.INTEGER), "weightKg": ("weight_kg", FieldKind.DECIMAL),
        "allergies": ("allergies", FieldKind.ARRAY), "admission.at": ("admitted_at", FieldKind.INSTANT),
        "admission.reason": ("admission_reason", FieldKind.TEXT), "chart": ("chart", FieldKind.JSON),
    }  # fmt: skip
    told = (tmp_path / "guessed" / "domains" / "patient_record.toml").read_text(encoding="utf-8")
    assert "# not compared: column born: no kind takes its type date" in told
    assert "clinic.shift_plan: no collection for it was found" in (tmp_path / "guessed" / "service.toml").read_text()
    given("doctor").ended(0)
    assert given.run(code=0)["verdict"] == "clean"

    foreign.sql("update clinic.patient_record set chart = '{}' where patient_number = 1007")
    foreign.mongo["wards"].insert_one({"_id": ObjectId(), "wardNo": 99, "name": "Attic", "beds": 1, "isOpen": False})
    given.run(code=1)
    found = given.diffs()
    assert {(one["entity"], one["outcome"]) for one in found} == {
        ("patient_record", "field_mismatch"),
        ("ward", "missing_in_target"),
    }
    assert {field["path"].partition(".")[0] for one in found for field in one["fields"]} == {"chart"}


def test_a_library_gets_a_working_configuration(foreign: Shop, tmp_path: Path) -> None:
    library(foreign)
    reconciler = command_line(mongodb_uri=foreign.reader_mongodb_uri, pg_url=foreign.reader_pg_url, folder=tmp_path)
    system = guessed(reconciler, tmp_path / "guessed")
    given = reconciler.given(RECONCILER_CONFIG=str(tmp_path / "guessed"))

    assert kinds(system, "book") == {
        "_id": ("isbn", FieldKind.TEXT), "title": ("title", FieldKind.TEXT), "authors": ("authors", FieldKind.JSON),
        "copies": ("copies", FieldKind.INTEGER), "price": ("price", FieldKind.DECIMAL),
        "details.pages": ("pages", FieldKind.INTEGER), "details.language": ("language", FieldKind.CHAR),
    }  # fmt: skip
    assert kinds(system, "library_members")["contact.email"] == ("email", FieldKind.LOWER)
    assert kinds(system, "loans") == {
        "_id": ("mongo_id", FieldKind.IDENTITY), "member": ("member_code", FieldKind.TEXT),
        "book": ("isbn", FieldKind.TEXT), "due": ("due_at", FieldKind.INSTANT), "events": ("", FieldKind.CHILDREN),
    }  # fmt: skip
    given("doctor").ended(0)
    assert given.run(code=0)["verdict"] == "clean"

    foreign.sql("update book set title = 'Another' where isbn = '978-3-00004'")
    foreign.sql("update loan_events set event = 'lost' where event = 'event 5 1'")
    foreign.sql("insert into library_members (member_code) values ('M-99999')")
    given.run(code=1)
    assert {(one["entity"], one["outcome"]) for one in given.diffs()} == {
        ("book", "field_mismatch"), ("loan", "field_mismatch"), ("library_member", "extra_in_target"),
    }  # fmt: skip


# -- the command -------------------------------------------------------------------------------------------------------


def test_without_sources_a_commented_example_is_written_that_loads(tmp_path: Path) -> None:
    reconciler = command_line(mongodb_uri="", pg_url="", folder=tmp_path)
    reconciler("init").ended(0)
    system = load_configuration(folder=tmp_path / "config", environ={}).system

    assert [domain.name for domain in system.domains] == ["example"]
    assert sorted(path.name for path in (tmp_path / "config").rglob("*.toml")) == ["example.toml", "service.toml"]


def test_nothing_is_overwritten_and_force_sets_aside(tmp_path: Path) -> None:
    reconciler = command_line(mongodb_uri="", pg_url="", folder=tmp_path)
    reconciler("init", "--output", "mine").ended(0)
    own = tmp_path / "mine" / "domains" / "example.toml"
    own.write_text("mine", encoding="utf-8")

    refused = reconciler("init", "--output", "mine").ended(2)
    assert "--force" in refused.stderr
    assert own.read_text(encoding="utf-8") == "mine"
    reconciler("init", "--output", "mine", "--force").ended(0)
    assert own.read_text(encoding="utf-8") != "mine"
    assert own.with_name(".example.toml.before-1").read_text(encoding="utf-8") == "mine"


def test_without_addresses_nothing_is_written(tmp_path: Path) -> None:
    reconciler = command_line(mongodb_uri="", pg_url="", folder=tmp_path)
    refused = reconciler("init", "--from-sources").ended(2)

    assert "MONGODB_URI" in refused.stderr
    assert "PG_URL" in refused.stderr
    assert not (tmp_path / "config").exists()


def test_empty_stores_give_the_example(foreign: Shop, tmp_path: Path) -> None:
    reconciler = command_line(mongodb_uri=foreign.reader_mongodb_uri, pg_url=foreign.reader_pg_url, folder=tmp_path)
    assert [domain.name for domain in guessed(reconciler, tmp_path / "guessed").domains] == ["example"]
