"""What a cluster's diffs have in common is counted, its beginning told from earlier scans, its next steps from both."""

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.causes.advice import Case, next_steps
from reconciler.core.causes.beginnings import MOST_BARS, Appearance, Era, Points, Scan, bars, beginning, born
from reconciler.core.causes.explaining import Symptom, explained
from reconciler.core.causes.shapes import Pair, shapes

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCAN = Scan(run=3, at=NOW - timedelta(days=1))
OLD, YOUNG = NOW - timedelta(days=400), NOW - timedelta(hours=2)


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ([("19.99", 1999), (5, 500), ("0.1", 10)], "3 of 3: PostgreSQL is exactly 100 times MongoDB"),
        ([(1999, "19.99"), (500, 5)], "2 of 2: MongoDB is exactly 100 times PostgreSQL"),
        ([(2, 6), (3, 9), (5, 15)], "3 of 3: PostgreSQL is exactly 3 times MongoDB"),
        ([("0.58", "0.57"), (1000, "999.99")], "2 of 2: PostgreSQL is lower by 0.01"),
        ([(45, 1045), (15, 1015)], "2 of 2: PostgreSQL is higher by 1,000"),
        (
            [("2024-06-06T22:26:51.471Z", "2024-06-07T01:56:51.471Z")],
            "1 of 1: PostgreSQL is later by exactly 3 h 30 min",
        ),
        ([("2024-06-06T22:26:51.471Z", "2024-06-06T22:26:51.000Z")], "1 of 1: the milliseconds are gone in PostgreSQL"),
        ([("2024-06-06T22:26:51.471Z", "2024-06-06T00:00:00.000Z")], "1 of 1: the time of day is gone in PostgreSQL"),
        ([("Berlin", "Berlin "), ("Bonn", "Bonn ")], "2 of 2: PostgreSQL has one more blank at the end"),
        ([("a  b", "a b")], "1 of 1: only white space differs"),
        ([("Ab", "aB")], "1 of 1: only upper and lower case differ"),
        ([("Köln", "Ko\u0308ln")], "1 of 1: PostgreSQL holds the letters taken apart (NFD)"),
        ([("Größe", "GrÃ¶ÃŸe")], "1 of 1: UTF-8 was read as Latin-1 on its way to PostgreSQL"),
        (
            [("long street", "long s"), ("other street", "other ")],
            "2 of 2: PostgreSQL holds the first 6 characters",
        ),
        ([("01234", "1234"), ("04567", "4567")], "2 of 2: one leading zero is gone"),
        ([([1, 2, 3], [3, 2, 1])], "1 of 1: the elements are reversed"),
        ([([1, 5, 2, 9], [5, 1, 2, 9])], "1 of 1: the elements at 0 and 1 changed places"),
        ([(59438, "59438")], "1 of 1: MongoDB holds a number, PostgreSQL a text that prints the same"),
        ([("released", "held"), ("released", "held")], "2 of 2: “released” became “held”"),
        ([("red", "other"), ("XL", "other")], "2 of 2: PostgreSQL holds “other”"),
        (
            [("x", "y"), ("z", "x")],
            "1 of 2: PostgreSQL holds the value that MongoDB has in another record of this cluster",
        ),
    ],
)
def test_what_values_have_in_common_is_told_with_its_count(pairs: list[Pair], told: str) -> None:
    assert told in [shape.sentence for shape in shapes(pairs)]


@pytest.mark.parametrize("pairs", [[(2, 6), (7, 21)], [(True, False)], [(None, 3)], [("NaN", 3)], []])
def test_chance_is_no_factor(pairs: list[Pair]) -> None:
    assert not [shape for shape in shapes(pairs) if shape.rule == "factor"]


def test_a_minority_is_no_shape() -> None:
    found = shapes([("a", "A"), ("b", "q"), ("c", "r")])
    assert [shape.rule for shape in found] == []


def test_values_quoted_are_short_and_printable() -> None:
    (shape,) = [one for one in shapes([("x" * 90, "\x1b[31m"), ("x" * 90, "\x1b[31m")]) if one.rule == "pair"]
    assert "\x1b" not in shape.told
    assert len(shape.told) < 100


