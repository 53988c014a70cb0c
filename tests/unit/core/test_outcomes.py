"""Every match has exactly one outcome."""

from dataclasses import replace

import pytest

from reconciler.core.model import (
    DanglingReason,
    DanglingReference,
    DiffKind,
    InfiniteInstant,
    Instant,
    JsonText,
    ObjectIdValue,
    Opaque,
    Outcome,
    Raw,
    Record,
    ResolvedReference,
    Side,
)
from reconciler.core.outcomes import Judge, join_moved, join_strays, observation
from reconciler.core.pairing import Defective, Match, Pair
from reconciler.core.spec import EntitySpec, FieldKind, Scope
from tests.unit.core_world import ID, embedded_entity, entity, field, record

NOW = 1_000_000
BROKEN = Opaque("broken", unreadable=True)
PLAIN = entity(field(FieldKind.TEXT))
TTL = entity(field(FieldKind.TEXT), field(FieldKind.INSTANT, path="expiresAt"), ttl="expiresAt")
SCOPED = entity(
    field(FieldKind.TEXT, path="key"),
    field(FieldKind.JSON, path="value"),
    key=["key"],
    scope=Scope(path="key", prefix="in."),
)


def judged(spec: EntitySpec, source: tuple[Raw, ...] | None, target: tuple[Raw, ...] | None) -> Outcome:
    """The outcome of a pair of raw values, either of which may not be there."""
    left = None if source is None else record(spec, Side.SOURCE, *source)
    right = None if target is None else record(spec, Side.TARGET, *target)
    return Judge(spec, now_ms=NOW).outcome(Pair(left, right)).outcome


def legacy(value: str = "x", *more: Raw) -> tuple[tuple[Raw, ...], tuple[Raw, ...]]:
    """The values of both sides of a record that agrees."""
    return (ObjectIdValue(ID), value, *more), (ID, value, *more)


def test_the_outcomes_of_pairs_and_singles() -> None:
    source, target = legacy()
    assert judged(PLAIN, source, target) is Outcome.MATCHED
    assert judged(PLAIN, source, None) is Outcome.MISSING_IN_TARGET
    assert judged(PLAIN, None, target) is Outcome.EXTRA_IN_TARGET
    assert judged(PLAIN, source, (ID, "y")) is Outcome.FIELD_MISMATCH
    assert judged(PLAIN, (ObjectIdValue(ID), BROKEN), target) is Outcome.UNREADABLE
    assert judged(PLAIN, (ObjectIdValue(ID), BROKEN), None) is Outcome.UNREADABLE


@pytest.mark.parametrize(
    ("source", "target", "outcome"),
    [
        (Instant(NOW * 1000 - 1000), Instant(NOW * 1000), Outcome.OUT_OF_SCOPE),
        (Instant(NOW * 1000), Instant(NOW * 1000 - 1000), Outcome.OUT_OF_SCOPE),
        (Instant(NOW * 1000), Instant(NOW * 1000), Outcome.MATCHED), (None, None, Outcome.MATCHED),
        (None, Instant(0), Outcome.OUT_OF_SCOPE),
        (Instant(NOW * 2000), InfiniteInstant("infinity"), Outcome.FIELD_MISMATCH),
        (Instant(NOW * 2000), InfiniteInstant("-infinity"), Outcome.FIELD_MISMATCH),
        ("soon", Instant(NOW * 2000), Outcome.FIELD_MISMATCH),
    ],
)  # fmt: skip
def test_what_has_expired_on_either_side_is_out_of_scope(source: Raw, target: Raw, outcome: Outcome) -> None:
    assert judged(TTL, (ObjectIdValue(ID), "x", source), (ID, "x", target)) is outcome


def test_an_expired_record_is_out_of_scope_even_alone_or_with_a_broken_value() -> None:
    gone = Instant(0)
    assert judged(TTL, (ObjectIdValue(ID), "x", gone), None) is Outcome.OUT_OF_SCOPE
    assert judged(TTL, None, (ID, "x", gone)) is Outcome.OUT_OF_SCOPE
    assert judged(TTL, (ObjectIdValue(ID), BROKEN, gone), None) is Outcome.OUT_OF_SCOPE


@pytest.mark.parametrize(
    ("source", "target", "outcome"),
    [
        (("in.a", 1), ("in.a", JsonText("1")), Outcome.MATCHED), (("out.a", 1), None, Outcome.OUT_OF_SCOPE),
        (None, ("out.a", None), Outcome.OUT_OF_SCOPE),
        (("out.a", BROKEN), None, Outcome.OUT_OF_SCOPE), (("in.a", BROKEN), None, Outcome.UNREADABLE),
        ((BROKEN, 1), None, Outcome.UNREADABLE),
        ((7, 1), None, Outcome.OUT_OF_SCOPE), (("in.a", 1), None, Outcome.MISSING_IN_TARGET),
    ],
)  # fmt: skip
def test_records_outside_the_scope_are_told_apart_from_those_that_cant_be_told(
    source: tuple[Raw, ...] | None, target: tuple[Raw, ...] | None, outcome: Outcome
) -> None:
    """A setting outside the prefix may hold anything: it must not make a run inconclusive."""
    assert judged(SCOPED, source, target) is outcome


