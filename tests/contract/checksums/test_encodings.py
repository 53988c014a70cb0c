"""The law of the checksums, on real servers: equal hashes, equal records; and equal plain values, equal hashes."""

import pytest

from tests.acceptance.live import LiveSandbox
from tests.contract.checksums.crossed import Found, all_crossed, all_judged

pytestmark = pytest.mark.contract
NAMES = [crossed.name for crossed in all_crossed()]


@pytest.fixture(scope="module")
def said(live_sandbox: LiveSandbox) -> dict[str, list[Found]]:
    with live_sandbox.empty_shop() as shop:
        return live_sandbox.call(all_judged(shop))


@pytest.mark.parametrize("name", NAMES)
def test_equal_hashes_are_equal_records(said: dict[str, list[Found]], name: str) -> None:
    assert [one for one in said[name] if one.same_hash and not one.equal] == []


@pytest.mark.parametrize("name", NAMES)
def test_most_equal_records_have_equal_hashes(said: dict[str, list[Found]], name: str) -> None:
    equal = [one for one in said[name] if one.equal]
    missed = [one for one in equal if not one.same_hash]
    print(f"{name}: {len(equal)} of {len(said[name])} equal, {len(missed)} of them only by a closer look")
    for one in missed[:12]:
        print("   ", repr(one.source)[:80], "|", one.target[:80])
    assert any(one.same_hash for one in equal)
