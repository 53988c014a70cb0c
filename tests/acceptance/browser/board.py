"""A report store filled through its protocol with two weeks of runs in which every verdict of the gate occurs."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reconciler import __version__
from reconciler.adapters.config.listing import listed_settings
from reconciler.adapters.config_files import load_configuration
from reconciler.adapters.libraries import libraries
from reconciler.adapters.report_store import SqliteReportStore, open_report_store
from reconciler.adapters.rollback_plans import load_plan
from reconciler.adapters.signing_key import SigningKey
from reconciler.app.approvals import Approvals
from reconciler.app.cluster_notes import ClusterNotes
from reconciler.app.configurations import Configurations
from reconciler.app.flags import Flags, FlagWatch
from reconciler.app.launching import Launcher
from reconciler.app.notice_board import NoticeBoard
from reconciler.app.pausing import Pausing
from reconciler.app.ports import RunStart, StoreHealth
from reconciler.app.reachability import StoreLook
from reconciler.app.rereading import Rereading
from reconciler.app.sign_in import SignIn
from reconciler.app.verdicts import Verdicts
from reconciler.app.waivers import Waivers
from reconciler.core.access import Actor, Means, Role
from reconciler.core.audit import Act, AuditAction
from reconciler.core.channels import Channel, ChannelKind
from reconciler.core.gate_values import FlagState, Reads
from reconciler.core.history import Rehearsal
from reconciler.core.model import (
    ClusterKey,
    DiffKind,
    DiffState,
    EntitySummary,
    InvariantResult,
    Mode,
    Outcome,
    ReportedDiff,
    ReportedField,
    RunStatus,
    Sensitivity,
    Side,
)
from reconciler.core.schema_look import SchemaLook
from reconciler.core.spec import DomainSpec, System
from reconciler.errors import StoreUnavailable
from reconciler.scheduler import firings
from reconciler.web.entrance import Entrance
from reconciler.web.routes import create_app
from reconciler.web.services import About, Acts, Insight, ScheduledRun, WebServices

CONFIG = Path(__file__).resolve().parents[3] / "config"
LOCAL = Actor(name="ops", role=Role.ADMIN, means=Means.LOOPBACK)
NOW = datetime(2026, 3, 20, 22, 4, 11, tzinfo=UTC)
DAYS = 14
STORES = {"source": "rs0", "target": "7301188842"}
CANARIES = (18, 18)
POISON = "<img src=x onerror=alert(1)>"


@dataclass(slots=True)
class StoppedClock:
    """Stands still where it was set."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(f"no page waits, asked for {seconds} s")


def system() -> System:
    """The bundled configuration."""
    return load_configuration(folder=CONFIG, environ={}).system


def a_field(
    path: str,
    source: object,
    target: object,
    *,
    kind: DiffKind = DiffKind.VALUE,
    cause: str = "",
    redacted: Sensitivity | None = None,
    note: str = "",
) -> ReportedField:
    cluster = ClusterKey(domain="address", entity="address", path=path, kind=kind.value, types="", cause=cause)
    return ReportedField(
        path=path, kind=kind, source=source, target=target, redacted=redacted, cluster=cluster, note=note
    )


def mismatch(locator: str, *fields: ReportedField, state: DiffState = DiffState.CONFIRMED) -> ReportedDiff:
    return ReportedDiff(
        locator=locator, key=locator, outcome=Outcome.FIELD_MISMATCH, state=state, fields=fields, cluster=None
    )


