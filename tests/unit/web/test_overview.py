"""The overview's one sentence and its strip: green only where everything is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.gate_values import Gate, GateVerdict
from reconciler.core.history import DomainHistory, DomainRun
from reconciler.core.model import EntitySummary, Mode, Outcome, RunStatus
from reconciler.core.spec import DomainSpec, EntitySpec, FieldKind, FieldSpec, System
from reconciler.web.views.days import DAYS, Judgements, strip
from reconciler.web.views.overview import MAY_READ_TARGET, Order, Overview, Soak, overview, sorted_by, tab_title
from reconciler.web.words import SEVERITY, Family

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 20, 22, 4, 11, tzinfo=UTC)
NOTHING = DomainHistory(runs=(), open_confirmed=0, open_unconfirmed=0, last_diff_at=None, decisions=(), rehearsals=())
COMPARABLE = [verdict for verdict in GateVerdict if verdict is not GateVerdict.NOT_COMPARABLE]


def spec(name: str) -> DomainSpec:
    identity = FieldSpec(path="_id", kind=FieldKind.IDENTITY, column="legacy_object_id")
    entity = EntitySpec(name=name, collection=name, table=name, fields=(identity,), key=("_id",))
    return DomainSpec(name=name, title=name.title(), entities=(entity,), flag=f"{name.upper()}_STORE")


def gate(name: str, verdict: GateVerdict) -> Gate:
    return Gate(
        domain=name,
        verdict=verdict,
        policy_digest=None,
        evidence_digest=None,
        valid_until=None,
        checks=(),
        flip="",
        rollback="",
        reason=f"{name} is so.",
        next_step=f"look at {name}",
    )


def made(*verdicts: GateVerdict) -> Overview:
    names = [f"d{number}" for number in range(len(verdicts))]
    return overview(
        System(domains=tuple(spec(name) for name in names)),
        [gate(name, verdict) for name, verdict in zip(names, verdicts, strict=True)],
        dict.fromkeys(names, NOTHING),
        now=NOW,
        judgements=Judgements(),
        scheduled=(),
        running=(),
    )


@given(st.lists(st.sampled_from(COMPARABLE), min_size=1, max_size=9))
def test_the_banner_is_green_only_where_every_domain_is(verdicts: list[GateVerdict]) -> None:
    page = made(*verdicts)
    assert (page.banner.word.family is Family.OK) == all(verdict in MAY_READ_TARGET for verdict in verdicts)


@given(st.lists(st.sampled_from(COMPARABLE), min_size=1, max_size=9))
def test_the_worst_comes_first_and_the_tab_counts_it(verdicts: list[GateVerdict]) -> None:
    page = made(*verdicts)
    worst = min(verdicts, key=SEVERITY.index)
    assert page.rows[0].verdict is worst
    assert tab_title(page).startswith(f"({verdicts.count(worst)} ")
    assert {count.verdict: count.domains for count in page.counts} == {one: verdicts.count(one) for one in GateVerdict}


def test_without_a_comparable_domain_nothing_is_green() -> None:
    page = overview(System(domains=()), [], {}, now=NOW, judgements=Judgements(), scheduled=(), running=())
    assert page.banner.word.family is Family.NODATA


@pytest.mark.parametrize(
    ("verdicts", "headline"),
    [
        ([GateVerdict.NO_GO], "1 domain must not flip."),
        ([GateVerdict.NO_GO, GateVerdict.NO_GO, GateVerdict.GO], "2 domains must not flip."),
        ([GateVerdict.GO, GateVerdict.NO_DATA], "1 domain has never been compared."),
        ([GateVerdict.SOAKING, GateVerdict.SOAKING], "Nothing is wrong; 2 domains are still soaking."),
        (
            [GateVerdict.FLIPPED, GateVerdict.FLIPPED],
            "Migration done: 2 of 2 flags read PostgreSQL.",
        ),
    ],
)
def test_the_headline_agrees_with_its_number(verdicts: list[GateVerdict], headline: str) -> None:
    assert made(*verdicts).banner.headline == headline


def a_run(
    number: int,
    *,
    days_ago: int,
    mode: Mode = Mode.SCAN,
    status: RunStatus = RunStatus.COMPLETED,
    matched: int = 5,
    differ: int = 0,
) -> DomainRun:
    outcomes = dict.fromkeys(Outcome, 0) | {Outcome.MATCHED: matched, Outcome.FIELD_MISMATCH: differ}
    total = matched + differ
    entity = EntitySummary(
        entity="d",
        source_records=total,
        target_records=total,
        seen=total,
        compared=total,
        outcomes=outcomes,
        cleared=0,
        unconfirmed=0,
        coverage=1.0,
        method="stream",
        complete=True,
    )
    at = NOW - timedelta(days=days_ago)
    return DomainRun(
        run_id=number,
        domain="d",
        mode=mode,
        status=status,
        started_at=at,
        finished_at=at,
        config_digest="c",
        policy_digest="p",
        code_version="1",
        entities=(entity,),
        notes=(),
        gaps=0,
        error="",
    )


def last_day(*runs: DomainRun) -> tuple[Family, bool]:
    days = strip(runs, now=NOW, judgements=Judgements()).days
    assert len(days) == DAYS
    return days[-1].family, days[-1].partly


def test_a_day_is_as_good_as_its_worst_run() -> None:
    assert last_day() == (Family.NODATA, False)
    assert last_day(a_run(1, days_ago=0)) == (Family.OK, False)
    assert last_day(a_run(1, days_ago=0), a_run(2, days_ago=0, differ=1)) == (Family.DIFFS, False)
    assert last_day(a_run(1, days_ago=0), a_run(2, days_ago=0, status=RunStatus.FAILED)) == (Family.INCONCLUSIVE, False)


def test_a_day_of_samples_only_is_shown_as_less() -> None:
    assert last_day(a_run(1, days_ago=0, mode=Mode.SAMPLE)) == (Family.OK, True)
    assert last_day(a_run(1, days_ago=0, mode=Mode.SAMPLE), a_run(2, days_ago=0)) == (Family.OK, False)


def test_a_run_that_compared_nothing_or_is_under_way_makes_no_green_day() -> None:
    assert last_day(a_run(1, days_ago=0, matched=0)) == (Family.INCONCLUSIVE, False)
    assert last_day(a_run(1, days_ago=0, status=RunStatus.RUNNING)) == (Family.NODATA, False)


def test_the_strip_says_in_words_what_it_shows() -> None:
    shown = strip([a_run(1, days_ago=1, differ=2), a_run(2, days_ago=0)], now=NOW, judgements=Judgements())
    assert shown.text == "Last 14 days: 1 clean day; 12 days without a run; 19 Mar: diffs, 1 run"


def test_a_running_part_is_judged_again_once_it_is_sealed() -> None:
    judgements = Judgements()
    running = a_run(1, days_ago=0, status=RunStatus.RUNNING)
    assert judgements.of(running) != judgements.of(a_run(1, days_ago=0))


def test_the_migration_is_done_where_every_flag_reads_postgres_and_nothing_else_waits() -> None:
    def headline(*verdicts: GateVerdict, unflagged: GateVerdict = GateVerdict.GO) -> str:
        names = [f"d{number}" for number in range(len(verdicts))]
        specs = [spec(name) for name in names]
        page = overview(
            System(domains=(*specs, replace(spec("ledger"), flag=""))),
            [*(gate(name, verdict) for name, verdict in zip(names, verdicts, strict=True)), gate("ledger", unflagged)],
            dict.fromkeys([*names, "ledger"], NOTHING),
            now=NOW,
            judgements=Judgements(),
            scheduled=(),
            running=(),
        )
        return page.banner.headline

    flipped, go = GateVerdict.FLIPPED, GateVerdict.GO
    assert headline(flipped, flipped) == "Migration done: 2 of 2 flags read PostgreSQL."
    assert headline(flipped, go) == "2 domains may flip."
    assert headline(flipped, flipped, unflagged=GateVerdict.SOAKING) == "Nothing is wrong; 1 domain is still soaking."
    assert headline(flipped, flipped, unflagged=GateVerdict.NO_GO) == "1 domain must not flip."


def test_rows_are_ordered_as_asked() -> None:
    page = made(GateVerdict.NO_GO, GateVerdict.GO, GateVerdict.SOAKING)
    soaks = (Soak(hours=1, needed=2, share=0.5), None, Soak(hours=2, needed=2, share=1.0))
    rows = [replace(row, title=title, soak=soak) for row, title, soak in zip(page.rows, "bca", soaks, strict=True)]
    assert [row.title for row in sorted_by(rows, Order.SEVERITY)] == ["b", "c", "a"]
    assert [row.title for row in sorted_by(rows, Order.NAME)] == ["a", "b", "c"]
    assert [row.title for row in sorted_by(rows, Order.SOAK)] == ["a", "b", "c"]
    assert [row.title for row in sorted_by(rows, Order.LAST_RUN)] == ["b", "c", "a"]
