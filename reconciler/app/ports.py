"""What the use cases need from outside, as protocols; tests/contract holds every adapter to them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from reconciler.app.housekeeping import Housekeeping, Pauses
from reconciler.app.scan_memory import ScanMemory
from reconciler.app.sums import Sums
from reconciler.app.tellings import SourceTelling, Telling, Unindexed
from reconciler.core.audit import Act, AuditAction, AuditEntry, Chain
from reconciler.core.causes.beginnings import ClusterPast
from reconciler.core.checksum.words import KeyRange
from reconciler.core.cutover import Mark
from reconciler.core.drift import FieldsSeen, Filled
from reconciler.core.history import Decision, DomainHistory, DomainRun, FlagChange, Rehearsal, Waiver
from reconciler.core.model import (
    DiffKind,
    DiffState,
    EntitySummary,
    InvariantResult,
    Mode,
    Outcome,
    RawRecord,
    RecordKey,
    ReportedDiff,
    RunStatus,
    Side,
)
from reconciler.core.schema_look import PathSeen
from reconciler.core.spec import DomainSpec, EntitySpec, FieldSpec, InvariantSpec
from reconciler.core.versions import ConfigAnswer, ConfigVersion

# -- stores ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreHealth:
    """What doctor and the evidence say of a store. `writable` is what the account could change, empty if nothing.

    `reads` says how it is read: which snapshots, which isolation.
    """

    side: Side
    version: str
    identity: str
    role: str
    writable: tuple[str, ...]
    clock_skew_seconds: float
    problems: tuple[str, ...] = ()
    reads: str = ""


class EntityRead(Protocol):
    """One look at an entity: its records in key order, and the store's own counts in the snapshots they come from."""

    async def count(self) -> int:
        """How many records the store itself counts in this look's first snapshot."""

    async def counted(self) -> int:
        """How many records the store counted in all snapshots of the look: asked last, and only after `count`."""

    def batches(self) -> AsyncIterator[Sequence[RawRecord]]:
        """Records in merge order (`EntitySpec.ordered_key`; null and strange keys anywhere), in bounded batches."""


class RecordReader(Protocol):
    """Reads one store, never writes."""

    @property
    def side(self) -> Side:
        """Which store this is."""

    async def health(self) -> StoreHealth:
        """Reaches the store; raises StoreUnavailable or StoreRefused."""

    async def problems(self, entity: EntitySpec) -> Sequence[str]:
        """What the entity needs and the store lacks: collection, table, column, a column's type. One sentence each."""

    async def hints(self, entity: EntitySpec) -> Sequence[str]:
        """What the store has for the entity, but should have better: an index that is missing. One sentence each."""

    async def fields_seen(self, entity: EntitySpec) -> FieldsSeen:
        """The names and types of fields in documents, or of the columns of its tables; never a value."""

    def read(self, entity: EntitySpec) -> AbstractAsyncContextManager[EntityRead]:
        """Opens a look at the whole entity."""

    async def fetch(self, entity: EntitySpec, *, keys: Sequence[RecordKey], ids: Sequence[str]) -> Sequence[RawRecord]:
        """The records with these keys, and those with these ids of their own, in any order, each once."""

    async def check_invariant(self, entity: EntitySpec, invariant: InvariantSpec) -> InvariantResult:
        """Asks the store how often the invariant is violated on this side."""

    async def untellable(self, entity: EntitySpec) -> Sequence[str]:
        """Why this store can't tell the entity's records by their hashes, a phrase each; empty where it can."""

    async def about(self, entity: EntitySpec) -> int:
        """About how many records the store holds, by its own statistics; 0 where it does not know."""

    async def shape(self, entity: EntitySpec) -> str:
        """A digest of what holds the entity: it is another once that is made anew or emptied, or a column changes."""

    async def unindexed(self, entity: EntitySpec, key_range: KeyRange | None = None) -> Sequence[Unindexed]:
        """What a look-up by key, or a range of keys, makes the store read from end to end: so its planner says."""


class SourceReader(RecordReader, Protocol):
    """The source."""

    def tell(self, entity: EntitySpec, *, now_ms: int) -> AbstractAsyncContextManager[SourceTelling]:
        """Sums and hashes of the entity's records; those that have expired by `now_ms` are told apart."""