def address_diffs() -> list[ReportedDiff]:
    """Seventeen records of address that differ in the ways a page has to show."""
    zero = [
        mismatch(f"64f1c0a2e9b1{number:012x}", a_field("postalCode", "01067", "1067", cause="leading zero lost"))
        for number in range(11)
    ]
    missing = ClusterKey(
        domain="address",
        entity="address",
        path=None,
        kind="missing_in_target",
        types="",
        cause="records missing in PostgreSQL",
    )
    return [
        *zero,
        mismatch(
            "64f1c0a2e9b1aaaaaaaaaaaa",
            a_field("city", "Köln ", "Ko\u0308ln\u00a0", cause="whitespace"),
            a_field("phone", "•••••••▒▒", "•••••••▒", redacted=Sensitivity.PII, cause="truncated"),
            a_field("accessCode", None, None, redacted=Sensitivity.SECRET),
            a_field(
                "line2", "••••", None, kind=DiffKind.MISSING_FIELD, redacted=Sensitivity.PII, cause="null for empty"
            ),
            a_field("isPrimary", 1, "1", kind=DiffKind.TYPE, note="number against text"),
        ),
        mismatch("64f1c0a2e9b1bbbbbbbbbbbb", a_field("label", POISON, "Home")),
        mismatch("64f1c0a2e9b1cccccccccccc", a_field("city", "Сочи", "Cочи", cause="case")),
        *(
            ReportedDiff(
                locator=f"64f1c0a2e9b1dddddddddd{number:02x}",
                key=f"64f1c0a2e9b1dddddddddd{number:02x}",
                outcome=Outcome.MISSING_IN_TARGET,
                state=DiffState.CONFIRMED,
                fields=(),
                cluster=missing,
            )
            for number in range(3)
        ),
    ]


def counts(
    entity: str,
    *,
    records: int,
    differ: int = 0,
    missing: int = 0,
    complete: bool = True,
    cleared: int = 0,
    invariants: Sequence[InvariantResult] = (),
    coverage: float = 1.0,
) -> EntitySummary:
    outcomes = dict.fromkeys(Outcome, 0) | {
        Outcome.MATCHED: records - differ - missing,
        Outcome.FIELD_MISMATCH: differ,
        Outcome.MISSING_IN_TARGET: missing,
    }
    return EntitySummary(
        entity=entity,
        source_records=records,
        target_records=records - missing,
        seen=records,
        compared=records - missing,
        outcomes=outcomes,
        cleared=cleared,
        unconfirmed=0,
        coverage=coverage,
        method="stream",
        complete=complete,
        invariants=tuple(invariants),
        schema=SchemaLook(),
    )


@dataclass(slots=True)
class Seeder:
    """Writes runs one after the other."""

    store: SqliteReportStore
    system: System

    async def run(
        self,
        at: datetime,
        domains: Sequence[DomainSpec],
        *,
        mode: Mode = Mode.SCAN,
        found: bool = False,
        status: RunStatus = RunStatus.COMPLETED,
        error: str = "",
        trigger: str = "schedule",
    ) -> int:
        """A sealed run of these domains; `found` plants the diffs of address where it is among them."""
        run_id = await self.store.start_run(self._start(at, domains, mode, trigger))
        ended = at + timedelta(minutes=11, seconds=42)
        for domain in domains:
            await self._domain(run_id, domain, mode=mode, found=found, error=error, at=ended)
        await self.store.finish_run(run_id, status=status, identities=STORES, at=ended)
        return run_id

    def _start(self, at: datetime, domains: Sequence[DomainSpec], mode: Mode, trigger: str) -> RunStart:
        return RunStart(
            mode=mode,
            domains=tuple(one.name for one in domains),
            seed=20260320 if mode is Mode.SAMPLE else None,
            started_at=at,
            config_digest="sha256:" + "c0" * 32,
            config_digests={one.name: one.config_digest for one in domains},
            policy_digests={one.name: one.policy_digest for one in domains},
            code_version=__version__,
            trigger=trigger,
        )

    async def _domain(
        self, run_id: int, domain: DomainSpec, *, mode: Mode, found: bool, error: str, at: datetime
    ) -> None:
        notes = ["12 keys were read again, all of them equal then"] if mode is Mode.SCAN else []
        for number, entity in enumerate(domain.entities, 1):
            dirty = found and entity.name == "address"
            diffs = address_diffs() if dirty else []
            if diffs:
                await self.store.record_diffs(run_id, domain=domain.name, entity=entity.name, diffs=diffs, at=at)
            records = 1000 if mode is Mode.SAMPLE else 1_204_331 // (number * len(domain.name)) + 17
            holds = [
                InvariantResult(name=one.name, side=side, violations=3 if dirty else 0, sample_keys=())
                for one in domain.invariants
                if one.entity == entity.name
                for side in ("source", "target")
            ]
            summary = counts(
                entity.name,
                records=records,
                differ=14 if dirty else 0,
                missing=3 if dirty else 0,
                cleared=12 * dirty,
                complete=not error,
                coverage=0.613 if error else 1.0,
                invariants=holds,
            )
            resolved: list[str] | None = None if mode is Mode.SCAN and not error else []
            await self.store.finish_entity(run_id, domain=domain.name, summary=summary, resolved=resolved, at=at)
        await self.store.finish_domain(
            run_id, domain=domain.name, notes=notes, gaps=0, canaries=CANARIES, error=error, at=at
        )


