"""A specification that means nothing cannot be built."""

from datetime import timedelta
from typing import Any

import pytest

from reconciler.core.model import Sensitivity
from reconciler.core.spec import (
    ChildTable,
    DomainSpec,
    EntitySpec,
    FieldKind,
    FieldSpec,
    GatePolicy,
    InvariantKind,
    InvariantSpec,
    Scope,
    System,
)
from reconciler.errors import InvalidSpec
from tests.unit.core_world import IDENTITY, children, embedded_entity, entity, field

TEXT = field(FieldKind.TEXT)


@pytest.mark.parametrize(
    "attributes",
    [
        {"kind": FieldKind.TEXT, "scale": 2}, {"kind": FieldKind.DECIMAL}, {"kind": FieldKind.DECIMAL, "scale": -1},
        {"kind": FieldKind.DECIMAL, "scale": 101},
        {"kind": FieldKind.ARRAY}, {"kind": FieldKind.TEXT, "items": FieldKind.TEXT},
        {"kind": FieldKind.ARRAY, "items": FieldKind.JSON},
        {"kind": FieldKind.ARRAY, "items": FieldKind.REFERENCE}, {"kind": FieldKind.ARRAY, "items": FieldKind.DECIMAL},
        {"kind": FieldKind.REFERENCE},
        {"kind": FieldKind.TEXT, "refers_to": "user"}, {"kind": FieldKind.CHILDREN},
        {"kind": FieldKind.CHILDREN, "children": children()},
        {"kind": FieldKind.TEXT, "children": children()}, {"kind": FieldKind.TEXT, "column": ""},
    ],
)  # fmt: skip
def test_a_field_has_what_its_kind_needs_and_nothing_else(attributes: dict[str, Any]) -> None:
    with pytest.raises(InvalidSpec):
        FieldSpec(**({"path": "it", "column": "it"} | attributes))


@pytest.mark.parametrize("path", ["", ".a", "a.", "a..b", "$a", "a.$b", "a[b]", "[0]", "a\0b", "a["])
def test_paths_that_lead_nowhere(path: str) -> None:
    with pytest.raises(InvalidSpec):
        FieldSpec(path=path, kind=FieldKind.TEXT, column="it")


@pytest.mark.parametrize("path", ["a", "_id", "a.b", "a[0]", "a[0][1].b", "größe", "über", "first-name", "2fa", "a b"])
def test_paths_to_any_name_that_mongodb_can_project(path: str) -> None:
    assert FieldSpec(path=path, kind=FieldKind.TEXT, column="it").path == path


def test_a_field_is_secret_unless_declared_otherwise() -> None:
    assert FieldSpec(path="it", kind=FieldKind.TEXT, column="it").sensitivity is Sensitivity.SECRET


@pytest.mark.parametrize("fields", [(), (field(FieldKind.CHILDREN),), (IDENTITY,), (TEXT, TEXT)])
def test_a_child_table_holds_single_values_each_once(fields: tuple[FieldSpec, ...]) -> None:
    with pytest.raises(InvalidSpec):
        ChildTable(table="t", parent_column="p", position_column="n", fields=fields)


@pytest.mark.parametrize(
    "attributes",
    [
        {"name": "Thing"}, {"fields": (TEXT, TEXT)}, {"key": ()}, {"key": ("nothing",)}, {"ttl": "it"},
        {"ttl": "nothing"},
        {"scope": Scope(path="nothing", prefix="x")}, {"fields": (IDENTITY, field(FieldKind.DOUBLE)), "key": ("it",)},
        {"fields": (IDENTITY, field(FieldKind.REFERENCE)), "key": ("it",)},
        {"fields": (IDENTITY, field(FieldKind.CI)), "key": ("it",)},
        {"fields": (field(FieldKind.TEXT, path="it[0]"),), "key": ("it[0]",)},
        {"fields": (IDENTITY, field(FieldKind.INTEGER)), "scope": Scope(path="it", prefix="x")},
    ],
)  # fmt: skip
def test_an_entitys_names_lead_to_fields_of_the_right_kind(attributes: dict[str, Any]) -> None:
    whole = {"name": "thing", "collection": "c", "table": "t", "fields": (IDENTITY, TEXT), "key": ("_id",)}
    with pytest.raises(InvalidSpec):
        EntitySpec(**(whole | attributes))


