"""Re-reading in the real stores: what a key no longer brings back is cleared only where its record is gone."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.adapters.clock import SystemClock
from reconciler.app.passes import EntityPass
from reconciler.app.rechecks import RecheckPolicy, Rechecks
from reconciler.core.model import Outcome, Sensitivity
from reconciler.core.spec import EntitySpec, FieldKind, FieldSpec
from tests.acceptance.live import LiveSandbox, Shop
from tests.contract.equality import FRIEND, FRIENDS, execute, eyes

pytestmark = pytest.mark.contract

# PostgreSQL drops the padding of a char(n) whenever it casts, so a padded key is read, but not found by asking for it.
CODE = FieldSpec(path="code", kind=FieldKind.TEXT, column="code", sensitivity=Sensitivity.PLAIN)
PADDED = EntitySpec(name="padded", collection="padded", table="padded", fields=(CODE,), key=("code",))
AT_ONCE = RecheckPolicy(confirm_after=0.0, first_pause=0.0, give_up_after=0.0)


@pytest.fixture
def stores(live_sandbox: LiveSandbox) -> Iterator[Shop]:
    with live_sandbox.empty_shop() as shop:
        shop.mongo.create_collection("padded")
        live_sandbox.call(execute(shop, [FRIENDS, "create table padded (id uuid primary key, code char(8))"]))
        yield shop


async def settled(shop: Shop, entity: EntitySpec, *, between: str = "select 1") -> EntityPass:
    """What a scan found, once it has settled; `between` is done in PostgreSQL after the scan."""
    async with eyes(shop, [entity]) as opened:
        found = await opened.looker.scan(entity, lambda _done, _total: None)
        assert [one.judged.outcome for one in found.candidates.values()] == [Outcome.EXTRA_IN_TARGET]
        await execute(shop, [between])
        await Rechecks(opened.looker, SystemClock(), AT_ONCE).settle([found])
    return found


def test_a_record_that_its_own_key_does_not_find_is_not_cleared(stores: Shop) -> None:
    stores.sql("insert into padded values (gen_random_uuid(), 'a')")

    found = stores.live.call(settled(stores, PADDED))

    assert found.cleared == 0
    assert [one.outcome for one in found.unconfirmed] == [Outcome.EXTRA_IN_TARGET]
    assert not found.settled


def test_a_record_that_is_gone_is_cleared(stores: Shop) -> None:
    stores.sql("insert into padded values (gen_random_uuid(), 'a')")

    found = stores.live.call(settled(stores, PADDED, between="delete from padded"))

    assert (found.cleared, found.unconfirmed, found.settled) == (1, [], [])


def test_a_record_that_is_found_is_confirmed(stores: Shop) -> None:
    stores.sql("insert into friends values (gen_random_uuid(), $1, 'x')", "0" * 24)
    stores.sql("delete from friends where legacy_object_id is distinct from $1", "0" * 24)
    stores.mongo.create_collection("friends")

    found = stores.live.call(settled(stores, replace(FRIEND, name="pal")))

    assert [one.outcome for one in found.settled] == [Outcome.EXTRA_IN_TARGET]
    assert not found.cleared