def test_a_defective_key_is_an_outcome_unless_the_record_has_expired() -> None:
    judge = Judge(TTL, now_ms=NOW)
    fresh, gone = (record(TTL, Side.TARGET, None, "x", Instant(at)) for at in (NOW * 2000, 0))
    assert judge.outcome(Defective(Side.TARGET, fresh, "null in its key")).outcome is Outcome.KEY_DEFECT
    assert judge.outcome(Defective(Side.TARGET, gone, "null in its key")).outcome is Outcome.OUT_OF_SCOPE


def test_two_rows_with_one_key_are_two_diffs() -> None:
    judge = Judge(PLAIN, now_ms=NOW)
    twins = [record(PLAIN, Side.TARGET, ID, "x", id=name) for name in ("one", "two")]
    found = [judge.outcome(Defective(Side.TARGET, one, "carried by two rows")).diff for one in twins]
    assert len({one.locator for one in found if one}) == 2
    assert {one.key_text for one in found if one} == {ID}


def test_a_key_whose_owner_leads_nowhere_names_the_owner() -> None:
    tokens = embedded_entity(owner_in_key=True)
    row = record(tokens, Side.TARGET, DanglingReference(DanglingReason.NO_ROW, "uuid"), "h")
    diff = Judge(tokens, now_ms=NOW).outcome(Defective(Side.TARGET, row, row.defect)).diff
    assert diff
    assert [(one.path, one.kind) for one in diff.fields] == [("user", DiffKind.DANGLING_REFERENCE)]


def test_a_stray_meets_the_row_whose_key_prints_the_same_once() -> None:
    strays = [record(PLAIN, Side.SOURCE, ID, "x", id=name) for name in ("one", "two")]
    row = record(PLAIN, Side.TARGET, ID, "x", id="row")
    joined = join_strays([Pair(strays[0], None), Pair(strays[1], None), Pair(None, row)])
    assert joined == [Pair(strays[0], row), Pair(strays[1], None)]
    diff = Judge(PLAIN, now_ms=NOW).outcome(joined[0]).diff
    assert diff
    assert [(one.path, one.kind) for one in diff.fields] == [("_id", DiffKind.TYPE)]


def test_a_row_that_has_its_own_document_is_not_taken_by_a_stray() -> None:
    own = record(PLAIN, Side.SOURCE, ObjectIdValue(ID), "x")
    stray, row = record(PLAIN, Side.SOURCE, ID, "x"), record(PLAIN, Side.TARGET, ID, "x")
    assert join_strays([Pair(stray, None), Pair(own, row)]) == [Pair(stray, None), Pair(own, row)]


def test_only_a_stray_that_stands_alone_is_joined() -> None:
    stray, row, other = (
        record(PLAIN, side, ID, "x", id=side.value) for side in (Side.SOURCE, Side.TARGET, Side.TARGET)
    )
    matches: list[Match] = [Defective(Side.TARGET, row, "null"), Pair(stray, other), Pair(None, row)]
    assert join_strays(list(matches)) == matches


def test_an_observation_changes_exactly_when_a_record_does() -> None:
    def seen(source: Raw, target: Raw) -> bytes:
        pair = Pair(record(PLAIN, Side.SOURCE, ObjectIdValue(ID), source), record(PLAIN, Side.TARGET, ID, target))
        return observation(Judge(PLAIN, now_ms=NOW).outcome(pair))

    assert seen("a", "b") == seen("a", "b")
    assert seen(7, "b") == seen(7, "b")
    assert len({seen("a", "b"), seen("a", "c"), seen("x", "b"), seen(7, "b"), seen(8, "b")}) == 5
    assert seen("\ud800", "b") != seen("\ud801", "b")


def test_an_observation_of_one_side_alone_changes_with_it() -> None:
    judge = Judge(PLAIN, now_ms=NOW)
    document, row = record(PLAIN, Side.SOURCE, ObjectIdValue(ID), "x"), record(PLAIN, Side.TARGET, ID, "x")
    broken = [replace(row, problem=why) for why in ("one", "other")]
    pairs = [Pair(document, None), Pair(None, row), Pair(document, broken[0]), Pair(document, broken[1])]
    pairs += [Pair(broken[0], row), Pair(broken[1], row), Pair(replace(document, id="moved"), None)]
    found = [observation(judge.outcome(one)) for one in pairs]
    assert found[0] == found[-1], "where a record lies is nothing to it"
    assert len(set(found)) == 6
    assert {len(one) for one in found} == {16}


