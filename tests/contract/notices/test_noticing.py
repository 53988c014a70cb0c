"""What is noticed on a real report database: each thing once, on transitions only, and no value of a record."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from reconciler.adapters.report_store import SqliteReportStore, open_report_store
from reconciler.app.approvals import Approvals
from reconciler.app.event_watch import EventWatch, Planned
from reconciler.app.notices import Delivery, DeliveryStatus, Sent
from reconciler.core.audit import AuditAction
from reconciler.core.channels import Channel, ChannelKind, QuietHours
from reconciler.core.events import EventType
from reconciler.core.gate_values import FlagState, GateVerdict, Reads
from reconciler.core.model import Mode
from tests.contract.report_store.samples import act, mismatch, missing, whole_run
from tests.unit.app_gate_world import Ledgers, SetClock, some_ledgers, some_verdicts
from tests.unit.gate_world import a_history, at

pytestmark = pytest.mark.contract

EVERY = timedelta(seconds=10)
ALL = frozenset(EventType)
OPS = Channel(name="ops", kind=ChannelKind.SLACK)
CHANGES = EventType.VERDICT_CHANGED
ARRIVED = Sent(ok=True, told="answered 204")
KINDS = tuple(EventType)


@dataclass(kw_only=True)
class World:
    """A report database, gates that can be bent, and a watch over both."""

    store: SqliteReportStore
    ledgers: Ledgers = field(default_factory=some_ledgers)
    clock: SetClock = field(default_factory=SetClock)
    channels: tuple[Channel, ...] = (OPS,)
    planned: Sequence[Planned] = ()
    flags: dict[str, FlagState] = field(default_factory=dict)

    @property
    def watch(self) -> EventWatch:
        verdicts = replace(some_verdicts(self.ledgers, clock=self.clock), flags=self.flags)
        return EventWatch(
            system=verdicts.system,
            store=self.store,
            pauses=self.store,
            outbox=self.store.outbox,
            verdicts=verdicts,
            clock=self.clock,
            channels=self.channels,
            every=EVERY,
            planned=lambda: self.planned,
        )

    async def look(self, *, later: timedelta = EVERY) -> list[str]:
        """One look, and what it puts in line, in the words of the receiver."""
        self.clock.hours += later / timedelta(hours=1)
        before = {one.id for one in await self.store.outbox.deliveries(limit=1000)}
        await self.watch.look()
        found = await self.store.outbox.deliveries(limit=1000)
        return [told(one) for one in reversed(found) if one.id not in before]

    def spoil(self, *domains: str) -> None:
        for domain in domains:
            self.ledgers.bend(domain, open_confirmed=3)

    def mend(self, *domains: str) -> None:
        for domain in domains:
            self.ledgers.bend(domain, open_confirmed=0)


def told(delivery: Delivery) -> str:
    event = delivery.event
    return f"{delivery.channel} {event.type.short} {event.domain} {event.facts.get('verdict', '')}".strip()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_report_store(tmp_path / "reports") as store:
        yield World(store=store)


async def test_a_gate_that_turns_bad_is_told_once_and_once_when_it_is_mended(world: World) -> None:
    assert await world.look() == []
    world.spoil("auth")
    assert "ops gate.verdict_changed auth no_go" in await world.look()
    for _ in range(3):
        assert await world.look() == []
    world.mend("auth")
    assert "ops gate.verdict_changed auth ready" in await world.look()
    assert await world.look() == []
    (newest, *_) = [one for one in await world.store.outbox.events([CHANGES], limit=50) if one.domain == "auth"]
    assert (newest.facts["previous"], newest.facts["verdict"]) == ("no_go", "ready")


async def test_what_was_bad_before_anybody_listened_is_told(world: World) -> None:
    world.spoil("review")
    first = await world.look()
    assert "ops gate.verdict_changed review no_go" in first
    assert not any(" ready" in one for one in first)


async def test_a_new_start_tells_nothing_again(world: World, tmp_path: Path) -> None:
    world.spoil("auth")
    assert await world.look()
    async with open_report_store(tmp_path / "reports") as again:
        fresh = replace(world, store=again)
        assert await fresh.look() == []


async def test_thresholds_hold_back_what_does_not_last(world: World) -> None:
    world.channels = (replace(OPS, failure_threshold=3), replace(OPS, name="quick"))
    await world.look()
    world.spoil("auth")
    assert [one for one in await world.look() if " auth " in one] == ["quick gate.verdict_changed auth no_go"]
    world.mend("auth")
    assert [one for one in await world.look() if " auth " in one] == ["quick gate.verdict_changed auth ready"]
    world.spoil("auth")
    seen = [[one for one in await world.look() if one.startswith("ops") and " auth " in one] for _ in range(4)]
    assert seen == [[], [], ["ops gate.verdict_changed auth no_go"], []]


async def test_reminders_come_as_often_as_asked(world: World) -> None:
    world.channels = (replace(OPS, reminder_every=timedelta(hours=2), domains=frozenset({"address"})),)
    world.spoil("address")
    assert await world.look() == ["ops gate.verdict_changed address no_go"]
    assert await world.look(later=timedelta(hours=1)) == []
    assert await world.look(later=timedelta(hours=1)) == ["ops gate.verdict_stands address no_go"]
    assert await world.look(later=timedelta(hours=1)) == []


async def test_at_night_only_what_was_flipped_and_fails_is_told(world: World) -> None:
    night = QuietHours(begin=time(0), end=time(23, 59))
    world.channels = (replace(OPS, quiet=night),)
    await world.look()
    world.flags["address"] = FlagState(reads=Reads.POSTGRES, since=at(99), had_go=True)
    world.spoil("address", "category")
    assert await world.look() == ["ops gate.verdict_changed address no_go"]


async def test_what_waits_for_the_morning_is_sent_then(world: World) -> None:
    world.channels = (replace(OPS, events=ALL, quiet=QuietHours(begin=time(0), end=time(23, 59))),)
    await world.store.note_act(act(AuditAction.FLIP, at=world.clock.now()))
    assert "ops flag.flip_observed address ready" in await world.look()
    assert await world.store.outbox.next_due("ops", at=world.clock.now()) is None
    assert await world.store.outbox.next_due("ops", at=at(99 + 24)) is not None


async def test_what_people_decide_is_told_without_their_words(world: World) -> None:
    world.channels = (replace(OPS, events=ALL),)
    actor = act().actor
    approvals = Approvals(verdicts=world.watch.verdicts, ledger=world.store)
    digest = (await world.watch.verdicts.gate("address")).evidence_digest or ""
    secret = "the card is 4111 1111 1111 1111"
    asker = replace(actor, name="kim@shop.example")
    await approvals.request("address", evidence_digest=digest, actor=asker, comment=secret)
    await approvals.reject("address", evidence_digest=digest, actor=actor, comment=secret)
    seen = await world.look()
    assert [one for one in seen if "approval" in one] == [
        "ops approval.requested address ready",
        "ops approval.recorded address ready",
    ]
    asked, decided = [one for one in (await world.store.outbox.events(KINDS, limit=50))[::-1] if "approval" in one.type]
    assert asked.facts["by"] == "kim"
    assert decided.facts["decision"] == "reject"
    assert "4111" not in repr(await world.store.outbox.events(KINDS, limit=50))
    assert [one for one in await world.look() if "approval" in one] == []


async def test_clusters_come_come_back_and_go(world: World) -> None:
    world.channels = (replace(OPS, events=ALL - {CHANGES, EventType.RUN_FINISHED}),)
    store = world.store
    await whole_run(store, [mismatch("64f1c0a2e9b1aaaaaaaaaaaa"), missing("64f1c0a2e9b1bbbbbbbbbbbb")], at=at(98))
    assert await world.look() == ["ops cluster.opened address", "ops cluster.opened address"]
    await whole_run(store, [missing("64f1c0a2e9b1bbbbbbbbbbbb")], at=at(99))
    assert await world.look() == ["ops cluster.resolved address"]
    await whole_run(store, [mismatch("64f1c0a2e9b1aaaaaaaaaaaa"), missing("64f1c0a2e9b1bbbbbbbbbbbb")], at=at(100))
    assert await world.look() == ["ops cluster.regressed address"]
    assert await world.look() == []
    text = repr(await store.outbox.events(KINDS, limit=50))
    assert not any(planted in text for planted in ("64f1c0a2e9b1", "Köln", "Koln", "city"))


async def test_runs_are_told_to_who_asked_and_older_ones_to_nobody(world: World) -> None:
    await whole_run(world.store, at=at(90))
    assert await world.look() == []
    world.channels = (replace(OPS, events=frozenset({EventType.RUN_FINISHED})),)
    assert await world.look() == ["ops run.finished address clean"]  # it ended at the very moment looked up to
    await whole_run(world.store, [mismatch("a")], at=at(95))
    assert await world.look() == ["ops run.finished address diffs"]
    assert await world.look() == []


@dataclass(frozen=True, kw_only=True)
class Nightly:
    """Due at each full multiple of a day."""

    domain: str = "address"
    mode: Mode = Mode.SCAN

    def next_after(self, moment: datetime) -> datetime | None:
        start = at(0)
        return start + timedelta(days=-(-(moment - start) // timedelta(days=1)))


async def test_a_scan_that_did_not_start_is_told_and_counted(world: World) -> None:
    world.planned = (Nightly(),)
    world.channels = (replace(OPS, events=frozenset({EventType.SCHEDULE_MISSED})),)
    assert await world.look() == []
    await whole_run(world.store, at=at(120.2))
    assert await world.look(later=timedelta(hours=24)) == []
    assert await world.look(later=timedelta(days=2)) == ["ops schedule.missed address"]
    (event, *_) = await world.store.outbox.events([EventType.SCHEDULE_MISSED], limit=9)
    assert (event.facts["missed"], event.facts["mode"]) == (2, "scan")
    assert await world.store.outbox.missed() == {("address", "scan"): 2}
    assert await world.look() == []
    paused = act(AuditAction.SCHEDULE_PAUSED, at=world.clock.now())
    until = world.clock.now() + timedelta(days=9)
    await world.store.pause_jobs(paused, jobs=[("address", Mode.SCAN)], reason="moving", until=until)
    assert await world.look(later=timedelta(days=2)) == []


async def test_each_day_has_its_summary(world: World) -> None:
    world.channels = (replace(OPS, events=frozenset({EventType.DIGEST}), digest=at(100).time()),)
    world.spoil("auth")
    assert await world.look() == ["ops digest"]
    assert await world.look() == []
    assert await world.look(later=timedelta(days=1)) == ["ops digest"]
    (event, *_) = await world.store.outbox.events([EventType.DIGEST], limit=9)
    assert event.facts["no_go"] == event.facts["blocked"] == 4
    assert "auth NO-GO" in str(event.facts["bad"])


async def test_nothing_is_told_of_before_there_was_an_outbox(tmp_path: Path) -> None:
    """A database that is older than the outbox, brought up to date."""
    folder = tmp_path / "reports"
    async with open_report_store(folder) as store:
        await whole_run(store, [mismatch("a")], at=at(90))
        await store.note_act(act(AuditAction.FLIP))
        watch = World(store=store, channels=(replace(OPS, events=ALL),))
        first = await watch.look()
    assert any(one.startswith("ops cluster.opened") for one in first)


async def test_of_one_domain_nothing_overtakes_what_came_before(world: World) -> None:
    outbox = world.store.outbox
    for verdict in (GateVerdict.NO_GO, GateVerdict.READY):
        (world.spoil if verdict is GateVerdict.NO_GO else world.mend)("address", "auth")
        await world.look()
    first = await outbox.next_due("ops", at=world.clock.now())
    assert first is not None
    later = world.clock.now() + timedelta(minutes=5)
    await outbox.settle(first, Sent(ok=False, told="answered 500"), next_at=later, at=world.clock.now())
    while (one := await outbox.next_due("ops", at=world.clock.now())) is not None:
        assert one.event.domain != first.event.domain
        await outbox.settle(one, ARRIVED, next_at=None, at=world.clock.now())
    again = await outbox.next_due("ops", at=later)
    assert again is not None
    assert again.event.id == first.event.id


async def test_how_a_channel_does_is_known(world: World) -> None:
    outbox = world.store.outbox
    world.spoil("auth", "address")
    await world.look()
    first = await outbox.next_due("ops", at=world.clock.now())
    assert first is not None
    await outbox.settle(first, Sent(ok=False, told="answered 500"), next_at=None, at=world.clock.now())
    second = await outbox.next_due("ops", at=world.clock.now())
    assert second is not None
    await outbox.settle(second, ARRIVED, next_at=None, at=world.clock.now())
    (health, silent) = await outbox.health(["ops", "silent"])
    assert (health.dead, health.trouble, silent.pending, silent.delivered_at) == (1, "answered 500", 0, None)
    assert health.delivered_at == world.clock.now()
    assert await outbox.results() == {("ops", "failed"): 1, ("ops", "dead"): 1, ("ops", "delivered"): 1}
    assert [one.id for one in await outbox.deliveries(status=DeliveryStatus.DEAD)] == [first.id]
    assert await outbox.retry(channel="ops", at=world.clock.now()) == 1
    assert await outbox.deliveries(status=DeliveryStatus.DEAD) == []


async def test_events_are_never_changed(world: World) -> None:
    world.ledgers.bend("auth", open_confirmed=1, runs=a_history().runs)
    await world.look()
    (event, *_) = await world.store.outbox.events(KINDS, limit=1)
    assert event.id.startswith("evt_")
    assert len(event.id) == 36


async def test_pruning_keeps_what_was_given_up_and_what_is_told_of_today(world: World) -> None:
    outbox = world.store.outbox
    world.channels = (replace(OPS, events=ALL),)
    await whole_run(world.store, at=at(98))
    world.spoil("auth")
    await world.look()
    while (one := await outbox.next_due("ops", at=world.clock.now())) is not None:
        sent = Sent(ok=False, told="gone") if one.event.domain == "review" else ARRIVED
        await outbox.settle(one, sent, next_at=None, at=world.clock.now())
    before = {one.id for one in await outbox.events(KINDS, limit=99)}
    await world.store.prune(older_than=at(5000), at=world.clock.now() + timedelta(hours=12))
    assert {one.id for one in await outbox.events(KINDS, limit=99)} == before
    await whole_run(world.store, at=at(4000))
    world.clock.hours = 4000
    await world.look()
    await world.store.prune(older_than=at(3000), at=at(4001))
    left = [one for one in await outbox.deliveries() if one.status is not DeliveryStatus.PENDING]
    assert {one.status for one in left} == {DeliveryStatus.DEAD}
    kept = {one.id for one in await outbox.events(KINDS, limit=99)}
    assert {one.event.id for one in left} <= kept
    assert before - kept
    assert await world.store.check() == []
    assert await world.look() == []
