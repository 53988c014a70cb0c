"""Which paths count as mentioned, and when a field that is gone or of another type stops the comparison."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from reconciler.core.drift import (
    MASS,
    FieldsSeen,
    Filled,
    gone,
    insides,
    mentioned,
    mentioned_columns,
    retyped,
    taken_types,
    without_values,
)
from reconciler.core.spec import DomainSpec, EntitySpec, FieldKind, FieldSpec, NumberType, System
from tests.unit.core_world import embedded_entity, entity, field

pytestmark = pytest.mark.unit

NESTED = entity(
    field(FieldKind.TEXT, path="profile.phone"),
    field(FieldKind.DOUBLE, path="location.coordinates[0]", column="lng"),
    field(FieldKind.JSON, path="meta"),
    field(FieldKind.TEXT, path="meta.kind", column="meta_kind"),
    field(FieldKind.CHILDREN, path="parts"),
)
TOKENS = embedded_entity(owner_in_key=True)
USERS = replace(NESTED, name="user", collection="users", table="users")


def system(*entities: EntitySpec) -> System:
    return System(domains=(DomainSpec(name="d", title="d", entities=entities),))


def seen(looked_at: int = 40, **types: Mapping[str, int]) -> FieldsSeen:
    return FieldsSeen(looked_at=looked_at, types=types)


def test_objects_that_specifications_lead_through_are_looked_into() -> None:
    assert insides(NESTED) == ("location", "parts[]", "profile")
    assert insides(TOKENS) == ()


def test_every_path_on_the_way_is_mentioned_and_so_is_what_other_entities_keep_there() -> None:
    known = mentioned(USERS, system(USERS, TOKENS))
    assert {"_id", "__v", "profile", "profile.phone", "location", "location.coordinates", "meta", "tokens"} <= known
    assert "location.type" in known, "the type of a GeoJSON point"
    assert {"parts", "parts[].name", "parts[].size", "parts[].size.value", "parts[]._id"} <= known
    assert not {"profile.x", "hash", "parts[].x", "it"} & known
    assert mentioned(TOKENS, system(USERS, TOKENS)) == {"_id", "__v", "hash"}


def test_columns_are_mentioned_by_every_entity_of_the_table() -> None:
    known = mentioned_columns(USERS, system(USERS, TOKENS))
    assert known["parts"] == {"id", "parent_id", "position", "name", "size"}
    assert {"id", "legacy_object_id", "it", "lng", "meta_kind"} == known["users"]


def test_the_types_that_a_rule_takes() -> None:
    assert taken_types(field(FieldKind.DECIMAL, accepts=(NumberType.STRING,))) == {"string"}
    assert taken_types(field(FieldKind.DECIMAL)) == {"decimal", "double", "int", "long", "string"}
    assert taken_types(field(FieldKind.JSON)) == taken_types(NESTED.field("location.coordinates[0]")) == frozenset()


NOTE = field(FieldKind.TEXT, path="note")
SPEC = entity(NOTE, field(FieldKind.INSTANT, path="at", column="at"))


@pytest.mark.parametrize(
    ("found", "lost"),
    [
        (seen(at={"date": 40}), ("note",)),
        (seen(at={"date": 40}, note={"null": 40}), ("note",)),
        (seen(at={"date": 40}, note={"null": 39, "string": 1}), ()),
        (seen(looked_at=MASS - 1), ()),
        (seen(looked_at=MASS), ("note", "at")),
    ],
)
def test_a_field_is_wondered_about_where_no_document_has_a_value(found: FieldsSeen, lost: tuple[str, ...]) -> None:
    assert tuple(one.path for one in without_values(SPEC, found)) == lost


@pytest.mark.parametrize(
    ("rows", "filled", "known", "told"),
    [
        (40, 40, False, True),
        (40, 36, False, True),
        (40, 35, False, False),
        (40, 10, True, True),
        (40, 9, True, False),
        (9, 9, True, False),
        (40, 0, True, False),
    ],
)
def test_it_is_gone_where_the_target_still_has_it(rows: int, filled: int, known: bool, told: bool) -> None:  # noqa: FBT001 - cases
    lost: tuple[FieldSpec, ...] = (NOTE,)
    found = gone(
        SPEC,
        lost,
        filled=Filled(rows=rows, values={"note": filled}),
        known=frozenset({"note"} if known else ()),
        others=("remark",),
    )
    assert bool(found) is told
    assert not found or ("renamed" in found[0] and found[0].endswith("nobody mentions: remark"))


@pytest.mark.parametrize(
    ("types", "told"),
    [
        ({"date": 40}, False),
        ({"string": 40}, True),
        ({"string": 9}, False),
        ({"string": 39, "date": 1}, False),
        ({"null": 40}, False),
        ({"string": 20, "null": 20}, True),
    ],
)
def test_a_field_is_retyped_where_no_value_fits_its_rule(types: Mapping[str, int], told: bool) -> None:  # noqa: FBT001 - cases
    found = retyped(SPEC, seen(at=types))
    assert bool(found) is told
    assert not found or "expected date for kind instant, got string" in found[0]


def test_what_is_gone_is_told_with_all_that_is_known_of_it() -> None:
    both = (NOTE, SPEC.field("at"))
    filled = Filled(rows=1234, values={"note": 1200, "at": 1234})
    assert gone(SPEC, both, filled=filled, known=frozenset({"note"}), others=("remark", "when")) == (
        (
            "field note of entity thing is in no document of things, while 1,200 of 1,234 rows have a value "
            "(an earlier scan saw it): renamed, dropped or mistaken in the mapping; "
            "fields that nobody mentions: remark and when"
        ),
        (
            "field at of entity thing is in no document of things, while 1,234 of 1,234 rows have a value "
            "(it may never have been there): renamed, dropped or mistaken in the mapping; "
            "fields that nobody mentions: remark and when"
        ),
    )
    (told,) = gone(SPEC, both, filled=Filled(rows=40, values={"at": 40}), known=frozenset(), others=())
    assert told.endswith("renamed, dropped or mistaken in the mapping")


def test_what_is_retyped_is_told_with_both_types() -> None:
    spec = entity(field(FieldKind.DECIMAL, path="price", accepts=(NumberType.DECIMAL128, NumberType.STRING)))
    assert retyped(spec, seen(looked_at=MASS, price={"date": MASS - 1, "bool": 1})) == (
        (
            "field price of entity thing: expected decimal or string for kind decimal, "
            "got bool and date in every document of things"
        ),
    )
