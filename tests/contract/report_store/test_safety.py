"""The report database is the proof: no full disk, killed process or meddling makes it say more than is so."""

import asyncio
import os
import signal
import sqlite3
import stat
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from reconciler.adapters.private_files import make_folder
from reconciler.adapters.report_schema.applying import NEWEST
from reconciler.adapters.report_store import SqliteReportStore, open_report_store
from reconciler.core.model import RunStatus
from reconciler.errors import ReportStoreError
from tests.contract.report_store.samples import (
    ADDRESS,
    NOON,
    act,
    counts,
    finish,
    finish_domain,
    listed,
    mismatch,
    record,
    start,
    whole_run,
)

pytestmark = pytest.mark.contract

ROOT = Path(__file__).resolve().parents[3]
DAY = timedelta(days=1)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes_in(folder: Path) -> dict[str, int]:
    """The modes of the database's own files, drafts included."""
    return {path.name: mode_of(path) for path in folder.iterdir() if "reconciler.db" in path.name}


@contextmanager
def raw(folder: Path) -> Iterator[sqlite3.Connection]:
    """A connection that knows nothing of our settings, as an administrator's would."""
    with closing(sqlite3.connect(folder / "reconciler.db", isolation_level=None)) as connection:
        yield connection


async def child(script: str, folder: Path) -> asyncio.subprocess.Process:
    """A process of its own that runs the script as the body of `async def main(folder)`."""
    program = "\n".join(
        [
            "import asyncio, resource, sys",
            "from pathlib import Path",
            "from reconciler.adapters.report_store import open_report_store",
            "from reconciler.core.model import RunStatus",
            "from reconciler.errors import ReportStoreError",
            "from tests.contract.report_store.samples import *",
            "async def main(folder):",
            textwrap.indent(textwrap.dedent(script), "    "),
            "asyncio.run(main(Path(sys.argv[1])))",
        ]
    )
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        str(folder),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


async def told(process: asyncio.subprocess.Process) -> str:
    """The next line that the child prints."""
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()


def open_to_others(folder: Path) -> None:
    (folder / "reconciler.db").chmod(0o644)


def put(folder: Path, content: bytes) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "reconciler.db").write_bytes(content)


