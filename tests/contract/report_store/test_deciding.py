"""Decisions, evidence and waivers: stored with their act or not at all, once however often they are asked for."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from reconciler.adapters.private_files import make_folder
from reconciler.adapters.report_schema.applying import APPLICATION_ID, MIGRATIONS
from reconciler.adapters.report_store import SqliteReportStore, open_report_store
from reconciler.app.ports import AuditFilter
from reconciler.core.access import SERVICE
from reconciler.core.audit import AuditAction
from reconciler.core.evidence import digest_of
from reconciler.core.history import FlagChange, Rehearsal
from reconciler.errors import Conflict, NotFound, ReportStoreError
from tests.contract.report_store.samples import ADDRESS, NOON, act

pytestmark = pytest.mark.contract

TEXT = '{"domain":"address","version":2}'
DIGEST = digest_of(TEXT)
APPROVE = act(AuditAction.APPROVE, digest=DIGEST)
UNTIL = NOON + timedelta(days=3)
WAIVE = act(AuditAction.WAIVE)


async def actions(store: SqliteReportStore) -> list[str]:
    return [entry.act.action.value for entry in await store.audit(AuditFilter())]


async def test_a_decision_its_act_and_its_evidence_are_stored_together(store: SqliteReportStore) -> None:
    decision = await store.decide(APPROVE, evidence=TEXT, follows=0)
    assert (decision.action, decision.actor, decision.entry) == ("approve", "kim", 1)
    assert await store.decision(decision.id) == decision
    assert await store.evidence(DIGEST) == TEXT
    assert (await store.history(ADDRESS, since=NOON)).decisions == (decision,)
    assert await actions(store) == ["approve"]


async def test_evidence_that_is_not_what_its_digest_says_stores_nothing(store: SqliteReportStore) -> None:
    with pytest.raises(ReportStoreError, match="not what its digest says"):
        await store.decide(APPROVE, evidence="{}", follows=0)
    with pytest.raises(ReportStoreError, match="SQLITE_CONSTRAINT"):
        await store.decide(act(AuditAction.APPROVE), follows=0)
    assert (await store.history(ADDRESS, since=NOON)).decisions == ()
    assert await actions(store) == []


async def test_racing_approvals_of_one_person_are_one(folder: Path) -> None:
    async with open_report_store(folder) as one, open_report_store(folder) as other:
        kim = replace(APPROVE, actor=replace(APPROVE.actor, name=" Kim"))
        asked = [store.decide(each, evidence=TEXT, follows=0) for store in (one, other) for each in (APPROVE, kim) * 3]
        decisions = await asyncio.gather(*asked)
        assert len({decision.id for decision in decisions}) == 1
        assert await actions(one) == ["approve"]
        again = await one.decide(APPROVE, evidence=TEXT, follows=decisions[0].id)
        assert again.id != decisions[0].id


async def test_an_approval_lapses_once_and_carries_the_reason(store: SqliteReportStore) -> None:
    decision = await store.decide(APPROVE, evidence=TEXT, follows=0)
    void = replace(act(AuditAction.VOID), actor=SERVICE, comment="a difference was confirmed")
    assert [await store.lapse(void, decision_id=decision.id) for _ in range(2)] == [True, False]
    assert (await store.decision(decision.id)).voided == "a difference was confirmed"
    assert await actions(store) == ["approve", "void"]


async def test_what_is_not_there_is_not_found(store: SqliteReportStore) -> None:
    for asked in (store.decision(7), store.waiver(7), store.evidence(DIGEST)):
        with pytest.raises(NotFound):
            await asked


async def test_a_waiver_takes_two_people_and_is_confirmed_once(store: SqliteReportStore) -> None:
    waiver = await store.waive(WAIVE, check="rollback_plan", until=UNTIL, result="fail", most=2)
    assert await store.waive(WAIVE, check="rollback_plan", until=UNTIL, result="fail", most=2) == waiver
    assert (waiver.asked_by, waiver.most, waiver.result, waiver.until, waiver.confirmed_by) == (
        "kim",
        2,
        "fail",
        UNTIL,
        "",
    )
    confirm = act(AuditAction.WAIVER_CONFIRMED, name="lou")
    with pytest.raises(ReportStoreError, match="a second person confirms"):
        await store.confirm_waiver(replace(confirm, actor=WAIVE.actor), waiver_id=waiver.id)
    confirmed = await store.confirm_waiver(confirm, waiver_id=waiver.id)
    assert (confirmed.confirmed_by, confirmed.confirmed_at) == ("lou", NOON)
    with pytest.raises(Conflict):
        await store.confirm_waiver(replace(confirm, actor=SERVICE), waiver_id=waiver.id)
    assert (await store.history(ADDRESS, since=NOON)).waivers == (confirmed,)
    ended = await store.end_waiver(act(AuditAction.WAIVER_ENDED), waiver_id=waiver.id)
    assert await store.end_waiver(act(AuditAction.WAIVER_ENDED), waiver_id=waiver.id) == ended
    assert await actions(store) == ["waive", "waiver_confirmed", "waiver_ended"]


async def test_a_flag_in_its_place_is_noted_once(store: SqliteReportStore) -> None:
    change = FlagChange(domain="address", reads="postgres", had_go=True, origin="kim, by hand", at=NOON)
    late = replace(change, had_go=False)
    assert await store.note_flag(change, act=act(AuditAction.FLIP)) == change
    assert await store.note_flag(late, act=act(AuditAction.FLIP)) == change
    assert await actions(store) == ["flip"]


async def test_a_rehearsal_that_cannot_be_stored_leaves_no_act(store: SqliteReportStore) -> None:
    rehearsal = Rehearsal(domain="address", minutes=-1, comment="-", actor="kim", at=NOON)
    with pytest.raises(ReportStoreError):
        await store.rehearse(rehearsal, act=act(AuditAction.REHEARSE))
    assert await actions(store) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE evidence SET text = '{}'",
        "DELETE FROM evidence",
        "DELETE FROM lapses",
        "UPDATE waivers SET until = until + 1",
        "DELETE FROM waiver_confirmations",
        "INSERT INTO waiver_confirmations SELECT id, ' KIM', asked_at, entry FROM waivers WHERE id = 2",
    ],
)
async def test_the_database_itself_keeps_them(store: SqliteReportStore, folder: Path, statement: str) -> None:
    decision = await store.decide(APPROVE, evidence=TEXT, follows=0)
    await store.lapse(act(AuditAction.VOID), decision_id=decision.id)
    waiver = await store.waive(WAIVE, check="rollback_plan", until=UNTIL, result="fail", most=1)
    await store.confirm_waiver(act(AuditAction.WAIVER_CONFIRMED, name="lou"), waiver_id=waiver.id)
    await store.waive(WAIVE, check="depends_on", until=UNTIL, result="fail", most=1)
    connected = closing(sqlite3.connect(folder / "reconciler.db", isolation_level=None))
    with connected as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)


async def test_evidence_changed_behind_its_back_is_not_given_out(store: SqliteReportStore, folder: Path) -> None:
    await store.decide(APPROVE, evidence=TEXT, follows=0)
    with closing(sqlite3.connect(folder / "reconciler.db", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER evidence_update_refused")
        connection.execute("UPDATE evidence SET text = '{}'")
    with pytest.raises(ReportStoreError, match="changed after it was frozen"):
        await store.evidence(DIGEST)


async def test_pruning_keeps_evidence_and_decisions(store: SqliteReportStore) -> None:
    decision = await store.decide(APPROVE, evidence=TEXT, follows=0)
    await store.prune(older_than=NOON + timedelta(days=400), at=NOON + timedelta(days=500))
    assert await store.evidence(DIGEST) == TEXT
    assert await store.decision(decision.id) == decision
    assert (await store.audit_chain(full=True)).entries == 1


async def test_decisions_of_an_older_schema_are_carried_over(folder: Path) -> None:
    make_folder(folder)
    with closing(Database(folder / "reconciler.db")) as db:
        for statement in MIGRATIONS[0].statements:
            db.execute(statement)
        db.execute("INSERT INTO decisions VALUES (1, 'address', 'approve', 'sha256:e', 'kim', 'fine', 1000000)")
        db.execute("PRAGMA user_version = 1")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.conn.commit()
    async with open_report_store(folder) as store:
        (decision,) = (await store.history(ADDRESS, since=NOON)).decisions
        assert (decision.id, decision.actor, decision.entry, decision.voided) == (1, "kim", None, "")
        assert (await store.decide(act())).id == 2