class TargetReader(RecordReader, Protocol):
    """What only the target is asked."""

    def tell(self, entity: EntitySpec, *, now_ms: int) -> AbstractAsyncContextManager[Telling]:
        """Sums and hashes of the entity's records; those that have expired by `now_ms` are told apart."""

    async def known_legacy_ids(self, entity: EntitySpec, legacy_ids: Sequence[str]) -> frozenset[str]:
        """Which of these ids some row of the entity carries."""

    async def tables_with(self, uuids: Sequence[str]) -> Mapping[str, str]:
        """Of the rows of all configured tables: by id, those of these UUIDs that name one, with `schema.table`."""

    async def unresolved_gaps(self, table: str) -> Mapping[str, int]:
        """How many dual-write gaps of each domain are unresolved."""

    async def filled(self, entity: EntitySpec, fields: Sequence[FieldSpec]) -> Filled:
        """How many rows have a value in the columns of these fields; of child tables, how many rows there are."""

    async def orphans(self, entity: EntitySpec) -> Sequence[str]:
        """Child rows without a parent row, as `id:<parent id>/<position>`."""


# -- reports -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStart:
    """A run as it begins. `config_digests` and `policy_digests` are by domain; `config_digest` covers them all."""

    mode: Mode
    domains: tuple[str, ...]
    seed: int | None
    started_at: datetime
    config_digest: str
    config_digests: Mapping[str, str]
    policy_digests: Mapping[str, str]
    code_version: str
    trigger: str
    identities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterCount:
    """A cluster in one run, or over all: `id` is `K-<n>`, stable over runs."""

    id: str
    domain: str
    entity: str
    path: str | None
    kind: str
    title: str
    cause: str
    diffs: int
    first_run: int
    last_run: int
    first_seen_at: datetime
    last_seen_at: datetime
    open: bool = True
    owner: str = ""
    note: str = ""
    link: str = ""
    types: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterNote:
    """What somebody notes on a cluster; None leaves a part as it is, an empty text takes it away."""

    owner: str | None = None
    note: str | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A run with the parts of its domains."""

    id: int
    mode: Mode
    status: RunStatus
    seed: int | None
    trigger: str
    started_at: datetime
    finished_at: datetime | None
    config_digest: str
    code_version: str
    domains: tuple[DomainRun, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredField:
    """A field diff as it is stored: masked or emptied already."""

    path: str
    kind: DiffKind
    source: object
    target: object
    redacted: str | None
    cluster: str | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDiff:
    """A diff as one run saw it (`run`), with its life over all runs."""

    id: int
    run: int
    domain: str
    entity: str
    key: str
    locator: str
    outcome: Outcome
    state: DiffState
    first_seen_at: datetime
    last_seen_at: datetime
    first_run: int
    fields: tuple[StoredField, ...]
    cluster: str | None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffFilter:
    """Which diffs to list, by id; without a run each as its last run saw it. `after` and `limit` page by id."""

    run: int | None = None
    domain: str | None = None
    entity: str | None = None
    states: tuple[DiffState, ...] = ()
    cluster: str | None = None
    after: int = 0
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which audit entries to list, `limit` at most: those after a number and before another, oldest or newest first."""

    domain: str | None = None
    actor: str | None = None
    actions: tuple[AuditAction, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    after: int = 0
    before: int | None = None
    newest_first: bool = False
    limit: int = 100


class AuditLog(Protocol):
    """The append-only, hash-chained log of acts."""

    async def note_act(self, act: Act) -> AuditEntry:
        """Writes the act down as the next entry of the chain, whoever else writes; durable when it returns."""

    async def audit(self, wanted: AuditFilter) -> Sequence[AuditEntry]:
        """The entries that fit; one that cannot be read any more is left out: `audit_chain` tells of it."""

    async def audit_chain(self, *, full: bool = False) -> Chain:
        """Proves the chain: what came since this process last proved it, or `full`, every entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPath:
    """A field or column as scans saw it: whether a specification mentioned it, since when, and how often last."""

    entity: str
    side: str
    path: str
    mentioned: bool
    count: int
    looked_at: int
    first_run: int
    first_seen_at: datetime
    last_run: int
    last_seen_at: datetime


class Ledger(Protocol):
    """What people decide; each call writes its act into the audit log in the same transaction."""

    async def decide(self, act: Act, *, evidence: str = "", follows: int | None = None) -> Decision:
        """Stores a decision and its act in one transaction; `act.action` is request, approve, reject or revoke.

        `evidence` is the text of `act.evidence_digest`, frozen with the first decision on it; empty where it is not
        today's. An approval says which decision it `follows`: one by the same person on the same evidence that
        follows the same decision is not stored twice but answered again.
        """

    async def lapse(self, act: Act, *, decision_id: int) -> bool:
        """Notes once that an approval has lapsed by itself, `act.comment` says why; whether this was the time."""

    async def decision(self, decision_id: int) -> Decision:
        """The decision of that id; NotFound where there is none."""

    async def evidence(self, digest: str) -> str:
        """The text of frozen evidence; NotFound where nobody decided on it."""

    async def rehearse(self, rehearsal: Rehearsal, *, act: Act) -> None:
        """Stores a rehearsal and its act."""

    async def waive(self, act: Act, *, check: str, until: datetime, result: str, most: int | None) -> Waiver:
        """Stores that somebody asks for a waiver; asked for again while it waits, it is the same one."""

    async def confirm_waiver(self, act: Act, *, waiver_id: int) -> Waiver:
        """Stores that a second person stands by a waiver; Conflict where it is over or was confirmed already."""

    async def end_waiver(self, act: Act, *, waiver_id: int) -> Waiver:
        """Stores that a waiver ends now."""

    async def waiver(self, waiver_id: int) -> Waiver:
        """The waiver of that id; NotFound where there is none."""


class ReportStore(AuditLog, Ledger, Pauses, Housekeeping, ScanMemory, Sums, Protocol):
    """Keeps what runs found and people decided; every write is durable when the call returns."""

    async def start_run(self, start: RunStart) -> int:
        """Notes a run as running, with a part for each domain, and returns its id."""

    async def note_environment(self, run_id: int, facts: Mapping[str, str]) -> None:
        """Notes what a run under way runs on: host, versions and roles of the stores; the newest note holds."""

    async def environment(self, run_id: int) -> Mapping[str, str]:
        """What the run ran on; empty where nobody noted it."""

    async def reopen_run(self, run_id: int) -> None:
        """Makes a run that was interrupted or lost a store a running one again; UsageError for any other."""

    async def note_identities(self, run_id: int, identities: Mapping[str, str]) -> None:
        """Stores, by side, which stores the run looks at."""

    async def finished_domains(self, run_id: int) -> frozenset[str]:
        """The domains whose part of the run is stored whole."""

    async def remember(self, run_id: int, *, entity: str, matched: Sequence[str], seen: Sequence[str]) -> None:
        """Notes keys of an append-only entity as of this run: those that matched, and all seen on either side."""

    async def vanished(self, run_id: int, *, entity: str, limit: int) -> tuple[int, Sequence[str]]:
        """How many keys of the entity once matched and were not seen by this run, and at most `limit` of them."""

    async def record_diffs(
        self, run_id: int, *, domain: str, entity: str, diffs: Sequence[ReportedDiff], at: datetime
    ) -> None:
        """Stores diffs as seen by this run; a resolved one becomes regressed, an open one keeps its first time."""

    async def finish_entity(
        self, run_id: int, *, domain: str, summary: EntitySummary, resolved: Sequence[str] | None, at: datetime
    ) -> None:
        """Stores an entity's counts and resolves its open diffs that this run did not see.

        Resolved are those at the locators named, or all where `resolved` is None (a complete scan).

        """

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
        """Stores notes, unresolved gaps, canaries (planted, caught) and the error that ended the domain, if any."""

    async def finish_run(self, run_id: int, *, status: RunStatus, identities: Mapping[str, str], at: datetime) -> None:
        """Seals the run. Counts that do not add up are refused by the database itself: ReportStoreError."""

    async def run(self, run_id: int) -> StoredRun:
        """The run of that id; NotFound where there is none."""

    async def runs(
        self, *, domain: str | None = None, mode: Mode | None = None, before: int | None = None, limit: int = 50
    ) -> Sequence[StoredRun]:
        """Runs newest first, below the id `before`; of one domain and of one mode where they are named."""

    def diffs(self, wanted: DiffFilter) -> AsyncIterator[StoredDiff]:
        """The diffs that fit, in order of their id."""

    async def diff(self, diff_id: int) -> StoredDiff:
        """The diff as its last run saw it; NotFound where there is none."""

    async def clusters(self, *, run: int | None = None, domain: str | None = None) -> Sequence[ClusterCount]:
        """Clusters, most diffs first: of one run, or of all open diffs."""

    async def cluster(self, cluster_id: str) -> ClusterCount:
        """One cluster; NotFound where there is none."""

    async def cluster_past(self, cluster_id: str, *, runs: int) -> ClusterPast:
        """What completed scans saw of the cluster, the newest `runs` of them; NotFound where there is no cluster."""

    async def note_cluster(self, cluster_id: str, note: ClusterNote, *, act: Act) -> ClusterCount:
        """Stores a note on a cluster with its act, and returns the cluster; NotFound where there is none."""

    async def history(self, domain: DomainSpec, *, since: datetime) -> DomainHistory:
        """What the domain's gate looks at; runs that started before `since` are left out except the newest scan."""

    async def runs_since(self, domain: str, since: datetime) -> Sequence[DomainRun]:
        """The domain's parts of runs that started at or after `since`, newest first."""

    async def note_schema_paths(
        self, run_id: int, *, domain: str, entity: str, mentioned: bool, paths: Sequence[PathSeen], at: datetime
    ) -> None:
        """Notes fields and columns that the run saw; those seen in nothing are left out."""

    async def schema_paths(self, domain: str) -> Sequence[StoredPath]:
        """Every field and column that scans of the domain ever saw, by entity, side and path."""

    async def note_config_version(self, version: ConfigVersion) -> bool:
        """Stores a domain's configuration, and a change in the audit log; False where it is the newest known."""

    async def answer_for_configuration(self, version: ConfigVersion, *, act: Act) -> ConfigAnswer:
        """Stores with its act that somebody answers for this version; Conflict where another person does already."""

    async def config_versions(self, domain: str, *, limit: int = 50) -> Sequence[ConfigVersion]:
        """The versions of a domain's configuration, newest first."""

    async def mark_step(self, mark: Mark, act: Act) -> None:
        """Stores what somebody says of a step of the cutover, and writes the act down, both or neither."""

    async def marks(self) -> Sequence[Mark]:
        """Every mark on the cutover, oldest first."""

    async def note_flag(self, change: FlagChange, *, act: Act) -> FlagChange:
        """Stores that a flag was seen in another position, and its act; one that is known already is answered again."""

    async def flag_changes(self) -> Sequence[FlagChange]:
        """Every change of every flag, oldest first."""

    async def interrupt_dead(self, *, at: datetime) -> Sequence[int]:
        """Marks runs as interrupted whose process is gone; returns their ids."""


class Backend(Protocol):
    """The backend whose flags are watched."""

    async def store_modes(self) -> Mapping[str, str]:
        """The store that each domain is read from, in the backend's names; BackendUnreadable where it does not tell."""


class Clock(Protocol):
    """The time, and waiting for it."""

    def now(self) -> datetime:
        """Aware UTC wall-clock time."""

    def monotonic(self) -> float:
        """Seconds that never go backwards."""

    async def sleep(self, seconds: float) -> None:
        """Lets others work for that long."""


class DomainLocks(Protocol):
    """Keeps two runs of one domain apart, also across processes."""

    def hold(self, domains: Sequence[str]) -> AbstractAsyncContextManager[None]:
        """Holds every domain's lock or raises AlreadyRunning."""


class Redactor(Protocol):
    """Keyed digests with the install's own key."""

    def digest(self, text: str) -> str:
        """A short keyed digest of a text: equal texts, equal digests; without the key it tells nothing."""
