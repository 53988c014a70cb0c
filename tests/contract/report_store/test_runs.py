"""Runs come back as they were written, and only whole ones can be sealed as completed."""

from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.adapters.report_store import SqliteReportStore, open_report_store
from reconciler.core.audit import AuditAction
from reconciler.core.history import Rehearsal
from reconciler.core.model import DiffState, InvariantResult, Mode, Outcome, RunStatus, SampleDraw
from reconciler.core.schema_look import SchemaLook
from reconciler.errors import NotFound, ReportStoreError
from tests.contract.report_store.samples import (
    ADDRESS,
    NOON,
    act,
    counts,
    finish,
    finish_domain,
    mismatch,
    missing,
    record,
    start,
    whole_run,
)

pytestmark = pytest.mark.contract

HOUR = timedelta(hours=1)


async def test_a_run_comes_back_as_it_was_written(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start(seed=2**70))
    running = await store.run(run_id)
    assert (running.status, running.finished_at, running.seed) == (RunStatus.RUNNING, None, 2**70)
    await record(store, run_id, [mismatch("a")])
    await finish(store, run_id, counts(field_mismatch=1), at=NOON + HOUR)
    run = await store.run(run_id)
    assert (run.status, run.mode, run.trigger, run.code_version) == (RunStatus.COMPLETED, Mode.SCAN, "test", "1.2.3")
    assert (run.started_at, run.finished_at) == (NOON, NOON + HOUR)
    (part,) = run.domains
    assert (part.domain, part.config_digest, part.policy_digest) == (
        "address",
        "sha256:address",
        "sha256:policy-address",
    )
    assert (part.notes, part.gaps, part.canaries_planted, part.canaries_caught) == (("a note",), 2, 5, 5)
    assert part.identities == {"source": "rs0", "target": "pg-1"}
    assert part.entities == (counts(field_mismatch=1),)


