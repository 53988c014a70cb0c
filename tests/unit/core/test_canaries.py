"""A comparison that sees catches every canary; one that was blinded on purpose does not."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from reconciler.core.canaries import canaries, released, spoil
from reconciler.core.drill import drilled, outcome, planned
from reconciler.core.model import ObjectIdValue, Outcome, Raw, Sensitivity, Side
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec, NumberType, Scope
from tests.unit.core_world import ID, documents, embedded_entity, entity, field, record

EVERY = entity(*(field(kind, path=kind.value) for kind in FieldKind if kind is not FieldKind.IDENTITY))
SCOPED = entity(
    field(FieldKind.TEXT, path="key"),
    field(FieldKind.JSON, path="value"),
    key=["key"],
    scope=Scope(path="key", prefix="in."),
)
TTL = entity(field(FieldKind.INSTANT, path="expiresAt"), field(FieldKind.TEXT), ttl="expiresAt")
OF_MONEY = entity(
    field(FieldKind.ARRAY, items=FieldKind.DECIMAL, scale=4),
    field(FieldKind.DECIMAL, path="old", accepts=(NumberType.STRING,)),
    field(FieldKind.DECIMAL, path="whole", scale=0),
)
SECRETS = entity(
    *(
        field(kind, path=kind.value, sensitivity=Sensitivity.SECRET)
        for kind in FieldKind
        if kind is not FieldKind.IDENTITY
    )
)
SEEING = [
    EVERY,
    SCOPED,
    TTL,
    OF_MONEY,
    SECRETS,
    embedded_entity(owner_in_key=True),
    embedded_entity(owner_in_key=False),
]


@pytest.mark.parametrize("spec", SEEING)
def test_a_comparison_that_sees_comes_out_right_in_every_exercise(spec: EntitySpec) -> None:
    wrong = [(one.name, outcome(spec, one)) for one in planned(spec) if outcome(spec, one) != one.expected]
    assert wrong == []
    assert drilled(spec)[0] == drilled(spec)[1] >= 5


def test_the_exercises_cover_every_outcome_and_every_kind() -> None:
    expected = {
        (what, kind)
        for spec in SEEING
        for one in planned(spec)
        for what, fields in one.expected
        for _, kind in fields or {("", None)}
    }
    assert {what for what, _ in expected} == set(Outcome)
    assert {kind.value for _, kind in expected if kind} == {
        "value",
        "type",
        "missing_field",
        "extra_field",
        "order",
        "dangling_reference",
    }


def blinded(spec: EntitySpec, path: str, **changes: Any) -> EntitySpec:  # noqa: ANN401 - attributes of FieldSpec
    """The entity with another rule at one field."""
    return replace(spec, fields=tuple(replace(one, **changes) if one.path == path else one for one in spec.fields))


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("text", {"kind": FieldKind.CI}), ("text", {"kind": FieldKind.CHAR}), ("text", {"kind": FieldKind.LOWER}),
        ("char", {"kind": FieldKind.CI}),
        ("lower", {"kind": FieldKind.CI}), ("ci", {"kind": FieldKind.TEXT}), ("char", {"kind": FieldKind.TEXT}),
        ("decimal", {"scale": 0}),
        ("decimal", {"scale": 3}), ("integer", {"kind": FieldKind.DOUBLE}),
        ("integer", {"kind": FieldKind.DECIMAL, "scale": 0}),
        ("double", {"kind": FieldKind.DECIMAL, "scale": 6}), ("boolean", {"kind": FieldKind.INTEGER}),
        ("json", {"sensitivity": Sensitivity.SECRET}),
        ("instant", {"kind": FieldKind.TEXT}), ("array", {"items": FieldKind.CI}), ("json", {"kind": FieldKind.TEXT}),
        ("bytes", {"kind": FieldKind.TEXT}),
    ],
)  # fmt: skip
def test_a_rule_that_was_blinded_on_purpose_is_found(path: str, changes: dict[str, Any]) -> None:
    planted, caught = drilled(EVERY, seen_as=blinded(EVERY, path, **changes))
    assert caught < planted


def test_a_missing_scope_or_expiry_is_found() -> None:
    assert drilled(SCOPED, seen_as=replace(SCOPED, scope=None))[1] < drilled(SCOPED)[0]
    assert drilled(TTL, seen_as=replace(TTL, ttl=""))[1] < drilled(TTL)[0]


def test_a_key_read_by_another_rule_is_found() -> None:
    natural: FieldSpec = field(FieldKind.TEXT, path="_id")
    assert drilled(EVERY, seen_as=replace(EVERY, fields=(natural, *EVERY.fields[1:])))[1] < drilled(EVERY)[0]


@given(documents)
def test_every_spoilt_value_differs_and_is_caught_at_its_field(value: Raw) -> None:
    spec = entity(field(FieldKind.JSON), field(FieldKind.JSON, path="other"))
    good = record(spec, Side.SOURCE, ObjectIdValue(ID), value, None)
    assert all(good.values != spoilt.values for _, spoilt in canaries(good))
    planted, caught = released(spec, good)
    assert planted == caught >= 6


@pytest.mark.parametrize("value", [None, True, "", b"", 0, 0.0, 1e300, [], {}])
def test_spoilt_values_are_never_the_value(value: Raw) -> None:
    assert all(one != value for one in spoil(value))