async def seed(folder: Path) -> None:
    """Two weeks up to NOW: address differs, quote failed, funds_ledger was never looked at, a group soaks."""
    known = system()
    nightly = [one for one in known.comparable if one.name != "funds_ledger"]
    async with open_report_store(folder) as store:
        seeder = Seeder(store=store, system=known)
        midnight = NOW.replace(hour=1, minute=0, second=0)
        for ago in range(DAYS - 1, -1, -1):
            at = midnight - timedelta(days=ago)
            young = {"category", "level_config"} if ago > 1 else set()
            await seeder.run(at, [one for one in nightly if one.name not in young], found=ago in (9, 1, 0))
            if ago % 3 == 0:
                await seeder.run(at + timedelta(hours=11), nightly, mode=Mode.SAMPLE, trigger="cron")
        quote = known.domain("quote")
        await seeder.run(
            NOW - timedelta(hours=3),
            [quote],
            status=RunStatus.FAILED,
            trigger="m.ortiz",
            error="PostgreSQL stopped answering (TimeoutError)",
        )
        await seeder.run(NOW - timedelta(hours=2), [known.domain("address")], found=True, trigger="m.ortiz")
        for domain in known.domains:
            if domain.rollback:
                await store.rehearse(
                    Rehearsal(
                        domain=domain.name,
                        minutes=4,
                        comment="walked in staging",
                        actor="s.lee",
                        at=NOW - timedelta(days=3),
                    ),
                    act=_act(domain.name, AuditAction.REHEARSE, name="s.lee", days=3),
                )
        await _approve(store, known)


def approver(name: str) -> Actor:
    """Somebody who signed in with a token that may approve."""
    return Actor(name=name, role=Role.APPROVER, means=Means.TOKEN)


def _act(domain: str, action: AuditAction, *, name: str, days: int) -> Act:
    """Something done some days ago, on evidence of then."""
    return Act(
        actor=approver(name),
        action=action,
        at=NOW - timedelta(days=days),
        domain=domain,
        evidence_digest="sha256:" + "0f" * 32,
        comment="K-9 not understood" if action is AuditAction.REJECT else "walked in staging",
    )


async def _approve(store: SqliteReportStore, known: System) -> None:
    """Decisions on payment: an old one on other evidence, and one that holds."""
    answers = verdicts(store, known, StoppedClock(at=NOW - timedelta(hours=1)))
    approvals = Approvals(verdicts=answers, ledger=store)
    await store.decide(_act("payment", AuditAction.REJECT, name="k.noor", days=6))
    digest = (await answers.gate("payment")).evidence_digest
    assert digest is not None
    await approvals.approve(
        "payment", evidence_digest=digest, actor=approver("m.ortiz"), comment="read the two notes; owner is on shift"
    )


def verdicts(store: SqliteReportStore, known: System, clock: StoppedClock) -> Verdicts:
    """The gates over this store; reads of auth were flipped four days ago with a go."""
    plans = {one.name: plan for one in known.domains if (plan := load_plan(CONFIG, one)) is not None}
    auth = FlagState(reads=Reads.POSTGRES, since=NOW - timedelta(days=4, hours=8), had_go=True)
    reads = {one.name: FlagState(reads=Reads.MONGO) for one in known.domains if one.flip}
    return Verdicts(
        system=known,
        reports=store,
        clock=clock,
        code_version=__version__,
        flags=reads | {"auth": auth},
        plans={name: plan.for_gate for name, plan in plans.items()},
    )