async def test_what_a_run_ran_on_comes_back_as_last_noted(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    assert await store.environment(run_id) == {}
    await store.note_environment(run_id, {"host": "a"})
    await store.note_environment(run_id, {"host": "b", "source_version": "6.0.5"})
    assert await store.environment(run_id) == {"host": "b", "source_version": "6.0.5"}
    await finish(store, run_id, counts(), at=NOON + HOUR)
    with pytest.raises(ReportStoreError):
        await store.note_environment(run_id, {"host": "c"})


async def test_runs_of_one_mode_are_found(store: SqliteReportStore) -> None:
    for mode in (Mode.SCAN, Mode.SAMPLE, Mode.SCAN):
        await store.start_run(start(mode=mode))
    assert [run.id for run in await store.runs(mode=Mode.SCAN)] == [3, 1]
    assert [run.id for run in await store.runs(domain="address", mode=Mode.SAMPLE)] == [2]


async def test_invariants_and_notes_of_an_entity_come_back(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    invariant = InvariantResult(name="one_primary", side="both", violations=2, sample_keys=("ä", "b"))
    plain = counts()
    values = {name: getattr(plain, name) for name in plain.__slots__}
    summary = type(plain)(
        **{
            **values,
            "invariants": (invariant,),
            "notes": ("seen twice",),
            "may_be_empty": True,
            "softened": {"city": 3},
            "sample": SampleDraw(size=40, even=20, population=1201),
            "ignored": {"note": 4},
            "schema": SchemaLook(lacks=("no column",), hints=("no unique index",)),
            "tolerated": {"specs[].value": 1},
        }
    )
    await finish(store, run_id, summary)
    assert (await store.run(run_id)).domains[0].entities == (summary,)


async def test_entities_and_domains_keep_their_order(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start(domains=("review", "address")))
    for entity in ("zebra", "apple"):
        await store.finish_entity(run_id, domain="address", summary=counts(entity=entity), resolved=None, at=NOON)
    run = await store.run(run_id)
    assert [part.domain for part in run.domains] == ["review", "address"]
    assert [entity.entity for entity in run.domains[1].entities] == ["zebra", "apple"]


async def test_what_does_not_exist_is_not_found(store: SqliteReportStore) -> None:
    for asked in (store.run(9), store.diff(9), store.cluster("K-9"), store.cluster("nine")):
        with pytest.raises(NotFound):
            await asked
    with pytest.raises(NotFound, match="run 9"):
        await record(store, 9, [mismatch("a")])
    run_id = await store.start_run(start())
    with pytest.raises(NotFound, match="review"):
        await record(store, run_id, [mismatch("a")], domain="review")


@pytest.mark.parametrize(
    "wrong",
    [
        counts(seen=11),
        counts(seen=9),
        counts(compared=11),
        counts(matched=-1, seen=0, compared=0),
        counts(coverage=1.01),
        counts(coverage=-0.01),
        counts(complete=False),
        counts(source_records=11),
        counts(target_records=11),
        counts(source_records=-1),
    ],
    ids=[
        "seen above outcomes",
        "seen below outcomes",
        "compared above matched and mismatched",
        "a negative outcome",
        "coverage above one",
        "coverage below zero",
        "full coverage of a partial entity",
        "full coverage, source records unseen",
        "full coverage, target records unseen",
        "a negative count",
    ],
)
async def test_counts_that_do_not_add_up_are_refused_and_the_run_stays_unsealed(
    store: SqliteReportStore, wrong: object
) -> None:
    run_id = await store.start_run(start())
    with pytest.raises(ReportStoreError, match="SQLITE_CONSTRAINT"):
        await store.finish_entity(run_id, domain="address", summary=wrong, resolved=None, at=NOON)  # type: ignore[arg-type]
    with pytest.raises(ReportStoreError, match="cannot be completed"):
        await finish(store, run_id, counts())
    assert (await store.run(run_id)).status is RunStatus.RUNNING


async def test_a_partial_entity_below_full_coverage_is_stored(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    summary = counts(coverage=0.5, complete=False, source_records=20)
    await finish(store, run_id, summary, resolved=())
    assert (await store.run(run_id)).domains[0].entities == (summary,)


async def test_a_run_with_an_unfinished_domain_is_not_completed(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    await store.finish_entity(run_id, domain="address", summary=counts(), resolved=None, at=NOON)
    with pytest.raises(ReportStoreError, match="a domain of the run is not finished"):
        await store.finish_run(run_id, status=RunStatus.COMPLETED, identities={}, at=NOON)
    await store.finish_run(run_id, status=RunStatus.FAILED, identities={}, at=NOON)
    assert (await store.run(run_id)).status is RunStatus.FAILED


async def test_a_run_that_missed_a_canary_is_not_completed(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    await store.finish_entity(run_id, domain="address", summary=counts(), resolved=None, at=NOON)
    await finish_domain(store, run_id, canaries=(5, 4))
    with pytest.raises(ReportStoreError, match="a canary was missed"):
        await store.finish_run(run_id, status=RunStatus.COMPLETED, identities={}, at=NOON)


@pytest.mark.parametrize(
    ("diffs", "summary"),
    [
        ([], counts(field_mismatch=1)),
        ([mismatch("a")], counts()),
        ([mismatch("a"), missing("b")], counts(field_mismatch=1)),
        ([mismatch("a", state=DiffState.UNCONFIRMED)], counts(field_mismatch=1)),
        ([mismatch("a")], counts(field_mismatch=1, unconfirmed=1)),
        ([mismatch("a", state=DiffState.CLEARED)], counts(field_mismatch=1)),
    ],
    ids=[
        "counted, none stored",
        "stored, none counted",
        "one of two counted",
        "unconfirmed not counted",
        "unconfirmed counted, stored as confirmed",
        "cleared counted as differing",
    ],
)
async def test_a_run_whose_diffs_and_counts_disagree_is_not_completed(
    store: SqliteReportStore, diffs: list[object], summary: object
) -> None:
    run_id = await store.start_run(start())
    await record(store, run_id, diffs)  # type: ignore[arg-type]
    with pytest.raises(ReportStoreError, match="do not agree"):
        await finish(store, run_id, summary)  # type: ignore[arg-type]
    assert (await store.run(run_id)).status is RunStatus.RUNNING


async def test_diffs_of_an_entity_without_counts_need_an_error_that_says_why(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    await record(store, run_id, [mismatch("a")])
    await finish_domain(store, run_id)
    with pytest.raises(ReportStoreError, match="an entity that was not finished"):
        await store.finish_run(run_id, status=RunStatus.COMPLETED, identities={}, at=NOON)
    other = await store.start_run(start())
    await record(store, other, [mismatch("a")])
    await finish_domain(store, other, error="the target stopped answering")
    await store.finish_run(other, status=RunStatus.COMPLETED, identities={}, at=NOON)
    assert (await store.run(other)).domains[0].error == "the target stopped answering"


async def test_runs_are_paged_newest_first(store: SqliteReportStore) -> None:
    ids = [await whole_run(store) for _ in range(5)]
    other = await store.start_run(start(domains=("review",)))
    first = await store.runs(domain="address", limit=2)
    second = await store.runs(domain="address", before=first[-1].id, limit=2)
    assert [run.id for run in (*first, *second)] == ids[:0:-1]
    assert (await store.runs())[0].id == other
    assert [run.id for run in await store.runs(domain="review")] == [other]


async def test_history_holds_what_the_gate_looks_at(store: SqliteReportStore) -> None:
    first = await whole_run(store, [mismatch("a"), mismatch("b", state=DiffState.UNCONFIRMED)])
    failed = await store.start_run(start(at=NOON + HOUR))
    await store.finish_run(failed, status=RunStatus.FAILED, identities={}, at=NOON + HOUR)
    sample = await whole_run(store, [mismatch("b", state=DiffState.UNCONFIRMED)], at=NOON + 2 * HOUR, mode=Mode.SAMPLE)
    await whole_run(store, [mismatch("c")], at=NOON + 3 * HOUR)
    history = await store.history(ADDRESS, since=NOON)
    assert [run.run_id for run in history.runs] == [sample + 1, sample, failed, first]
    assert [run.status for run in history.runs][2] is RunStatus.FAILED
    assert (history.open_confirmed, history.open_unconfirmed) == (1, 0)
    assert history.last_diff_at == NOON + 3 * HOUR


async def test_history_keeps_the_newest_scan_however_old(store: SqliteReportStore) -> None:
    await whole_run(store)
    newest_scan = await whole_run(store)
    interrupted = await store.start_run(start())
    await store.finish_run(interrupted, status=RunStatus.INTERRUPTED, identities={}, at=NOON)
    await whole_run(store, mode=Mode.SAMPLE)
    recent = await whole_run(store, mode=Mode.SAMPLE, at=NOON + 9 * HOUR)
    history = await store.history(ADDRESS, since=NOON + 8 * HOUR)
    assert [run.run_id for run in history.runs] == [recent, interrupted, newest_scan]
    assert [run.run_id for run in await store.runs_since("address", NOON + 8 * HOUR)] == [recent]


async def test_runs_since_a_time_are_found_whatever_the_order_of_their_ids(store: SqliteReportStore) -> None:
    late = await whole_run(store, at=NOON + 5 * HOUR)
    early = await whole_run(store, at=NOON + 2 * HOUR)  # the clock went back
    await whole_run(store, at=NOON - 9 * HOUR)
    assert [run.run_id for run in await store.runs_since("address", NOON + HOUR)] == [early, late]
    assert [run.run_id for run in await store.runs_since("address", NOON + 3 * HOUR)] == [late]
    assert list(await store.runs_since("address", NOON + 6 * HOUR)) == []


async def test_an_unsealed_run_is_read_anew_each_time(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    assert (await store.history(ADDRESS, since=NOON)).runs[0].status is RunStatus.RUNNING
    await finish(store, run_id, counts())
    (run,) = (await store.history(ADDRESS, since=NOON)).runs
    assert (run.status, len(run.entities)) == (RunStatus.COMPLETED, 1)
    assert run.entities[0].outcomes[Outcome.MATCHED] == 10


async def test_what_another_process_writes_is_seen_at_once_and_what_is_older_is_left_out(
    store: SqliteReportStore, folder: Path
) -> None:
    first = await whole_run(store)
    assert [run.run_id for run in await store.runs_since("address", NOON)] == [first]
    async with open_report_store(folder) as other:
        second = await whole_run(other, at=NOON + HOUR)
        assert [run.run_id for run in await store.runs_since("address", NOON)] == [second, first]
        assert [run.run_id for run in await store.runs_since("address", NOON + HOUR)] == [second]
        assert [run.run_id for run in await store.runs_since("address", NOON - HOUR)] == [second, first]
        running = await other.start_run(start(at=NOON + 2 * HOUR))
        assert [run.run_id for run in await store.runs_since("address", NOON)] == [running, second, first]


async def test_a_domain_without_anything_has_an_empty_history(store: SqliteReportStore) -> None:
    history = await store.history(ADDRESS, since=NOON)
    assert (history.runs, history.open_confirmed, history.last_diff_at, history.decisions) == ((), 0, None, ())


async def test_decisions_and_rehearsals_come_back_in_order(store: SqliteReportStore) -> None:
    for action in (AuditAction.REQUEST, AuditAction.REVOKE, AuditAction.REJECT):
        await store.decide(act(action))
    rehearsal = Rehearsal(domain="address", minutes=4, comment="fine", actor="kim", at=NOON)
    await store.rehearse(rehearsal, act=act(AuditAction.REHEARSE))
    history = await store.history(ADDRESS, since=NOON)
    assert [(one.action, one.comment, one.at) for one in history.decisions] == [
        ("request", "sé", NOON),
        ("revoke", "sé", NOON),
        ("reject", "sé", NOON),
    ]
    assert history.rehearsals == (rehearsal,)
    with pytest.raises(ReportStoreError, match="SQLITE_CONSTRAINT_CHECK"):
        await store.decide(act(AuditAction.EXPORT))