def test_the_owner_is_the_last_part_of_the_order() -> None:
    assert embedded_entity(owner_in_key=True).ordered_key == ("hash", "user")
    assert embedded_entity(owner_in_key=True).owner_in_key
    assert not embedded_entity(owner_in_key=False).owner_in_key


def test_only_a_legacy_id_is_no_natural_key() -> None:
    assert not entity(TEXT).natural_key
    assert entity(field(FieldKind.TEXT, path="_id")).natural_key
    assert entity(TEXT, key=["it"]).natural_key


@pytest.mark.parametrize("sensitivity", Sensitivity)
def test_a_key_that_may_not_be_shown_is_told(sensitivity: Sensitivity) -> None:
    assert entity(field(FieldKind.TEXT, sensitivity=sensitivity), key=["it"]).secret_key == (
        sensitivity is not Sensitivity.PLAIN
    )


@pytest.mark.parametrize(
    "attributes",
    [
        {"min_clean_scans": 0}, {"min_coverage": 0.0}, {"min_coverage": 1.1}, {"approvals": -1},
        {"soak_window": timedelta(-1)},
    ],
)  # fmt: skip
def test_a_policy_asks_for_something_possible(attributes: dict[str, Any]) -> None:
    with pytest.raises(InvalidSpec):
        GatePolicy(**attributes)


def test_a_domain_compares_something_or_says_why_not() -> None:
    for attributes in (
        {},
        {"entities": (entity(TEXT),), "not_comparable": "why"},
        {"entities": (entity(TEXT), entity(TEXT))},
    ):
        with pytest.raises(InvalidSpec):
            DomainSpec(name="d", title="D", **attributes)


def test_flip_and_rollback_are_empty_without_a_live_flag() -> None:
    live = DomainSpec(name="d", title="D", entities=(entity(TEXT),), flag="D_STORE")
    dead = DomainSpec(name="d", title="D", entities=(entity(TEXT),), flag="D_STORE", live_flag=False)
    assert (live.flip, live.rollback, dead.flip, dead.rollback) == ("D_STORE=postgres", "D_STORE=mongo", "", "")


def test_a_system_leads_nowhere_outside_itself() -> None:
    lost = DomainSpec(name="d", title="D", entities=(entity(field(FieldKind.REFERENCE)),))
    waiting = DomainSpec(name="d", title="D", entities=(entity(TEXT),), depends_on=("auth",))
    twice = (
        DomainSpec(name="a", title="A", entities=(entity(TEXT),)),
        DomainSpec(name="b", title="B", entities=(entity(TEXT),)),
    )
    for domains in ((lost,), (waiting,), twice):
        with pytest.raises(InvalidSpec):
            System(domains=domains)


def owner_and(*others: EntitySpec, invariants: tuple[InvariantSpec, ...] = ()) -> System:
    """A system of users and these."""
    user = EntitySpec(name="user", collection="users", table="users", fields=(IDENTITY, TEXT), key=("_id",))
    return System(domains=(DomainSpec(name="shop", title="Shop", entities=(user, *others), invariants=invariants),))


def test_nothing_refers_to_an_embedded_entity() -> None:
    pointing = entity(field(FieldKind.REFERENCE, refers_to="token"))
    with pytest.raises(InvalidSpec, match="documents of its own"):
        owner_and(pointing, embedded_entity(owner_in_key=True))


@pytest.mark.parametrize("kind", [InvariantKind.BELONGS_TO, InvariantKind.NO_CYCLES])
def test_an_embedded_record_has_no_id_to_point_back_to(kind: InvariantKind) -> None:
    invariant = InvariantSpec(name="it", entity="token", kind=kind, fields=("user",))
    with pytest.raises(InvalidSpec, match="documents of its own"):
        owner_and(embedded_entity(owner_in_key=True), invariants=(invariant,))