@pytest.mark.parametrize(
    ("symptom", "pairs", "sentence"),
    [
        (
            Symptom(kind="value", cause="minor units: PostgreSQL is 10^2 times MongoDB", path="amount"),
            [(1, 100)],
            "Minor units (cents) and whole ones were mixed up: PostgreSQL holds 100 times as much.",
        ),
        (
            Symptom(kind="value", cause="PostgreSQL is later by 3:30 h", path="createdAt"),
            [],
            "Local time was taken for UTC, or converted twice: PostgreSQL is later by 3 h 30 min.",
        ),
        (
            Symptom(kind="missing_field", cause="null in PostgreSQL for an empty value", path="phone"),
            [],
            "An empty value became null in PostgreSQL: a writer takes empty for absent.",
        ),
        (
            Symptom(kind="value", cause="truncated at 12 characters", path="line1", redacted="pii"),
            [],
            "PostgreSQL holds only the first 12 characters: a column, or a step of the copy, is too short.",
        ),
        (
            Symptom(kind="value", cause="", path="counter"),
            [(3, 2), (9, 8)],
            "One behind or ahead: an update that one store missed, or a count that begins elsewhere.",
        ),
        (
            Symptom(kind="value", cause="", path="price"),
            [("0.58", "0.57"), ("1.10", "1.09")],
            "One step in the last place: cut where it should be rounded, or carried through a floating point number.",
        ),
        (
            Symptom(kind="missing_in_target", cause="records missing in PostgreSQL", path=None),
            [],
            "The rows were never written, or were deleted in PostgreSQL only.",
        ),
    ],
)
def test_a_cause_is_a_sentence_that_can_be_checked(symptom: Symptom, pairs: list[Pair], sentence: str) -> None:
    told = explained(symptom, pairs, looked_at=max(1, len(pairs)))
    assert told.known
    assert told.sentence == sentence
    assert told.evidence


def test_what_is_not_recognized_is_not_called_a_cause() -> None:
    told = explained(Symptom(kind="value", cause="", path="name"), [("a", "q"), ("b", "r")], looked_at=2)
    assert not told.known
    assert told.evidence == ()


def test_masked_values_are_told_by_what_was_recognized_before_masking() -> None:
    told = explained(Symptom(kind="value", cause="upper and lower case", path="email", redacted="pii"), [], looked_at=4)
    assert told.evidence == ("4 of 4: upper and lower case, seen in the values before they were masked",)


def test_an_id_tells_when_its_document_was_created() -> None:
    created = datetime(2012, 10, 17, 21, 13, 27, tzinfo=UTC)
    assert born("507f1f77bcf86cd799439011", now=NOW) == created
    assert born("507f1f77bcf86cd799439011/0x1", now=NOW) == created
    for strange in ("id:64f1", "confirmation.x", "000000000000000000000000", "ffffffffffffffffffffffff"):
        assert born(strange, now=NOW) is None


@pytest.mark.parametrize(
    ("records", "scans", "points_to", "era"),
    [
        ([Appearance(born=OLD, first_run=4)], [], Points.BACKFILL, Era.FIRST_LOOK),
        ([Appearance(born=OLD, first_run=4)], [SCAN], Points.DUAL_WRITE, Era.CHANGED),
        ([Appearance(born=YOUNG, first_run=4)], [SCAN], Points.DUAL_WRITE, Era.NEW),
        ([Appearance(born=None, first_run=4)], [SCAN], Points.DUAL_WRITE, Era.SINCE),
        ([Appearance(born=OLD, first_run=3), Appearance(born=YOUNG, first_run=5)], [SCAN], Points.BOTH, Era.NEW),
        ([], [SCAN], Points.UNKNOWN, None),
    ],
)
def test_the_beginning_points_to_the_writer(
    records: list[Appearance], scans: list[Scan], points_to: Points, era: Era | None
) -> None:
    told = beginning(records, scans)
    assert told.points_to is points_to
    assert era is None or dict(told.eras)[era] == 1
    assert len(told.sentences) == sum(count > 0 for _, count in told.eras)


def test_ages_are_counted_in_stretches_that_fit_and_lose_nobody() -> None:
    for days in (0, 3, 40, 600, 4000):
        births = sorted([NOW - timedelta(days=days), NOW, NOW - timedelta(days=days // 2)])
        found = bars(births)
        assert sum(bar.count for bar in found) == len(births)
        assert len(found) <= MOST_BARS
        assert [bar.start for bar in found] == sorted(bar.start for bar in found)


def case(kind: str = "value", points_to: Points = Points.BACKFILL, backfill: str = "") -> Case:
    return Case(
        id="K-4", domain="address", kind=kind, path="city", points_to=points_to, known=True, backfill=backfill
    )  # fmt: skip


def test_the_next_steps_end_in_a_proof_and_name_the_configured_backfill() -> None:
    steps = next_steps(case(backfill="npm run backfill -- {domain} --keys {keys}"))
    commands = [step.command for step in steps if step.command]
    assert commands == [
        "reconciler clusters keys K-4 --output K-4.keys",
        "npm run backfill -- address --keys K-4.keys",
        "reconciler clusters repair K-4 --output K-4.sql",
        "reconciler run address --mode keys --keys @K-4.keys",
    ]


def test_the_first_step_is_the_writer_that_the_beginning_points_to() -> None:
    assert "backfill" in next_steps(case(points_to=Points.BACKFILL))[0].told
    assert "dual write" in next_steps(case(points_to=Points.DUAL_WRITE))[0].told
    assert "by hand" in " ".join(step.told for step in next_steps(case(kind="key_defect")))
