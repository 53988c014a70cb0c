"""A domain depends on what it names and on what its references lead into."""

import pytest

from reconciler.core.dependencies import depths, with_references
from reconciler.core.spec import DomainSpec, EntitySpec, FieldKind, FieldSpec

pytestmark = pytest.mark.unit


def domain(name: str, *refers_to: str, declared: tuple[str, ...] = (), group: str = "") -> DomainSpec:
    """A domain with one entity of its own name that refers to those entities."""
    identity = FieldSpec(path="_id", kind=FieldKind.IDENTITY, column="legacy_object_id")
    references = tuple(
        FieldSpec(path=f"to{number}", kind=FieldKind.REFERENCE, column=f"to{number}", refers_to=other)
        for number, other in enumerate(refers_to)
    )
    entity = EntitySpec(name=name, collection=name, table=name, fields=(identity, *references), key=("_id",))
    return DomainSpec(name=name, title=name, entities=(entity,), depends_on=declared, flip_group=group)


def waits(*domains: DomainSpec) -> dict[str, tuple[str, ...]]:
    return {one.name: one.depends_on for one in with_references(domains)}


def test_references_are_dependencies_after_those_declared() -> None:
    found = waits(domain("auth"), domain("shop"), domain("review", "shop", "auth", declared=("shop",)))
    assert found == {"auth": (), "shop": (), "review": ("shop", "auth")}


def test_a_reference_within_a_domain_or_a_flip_group_is_none() -> None:
    found = waits(domain("a", "a", "b", group="g"), domain("b", "a", group="g"), domain("c", "a"))
    assert found == {"a": (), "b": (), "c": ("a",)}


def test_domains_that_refer_to_each_other_depend_on_each_other_and_have_a_depth() -> None:
    circle = with_references([domain("a", "b"), domain("b", "a"), domain("c", "b")])
    assert {one.name: one.depends_on for one in circle} == {"a": ("b",), "b": ("a",), "c": ("b",)}
    assert depths(circle) == {"a": 1, "b": 1, "c": 2}


def test_what_nothing_waits_for_comes_first() -> None:
    line = with_references([domain("c", "b"), domain("b", "a"), domain("a")])
    assert depths(line) == {"a": 0, "b": 1, "c": 2}
