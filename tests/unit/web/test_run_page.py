"""A run's page: its sentence keeps its denominator, its numbers are held against the run before, caveats are told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.app.courses import Course, Phase, Watch
from reconciler.app.ports import ClusterCount, StoredRun
from reconciler.core.history import DomainRun
from reconciler.core.model import EntitySummary, Mode, Outcome, RunStatus
from reconciler.web.views.run import RunPage, comparable, run_page, tab_title
from reconciler.web.views.sparks import HEIGHT, Value, spark
from reconciler.web.words import Family

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 20, 22, 4, 11, tzinfo=UTC)


def entity(*, differ: int = 0, cleared: int = 0, unconfirmed: int = 0, coverage: float = 1.0) -> EntitySummary:
    outcomes = dict.fromkeys(Outcome, 0) | {Outcome.MATCHED: 100 - differ, Outcome.FIELD_MISMATCH: differ}
    return EntitySummary(
        entity="address", source_records=100, target_records=100, seen=100, compared=100, outcomes=outcomes,
        cleared=cleared, unconfirmed=unconfirmed, coverage=coverage, method="stream", complete=coverage == 1.0,
    )  # fmt: skip


def run(
    run_id: int,
    *entities: EntitySummary,
    status: RunStatus = RunStatus.COMPLETED,
    mode: Mode = Mode.SCAN,
    took: timedelta = timedelta(seconds=50),
    domain: str = "address",
    error: str = "",
    caught: int = 5,
) -> StoredRun:
    finished = None if status is RunStatus.RUNNING else NOW + took
    part = DomainRun(
        run_id=run_id, domain=domain, mode=mode, status=status, started_at=NOW, finished_at=finished,
        config_digest="sha256:c", policy_digest="sha256:p", code_version="1", entities=entities, notes=("a note",),
        gaps=0, error=error, canaries_planted=5, canaries_caught=caught,
    )  # fmt: skip
    return StoredRun(
        id=run_id, mode=mode, status=status, seed=None, trigger="schedule", started_at=NOW, finished_at=finished,
        config_digest="sha256:c", code_version="1", domains=(part,),
    )  # fmt: skip


def page(of: StoredRun, *earlier: StoredRun, course: Course | None = None) -> RunPage:
    return run_page(of, (), (), now=NOW + timedelta(seconds=20), earlier=earlier, course=course)


def figure(of: RunPage, label: str) -> tuple[str, str]:
    return next((one.value, one.change) for one in of.figures if one.label == label)


def test_numbers_are_held_against_the_run_before() -> None:
    shown = page(run(9, entity(differ=3)), run(8, entity(differ=1)), run(7, entity(differ=30)))
    assert shown.before == 8
    assert figure(shown, "fields differ") == ("3", "+2")
    assert figure(shown, "equal") == ("97", "\N{MINUS SIGN}2")
    assert figure(shown, "compared") == ("100", "")


def test_a_run_that_has_not_ended_well_is_held_against_nothing() -> None:
    shown = page(run(9, entity(differ=3), status=RunStatus.INTERRUPTED), run(8, entity()))
    assert figure(shown, "fields differ") == ("3", "")
    assert shown.trend is None
    assert shown.resume == "reconciler run --resume 9"
    assert shown.sentence.startswith("It did not come to its end: 3 of 100 records differ so far")


def test_only_completed_runs_of_the_same_mode_and_domains_are_like_it() -> None:
    others = [
        run(8, entity(), mode=Mode.SAMPLE), run(7, entity(), status=RunStatus.FAILED), run(6, entity(), domain="auth"),
        run(5, entity()),
    ]  # fmt: skip
    assert [one.id for one in comparable(run(9, entity()), others)] == [5]


def test_a_scan_in_part_says_how_much_it_covered() -> None:
    assert "a scan that covered 61.30 % at least" in page(run(9, entity(coverage=0.613))).sentence


def test_what_nobody_compared_is_told_as_such() -> None:
    none = dict.fromkeys(Outcome, 0)
    empty = replace(entity(), seen=0, compared=0, outcomes=none, source_records=0, target_records=0)
    shown = page(run(9, empty))
    assert shown.sentence == "Nothing was compared, so nothing is known."
    assert shown.whole.word.family is Family.INCONCLUSIVE


def test_the_gravest_caveats_come_first() -> None:
    told = page(run(9, entity(cleared=12, unconfirmed=2, coverage=0.5), error="gone", caught=4)).caveats
    assert [one.text for one in told] == [
        "gone",
        "1 of 5 canaries not seen: this run could not see",
        "read in part only: 50.00 % covered",
        "2 differences had not settled by the end",
        "12 records differed at first and were equal when read again",
    ]
    assert told[-1].family is Family.NODATA
    assert page(run(9, entity())).caveats == ()


def test_fields_gather_their_clusters() -> None:
    def cluster(name: str, path: str | None, kind: str, diffs: int) -> ClusterCount:
        return ClusterCount(
            id=name, domain="address", entity="address", path=path, kind=kind, title="", cause="", diffs=diffs,
            first_run=1, last_run=9, first_seen_at=NOW, last_seen_at=NOW,
        )  # fmt: skip

    found = [cluster("K-1", "city", "value", 2), cluster("K-2", "city", "type", 1), cluster("K-3", None, "extra", 9)]
    shown = run_page(run(9, entity(differ=4)), found, (), now=NOW)
    assert [(row.path, row.differences, row.clusters) for row in shown.fields] == [
        (None, 9, ("K-3",)),
        ("city", 3, ("K-1", "K-2")),
    ]
    assert shown.fields[0].share == 1.0


def test_a_run_of_this_process_tells_how_far_it_is() -> None:
    seconds = iter((0.0, 10.0, 15.0))
    watch = Watch(entities=4, monotonic=lambda: next(seconds))
    watch.entity("address", "address")
    watch.read(500, 2000)
    course = watch.course
    assert (course.share, course.rate, course.left) == (0.0625, 100.0, timedelta(seconds=15))
    shown = page(run(9, status=RunStatus.RUNNING), run(8, entity()), course=course)
    assert shown.course is not None
    assert (shown.course.percent, shown.course.here) == (6, True)
    assert shown.course.lines == (
        "address, entity 1 of 4: 500 of 2,000 records of both sides read, 100 a second.",
        "address takes about 15 s more.",
        "20 s so far; run 8, the last like it, took 50 s.",
    )
    assert tab_title(shown) == "(6 %) RUNNING · run 9"


def test_while_differences_settle_all_looking_is_done_and_no_end_is_promised() -> None:
    watch = Watch(entities=1, monotonic=lambda: 7.0)
    watch.entity("address", "address")
    watch.settling(3)
    assert (watch.course.phase, watch.course.share, watch.course.left) == (Phase.SETTLING, 1.0, None)


def test_a_run_of_another_process_is_told_by_what_is_stored() -> None:
    shown = page(run(9, status=RunStatus.RUNNING))
    assert shown.course is not None
    assert not shown.course.here
    assert shown.course.lines[0] == "0 of 1 domain stored."


def test_a_picture_stands_on_its_line_and_says_itself_in_words() -> None:
    values = [Value(number=number, text=f"n{number}", family=Family.OK) for number in (0, None, 5.0)]
    drawn = spark("Differ", values, newest="5")
    assert [(bar.x, bar.height) for bar in drawn.bars] == [(0, 1.5), (32, HEIGHT - 2)]
    assert drawn.text == "Differ, the newest last: n0; nNone; n5.0"
