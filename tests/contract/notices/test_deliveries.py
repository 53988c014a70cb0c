"""Deliveries from a real outbox to a real receiver: at least once, under one id, and given up in sight of everyone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from reconciler.adapters.report_store import SqliteReportStore, open_report_store
from reconciler.adapters.senders import Address, HttpSender
from reconciler.app.deliveries import WAITS, Deliveries, next_try
from reconciler.app.notices import DeliveryStatus, Sent
from reconciler.core.channels import Channel, ChannelKind
from reconciler.core.events import EventType
from reconciler.core.telling import happening
from tests.contract.notices.receiver import Receiver, receiver
from tests.unit.app_gate_world import SetClock

pytestmark = pytest.mark.contract

HOOK = Channel(name="hook", kind=ChannelKind.WEBHOOK)
OTHER = Channel(name="other", kind=ChannelKind.WEBHOOK)
SECRET = "whsec_" + "c2VjcmV0" * 4


@dataclass(kw_only=True)
class Post:
    """An outbox, and what brings its events to a receiver."""

    store: SqliteReportStore
    there: Receiver
    clock: SetClock
    work: Deliveries
    said: list[str]

    async def put(self, key: str, domain: str = "address", *channels: Channel) -> None:
        told = happening(key, EventType.FLIP_OBSERVED, domain=domain, at=self.clock.now())
        given = channels or (HOOK,)
        await self.store.outbox.note([told], channels=given, watermarks={}, at=self.clock.now())


@asynccontextmanager
async def post(folder: Path, there: Receiver, *channels: Channel) -> AsyncIterator[Post]:
    said: list[str] = []
    clock = SetClock()
    address = Address(url=SecretStr(there.url), secrets=(SecretStr(SECRET),))
    async with open_report_store(folder) as store:
        sender = HttpSender(
            addresses={channel.name: address for channel in channels or (HOOK,)},
            clock=clock,
            base="",
            title="shop",
            version="1",
        )
        work = Deliveries(
            outbox=store.outbox, sender=sender, clock=clock, channels=channels or (HOOK,), say=said.append
        )
        yield Post(store=store, there=there, clock=clock, work=work, said=said)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Post]:
    async with receiver() as there, post(tmp_path / "reports", there) as opened:
        yield opened


async def test_what_failed_comes_again_later_each_time_under_its_id(here: Post) -> None:
    here.there.answers = [500, 502]
    await here.put("a")
    waited = []
    for _ in range(3):
        assert await here.work.deliver_one(HOOK)
        (delivery,) = await here.store.outbox.deliveries()
        waited.append(delivery.next_at - here.clock.now())
        assert not await here.work.deliver_one(HOOK)
        here.clock.hours += waited[-1] / timedelta(hours=1)
    assert waited[:2] == list(WAITS[:2])
    (delivered,) = await here.store.outbox.deliveries(status=DeliveryStatus.DELIVERED)
    assert {came.headers["webhook-id"] for came in here.there.came} == {delivered.event.id}
    assert len(here.there.came) == 3


async def test_after_the_last_try_it_is_given_up_and_seen(here: Post) -> None:
    here.there.answers = [500] * 99
    await here.put("a")
    tries = 0
    while await here.work.deliver_one(HOOK):
        tries += 1
        here.clock.hours += 9
    assert tries == len(WAITS) + 1
    (health,) = await here.store.outbox.health(["hook"])
    assert (health.pending, health.dead, health.trouble) == (0, 1, "answered 500")
    assert "given up" in here.said[-1]
    here.there.answers = []
    assert await here.store.outbox.retry(channel=None, at=here.clock.now()) == 1
    assert await here.work.deliver_one(HOOK)
    (health,) = await here.store.outbox.health(["hook"])
    assert (health.dead, health.trouble) == (0, "")


async def test_gone_is_given_up_at_once_and_who_asks_to_wait_is_waited_for(here: Post) -> None:
    here.there.answers, here.there.retry_after = [410], ""
    await here.put("a")
    await here.work.deliver_one(HOOK)
    (delivery,) = await here.store.outbox.deliveries()
    assert delivery.status is DeliveryStatus.DEAD
    later = next_try(delivery, Sent(ok=False, told="", wait=timedelta(hours=1)), now=here.clock.now())
    assert later == here.clock.now() + timedelta(hours=1)
    endless = next_try(delivery, Sent(ok=False, told="", wait=timedelta(days=9)), now=here.clock.now())
    assert endless == here.clock.now() + timedelta(hours=8)


async def test_who_dies_between_sending_and_noting_sends_again_under_the_same_id(tmp_path: Path) -> None:
    async with receiver() as there:
        async with post(tmp_path / "reports", there) as first:
            await first.put("a")
            there.hangs = True
            dying = asyncio.create_task(first.work.deliver_one(HOOK))
            await there.arrived.wait()
            dying.cancel()
            with pytest.raises(asyncio.CancelledError):
                await dying
        there.hangs = False
        async with post(tmp_path / "reports", there) as second:
            assert await second.work.deliver_one(HOOK)
            assert not await second.work.deliver_one(HOOK)
    assert [came.headers["webhook-id"] for came in there.came] == [there.came[0].headers["webhook-id"]] * 2


async def test_a_channel_that_hangs_keeps_no_other_one_waiting(tmp_path: Path) -> None:
    async with receiver() as hung, receiver() as there, post(tmp_path / "reports", there, HOOK, OTHER) as here:
        hung.hangs = True
        sender = here.work.sender
        assert isinstance(sender, HttpSender)
        addresses = {**sender.addresses, "hook": Address(url=SecretStr(hung.url), secrets=(SecretStr(SECRET),))}
        work = replace(here.work, sender=replace(sender, addresses=addresses))
        await here.put("a", "address", HOOK, OTHER)
        running = asyncio.create_task(work.run())
        await hung.arrived.wait()
        await there.arrived.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_a_test_goes_at_once_and_is_noted(here: Post) -> None:
    here.there.answers = [500]
    failed = await here.work.test(HOOK)
    here.clock.hours += 1
    arrived = await here.work.test(HOOK)
    assert (failed.status, failed.told) == (DeliveryStatus.DEAD, "answered 500")
    assert arrived.status is DeliveryStatus.DELIVERED
    assert not await here.work.deliver_one(HOOK)
    assert here.there.came[-1].json["type"] == "reconciler.channel.tested.v1"
