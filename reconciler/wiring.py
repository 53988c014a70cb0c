"""Where concrete classes get their names: what a command needs is opened here, and closed in turn."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from socket import gethostname

from reconciler import __version__
from reconciler.adapters.backend_health import BackendHealth
from reconciler.adapters.clock import SystemClock
from reconciler.adapters.code_version import code_version
from reconciler.adapters.config.notify import Notify
from reconciler.adapters.config_files import Configuration
from reconciler.adapters.install_key import KeyedDigests, open_install_key
from reconciler.adapters.locks import FileDomainLocks
from reconciler.adapters.mongo.connection import connect
from reconciler.adapters.mongo.reader import MongoReader, ReadLimits
from reconciler.adapters.postgres.connection import Connector, Limits
from reconciler.adapters.postgres.reader import PostgresReader
from reconciler.adapters.report_store import SqliteReportStore, open_report_store
from reconciler.adapters.report_store.copies import prove_copy
from reconciler.adapters.rollback_plans import WrittenPlan, load_plan
from reconciler.adapters.senders import HttpSender
from reconciler.adapters.signing_key import SigningKey, open_signing_key
from reconciler.app.approvals import Approvals
from reconciler.app.cluster_notes import ClusterNotes
from reconciler.app.cluster_stories import ClusterStories
from reconciler.app.configurations import Configurations, note_configurations
from reconciler.app.deliveries import Deliveries
from reconciler.app.event_watch import EventWatch, Planned
from reconciler.app.flags import Flags, FlagWatch
from reconciler.app.launching import Launcher, Say
from reconciler.app.notice_board import NoticeBoard
from reconciler.app.notifying import Notifying
from reconciler.app.passes import Looker
from reconciler.app.pausing import Pausing
from reconciler.app.plan import Cutover
from reconciler.app.plan_guard import PlanPolicy
from reconciler.app.ports import Clock
from reconciler.app.reachability import Reachability
from reconciler.app.rechecks import RecheckPolicy
from reconciler.app.repairs import Repairs
from reconciler.app.rereading import BothStores, Rereading
from reconciler.app.runs import Runs
from reconciler.app.sign_in import SignIn
from reconciler.app.verdicts import Verdicts
from reconciler.app.waivers import Waivers

__all__ = ["Reports", "looker", "open_reports", "open_stores", "prove_copy", "runs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What answers from what is stored: it needs no store to be up."""

    configuration: Configuration
    store: SqliteReportStore
    clock: Clock
    digests: KeyedDigests
    verdicts: Verdicts
    approvals: Approvals
    sign_in: SignIn
    waivers: Waivers
    clusters: ClusterNotes
    pausing: Pausing
    flags: FlagWatch
    cutover: Cutover
    configurations: Configurations
    plans: dict[str, WrittenPlan]

    @property
    def notify(self) -> Notify:
        """Who is told of what."""
        return self.configuration.notify

    async def note_configuration(self) -> None:
        """Stores which configuration is in force, where it has changed."""
        await note_configurations(self.configuration.system.domains, store=self.store, clock=self.clock)


@asynccontextmanager
async def open_reports(configuration: Configuration, *, clock: Clock | None = None) -> AsyncIterator[Reports]:
    """The report store and what is derived from it, by the machine's clock unless another is given."""
    clock = clock or SystemClock()
    system, settings = configuration.system, configuration.settings
    async with open_report_store(settings.reports) as store:
        written = {domain.name: load_plan(settings.config, domain) for domain in system.domains}
        plans = {name: plan for name, plan in written.items() if plan is not None}
        flags = Flags()
        verdicts = Verdicts(
            system=system,
            reports=store,
            clock=clock,
            code_version=code_version(),
            plans={name: plan.for_gate for name, plan in plans.items()},
            flags=flags.states,
            rollbacks=flags.rollbacks,
        )
        approvals = Approvals(verdicts=verdicts, ledger=store)
        health = settings.backend.health_url
        backend = BackendHealth(health) if health else None
        watch = FlagWatch(system=system, backend=backend, store=store, verdicts=verdicts, clock=clock, flags=flags)
        yield Reports(
            configuration=configuration,
            store=store,
            clock=clock,
            digests=open_install_key(settings.reports),
            verdicts=verdicts,
            approvals=approvals,
            sign_in=SignIn(ledger=store.access, log=store, clock=clock),
            waivers=Waivers(verdicts=verdicts, ledger=store),
            clusters=ClusterNotes(store=store, clock=clock),
            pausing=Pausing(system=system, ledger=store, clock=clock),
            flags=watch,
            cutover=Cutover(phases=configuration.cutover, system=system, verdicts=verdicts, store=store, clock=clock),
            configurations=Configurations(store=store, clock=clock),
            plans=plans,
        )


def open_signer(configuration: Configuration) -> SigningKey:
    """The key that gate answers are signed with, made where it is missing."""
    return open_signing_key(configuration.settings.reports)


