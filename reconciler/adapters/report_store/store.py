"""The ReportStore on SQLite: writes go to one thread and are durable when they return, reads go beside it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlite_utils import Database

from reconciler.adapters.locks import LivingProcess, lives
from reconciler.adapters.report_store import (
    auditing,
    cluster_past,
    deciding,
    memory,
    pausing,
    problems,
    recording,
    runs,
    scanned,
    schema_paths,
    sighting,
    tallies,
    upkeep,
    versions,
)
from reconciler.adapters.report_store.access import SqliteAccessLedger
from reconciler.adapters.report_store.opening import prepare, prepare_reading
from reconciler.adapters.report_store.outbox import SqliteOutbox
from reconciler.adapters.report_store.threads import Readers, Writer, refuse_writing
from reconciler.app.housekeeping import Upkeep
from reconciler.app.ports import (
    AuditFilter,
    ClusterCount,
    ClusterNote,
    DiffFilter,
    RunStart,
    StoredDiff,
    StoredPath,
    StoredRun,
)
from reconciler.core.audit import Act, AuditEntry, Chain
from reconciler.core.causes.beginnings import ClusterPast
from reconciler.core.cutover import Mark
from reconciler.core.history import Decision, DomainHistory, DomainRun, FlagChange, Rehearsal, Waiver
from reconciler.core.model import EntitySummary, Mode, ReportedDiff, RunStatus
from reconciler.core.pauses import Pause
from reconciler.core.scanned import Scanned, ScannedRange, ScanProgress
from reconciler.core.schema_look import PathSeen
from reconciler.core.spec import DomainSpec
from reconciler.core.tally import Tally
from reconciler.core.versions import ConfigAnswer, ConfigVersion
from reconciler.errors import ReportStoreError

T = TypeVar("T")


class SqliteReportStore:
    """The report database of one folder. Every method raises ReportStoreError where the database fails."""

    def __init__(self, *, path: Path, readers: Readers, writer: Writer | None, process: LivingProcess | None) -> None:
        """`open_report_store` makes it; without a writer every write is refused."""
        self.path = path
        self.access = SqliteAccessLedger(readers=readers, writer=writer)
        self.outbox = SqliteOutbox(readers=readers, writer=writer)
        self._readers = readers
        self._writer = writer
        self._process = process
        self._sealed = runs.SealedParts()
        self._proved = auditing.Proved()
        self._tallies = tallies.Tallies()
        self._spoilt: set[int] = set()

    # -- runs ----------------------------------------------------------------------------------------------------------

    async def start_run(self, start: RunStart) -> int:
        """Notes a run as running, with a part for each domain, and returns its id."""
        writer, process = self._writing()
        return await writer.write(partial(recording.start_run, start=start, process=process.token))

    async def reopen_run(self, run_id: int) -> None:
        """Makes an interrupted run a running one again."""
        writer, process = self._writing()
        await writer.write(partial(recording.reopen_run, run_id=run_id, process=process.token))

    async def note_environment(self, run_id: int, facts: Mapping[str, str]) -> None:
        """Notes what the run runs on."""
        await self._write_of(run_id, partial(recording.write_environment, run_id=run_id, facts=dict(facts)))

    async def environment(self, run_id: int) -> Mapping[str, str]:
        """What the run ran on; empty where nobody noted it."""
        return await self._readers.read(partial(recording.read_environment, run_id=run_id))

    async def note_identities(self, run_id: int, identities: Mapping[str, str]) -> None:
        """Stores which stores the run looks at."""
        await self._write_of(run_id, partial(recording.note_identities, run_id=run_id, identities=dict(identities)))

    async def note_scanned(
        self, run_id: int, *, domain: str, entity: str, done: ScannedRange | None, instead: bool
    ) -> None:
        """Notes a range that a scan has behind it, or puts it (or nothing) in the place of all that were noted."""
        if instead:
            note = partial(scanned.replace, run_id=run_id, domain=domain, entity=entity, done=done)
            await self._write_of(run_id, note)
        elif done is not None:
            await self._write_of(run_id, partial(scanned.note, run_id=run_id, domain=domain, entity=entity, done=done))

    async def scanned(self, run_id: int, *, domain: str, entity: str) -> Scanned:
        """The ranges of an entity that the run has behind it, in their order."""
        return await self._readers.read(partial(scanned.read, run_id=run_id, domain=domain, entity=entity))

    async def scan_progress(self, run_id: int) -> Sequence[ScanProgress]:
        """How far the scans of domains that are not finished are, of those that note their ranges."""
        return await self._readers.read(partial(scanned.progress, run_id=run_id))

    async def finished_domains(self, run_id: int) -> frozenset[str]:
        """The domains whose part of the run is stored whole."""
        return await self._readers.read(partial(recording.finished_domains, run_id=run_id))

    async def remember(self, run_id: int, *, entity: str, matched: Sequence[str], seen: Sequence[str]) -> None:
        """Notes keys of an append-only entity as of this run."""
        note = partial(memory.remember, run_id=run_id, entity=entity, matched=tuple(matched), seen=tuple(seen))
        await self._write_of(run_id, note)

    async def vanished(self, run_id: int, *, entity: str, limit: int) -> tuple[int, Sequence[str]]:
        """How many keys that once matched this run did not see, and some of them."""
        return await self._readers.read(partial(memory.vanished, run_id=run_id, entity=entity, limit=limit))

    async def record_diffs(
        self, run_id: int, *, domain: str, entity: str, diffs: Sequence[ReportedDiff], at: datetime
    ) -> None:
        """Stores diffs as seen by this run, all or none. Recorded again in the same run, a diff is as last recorded."""
        record = partial(sighting.record, run_id=run_id, domain=domain, entity=entity, diffs=tuple(diffs), at=at)
        await self._write_of(run_id, record)

    async def finish_entity(
        self, run_id: int, *, domain: str, summary: EntitySummary, resolved: Sequence[str] | None, at: datetime
    ) -> None:
        """Stores an entity's counts; open diffs that the run did not see end: those named, or all where None."""

        def finish(db: Database) -> None:
            recording.write_entity(db, run_id, domain=domain, summary=summary, at=at)
            sighting.resolve(db, run_id, domain=domain, entity=summary.entity, locators=resolved, at=at)

        await self._write_of(run_id, finish)

    async def finish_domain(
        self,
        run_id: int,
        *,
        domain: str,
        notes: Sequence[str],
        gaps: int | None,
        canaries: tuple[int, int],
        error: str,
        at: datetime,
    ) -> None:
        """Stores what ended the domain's part."""

        def finish(db: Database) -> None:
            recording.finish_domain(
                db, run_id, domain=domain, notes=tuple(notes), gaps=gaps, canaries=canaries, error=error, at=at
            )
            if not error:
                scanned.forget(db, run_id=run_id, domain=domain)

        await self._write_of(run_id, finish)

    async def finish_run(self, run_id: int, *, status: RunStatus, identities: Mapping[str, str], at: datetime) -> None:
        """Seals the run; as completed only if every write of it succeeded and the database finds it whole."""
        if status is RunStatus.COMPLETED and run_id in self._spoilt:
            raise ReportStoreError(
                f"run {run_id} cannot be completed",
                expected="every write of it to succeed",
                got="an earlier one that failed",
                next_step="finish it as failed, and run again",
            )
        seal = partial(recording.seal, run_id=run_id, status=status, identities=identities, at=at)
        await self._write_of(run_id, seal)
        writer, _ = self._writing()
        await writer.alone(partial(recording.require_sealed, run_id=run_id, status=status))
        self._spoilt.discard(run_id)

    async def interrupt_dead(self, *, at: datetime) -> Sequence[int]:
        """Marks runs as interrupted whose process is gone; returns their ids."""
        writer, _ = self._writing()
        running = await self._readers.read(recording.running_processes)
        dead = [run_id for run_id, token in running if not lives(self.path.parent, token)]
        if dead:
            await writer.write(partial(recording.interrupt, run_ids=dead, at=at))
        return dead

    async def run(self, run_id: int) -> StoredRun:
        """The run of that id; NotFound where there is none."""
        return await self._readers.read(partial(runs.get_run, sealed=self._sealed, run_id=run_id))

    async def runs(
        self, *, domain: str | None = None, mode: Mode | None = None, before: int | None = None, limit: int = 50
    ) -> Sequence[StoredRun]:
        """Runs newest first, below the id `before`; of one domain and of one mode where they are named."""
        listing = partial(runs.list_runs, sealed=self._sealed, domain=domain, mode=mode, before=before, limit=limit)
        return await self._readers.read(listing)

    async def runs_since(self, domain: str, since: datetime) -> Sequence[DomainRun]:
        """The domain's parts of runs that started at or after `since`, newest first."""
        return await self._readers.read(partial(runs.parts_since, sealed=self._sealed, domain=domain, since=since))

    async def history(self, domain: DomainSpec, *, since: datetime) -> DomainHistory:
        """What the domain's gate looks at; older than `since` only the newest scan and the newest completed scan."""
        look = partial(runs.read_history, sealed=self._sealed, spec=domain, since=since)
        return await self._readers.read(look)

    async def tally(self) -> Tally:
        """What all runs that completed or failed add up to, those that were pruned included."""
        return await self._readers.read(self._tallies.up_to_date)

    async def open_records(self) -> Mapping[tuple[str, str], int]:
        """How many records differ now, by domain and state."""
        return await self._readers.read(tallies.open_records)

    async def open_kinds(self) -> Mapping[tuple[str, str], int]:
        """How many open differences there are, by domain and kind, a record once for each cluster that it is in."""
        return await self._readers.read(tallies.open_kinds)

    # -- diffs ---------------------------------------------------------------------------------------------------------

    async def diffs(self, wanted: DiffFilter) -> AsyncIterator[StoredDiff]:
        """The diffs that fit, in order of their id, read a page at a time."""
        after, left = wanted.after, wanted.limit
        while left is None or left > 0:
            limit = problems.PAGE if left is None else min(left, problems.PAGE)
            page = await self._readers.read(partial(problems.read_page, wanted=wanted, after=after, limit=limit))
            for diff in page:
                yield diff
            if len(page) < limit:
                return
            after, left = page[-1].id, None if left is None else left - len(page)

    async def diff(self, diff_id: int) -> StoredDiff:
        """The diff as its last run saw it; NotFound where there is none."""
        return await self._readers.read(partial(problems.get_diff, diff_id=diff_id))

    async def clusters(self, *, run: int | None = None, domain: str | None = None) -> Sequence[ClusterCount]:
        """Clusters, most diffs first: of one run, or of all open diffs."""
        return await self._readers.read(partial(problems.list_clusters, run=run, domain=domain))

    async def cluster(self, cluster_id: str) -> ClusterCount:
        """One cluster; NotFound where there is none."""
        return await self._readers.read(partial(problems.get_cluster, name=cluster_id))

    async def cluster_past(self, cluster_id: str, *, runs: int) -> ClusterPast:
        """What the newest completed scans saw of the cluster."""
        return await self._readers.read(partial(cluster_past.read_past, name=cluster_id, runs=runs))

    async def note_cluster(self, cluster_id: str, note: ClusterNote, *, act: Act) -> ClusterCount:
        """Stores a note on a cluster with its act, and returns the cluster."""
        return await self._write(partial(problems.note_cluster, cluster_id=cluster_id, note=note, act=act))

    # -- people --------------------------------------------------------------------------------------------------------

    async def decide(self, act: Act, *, evidence: str = "", follows: int | None = None) -> Decision:
        """Stores a decision with its act, and freezes the evidence; an approval that is there is not doubled."""
        return await self._write(partial(deciding.decide, act=act, evidence=evidence, follows=follows))

    async def lapse(self, act: Act, *, decision_id: int) -> bool:
        """Notes once that an approval has lapsed by itself; says whether this was the time."""
        return await self._write(partial(deciding.lapse, act=act, decision_id=decision_id))

    async def decision(self, decision_id: int) -> Decision:
        """The decision of that id; NotFound where there is none."""
        return await self._readers.read(partial(deciding.get_decision, decision_id=decision_id))

    async def evidence(self, digest: str) -> str:
        """The text of frozen evidence; NotFound where nobody decided on it."""
        return await self._readers.read(partial(deciding.get_evidence, digest=digest))

    async def rehearse(self, rehearsal: Rehearsal, *, act: Act) -> None:
        """Stores a rehearsal with its act."""
        await self._write(partial(deciding.rehearse, rehearsal=rehearsal, act=act))

    async def waive(self, act: Act, *, check: str, until: datetime, result: str, most: int | None) -> Waiver:
        """Stores that somebody asks for a waiver; asked for again while it waits, it is the same one."""
        return await self._write(partial(deciding.waive, act=act, check=check, until=until, result=result, most=most))

    async def confirm_waiver(self, act: Act, *, waiver_id: int) -> Waiver:
        """Stores that a second person stands by a waiver."""
        return await self._write(partial(deciding.confirm_waiver, act=act, waiver_id=waiver_id))

    async def end_waiver(self, act: Act, *, waiver_id: int) -> Waiver:
        """Stores that a waiver ends now."""
        return await self._write(partial(deciding.end_waiver, act=act, waiver_id=waiver_id))

    async def waiver(self, waiver_id: int) -> Waiver:
        """The waiver of that id; NotFound where there is none."""
        return await self._readers.read(partial(deciding.get_waiver, waiver_id=waiver_id))

    async def note_flag(self, change: FlagChange, *, act: Act) -> FlagChange:
        """Stores with its act that a flag was seen in another position; one that is known already is answered again."""
        return await self._write(partial(deciding.note_flag, change=change, act=act))

    async def flag_changes(self) -> Sequence[FlagChange]:
        """Every change of every flag, oldest first."""
        return await self._readers.read(deciding.flag_changes)

    async def mark_step(self, mark: Mark, act: Act) -> None:
        """Stores what somebody says of a step of the cutover, and writes the act down, both or neither."""
        writer, _ = self._writing()

        def note(db: Database) -> None:
            recording.add_mark(db, mark)
            auditing.append(db, act)

        await writer.write(note)

    async def marks(self) -> Sequence[Mark]:
        """Every mark on the cutover, oldest first."""
        return await self._readers.read(recording.marks)

    # -- the schedule --------------------------------------------------------------------------------------------------

    async def pause_jobs(
        self, act: Act, *, jobs: Sequence[tuple[str, Mode]], reason: str, until: datetime | None
    ) -> None:
        """Stores with its act that jobs are paused until then, or go on where there is no end."""
        await self._write(partial(pausing.note, act=act, jobs=tuple(jobs), reason=reason, until=until))

    async def pauses(self, *, since: datetime) -> Sequence[Pause]:
        """Every pause that held at that time or later, by domain and mode, oldest first."""
        return await self._readers.read(partial(pausing.pauses, since=since))

    # -- the audit log -------------------------------------------------------------------------------------------------

    async def note_act(self, act: Act) -> AuditEntry:
        """Writes the act down as the next entry of the chain."""
        return await self._write(partial(auditing.append, act=act))

    async def audit(self, wanted: AuditFilter) -> Sequence[AuditEntry]:
        """The entries that fit; one that cannot be read is left out."""
        return await self._readers.read(partial(auditing.list_entries, wanted=wanted))

    async def audit_chain(self, *, full: bool = False) -> Chain:
        """Proves the chain: what came since this process last proved it, or `full`, every entry."""
        return await self._readers.read(partial(auditing.prove_chain, proved=self._proved, full=full))

    # -- schema --------------------------------------------------------------------------------------------------------

    async def note_schema_paths(
        self, run_id: int, *, domain: str, entity: str, mentioned: bool, paths: Sequence[PathSeen], at: datetime
    ) -> None:
        """Notes fields and columns that the run saw."""
        note = partial(
            schema_paths.note,
            run_id=run_id, domain=domain, entity=entity, mentioned=mentioned, paths=tuple(paths), at=at,
        )  # fmt: skip
        await self._write_of(run_id, note)

    async def schema_paths(self, domain: str) -> Sequence[StoredPath]:
        """Every field and column that scans of the domain ever saw, by entity, side and path."""
        return await self._readers.read(partial(schema_paths.known, domain=domain))

    # -- configuration -------------------------------------------------------------------------------------------------

    async def note_config_version(self, version: ConfigVersion) -> bool:
        """Stores a domain's configuration, and a change in the audit log; False where it is the newest known."""
        writer, _ = self._writing()
        return await writer.write(partial(versions.note, version=version))

    async def answer_for_configuration(self, version: ConfigVersion, *, act: Act) -> ConfigAnswer:
        """Stores with its act that somebody answers for this version; Conflict where another person does already."""
        return await self._write(partial(versions.answer, version=version, act=act))

    async def config_versions(self, domain: str, *, limit: int = 50) -> Sequence[ConfigVersion]:
        """The versions of a domain's configuration, newest first."""
        return await self._readers.read(partial(versions.newest, domain=domain, limit=limit))

    # -- upkeep --------------------------------------------------------------------------------------------------------

    async def check(self) -> Sequence[str]:
        """What is wrong with the database, a line each; nothing where it is sound."""
        return await self._readers.read(upkeep.find_problems)

    async def backup(self, target: Path) -> None:
        """Writes a whole copy with mode 0600 under a name that is free."""
        writer, _ = self._writing()
        await writer.alone(partial(upkeep.back_up, target=target))
        await writer.write(partial(upkeep.note_backup, at=datetime.now(UTC)))

    async def prune(self, *, older_than: datetime, at: datetime) -> upkeep.Pruned:
        """Lets go of old runs and of the diffs that only they saw; `upkeep.prune` says what is kept."""
        writer, _ = self._writing()
        pruned = await writer.write(partial(upkeep.prune, older_than=older_than, at=at))
        await writer.alone(upkeep.shrink)
        return pruned

    async def upkeep(self) -> Upkeep:
        """The database as a file."""
        return await self._readers.read(partial(upkeep.describe, path=self.path))

    # -- inside --------------------------------------------------------------------------------------------------------

    def _writing(self) -> tuple[Writer, LivingProcess]:
        """What writing takes. Raises ReportStoreError where the database was opened to be read."""
        if self._writer is None or self._process is None:
            raise refuse_writing(self.path)
        return self._writer, self._process

    async def _write(self, work: Callable[[Database], T]) -> T:
        """Does the work in one transaction."""
        writer, _ = self._writing()
        return await writer.write(work)

    async def _write_of(self, run_id: int, work: Callable[[Database], T]) -> T:
        """Writes something of a run that is running; a run with a write that failed can never be completed."""

        def guarded(db: Database) -> T:
            recording.require_running(db, run_id)
            return work(db)

        writer, _ = self._writing()
        try:
            return await writer.write(guarded)
        except (Exception, asyncio.CancelledError):
            self._spoilt.add(run_id)
            raise


@asynccontextmanager
async def open_report_store(folder: Path, *, read_only: bool = False) -> AsyncIterator[SqliteReportStore]:
    """Opens `<folder>/reconciler.db`, made where missing unless read-only; runs of dead processes are interrupted.

    Raises ReportStoreError for a newer schema, another's or an empty file, and what SQLite or the system refuses.
    """
    async with AsyncExitStack() as opened:
        path = await asyncio.to_thread(prepare_reading if read_only else prepare, folder)
        process = None if read_only else LivingProcess(folder)
        if process is not None:
            opened.callback(process.close)
        writer = None if read_only else Writer(path)
        if writer is not None:
            opened.push_async_callback(writer.close)
        readers = Readers(path)
        opened.push_async_callback(readers.close)
        store = SqliteReportStore(path=path, readers=readers, writer=writer, process=process)
        if writer is not None:
            await store.interrupt_dead(at=datetime.now(UTC))
        yield store
