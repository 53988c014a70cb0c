"""A specification that means nothing cannot be built."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.core.model import Sensitivity
from reconciler.core.rules import RuleKind, RuleSpec
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


def mistake(make: Callable[[], object]) -> str:
    """What is said of something that cannot be built."""
    with pytest.raises(InvalidSpec) as caught:
        make()
    return str(caught.value)


SCALE = "field it; expected `scale` with kind decimal and only there"
ITEMS = "field it; expected `items` with kind array and only there"
SINGLE = "field it: items; expected a kind of single values; got"
REFERS = "field it; expected `refers_to` with kind reference and only there"
CHILDREN = "field it; expected `children` with kind children and only there"
COLUMN = "field it; expected a column, or a child table"


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"kind": FieldKind.TEXT, "scale": 2}, SCALE), ({"kind": FieldKind.DECIMAL}, SCALE),
        ({"kind": FieldKind.DECIMAL, "scale": -1}, "field it: scale; expected 0 to 100; got -1"),
        ({"kind": FieldKind.DECIMAL, "scale": 101}, "field it: scale; expected 0 to 100; got 101"),
        ({"kind": FieldKind.ARRAY}, ITEMS), ({"kind": FieldKind.TEXT, "items": FieldKind.TEXT}, ITEMS),
        ({"kind": FieldKind.ARRAY, "items": FieldKind.JSON}, f"{SINGLE} json"),
        ({"kind": FieldKind.ARRAY, "items": FieldKind.REFERENCE}, f"{SINGLE} reference"),
        ({"kind": FieldKind.ARRAY, "items": FieldKind.DECIMAL}, SCALE), ({"kind": FieldKind.REFERENCE}, REFERS),
        ({"kind": FieldKind.TEXT, "refers_to": "user"}, REFERS), ({"kind": FieldKind.CHILDREN}, CHILDREN),
        ({"kind": FieldKind.CHILDREN, "children": children()}, COLUMN),
        ({"kind": FieldKind.TEXT, "children": children()}, CHILDREN), ({"kind": FieldKind.TEXT, "column": ""}, COLUMN),
    ],
)  # fmt: skip
def test_a_field_has_what_its_kind_needs_and_nothing_else(attributes: dict[str, Any], told: str) -> None:
    assert mistake(lambda: FieldSpec(**({"path": "it", "column": "it"} | attributes))) == told


@pytest.mark.parametrize("scale", [0, 100])
def test_a_scale_may_be_as_small_and_as_large_as_the_column_allows(scale: int) -> None:
    assert FieldSpec(path="it", kind=FieldKind.DECIMAL, column="it", scale=scale).scale == scale


@pytest.mark.parametrize("path", ["", ".a", "a.", "a..b", "$a", "a.$b", "a[b]", "[0]", "a\0b", "a["])
def test_paths_that_lead_nowhere(path: str) -> None:
    told = mistake(lambda: FieldSpec(path=path, kind=FieldKind.TEXT, column="it"))
    assert told == f"field {path!r}; expected a path like profile.phone or location.coordinates[0]"


@pytest.mark.parametrize("path", ["a", "_id", "a.b", "a[0]", "a[0][1].b", "größe", "über", "first-name", "2fa", "a b"])
def test_paths_to_any_name_that_mongodb_can_project(path: str) -> None:
    assert FieldSpec(path=path, kind=FieldKind.TEXT, column="it").path == path


def test_a_field_is_secret_unless_declared_otherwise() -> None:
    assert FieldSpec(path="it", kind=FieldKind.TEXT, column="it").sensitivity is Sensitivity.SECRET


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ((), "child table t has no fields"),
        ((field(FieldKind.CHILDREN),), "child table t; expected fields without children of their own; got it"),
        ((IDENTITY,), "child table t; expected fields without children of their own; got _id"),
        ((TEXT, TEXT), "child table t; expected each path once; got it, it"),
    ],
)
def test_a_child_table_holds_single_values_each_once(fields: tuple[FieldSpec, ...], told: str) -> None:
    assert mistake(lambda: ChildTable(table="t", parent_column="p", position_column="n", fields=fields)) == told


NAMED = "entity thing; expected a field nothing, which its key, scope or ttl names"
KEYED = "entity thing: key it; expected kind text, integer or the owner; got"
RULE = RuleSpec(path="it", kind=RuleKind.IGNORE, owner="kim", reason="x")


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"name": "Thing"}, "entity 'Thing'; expected a name in lower_snake_case"),
        ({"fields": (IDENTITY, TEXT, TEXT)}, "entity thing: fields; expected each path once; got it"),
        ({"key": ()}, "entity thing: key; expected at least one field"), ({"key": ("nothing",)}, NAMED),
        ({"ttl": "it"}, "entity thing: ttl it; expected a field of kind instant"), ({"ttl": "nothing"}, NAMED),
        ({"scope": Scope(path="nothing", prefix="x")}, NAMED),
        ({"fields": (IDENTITY, field(FieldKind.DOUBLE)), "key": ("it",)}, f"{KEYED} double"),
        ({"fields": (IDENTITY, field(FieldKind.REFERENCE)), "key": ("it",)}, f"{KEYED} reference"),
        ({"fields": (IDENTITY, field(FieldKind.CI)), "key": ("it",)}, f"{KEYED} ci"),
        (
            {"fields": (field(FieldKind.TEXT, path="it[0]"),), "key": ("it[0]",)},
            "entity thing: key it[0]; expected a path without an index",
        ),
        (
            {"fields": (IDENTITY, field(FieldKind.INTEGER)), "scope": Scope(path="it", prefix="x")},
            "entity thing: scope; expected a field of kind text",
        ),
        ({"key": ("it",), "rules": (RULE,)}, "entity thing: rule on it; expected a field outside the key"),
    ],
)  # fmt: skip
def test_an_entitys_names_lead_to_fields_of_the_right_kind(attributes: dict[str, Any], told: str) -> None:
    whole = {"name": "thing", "collection": "c", "table": "t", "fields": (IDENTITY, TEXT), "key": ("_id",)}
    assert mistake(lambda: EntitySpec(**(whole | attributes))) == told


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
    ("attributes", "told"),
    [
        ({"min_clean_scans": 0}, "gate.min_clean_scans; expected 1 or more; got 0"),
        ({"min_coverage": 0.0}, "gate.min_coverage; expected above 0 and up to 1; got 0.0"),
        ({"min_coverage": 1.1}, "gate.min_coverage; expected above 0 and up to 1; got 1.1"),
        ({"approvals": -1}, "gate.approvals; expected 0 or more; got -1"),
        *(
            ({name: -timedelta.resolution}, "gate; expected no negative duration")
            for name in ("soak_window", "clean_scan_gap", "max_scan_age", "approval_ttl", "rehearsal_max_age")
        ),
    ],
)
def test_a_policy_asks_for_something_possible(attributes: dict[str, Any], told: str) -> None:
    assert mistake(lambda: GatePolicy(**attributes)) == told


def test_the_least_that_a_policy_can_ask_for() -> None:
    assert GatePolicy(min_clean_scans=1, min_coverage=1.0, approvals=0, soak_window=timedelta(0)).approvals == 0


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({}, "domain d; expected entities, or a reason in not_comparable"),
        (
            {"entities": (entity(TEXT),), "not_comparable": "why"},
            "domain d; expected entities, or a reason in not_comparable",
        ),
        ({"entities": (entity(TEXT), entity(TEXT))}, "domain d; expected each entity once; got thing, thing"),
        ({"name": "D"}, "domain 'D'; expected a name in lower_snake_case"),
    ],
)
def test_a_domain_compares_something_or_says_why_not(attributes: dict[str, Any], told: str) -> None:
    assert mistake(lambda: DomainSpec(**({"name": "d", "title": "D"} | attributes))) == told


def test_flip_and_rollback_are_empty_without_a_live_flag() -> None:
    live = DomainSpec(name="d", title="D", entities=(entity(TEXT),), flag="D_STORE")
    dead = DomainSpec(name="d", title="D", entities=(entity(TEXT),), flag="D_STORE", live_flag=False)
    assert (live.flip, live.rollback, dead.flip, dead.rollback) == ("D_STORE=postgres", "D_STORE=mongo", "", "")


REFERRING = entity(field(FieldKind.REFERENCE, refers_to="user"))


@pytest.mark.parametrize(
    ("domains", "told"),
    [
        ({"d": (REFERRING,)}, "entity thing: refers_to; expected an entity of any domain; got user"),
        ({"a": (entity(TEXT),), "b": (entity(TEXT),)}, "entities; expected each name in one domain only; got thing"),
        (
            {
                "a": (entity(TEXT), replace(REFERRING, name="more")),
                "b": (entity(TEXT), replace(REFERRING, name="more")),
            },
            "entities; expected each name in one domain only; got more, thing",
        ),
    ],
)
def test_a_system_leads_nowhere_outside_itself(domains: dict[str, tuple[EntitySpec, ...]], told: str) -> None:
    specs = tuple(DomainSpec(name=name, title=name, entities=entities) for name, entities in domains.items())
    assert mistake(lambda: System(domains=specs)) == told


def test_a_domain_waits_for_a_domain_that_there_is() -> None:
    auth, shop = (DomainSpec(name=name, title=name, not_comparable="why") for name in ("auth", "shop"))
    assert System(domains=(auth, replace(shop, depends_on=("auth",)))).domain("shop").depends_on == ("auth",)
    told = mistake(lambda: System(domains=(auth, replace(shop, depends_on=("auth", "mail")))))
    assert told == "domain shop: depends_on; expected a domain; got mail"


def test_what_a_system_does_not_hold_is_named() -> None:
    system = System(domains=(DomainSpec(name="shop", title="Shop", entities=(entity(TEXT),)),))
    assert system.entity("thing").name == "thing"
    for ask in (system.domain, system.entity):
        with pytest.raises(KeyError, match="mail"):
            ask("mail")


def owner_and(*others: EntitySpec, invariants: tuple[InvariantSpec, ...] = ()) -> System:
    """A system of users and these."""
    user = EntitySpec(name="user", collection="users", table="users", fields=(IDENTITY, TEXT), key=("_id",))
    return System(domains=(DomainSpec(name="shop", title="Shop", entities=(user, *others), invariants=invariants),))


def test_nothing_refers_to_an_embedded_entity() -> None:
    pointing = entity(field(FieldKind.REFERENCE, refers_to="token"))
    told = mistake(lambda: owner_and(pointing, embedded_entity(owner_in_key=True)))
    assert (
        told == "entity thing: refers_to; expected an entity with documents of its own; got token, embedded in others"
    )


@pytest.mark.parametrize("kind", [InvariantKind.BELONGS_TO, InvariantKind.NO_CYCLES])
def test_an_embedded_record_has_no_id_to_point_back_to(kind: InvariantKind) -> None:
    invariant = InvariantSpec(name="it", entity="token", kind=kind, fields=("user",))
    told = mistake(lambda: owner_and(embedded_entity(owner_in_key=True), invariants=(invariant,)))
    assert told == "invariant it of token; expected an entity with documents of its own; got an embedded one"


def test_an_invariant_beside_an_embedded_entity_is_judged() -> None:
    for kind, of in ((InvariantKind.NO_CYCLES, "user"), (InvariantKind.UNIQUE, "token")):
        invariant = InvariantSpec(name="it", entity=of, kind=kind, fields=("hash",))
        assert owner_and(embedded_entity(owner_in_key=True), invariants=(invariant,)).domain("shop").invariants
