"""What declared rules take away, what they can never take away, when they end, and that canaries keep them honest."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from reconciler.core import ruling
from reconciler.core.canaries import released
from reconciler.core.drill import drilled
from reconciler.core.model import (
    ChildRow,
    FieldDiff,
    Instant,
    JsonText,
    ObjectIdValue,
    Opaque,
    Outcome,
    Raw,
    Sensitivity,
    Side,
)
from reconciler.core.outcomes import Judge, Judged
from reconciler.core.pairing import Defective, Pair
from reconciler.core.rules import RuleKind, RuleSpec
from reconciler.core.ruling import beyond, entity_at, within
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec
from reconciler.core.values import Milliseconds, Token
from reconciler.errors import InvalidSpec
from tests.unit.core_world import ID, entity, field, record

Size = Decimal | timedelta | None
YES: Raw = True


def rule(path: str, *, size: Size = None, until: date | None = None) -> RuleSpec:
    kind = RuleKind.IGNORE if size is None else RuleKind.TOLERANCE
    return RuleSpec(path=path, kind=kind, owner="s.lee", reason="known", tolerance=size, until=until)


def judged(spec: EntitySpec, source: tuple[Raw, ...], target: tuple[Raw, ...]) -> Judged:
    left = record(spec, Side.SOURCE, ObjectIdValue(ID), *source)
    right = record(spec, Side.TARGET, ID, *target)
    return Judge(spec, now_ms=0).outcome(Pair(left, right))


def one(kind: FieldKind, source: Raw, target: Raw, *rules: RuleSpec) -> Judged:
    return judged(entity(field(kind), rules=rules), (source,), (target,))


@pytest.mark.parametrize(
    ("kind", "source", "target"),
    [
        (FieldKind.TEXT, "a", "b"),
        (FieldKind.TEXT, 1, "1"),
        (FieldKind.TEXT, None, "b"),
        (FieldKind.TEXT, "a", None),
        (FieldKind.JSON, {"a": [1, 2]}, JsonText('{"a": [2, 1]}')),
        (FieldKind.JSON, {"a": 1, "b": {"c": 2}}, JsonText('{"a": 2}')),
        (FieldKind.CHILDREN, [{"name": "x"}], ()),
    ],
)
def test_an_ignored_difference_of_any_kind_is_no_diff_but_is_told(kind: FieldKind, source: Raw, target: Raw) -> None:
    assert one(kind, source, target).outcome is Outcome.FIELD_MISMATCH
    found = one(kind, source, target, rule("it"))
    assert (found.outcome, found.diff, found.ruled) == (Outcome.MATCHED, None, (rule("it"),))


def test_equal_records_need_no_rule() -> None:
    assert one(FieldKind.TEXT, "a", "a", rule("it")).ruled == ()
    assert one(FieldKind.INTEGER, 7.0, 7, rule("it", size=Decimal(1))).ruled == ()


def test_what_stands_beside_an_ignored_field_still_differs() -> None:
    spec = entity(field(FieldKind.TEXT), field(FieldKind.TEXT, path="other"), rules=(rule("it"),))
    found = judged(spec, ("a", "c"), ("b", "d"))
    assert found.outcome is Outcome.FIELD_MISMATCH
    assert found.diff is not None
    assert [diff.path for diff in found.diff.fields] == ["other"]
    assert found.ruled == (rule("it"),)


@pytest.mark.parametrize(
    ("kind", "size", "source", "target", "outcome"),
    [
        (FieldKind.INTEGER, Decimal(2), 5, 7, Outcome.MATCHED),
        (FieldKind.INTEGER, Decimal(2), 5, 8, Outcome.FIELD_MISMATCH),
        (FieldKind.INTEGER, Decimal(2), 2**70, 2**70 + 3, Outcome.FIELD_MISMATCH),
        (FieldKind.DECIMAL, Decimal("0.01"), Decimal("1.00"), Decimal("1.01"), Outcome.MATCHED),
        (FieldKind.DECIMAL, Decimal("0.01"), Decimal("1.00"), Decimal("0.98"), Outcome.FIELD_MISMATCH),
        (FieldKind.DECIMAL, Decimal("0.01"), Decimal("1.00"), Decimal("NaN"), Outcome.FIELD_MISMATCH),
        (FieldKind.DECIMAL, Decimal("0.01"), True, Decimal("1.00"), Outcome.FIELD_MISMATCH),
        (FieldKind.DECIMAL, Decimal("0.01"), None, Decimal("0.00"), Outcome.FIELD_MISMATCH),
        (FieldKind.DOUBLE, Decimal("0.5"), 1.0, 1.5, Outcome.MATCHED),
        (FieldKind.DOUBLE, Decimal("0.5"), 1.0, 1.5000000000000002, Outcome.FIELD_MISMATCH),
        (FieldKind.DOUBLE, Decimal("0.5"), 1.0, float("inf"), Outcome.FIELD_MISMATCH),
        (FieldKind.INSTANT, timedelta(seconds=1), Instant(0), Instant(1_000_000), Outcome.MATCHED),
        (FieldKind.INSTANT, timedelta(seconds=1), Instant(0), Instant(-1_000_000), Outcome.MATCHED),
        (FieldKind.INSTANT, timedelta(seconds=1), Instant(0), Instant(1_001_000), Outcome.FIELD_MISMATCH),
        (FieldKind.INSTANT, timedelta(seconds=1), Instant(-(2**62)), Instant(2**62), Outcome.FIELD_MISMATCH),
    ],
)
def test_within_its_tolerance_a_value_counts_as_equal(
    kind: FieldKind, size: Size, source: Raw, target: Raw, outcome: Outcome
) -> None:
    found = one(kind, source, target, rule("it", size=size))
    assert found.outcome is outcome
    assert found.ruled == ((rule("it", size=size),) if outcome is Outcome.MATCHED else ())


def test_what_cannot_be_read_stays_unreadable() -> None:
    assert one(FieldKind.TEXT, Opaque("x", unreadable=True), "a", rule("it")).outcome is Outcome.UNREADABLE


def test_records_on_one_side_and_defective_keys_are_never_ruled() -> None:
    spec = entity(field(FieldKind.TEXT), rules=(rule("it"),))
    judge = Judge(spec, now_ms=0)
    left, right = record(spec, Side.SOURCE, ObjectIdValue(ID), "a"), record(spec, Side.TARGET, ID, "b")
    assert judge.outcome(Pair(left, None)).outcome is Outcome.MISSING_IN_TARGET
    assert judge.outcome(Pair(None, right)).outcome is Outcome.EXTRA_IN_TARGET
    assert judge.outcome(Defective(Side.TARGET, right, "why")).outcome is Outcome.KEY_DEFECT


@pytest.mark.parametrize("path", ["_id", "key"])
def test_no_rule_is_about_a_key(path: str) -> None:
    with pytest.raises(InvalidSpec, match="outside the key"):
        entity(field(FieldKind.TEXT, path=path), key=[path], rules=(rule(path),))


def test_a_rule_below_a_field_takes_that_place_only_at_any_index() -> None:
    rules = (rule("it[].name"),)
    rows = (ChildRow(0, ("x", 1)), ChildRow(1, ("y", 2)))
    parts = [{"name": "a", "size": {"value": 1}}, {"name": "b", "size": {"value": 2}}]
    assert one(FieldKind.CHILDREN, parts, rows).outcome is Outcome.FIELD_MISMATCH
    table = replace(field(FieldKind.CHILDREN).children, fields=_plain(field(FieldKind.CHILDREN)))  # type: ignore[type-var]
    spec = entity(field(FieldKind.CHILDREN, children=table), rules=rules)
    assert judged(spec, (parts,), (rows,)).outcome is Outcome.MATCHED
    assert judged(spec, (parts,), (rows[:1],)).outcome is Outcome.FIELD_MISMATCH
    assert judged(spec, (parts,), ((ChildRow(0, ("x", 1)), ChildRow(1, ("y", 3))),)).outcome is Outcome.FIELD_MISMATCH


def _plain(spec: FieldSpec) -> tuple[FieldSpec, ...]:
    """The fields of the child table, open to everyone."""
    fields = spec.children.fields if spec.children else ()
    return tuple(replace(one, sensitivity=Sensitivity.PLAIN) for one in fields)


def test_a_rule_on_json_reaches_below_its_place_and_no_further() -> None:
    source = {"at": {"hour": 1, "minute": 2}, "att": 3}
    assert one(FieldKind.JSON, source, JsonText('{"at": {"hour": 9, "minute": 8}, "att": 3}'), rule("it.at")).ruled
    assert one(FieldKind.JSON, source, JsonText('{"at": {"hour": 9, "minute": 2}, "att": 3}'), rule("it.at.hour")).ruled
    beside = one(FieldKind.JSON, source, JsonText('{"at": {"hour": 1, "minute": 2}, "att": 4}'), rule("it.at"))
    assert beside.outcome is Outcome.FIELD_MISMATCH


def test_a_rule_on_a_field_is_none_on_another_field_below_its_path() -> None:
    spec = entity(field(FieldKind.JSON), field(FieldKind.TEXT, path="it.name"), rules=(rule("it"),))
    assert judged(spec, ({}, "a"), (JsonText("{}"), "b")).outcome is Outcome.FIELD_MISMATCH


# -- ends --------------------------------------------------------------------------------------------------------------


def test_a_rule_applies_through_its_last_day_in_utc() -> None:
    ending = rule("it", until=date(2026, 1, 31))
    assert ending.applies_at(datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC))
    assert not ending.applies_at(datetime(2026, 2, 1, tzinfo=UTC))
    assert rule("it").applies_at(datetime.max.replace(tzinfo=UTC))
    assert rule("it", until=date.max).applies_at(datetime.max.replace(tzinfo=UTC))


def test_an_expired_rule_is_left_out() -> None:
    spec = entity(field(FieldKind.TEXT), rules=(rule("it", until=date(2026, 1, 31)),))
    assert entity_at(spec, datetime(2026, 1, 31, tzinfo=UTC)) is spec
    assert judged(entity_at(spec, datetime(2026, 2, 1, tzinfo=UTC)), ("a",), ("b",)).outcome is Outcome.FIELD_MISMATCH


@pytest.mark.parametrize(
    "made",
    [
        lambda: RuleSpec(path="a", kind=RuleKind.IGNORE, owner=" ", reason="x"),
        lambda: RuleSpec(path="a", kind=RuleKind.IGNORE, owner="x", reason=""),
        lambda: RuleSpec(path="a", kind=RuleKind.IGNORE, owner="x", reason="x", tolerance=Decimal(1)),
        lambda: RuleSpec(path="a", kind=RuleKind.TOLERANCE, owner="x", reason="x"),
    ],
)
def test_a_rule_without_owner_reason_or_size_cannot_be_built(made: Callable[[], RuleSpec]) -> None:
    with pytest.raises(InvalidSpec):
        made()


# -- canaries ----------------------------------------------------------------------------------------------------------

KINDS = [kind for kind in FieldKind if kind is not FieldKind.IDENTITY]
SIZES: dict[FieldKind, Size] = {
    FieldKind.INTEGER: Decimal(3),
    FieldKind.DECIMAL: Decimal("0.01"),
    FieldKind.DOUBLE: Decimal("0.5"),
    FieldKind.INSTANT: timedelta(seconds=1),
}
EVERY = entity(*(field(kind, path=kind.value) for kind in KINDS))
GOOD = record(EVERY, Side.SOURCE, ObjectIdValue(ID), "a", "b", "c", "d", 7, Decimal(1), 0.5, YES, Instant(0), b"x",
              {"a": 1}, ["x"], ObjectIdValue(ID), [])  # fmt: skip
RULED = [
    *(replace(EVERY, rules=(rule(kind.value),)) for kind in KINDS),
    *(replace(EVERY, rules=(rule(kind.value, size=size),)) for kind, size in SIZES.items()),
    replace(EVERY, rules=(rule("json.a"), rule("array[]"), rule("children[].name"))),
    replace(EVERY, rules=tuple(rule(kind.value) for kind in KINDS)),
]


@pytest.mark.parametrize("spec", RULED, ids=lambda spec: spec.rules[0].path)
def test_canaries_come_out_right_beside_rules(spec: EntitySpec) -> None:
    planted, caught = released(spec, GOOD)
    assert planted == caught >= 5
    assert planted < released(EVERY, GOOD)[0] or any(one.tolerance for one in spec.rules)


@pytest.mark.parametrize(("kind", "size"), list(SIZES.items()))
def test_a_tolerance_that_lets_everything_through_is_found(
    kind: FieldKind, size: Size, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = replace(EVERY, rules=(rule(kind.value, size=size),))
    monkeypatch.setattr(ruling, "within", lambda *_: True)
    planted, caught = released(spec, GOOD)
    assert caught < planted


@pytest.mark.parametrize("spec", RULED[:3])
def test_rules_that_take_whatever_differs_are_found(spec: EntitySpec, monkeypatch: pytest.MonkeyPatch) -> None:
    def everything(book: ruling.Rulebook, _: FieldDiff) -> RuleSpec:
        assert book
        return spec.rules[0]

    monkeypatch.setattr(ruling.Rulebook, "_rule", everything)
    planted, caught = released(spec, GOOD)
    assert caught < planted


def test_a_comparison_with_a_rule_that_nobody_declared_is_found() -> None:
    planted, caught = drilled(EVERY, seen_as=replace(EVERY, rules=(rule("text"),)))
    assert caught < planted


@pytest.mark.parametrize("value", [0, -5, 10**30, 0.0, -1e308, 1e308, Decimal("1E+6000"), Decimal("-0.01")])
@pytest.mark.parametrize("size", [Decimal("0.000001"), Decimal(1), Decimal(10) ** 18])
def test_beyond_is_never_within(value: Raw, size: Decimal) -> None:
    assert not within(size, value, beyond(size, value))


def test_only_numbers_and_instants_have_distances() -> None:
    assert beyond(timedelta(days=999_999_999), Milliseconds(0)) is not None
    assert beyond(Decimal(1), "text") is None
    assert beyond(Decimal(1), YES) is None
    assert beyond(timedelta(1), 7) is None
    assert not within(Decimal(1), Milliseconds(0), Milliseconds(0))
    assert not within(Decimal(1), 1, Token("NaN"))
    assert not within(Decimal(1), YES, 1)