@asynccontextmanager
async def open_stores(configuration: Configuration) -> AsyncIterator[BothStores]:
    """Readers of both stores; nothing is sent before the first question."""
    settings, system = configuration.settings, configuration.system
    mongodb_uri, pg_url = settings.store_addresses()
    timeout_ms = int(settings.runs.statement_timeout.total_seconds() * 1000)
    snapshot_max = settings.runs.snapshot_max.total_seconds()
    hosts, writable = settings.stores.allowed_hosts, settings.stores.allow_writable_credentials
    async with AsyncExitStack() as stack:
        client, address = await stack.enter_async_context(
            connect(mongodb_uri.get_secret_value(), allowed_hosts=hosts, timeout_ms=timeout_ms)
        )
        source = MongoReader(
            client,
            address,
            system=system,
            limits=ReadLimits(batch=settings.runs.batch, max_time_ms=timeout_ms, snapshot_max=snapshot_max),
            allow_writable=writable,
            allowed_hosts=hosts,
        )
        limits = Limits(batch=settings.runs.batch, statement_timeout_ms=timeout_ms, snapshot_max=snapshot_max)
        connector = Connector(pg_url.get_secret_value(), allowed_hosts=hosts, limits=limits)
        yield BothStores(source=source, target=PostgresReader(connector, system=system, allow_writable=writable))


def runs(reports: Reports, stores: BothStores) -> Runs:
    """The use case that runs domains."""
    configuration = reports.configuration
    pace = configuration.settings.runs
    recheck = RecheckPolicy(
        confirm_after=pace.confirm_after.total_seconds(),
        first_pause=pace.reread_first.total_seconds(),
        longest_pause=pace.reread_cap.total_seconds(),
        give_up_after=pace.give_up_after.total_seconds(),
    )
    return Runs(
        system=configuration.system,
        source=stores.source,
        target=stores.target,
        store=reports.store,
        locks=FileDomainLocks(configuration.settings.reports),
        clock=reports.clock,
        digest=reports.digests.digest,
        recheck=recheck,
        config_digest=configuration.digest,
        code_version=code_version(),
        method=pace.method,
        host=gethostname(),
        plans=plan_policy(configuration),
    )


def plan_policy(configuration: Configuration) -> PlanPolicy:
    """Which tables are large, and what of those without an index."""
    pace = configuration.settings.runs
    return PlanPolicy(large=pace.large_table, allow_unindexed=pace.allow_unindexed)


@asynccontextmanager
async def open_runs(reports: Reports) -> AsyncIterator[Runs]:
    """The use case that runs domains, with both stores opened for it alone."""
    async with open_stores(reports.configuration) as stores:
        yield runs(reports, stores)


def launcher(reports: Reports, say: Say) -> Launcher:
    """What runs domains in the background of this process; `say` takes a line for the log."""
    return Launcher(open_runs=partial(open_runs, reports), store=reports.store, clock=reports.clock, say=say)


def deliveries(reports: Reports, say: Say) -> Deliveries:
    """What brings events to the channels."""
    settings, notify = reports.configuration.settings, reports.notify
    sender = HttpSender(
        addresses=notify.addresses,
        clock=reports.clock,
        base=notify.link or settings.access.public_url,
        title=settings.dashboard.title,
        version=__version__,
    )
    return Deliveries(
        outbox=reports.store.outbox, sender=sender, clock=reports.clock, channels=notify.channels, say=say
    )


def notice_board(reports: Reports) -> NoticeBoard:
    """What is told of channels and events."""
    work = deliveries(reports, lambda _: None)
    return NoticeBoard(outbox=reports.store.outbox, channels=work.channels, problem=work.sender.problem)


def notifying(reports: Reports, say: Say, *, planned: Callable[[], Sequence[Planned]]) -> Notifying:
    """What notices and tells; `planned` answers what should start by itself."""
    watch = EventWatch(
        system=reports.configuration.system,
        store=reports.store,
        pauses=reports.store,
        outbox=reports.store.outbox,
        verdicts=reports.verdicts,
        clock=reports.clock,
        channels=reports.notify.channels,
        every=reports.notify.look_every,
        planned=planned,
    )
    return Notifying(
        watch=watch,
        deliveries=deliveries(reports, say),
        turns=FileDomainLocks(reports.configuration.settings.reports),
        clock=reports.clock,
        say=say,
    )


def rereading(reports: Reports) -> Rereading:
    """The use case that looks at the records of stored diffs again."""
    return Rereading(
        system=reports.configuration.system,
        store=reports.store,
        log=reports.store,
        clock=reports.clock,
        digest=reports.digests.digest,
        open_stores=partial(open_stores, reports.configuration),
    )


def stories(reports: Reports) -> ClusterStories:
    """The use case that tells clusters from what is stored."""
    return ClusterStories(system=reports.configuration.system, store=reports.store, clock=reports.clock)


def repairs(reports: Reports) -> Repairs:
    """The use case that makes repair plans."""
    return Repairs(
        system=reports.configuration.system,
        store=reports.store,
        log=reports.store,
        clock=reports.clock,
        digest=reports.digests.digest,
        open_stores=partial(open_stores, reports.configuration),
    )


def reachability(reports: Reports) -> Reachability:
    """The use case that asks both stores how they are."""
    return Reachability(open_stores=partial(open_stores, reports.configuration), clock=reports.clock)


def looker(reports: Reports, stores: BothStores) -> Looker:
    """The use case that looks at single records."""
    return Looker(source=stores.source, target=stores.target, clock=reports.clock, digest=reports.digests.digest)