def acts(store: SqliteReportStore, known: System, clock: StoppedClock) -> Acts:
    """What can be done from the pages."""
    judge = verdicts(store, known, clock)
    watch = FlagWatch(system=known, backend=None, store=store, verdicts=judge, clock=clock, flags=Flags())
    return Acts(
        approvals=Approvals(verdicts=judge, ledger=store),
        waivers=Waivers(verdicts=judge, ledger=store),
        flags=watch,
        runs=Launcher(open_runs=Unreachable, store=store, clock=clock, say=lambda _: None),
        records=Rereading(
            system=known, store=store, log=store, clock=clock, digest=lambda text: text, open_stores=Unreachable
        ),
        clusters=ClusterNotes(store=store, clock=clock),
        pausing=Pausing(system=known, ledger=store, clock=clock),
        configurations=Configurations(store=store, clock=clock),
    )


class Unreachable(AbstractAsyncContextManager[Any]):
    """What is opened where there are no stores."""

    async def __aenter__(self) -> None:
        raise StoreUnavailable("MongoDB can't be reached", got="nothing listens", next_step="`reconciler doctor`")

    async def __aexit__(self, *_: object) -> None:
        """Nothing was opened."""


def insight(clock: StoppedClock) -> Insight:
    """A source that answers, a target that does not, and a database that was found to be sound."""
    source = StoreHealth(
        side=Side.SOURCE,
        version="6.0.5",
        identity="mongodb:rs0/shop",
        role="primary",
        writable=(),
        clock_skew_seconds=0.012,
        reads="snapshots",
    )
    looks = (
        StoreLook(side=Side.SOURCE, at=NOW, health=source, problem="", next_step="", seconds=(0.031, 0.012)),
        StoreLook(
            side=Side.TARGET,
            at=NOW,
            health=None,
            problem="PostgreSQL can't be reached; got ConnectionRefusedError",
            next_step="is it up, and PG_URL right? `reconciler doctor`",
            seconds=(),
        ),
    )

    async def stores() -> Sequence[StoreLook]:
        return looks

    async def soundness() -> tuple[Sequence[str], datetime]:
        return (), clock.now() - timedelta(hours=2)

    about = About(
        version=__version__,
        python="3.11.7",
        host="recon-1",
        started_at=NOW - timedelta(days=3),
        sign_in="by access token",
        flags_seen="the backend's health page, every 30s",
        settings=listed_settings(
            load_configuration(folder=CONFIG, environ={"MONGODB_URI": "mongodb://u:pw@localhost/shop"})
        ),
        libraries=libraries(),
    )
    return Insight(about=about, stores=stores, soundness=soundness)


def services(store: SqliteReportStore, *, clock: StoppedClock | None = None) -> WebServices:
    """What the pages stand on, with the store given."""
    known, stopped = system(), clock or StoppedClock()
    plans = {one.name: plan for one in known.domains if (plan := load_plan(CONFIG, one)) is not None}
    scans = [
        ScheduledRun(
            domain=one.name,
            mode=Mode.SCAN,
            cron="0 1 * * *",
            next_at=NOW.replace(hour=1, minute=0, second=0) + timedelta(days=1),
        )
        for one in known.comparable
    ]
    samples = [
        ScheduledRun(domain=one.name, mode=Mode.SAMPLE, cron="*/15 * * * *", next_at=NOW.replace(minute=15, second=0))
        for one in known.comparable
    ]
    return WebServices(
        system=known,
        store=store,
        verdicts=verdicts(store, known, stopped),
        acts=acts(store, known, stopped),
        clock=stopped,
        signer=SigningKey(Ed25519PrivateKey.generate()),
        entrance=Entrance(sign_in=SignIn(ledger=store.access, log=store, clock=stopped), local=LOCAL),
        insight=insight(stopped),
        title="shop-prod",
        version=__version__,
        plan_sections={name: plan.sections for name, plan in plans.items()},
        scheduled=lambda: [*scans, *samples],
        firings=firings,
        cutover=load_configuration(folder=CONFIG, environ={}).cutover,
        notices=NoticeBoard(
            outbox=store.outbox,
            channels=(Channel(name="ops", kind=ChannelKind.SLACK), Channel(name="pager", kind=ChannelKind.WEBHOOK)),
            problem={"ops": "", "pager": "PAGER_URL is not set"}.__getitem__,
        ),
    )


@asynccontextmanager
async def serving(given: WebServices) -> AsyncIterator[str]:
    """The application on a free port of loopback; yields its address."""
    runner = web.AppRunner(create_app(given), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
