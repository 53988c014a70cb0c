"""Repair statements spell each value so that it can't be misread, guard what they change, refuse what is unsafe."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from reconciler.core.model import (
    MISSING,
    ChildRow,
    DanglingReason,
    DanglingReference,
    DiffKind,
    FieldDiff,
    InfiniteInstant,
    Instant,
    JsonText,
    ObjectIdValue,
    Opaque,
    Outcome,
    Raw,
    RawRecord,
    ResolvedReference,
    Sensitivity,
)
from reconciler.core.repair import mongo, mongo_values, sql, sql_values
from reconciler.core.repair.plan import CannotRepair, Direction, Plan, Refusal, Step, Wrong
from reconciler.core.repair.writing import Heading, written
from reconciler.core.spec import ChildTable, DomainSpec, Embedded, EntitySpec, FieldKind, FieldSpec, System

pytestmark = pytest.mark.unit

PLAIN = Sensitivity.PLAIN
KEY = "64f1c0a2e9b1d3c4a5b6c7d8"
ID = FieldSpec(path="_id", kind=FieldKind.IDENTITY, column="legacy_object_id", sensitivity=PLAIN)


def field(kind: FieldKind, path: str = "f", **more: object) -> FieldSpec:
    return FieldSpec(**{"path": path, "kind": kind, "column": "f", "sensitivity": PLAIN} | more)  # type: ignore[arg-type]


def entity(*fields: FieldSpec, name: str = "thing", **more: object) -> EntitySpec:
    given = {"name": name, "collection": name, "table": name, "fields": (ID, *fields), "key": ("_id",)}
    return EntitySpec(**given | more)  # type: ignore[arg-type]


SYSTEM = System(domains=(DomainSpec(name="d", title="D", entities=(entity(field(FieldKind.TEXT)),)),))
REFERENCE = field(FieldKind.REFERENCE, refers_to="thing")
FOUND = f"""(SELECT "id" FROM "public"."thing" WHERE "legacy_object_id" = '{KEY}')"""  # noqa: S608 - compared, not run


@pytest.mark.parametrize(
    ("spec", "raw", "text"),
    [
        (field(FieldKind.TEXT), "O'Reilly \\ \n", "'O''Reilly \\ \n'"),
        (field(FieldKind.TEXT), MISSING, "NULL"),
        (field(FieldKind.CI), "0xAb", "'0xAb'"),
        (field(FieldKind.LOWER), "A@X", "'a@x'"),
        (field(FieldKind.INTEGER), 7.0, "'7'"),
        (field(FieldKind.DECIMAL, scale=2), "10.005", "'10.01'"),
        (field(FieldKind.DECIMAL, scale=2), Decimal("NaN"), "'NaN'"),
        (field(FieldKind.DOUBLE), 0.1, "'0.1'"),
        (field(FieldKind.BOOLEAN), False, "'false'"),
        (field(FieldKind.INSTANT), Instant(1_700_000_000_123_000), "'2023-11-14T22:13:20.123+00'"),
        (field(FieldKind.BYTES), b"\x00\xff", "'\\x00ff'"),
        (field(FieldKind.ARRAY, items=FieldKind.TEXT), ['a"b', "c\\d", None], """'{"a\\"b","c\\\\d",NULL}'"""),
        (field(FieldKind.JSON), {"a": [1, True, None, "x'y"]}, """'{"a": [1, true, null, "x''y"]}'"""),
        (REFERENCE, ObjectIdValue(KEY), FOUND),
    ],
)
def test_a_documents_value_as_sql(spec: FieldSpec, raw: Raw, text: str) -> None:
    assert sql_values.wanted(spec, raw, SYSTEM) == text


@pytest.mark.parametrize(
    ("spec", "raw"),
    [
        (field(FieldKind.TEXT), 7),
        (field(FieldKind.TEXT), "a\0b"),
        (field(FieldKind.INTEGER), 1.5),
        (field(FieldKind.INTEGER), float("nan")),
        (field(FieldKind.JSON), {"a": Decimal(1)}),
        (field(FieldKind.JSON), {"a": "\0"}),
        (field(FieldKind.JSON), {"a": float("inf")}),
        (field(FieldKind.INSTANT), Instant(10**18)),
        (field(FieldKind.DECIMAL, scale=2), "twelve"),
    ],
)
def test_a_value_without_a_safe_form_is_refused(spec: FieldSpec, raw: Raw) -> None:
    with pytest.raises(CannotRepair) as refused:
        sql_values.wanted(spec, raw, SYSTEM)
    assert "twelve" not in refused.value.reason


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (None, '"f" IS NULL'),
        ("it's", "\"f\" IS NOT DISTINCT FROM 'it''s'"),
        (Instant(1_700_000_000_123_456), "\"f\" IS NOT DISTINCT FROM '2023-11-14T22:13:20.123456+00'"),
        (InfiniteInstant("infinity"), "\"f\" IS NOT DISTINCT FROM 'infinity'"),
        (Decimal("19.990"), "\"f\" IS NOT DISTINCT FROM '19.990'"),
        (JsonText('{"a": 1}'), """"f"::jsonb IS NOT DISTINCT FROM '{"a": 1}'::jsonb"""),
        ([1, None], """"f" IS NOT DISTINCT FROM '{"1",NULL}'"""),
        (DanglingReference(DanglingReason.NO_ROW, "0f-9"), "\"f\" = '0f-9'"),
    ],
)
def test_what_was_seen_as_a_condition(raw: Raw, text: str) -> None:
    assert sql_values.still('"f"', field(FieldKind.TEXT), raw, SYSTEM) == text


def test_a_reference_seen_is_looked_up_and_never_taken_for_null() -> None:
    assert sql_values.still('"f"', REFERENCE, ResolvedReference(KEY), SYSTEM) == f'"f" = {FOUND}'


def differing(spec: FieldSpec, *, note: str = "") -> FieldDiff:
    return FieldDiff(
        path=spec.path, kind=DiffKind.VALUE, source="a", target="b", sensitivity=spec.sensitivity, field_path=spec.path,
        note=note,
    )  # fmt: skip


def wrong(spec: FieldSpec, source: Raw, target: Raw, **more: object) -> Wrong:
    given = {
        "key": KEY,
        "outcome": Outcome.FIELD_MISMATCH,
        "source": RawRecord(id=KEY, values=(ObjectIdValue(KEY), source)),
        "target": RawRecord(id="row", values=(KEY, target)),
        "fields": (differing(spec),),
    }
    return Wrong(**given | more)  # type: ignore[arg-type]


def test_an_update_sets_what_differs_while_the_row_is_the_one_that_was_seen() -> None:
    spec = field(FieldKind.TEXT)
    step = sql.repaired(entity(spec), wrong(spec, "01234", "1234"), SYSTEM, delete=False)
    (text,) = step.texts
    assert text.splitlines() == [
        """UPDATE "public"."thing" SET "f" = '01234'""",
        """ WHERE "id" = 'row'""",
        f"""   AND "legacy_object_id" IS NOT DISTINCT FROM '{KEY}'""",
        """   AND "f" IS NOT DISTINCT FROM '1234';""",
    ]


def test_a_reference_that_is_not_found_writes_nothing() -> None:
    step = sql.repaired(entity(REFERENCE), wrong(REFERENCE, ObjectIdValue(KEY), None), SYSTEM, delete=False)
    assert f"AND {FOUND} IS NOT NULL;" in step.texts[0]


CHILD = FieldSpec(
    path="tokens",
    kind=FieldKind.CHILDREN,
    sensitivity=PLAIN,
    children=ChildTable(
        table="token", parent_column="thing_id", position_column="position", fields=(field(FieldKind.TEXT, "name"),)
    ),
)


def test_child_rows_are_mended_cell_by_cell_and_missing_ones_inserted() -> None:
    source, rows = [{"name": "a"}, {"name": "b"}, {"name": "c"}], (ChildRow(0, ("a",)), ChildRow(1, ("x",)))
    step = sql.repaired(entity(CHILD), wrong(CHILD, source, rows), SYSTEM, delete=False)
    update, insert = step.texts
    assert '"position" = 1\n   AND "f" IS NOT DISTINCT FROM \'x\'' in update
    assert insert.startswith('INSERT INTO "public"."token" ("thing_id", "position", "f")\nSELECT \'row\', 2, \'c\'')
    assert "NOT EXISTS" in insert


@pytest.mark.parametrize(
    ("source", "rows"),
    [
        ([], (ChildRow(0, ("a",)),)),
        ([{"name": "a"}], (ChildRow(0, ("a",)), ChildRow(0, ("b",)))),
        ([{"name": "a"}], (ChildRow(None, ("a",)),)),
        (["a"], ()),
    ],
)
def test_child_rows_that_are_ambiguous_or_too_many_are_left_to_a_person(source: Raw, rows: Raw) -> None:
    with pytest.raises(CannotRepair):
        sql.repaired(entity(CHILD), wrong(CHILD, source, rows), SYSTEM, delete=True)


def test_a_missing_row_is_inserted_with_its_children_or_not_at_all() -> None:
    spec = field(FieldKind.TEXT)
    made = entity(spec, CHILD)
    source = RawRecord(id=KEY, values=(ObjectIdValue(KEY), "x", [{"name": "a"}]))
    step = sql.repaired(
        made, Wrong(key=KEY, outcome=Outcome.MISSING_IN_TARGET, source=source, target=None), SYSTEM, delete=False
    )  # fmt: skip
    (text,) = step.texts
    assert text.startswith("WITH made AS (\nINSERT INTO")
    assert "ON CONFLICT DO NOTHING\nRETURNING" in text
    assert "FROM made), child" not in text
    assert text.endswith("SELECT count(*) FROM made;")
    hidden = entity(replace(spec, sensitivity=Sensitivity.SECRET))
    one = RawRecord(id=KEY, values=(ObjectIdValue(KEY), "x"))
    missing = Wrong(key=KEY, outcome=Outcome.MISSING_IN_TARGET, source=one, target=None)
    with pytest.raises(CannotRepair, match="secret"):
        sql.repaired(hidden, missing, SYSTEM, delete=False)


def test_a_row_too_many_is_listed_and_deleted_on_request_only() -> None:
    spec = field(FieldKind.TEXT)
    extra = replace(wrong(spec, None, "x"), outcome=Outcome.EXTRA_IN_TARGET, source=None)
    assert sql.repaired(entity(spec), extra, SYSTEM, delete=False).listed
    (text,) = sql.repaired(entity(spec), extra, SYSTEM, delete=True).texts
    assert text.startswith('DELETE FROM "public"."thing"')
    assert "\"f\" IS NOT DISTINCT FROM 'x'" in text


@pytest.mark.parametrize("outcome", [Outcome.UNREADABLE, Outcome.KEY_DEFECT, Outcome.MATCHED])
def test_what_is_for_a_person_is_refused_in_either_direction(outcome: Outcome) -> None:
    spec = field(FieldKind.TEXT)
    one = wrong(spec, "a", "b", outcome=outcome)
    with pytest.raises(CannotRepair):
        sql.repaired(entity(spec), one, SYSTEM, delete=True)
    with pytest.raises(CannotRepair):
        mongo.repaired(entity(spec), one, delete=True)


# -- towards MongoDB ---------------------------------------------------------------------------------------------------


def command(step: Step) -> dict[str, object]:
    (text,) = step.texts
    made: dict[str, object] = json.loads(text)
    return made


def test_an_update_of_a_document_holds_what_was_seen_against_it() -> None:
    spec = field(FieldKind.INTEGER, "profile.age")
    step = mongo.repaired(entity(spec), wrong(spec, 7.5, 7), delete=False)
    assert command(step)["updates"] == [
        {
            "q": {
                "_id": {"$oid": KEY},
                "$expr": {"$and": [{"$eq": ["$profile.age", {"$literal": {"$numberDouble": "7.5"}}]}]},
            },
            "u": {"$set": {"profile.age": {"$numberInt": "7"}}},
            "multi": False,
        }
    ]


@pytest.mark.parametrize(
    ("seen", "condition"),
    [(MISSING, {"$eq": [{"$type": "$f"}, "missing"]}), (None, {"$eq": [{"$type": "$f"}, "null"]})],
)
def test_null_and_missing_are_told_apart(seen: Raw, condition: object) -> None:
    spec = field(FieldKind.TEXT)
    made = command(mongo.repaired(entity(spec), wrong(spec, seen, "x"), delete=False))
    assert condition in made["updates"][0]["q"]["$expr"]["$and"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("spec", "raw", "told"),
    [
        (field(FieldKind.INTEGER), 2**40, {"$numberLong": str(2**40)}),
        (field(FieldKind.DECIMAL, scale=2), Decimal("19.99"), {"$numberDecimal": "19.99"}),
        (field(FieldKind.DOUBLE), 0.1, {"$numberDouble": "0.1"}),
        (field(FieldKind.INSTANT), Instant(1_700_000_000_123_999), {"$date": {"$numberLong": "1700000000123"}}),
        (field(FieldKind.BYTES), b"\x01", {"$binary": {"base64": "AQ==", "subType": "00"}}),
        (REFERENCE, ResolvedReference(KEY), {"$oid": KEY}),
        (field(FieldKind.CI), "0xAb", "0xAb"),
        (field(FieldKind.JSON), JsonText('{"a": [1, true]}'), {"a": [{"$numberInt": "1"}, True]}),
        (field(FieldKind.JSON), JsonText("1.5"), {"$numberDouble": "1.5"}),
        (field(FieldKind.TEXT), None, None),
    ],
)  # fmt: skip
def test_a_rows_value_as_extended_json(spec: FieldSpec, raw: Raw, told: object) -> None:
    assert mongo_values.wanted(spec, raw) == told


@pytest.mark.parametrize(
    ("spec", "raw"),
    [
        (field(FieldKind.LOWER), "Ab"),
        (field(FieldKind.INTEGER), 2**63),
        (field(FieldKind.DECIMAL, scale=2), Decimal("1" * 35)),
        (field(FieldKind.JSON), JsonText(f'{{"a": "{KEY}"}}')),
        (field(FieldKind.JSON), JsonText('{"a": "2024-01-01T00:00:00.000Z"}')),
        (field(FieldKind.JSON), JsonText('{"$where": "1"}')),
        (field(FieldKind.JSON), JsonText('{"a": 0.1234567890123456789}')),
        (REFERENCE, DanglingReference(DanglingReason.NO_ROW, "0f-9")),
    ],
)
def test_what_a_document_could_not_be_sure_of_is_refused(spec: FieldSpec, raw: Raw) -> None:
    with pytest.raises(CannotRepair):
        mongo_values.wanted(spec, raw)


def test_what_only_the_backend_writes_whole_is_refused() -> None:
    refused: list[Callable[[], object]] = [
        lambda: mongo.repaired(entity(CHILD), wrong(CHILD, [], ()), delete=False),
        lambda: mongo.repaired(
            entity(field(FieldKind.TEXT), embedded=Embedded(path="x", many=True, owner="thing", column="t")),
            wrong(field(FieldKind.TEXT), "a", "b"),
            delete=False,
        ),
        lambda: mongo_values.seen_value(field(FieldKind.TEXT), Opaque("regex")),
    ]
    for attempt in refused:
        with pytest.raises(CannotRepair):
            attempt()


# -- the file ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("direction", "mark"), [(Direction.POSTGRES, "-- "), (Direction.MONGO, "// ")])
def test_nothing_that_is_told_beside_statements_can_become_one(direction: Direction, mark: str) -> None:
    hostile = "x\n; DROP TABLE t;\u2028run({});"
    plan = Plan(
        direction=direction,
        steps=[Step(key=hostile, told=hostile, texts=("STATEMENT",)), Step(key=hostile, told=hostile)],
        refusals=[Refusal(key=hostile, reason=hostile)],
    )
    heading = Heading(
        cluster="K-1", title=hostile, place=hostile, made_at=datetime(2026, 3, 1, tzinfo=UTC), made_by=hostile,
        proof=hostile, file=hostile,
    )  # fmt: skip
    for line in written(plan, heading).splitlines():
        assert "DROP" not in line or line.startswith(mark)
