"""The audit log only grows, its chain does not fork, and what was changed behind its back is found."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.adapters.report_store import SqliteReportStore, open_report_store
from reconciler.adapters.report_store.auditing import STRETCH
from reconciler.app.ports import AuditFilter
from reconciler.core.access import SERVICE, Actor, Means, Role
from reconciler.core.audit import BEGINNING, Act, AuditAction
from reconciler.errors import ReportStoreError
from tests.contract.report_store.samples import NOON

pytestmark = pytest.mark.contract

ANNA = Actor(name="anna", role=Role.APPROVER, means=Means.TOKEN)
ACT = Act(
    actor=ANNA, action=AuditAction.APPROVE, at=NOON, domain="address", verdict="ready", comment="Köln \ud800 it is"
)
COPY = (
    "INSERT INTO audit SELECT {number}, at, actor, role, means, action, domain, verdict, evidence_digest, comment, "
    "{previous}, 'new' FROM audit WHERE id = 2"
)
UNGUARDED = ("audit_kept", "audit_update_refused", "audit_is_a_chain")


async def noted(store: SqliteReportStore, count: int) -> None:
    for number in range(count):
        await store.note_act(replace(ACT, at=NOON + timedelta(seconds=number), comment=f"act {number}"))


def meddle(folder: Path, *statements: str) -> None:
    """What somebody does who has the file and takes the guards away first."""
    with closing(sqlite3.connect(folder / "reconciler.db", isolation_level=None)) as connection:
        for trigger in UNGUARDED:
            connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for statement in statements:
            connection.execute(statement)


async def test_entries_come_back_as_they_were_written_and_the_chain_holds(store: SqliteReportStore) -> None:
    written = [
        await store.note_act(ACT),
        await store.note_act(replace(ACT, actor=SERVICE, domain="", evidence_digest="x")),
    ]
    assert [entry.number for entry in written] == [1, 2]
    assert written[0].previous == BEGINNING
    assert written[1].previous == written[0].digest
    assert await store.audit(AuditFilter()) == written
    for full in (False, True):
        chain = await store.audit_chain(full=full)
        assert (chain.intact, chain.entries, chain.head) == (True, 2, written[1].digest)


async def test_an_empty_log_is_an_intact_chain(store: SqliteReportStore) -> None:
    chain = await store.audit_chain()
    assert (chain.intact, chain.entries, chain.head) == (True, 0, BEGINNING)


async def test_entries_are_listed_as_asked(store: SqliteReportStore) -> None:
    await noted(store, 5)
    await store.note_act(
        replace(ACT, actor=SERVICE, action=AuditAction.FLIP, domain="auth", at=NOON + timedelta(hours=1))
    )

    async def numbers(wanted: AuditFilter) -> list[int]:
        return [entry.number for entry in await store.audit(wanted)]

    assert await numbers(AuditFilter(newest_first=True, limit=2)) == [6, 5]
    assert await numbers(AuditFilter(newest_first=True, before=5, limit=2)) == [4, 3]
    assert await numbers(AuditFilter(after=4)) == [5, 6]
    assert await numbers(AuditFilter(domain="auth")) == [6]
    assert await numbers(AuditFilter(actor="anna", limit=2)) == [1, 2]
    assert await numbers(AuditFilter(actions=(AuditAction.FLIP, AuditAction.VOID))) == [6]
    assert await numbers(AuditFilter(since=NOON + timedelta(seconds=3), until=NOON + timedelta(seconds=5))) == [4, 5]


async def test_many_writers_of_two_stores_do_not_fork_the_chain(folder: Path) -> None:
    async with open_report_store(folder) as one, open_report_store(folder) as other:
        await asyncio.gather(*(store.note_act(ACT) for store in (one, other) for _ in range(20)))
        chain = await one.audit_chain(full=True)
        assert (chain.trouble, chain.entries) == ("", 40)
        assert await other.audit_chain() == chain


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET comment = 'other' WHERE id = 1",
        "DELETE FROM audit WHERE id = 2",
        COPY.format(number=9, previous="digest"),
        COPY.format(number=3, previous="'another'"),
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE id = 1",
    ],
)
async def test_the_database_itself_refuses_to_change_the_log(
    store: SqliteReportStore, folder: Path, statement: str
) -> None:
    await noted(store, 2)
    with closing(sqlite3.connect(folder / "reconciler.db", isolation_level=None)) as connection:
        connection.execute("INSERT INTO prunings (older_than, at) VALUES (0, 0)")
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)
    assert (await store.audit_chain(full=True)).entries == 2


@pytest.mark.parametrize(
    ("statement", "trouble"),
    [
        ("UPDATE audit SET comment = 'other' WHERE id = 2", "entry 2 was changed after it was written"),
        ("UPDATE audit SET role = 'emperor' WHERE id = 3", "entry 3 cannot be read"),
        ("UPDATE audit SET at = 9223372036854775807 WHERE id = 3", "entry 3 cannot be read"),
        ("UPDATE audit SET previous = digest WHERE id = 3", "entry 3 is not chained to entry 2"),
        ("DELETE FROM audit WHERE id = 1", "entry 1 is missing: entry 2 follows entry 0"),
        ("DELETE FROM audit WHERE id = 4", "entry 4 is missing: 4 were written"),
        ("DELETE FROM audit", "entry 1 is missing: 4 were written"),
    ],
)
async def test_what_was_changed_behind_its_back_is_found(folder: Path, statement: str, trouble: str) -> None:
    async with open_report_store(folder) as store:
        await noted(store, 4)
    meddle(folder, statement)
    async with open_report_store(folder) as store:
        assert (await store.audit_chain()).trouble == trouble
        assert (await store.audit_chain()).trouble == trouble
        assert (await store.audit_chain(full=True)).trouble == trouble


async def test_a_proof_goes_on_from_where_it_ended_and_a_full_one_finds_what_is_older(
    store: SqliteReportStore, folder: Path
) -> None:
    await noted(store, 3)
    assert (await store.audit_chain()).intact
    await noted(store, 1)
    meddle(folder, "UPDATE audit SET comment = 'other' WHERE id = 4")
    assert (await store.audit_chain()).trouble == "entry 4 was changed after it was written"
    meddle(folder, "UPDATE audit SET comment = 'other' WHERE id = 3")
    assert (await store.audit_chain()).trouble == "entry 3 was changed after it was written"


async def test_trouble_found_by_a_full_proof_stays_for_the_quick_one(store: SqliteReportStore, folder: Path) -> None:
    await noted(store, 3)
    assert (await store.audit_chain()).intact
    meddle(folder, "UPDATE audit SET comment = 'other' WHERE id = 1")
    assert not (await store.audit_chain(full=True)).intact
    assert (await store.audit_chain()).trouble == "entry 1 was changed after it was written"


async def test_older_entries_are_proved_again_in_turn(store: SqliteReportStore, folder: Path) -> None:
    await noted(store, STRETCH + 3)
    for _ in range(4):
        assert (await store.audit_chain()).intact
    meddle(folder, "UPDATE audit SET comment = 'other' WHERE id = 2")
    troubles = {(await store.audit_chain()).trouble for _ in range(2)}
    assert "entry 2 was changed after it was written" in troubles
    assert (await store.audit_chain()).trouble == "entry 2 was changed after it was written"


async def test_a_store_opened_to_read_notes_nothing(folder: Path) -> None:
    async with open_report_store(folder) as store:
        await noted(store, 1)
    async with open_report_store(folder, read_only=True) as store:
        with pytest.raises(ReportStoreError):
            await store.note_act(ACT)
        assert (await store.audit_chain()).entries == 1