def bytes_in(folder: Path) -> bytes:
    """What the database's files hold, one after the other."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("reconciler.db*")))


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777], ids=oct)
async def test_only_the_owner_may_read_what_is_made(folder: Path, mask: int) -> None:
    with umask(mask):
        async with open_report_store(folder) as store:
            await whole_run(store, [mismatch("a")])
            assert modes_in(folder) == dict.fromkeys(("reconciler.db", "reconciler.db-wal", "reconciler.db-shm"), 0o600)
            assert mode_of(folder) == 0o700
            await store.backup(folder / "copy.db")
    assert mode_of(folder / "copy.db") == 0o600
    assert set(modes_in(folder)) == {"reconciler.db"}


async def test_a_database_open_to_others_is_closed_to_them(folder: Path) -> None:
    async with open_report_store(folder):
        pass
    open_to_others(folder)
    async with open_report_store(folder, read_only=True):
        assert mode_of(folder / "reconciler.db") == 0o600


async def test_a_newer_schema_is_refused_and_left_alone(folder: Path) -> None:
    async with open_report_store(folder) as store:
        await whole_run(store)
    with raw(folder) as connection:
        connection.execute(f"PRAGMA user_version = {NEWEST + 1}")
    for read_only in (False, True):
        with pytest.raises(ReportStoreError, match=f"newer schema.*got schema {NEWEST + 1}.*Next: "):
            async with open_report_store(folder, read_only=read_only):
                pass
    with raw(folder) as connection:
        assert connection.execute("SELECT COUNT(*) FROM runs").fetchone() == (1,)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (b"no database at all" * 100, "SQLITE_NOTADB"),
    ],
)
async def test_a_file_that_is_no_database_is_refused_and_left_alone(folder: Path, content: bytes, words: str) -> None:
    put(folder, content)
    with pytest.raises(ReportStoreError, match=words):
        async with open_report_store(folder):
            pass
    assert bytes_in(folder) == content


async def test_anothers_database_is_refused_and_left_alone(folder: Path) -> None:
    put(folder, b"")
    with raw(folder) as connection:
        connection.execute("CREATE TABLE theirs (id INTEGER)")
    with pytest.raises(ReportStoreError, match="no report database of reconciler"):
        async with open_report_store(folder):
            pass
    with raw(folder) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


async def test_a_broken_database_says_so_and_is_not_made_anew(folder: Path) -> None:
    async with open_report_store(folder) as store:
        await whole_run(store, [mismatch(f"{number}") for number in range(500)])
    whole = bytes_in(folder)
    broken = whole[:4096] + b"\xff" * (len(whole) - 4096)
    put(folder, broken)
    with pytest.raises(ReportStoreError, match="SQLITE_CORRUPT"):
        async with open_report_store(folder) as store:
            await store.history(ADDRESS, since=NOON)
    with pytest.raises(ReportStoreError, match="SQLITE_CORRUPT"):
        async with open_report_store(folder):
            pass
    assert bytes_in(folder)[4096:] == broken[4096:]


async def test_a_missing_database_is_not_made_by_who_only_reads(folder: Path) -> None:
    with pytest.raises(ReportStoreError, match="expected a file; got none"):
        async with open_report_store(folder, read_only=True):
            pass
    with pytest.raises(FileNotFoundError):
        mode_of(folder)


async def test_a_store_opened_to_be_read_refuses_every_write(folder: Path) -> None:
    async with open_report_store(folder) as store:
        await whole_run(store)
    async with open_report_store(folder, read_only=True) as store:
        assert (await store.run(1)).status is RunStatus.COMPLETED
        with pytest.raises(ReportStoreError, match="read only"):
            await store.start_run(start())


async def record_batches(store: SqliteReportStore, run_id: int) -> None:
    """Records a hundred batches of a hundred diffs."""
    for number in range(100):
        await record(store, run_id, [mismatch(f"{number}-{one}") for one in range(100)])


async def fill_up(store: SqliteReportStore, run_id: int) -> None:
    """Writes diffs until SQLite says that the disk is full."""
    writer, _ = store._writing()  # noqa: SLF001 - the limit belongs to the writer's own connection
    await writer.alone(
        lambda db: db.execute(
            f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0] + 20}"
        ).fetchall()
    )
    with pytest.raises(ReportStoreError, match=r"reconciler\.db failed; got SQLITE_FULL. Next: free space"):
        await record_batches(store, run_id)


async def test_a_run_that_filled_the_disk_is_never_completed(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    await fill_up(store, run_id)
    stored = len(await listed(store))
    assert stored % 100 == 0, "a batch is stored whole or not at all"
    with pytest.raises(ReportStoreError, match="an earlier one that failed"):
        await finish(store, run_id, counts(field_mismatch=stored))
    assert (await store.run(run_id)).status is RunStatus.RUNNING
    await store.finish_run(run_id, status=RunStatus.FAILED, identities={}, at=NOON)
    assert (await store.run(run_id)).status is RunStatus.FAILED
    assert await store.check() == []
    await whole_run(store)


async def test_a_disk_that_fails_mid_write_completes_nothing(folder: Path) -> None:
    process = await child(
        """
        async with open_report_store(folder) as store:
            run_id = await store.start_run(start())
            size = sum(path.stat().st_size for path in folder.glob("reconciler.db-wal"))
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 300_000, size + 300_000))
            try:
                for number in range(1000):
                    await record(store, run_id, [mismatch(f"{number}-{one}") for one in range(100)])
            except ReportStoreError as error:
                print(error.got, flush=True)
            try:
                await finish(store, run_id, counts(field_mismatch=number * 100))
            except ReportStoreError as error:
                print("not completed", flush=True)
        """,
        folder,
    )
    assert (await told(process)).startswith("SQLITE_IOERR")
    assert await told(process) == "not completed"
    await process.wait()
    async with open_report_store(folder) as store:
        assert (await store.run(1)).status is RunStatus.INTERRUPTED
        assert len(await listed(store)) % 100 == 0
        assert await store.check() == []


async def test_a_killed_run_is_interrupted_and_every_batch_of_it_whole(folder: Path) -> None:
    process = await child(
        """
        async with open_report_store(folder) as store:
            run_id = await store.start_run(start())
            for number in range(100_000):
                await record(store, run_id, [mismatch(f"{number}-{one}") for one in range(50)])
                print(number, flush=True)
        """,
        folder,
    )
    last = -1
    while last < 20:
        last = int(await told(process))
    process.send_signal(signal.SIGKILL)
    rest, _ = await process.communicate()
    acknowledged = max([last, *(int(line) for line in rest.decode().split("\n")[:-1])]) + 1
    async with open_report_store(folder) as store:
        run = await store.run(1)
        assert (run.status, run.domains[0].entities) == (RunStatus.INTERRUPTED, ())
        stored = len(await listed(store))
        assert stored % 50 == 0
        assert stored // 50 in (acknowledged, acknowledged + 1)
        with pytest.raises(ReportStoreError, match="is sealed"):
            await finish(store, 1, counts(field_mismatch=stored))
        assert await store.check() == []


async def test_the_run_of_a_living_process_is_left_alone(folder: Path) -> None:
    process = await child(
        """
        async with open_report_store(folder) as store:
            run_id = await store.start_run(start())
            print("started", flush=True)
            await asyncio.to_thread(sys.stdin.read)
        """,
        folder,
    )
    try:
        assert await told(process) == "started"
        async with open_report_store(folder) as store:
            assert (await store.run(1)).status is RunStatus.RUNNING
            process.send_signal(signal.SIGKILL)
            await process.wait()
            assert await store.interrupt_dead(at=NOON + DAY) == [1]
            run = await store.run(1)
            assert (run.status, run.finished_at) == (RunStatus.INTERRUPTED, NOON + DAY)
            assert await store.interrupt_dead(at=NOON) == []
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_store_that_closes_leaves_no_run_running(folder: Path) -> None:
    async with open_report_store(folder) as store:
        await store.start_run(start())
        async with open_report_store(folder) as second:
            assert (await second.run(1)).status is RunStatus.RUNNING
    async with open_report_store(folder) as store:
        assert (await store.run(1)).status is RunStatus.INTERRUPTED


async def test_processes_that_write_at_once_lose_nothing(folder: Path) -> None:
    script = """
        async with open_report_store(folder) as store:
            for number in range(20):
                run_id = await store.start_run(start(domains=(sys.argv[1][-1] or "a", "address")))
                await record(store, run_id, [mismatch(f"{run_id}")])
            print("done", flush=True)
        """
    processes = [await child(script, folder) for _ in range(3)]
    assert [await told(process) for process in processes] == ["done"] * 3
    assert [await process.wait() for process in processes] == [0, 0, 0]
    async with open_report_store(folder) as store:
        assert len(await store.runs(limit=100)) == 60
        assert len(await listed(store)) == 60
        assert await store.check() == []


async def test_tasks_that_write_at_once_lose_nothing(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    async with asyncio.TaskGroup() as group:
        for number in range(200):
            group.create_task(record(store, run_id, [mismatch(f"{number}"), mismatch("shared")]))
    await finish(store, run_id, counts(field_mismatch=201))
    assert len(await listed(store)) == 201


async def test_a_write_that_was_cancelled_keeps_the_run_from_being_completed(store: SqliteReportStore) -> None:
    run_id = await store.start_run(start())
    writing = [asyncio.create_task(record(store, run_id, [mismatch(f"{number}")])) for number in range(5)]
    await asyncio.sleep(0)
    writing[-1].cancel()
    await asyncio.wait(writing)
    assert writing[-1].cancelled()
    with pytest.raises(ReportStoreError, match="cannot be completed"):
        await finish(store, run_id, counts(field_mismatch=len(await listed(store))))


MEDDLING = [
    "UPDATE runs SET status = 'running', finished_at = NULL",
    "UPDATE runs SET status = 'completed' WHERE id = 2",
    "DELETE FROM runs",
    "INSERT OR REPLACE INTO runs SELECT * FROM runs WHERE id = 1",
    (
        "INSERT INTO runs SELECT 9, mode, status, seed, trigger, started_at, finished_at, config_digest, code_version, "
        "identities, process FROM runs WHERE id = 1"
    ),
    "UPDATE domain_runs SET error = '' WHERE run_id = 2",
    "DELETE FROM domain_runs",
    "UPDATE entity_runs SET field_mismatch = 0, matched = matched + 1",
    "INSERT OR REPLACE INTO entity_runs SELECT * FROM entity_runs",
    "DELETE FROM entity_runs",
    "UPDATE sightings SET state = 'cleared'",
    "INSERT OR REPLACE INTO sightings SELECT * FROM sightings",
    "DELETE FROM sightings",
    "DELETE FROM sighting_clusters",
    "UPDATE decisions SET action = 'approve'",
    "DELETE FROM decisions",
    "INSERT OR REPLACE INTO decisions SELECT * FROM decisions",
    "UPDATE rehearsals SET at = at + 1",
    "DELETE FROM rehearsals",
]


@pytest.mark.parametrize("statement", MEDDLING)
async def test_what_is_sealed_or_decided_is_never_changed(
    store: SqliteReportStore, folder: Path, statement: str
) -> None:
    await whole_run(store, [mismatch("a")])
    failed = await store.start_run(start())
    await record(store, failed, [mismatch("a")])
    await finish_domain(store, failed, error="went wrong")
    await store.finish_run(failed, status=RunStatus.FAILED, identities={}, at=NOON)
    await store.decide(act())
    with raw(folder) as connection:
        connection.execute("INSERT INTO rehearsals (domain, minutes, comment, actor, at) VALUES ('a', 1, '', 'k', 1)")
        with pytest.raises(sqlite3.IntegrityError, match=r"never changed|starts as running"):
            connection.execute(statement)


async def test_pruning_is_the_only_door_and_keeps_what_the_gate_needs(store: SqliteReportStore, folder: Path) -> None:
    gone = await whole_run(store, [mismatch("gone", source="VANISHED"), mismatch("open")], at=NOON)
    scan = await whole_run(store, [mismatch("open")], at=NOON + DAY)
    await store.decide(act())
    pruned = await store.prune(older_than=NOON + 30 * DAY, at=NOON + 60 * DAY)
    assert (pruned.runs, pruned.diffs) == (1, 1)
    assert [run.id for run in await store.runs()] == [scan]
    assert [diff.locator for diff in await listed(store)] == ["open"]
    history = await store.history(ADDRESS, since=NOON + 30 * DAY)
    assert ([run.run_id for run in history.runs], len(history.decisions)) == ([scan], 1)
    assert await store.check() == []
    assert b"VANISHED" not in bytes_in(folder)
    with raw(folder) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("DELETE FROM runs WHERE id > ?", [gone])


async def test_pruning_keeps_the_last_sighting_of_an_open_diff(store: SqliteReportStore) -> None:
    scan = await whole_run(store, [mismatch("open")], at=NOON)
    sample = await store.start_run(start())
    await store.note_environment(sample, {"host": "a"})
    await record(store, sample, [mismatch("open", target="Kiel")])
    await finish(store, sample, counts(field_mismatch=1, coverage=0.1), resolved=())
    newest = await whole_run(store, [mismatch("open", target="Kehl")], at=NOON)
    failed = await store.start_run(start())
    await record(store, failed, [mismatch("open", target="Kamp")])
    await store.finish_run(failed, status=RunStatus.FAILED, identities={}, at=NOON)
    assert (await store.prune(older_than=NOON + DAY, at=NOON + DAY)).runs == 2
    assert [run.id for run in await store.runs()] == [failed, newest]
    (diff,) = await listed(store)
    assert (diff.run, diff.first_run, diff.fields[0].target) == (failed, scan, "Kamp")


async def test_every_connection_is_set_up_as_its_safety_asks(store: SqliteReportStore) -> None:
    def settings(db: Database) -> dict[str, object]:
        names = ("journal_mode", "foreign_keys", "secure_delete", "synchronous", "trusted_schema", "query_only")
        return {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in names}

    writer, _ = store._writing()  # noqa: SLF001 - settings belong to the connections themselves
    common = {"journal_mode": "wal", "foreign_keys": 1, "trusted_schema": 0}
    assert await writer.alone(settings) == {**common, "secure_delete": 1, "synchronous": 2, "query_only": 0}
    read = await store._readers.read(settings)  # noqa: SLF001 - the same
    assert {**read, **common, "query_only": 1} == read


async def test_a_backup_is_whole_and_takes_no_name_that_is_taken(store: SqliteReportStore, tmp_path: Path) -> None:
    await whole_run(store, [mismatch("a")])
    copy = tmp_path / "copy" / "reconciler.db"
    make_folder(copy.parent)
    await store.backup(copy)
    with pytest.raises(ReportStoreError, match="expected a free name"):
        await store.backup(copy)
    async with open_report_store(copy.parent) as restored:
        assert len(await listed(restored)) == 1
        assert await restored.check() == []


async def test_a_miscount_is_found(store: SqliteReportStore, folder: Path) -> None:
    await whole_run(store, [mismatch("a")])
    with raw(folder) as connection:
        connection.execute("UPDATE open_counts SET diffs = 0")
        connection.execute("UPDATE clusters SET open_diffs = 0")
    problems = await store.check()
    assert [problem.split(":")[0] for problem in problems] == ["open_counts", "clusters"]