def test_a_judged_match_knows_its_records() -> None:
    row: Record = record(PLAIN, Side.TARGET, None, "x")
    assert Judge(PLAIN, now_ms=NOW).outcome(Defective(Side.TARGET, row, "why")).records == (None, row)


OTHER_ID = "89abcdef0123456789abcdef"
NOBODY = DanglingReference(DanglingReason.NO_ROW, "f0f0")


@pytest.mark.parametrize("owner", [ResolvedReference(OTHER_ID), NOBODY])
def test_an_embedded_record_on_another_owner_meets_its_row(owner: Raw) -> None:
    spec = embedded_entity(owner_in_key=True)
    source = record(spec, Side.SOURCE, ObjectIdValue(ID), "h")
    row = record(spec, Side.TARGET, owner, "h")
    stranger = record(spec, Side.TARGET, ResolvedReference(OTHER_ID), "another")
    judge = Judge(spec, now_ms=NOW)
    found = [Pair(source, None), Defective(Side.TARGET, row, "null") if row.key is None else Pair(None, row)]
    settled = [judge.outcome(match) for match in (*found, Pair(None, stranger))]
    joined = join_moved(spec, settled)
    assert [one.outcome for one in joined] == [Outcome.FIELD_MISMATCH, Outcome.EXTRA_IN_TARGET]
    assert joined[0].diff is not None
    assert [one.path for one in joined[0].diff.fields] == ["user"]
    assert joined[0].diff.key_text == joined[0].diff.locator == source.key_text
    assert joined[0].diff.outcome is Outcome.FIELD_MISMATCH
    assert joined[0].match == Pair(source, row)
    assert joined[1] is settled[2]


def test_a_record_meets_only_what_agrees_in_all_but_the_owner() -> None:
    spec = embedded_entity(owner_in_key=True)
    judge = Judge(spec, now_ms=NOW)
    source = record(spec, Side.SOURCE, ObjectIdValue(ID), "h")
    twin = record(spec, Side.TARGET, ResolvedReference(OTHER_ID), "h")
    stranger = record(spec, Side.TARGET, ResolvedReference(OTHER_ID), "another")
    apart = [judge.outcome(one) for one in (Pair(source, None), Pair(None, stranger))]
    assert join_moved(spec, apart) == apart
    differing = [judge.outcome(Pair(source, stranger)), judge.outcome(Pair(None, twin))]
    assert join_moved(spec, differing) == differing, "a record that met a row is not taken to another"


def test_one_row_is_met_by_one_record_only() -> None:
    spec = embedded_entity(owner_in_key=True)
    judge = Judge(spec, now_ms=NOW)
    sources = [record(spec, Side.SOURCE, ObjectIdValue(key), "h") for key in (ID, OTHER_ID)]
    row = record(spec, Side.TARGET, NOBODY, "h")
    settled = [judge.outcome(Pair(one, None)) for one in sources]
    settled.append(judge.outcome(Defective(Side.TARGET, row, "null")))
    outcomes = [one.outcome for one in join_moved(spec, settled)]
    assert sorted(outcomes) == [Outcome.FIELD_MISMATCH, Outcome.MISSING_IN_TARGET]


@pytest.mark.parametrize("owner_in_key", [True, False])
def test_two_rows_of_one_key_stay_two_key_defects(owner_in_key: bool) -> None:  # noqa: FBT001 - parametrized
    """Neither of them is a record that moved, though all but the owner agrees."""
    spec = embedded_entity(owner_in_key=owner_in_key)
    judge = Judge(spec, now_ms=NOW)
    source = record(spec, Side.SOURCE, ObjectIdValue(ID), "h")
    rows = [record(spec, Side.TARGET, ResolvedReference(owner), "h", id=owner) for owner in (ID, OTHER_ID)]
    matches: list[Match] = [Pair(source, None), *(Defective(Side.TARGET, row, "carried by two rows") for row in rows)]
    settled = [judge.outcome(match) for match in matches]
    assert join_moved(spec, settled) == settled


def test_records_that_own_themselves_are_never_moved() -> None:
    judge = Judge(PLAIN, now_ms=NOW)
    source, target = legacy()
    settled = [judge.outcome(Pair(record(PLAIN, Side.SOURCE, *source), None))]
    settled.append(judge.outcome(Pair(None, record(PLAIN, Side.TARGET, *target))))
    assert join_moved(PLAIN, settled) == settled
