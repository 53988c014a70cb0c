"""The law of the checksums, on real servers: equal hashes, equal records; and equal plain values, equal hashes."""

import pytest

from tests.acceptance.live import LiveSandbox
from tests.contract.checksums.crossed import all_crossed
from tests.contract.checksums.crossing import Found, all_judged

pytestmark = pytest.mark.contract
LEAST_SHARE = 0.4  # of values that are nasty on purpose
NAMES = [crossed.name for crossed in all_crossed()]


@pytest.fixture(scope="module")
def said(live_sandbox: LiveSandbox) -> dict[str, list[Found]]:
    with live_sandbox.empty_shop() as shop:
        return live_sandbox.call(all_judged(shop))


@pytest.mark.parametrize("name", NAMES)
def test_equal_hashes_are_equal_records(said: dict[str, list[Found]], name: str) -> None:
    assert [one for one in said[name] if one.same_hash and not one.equal] == []


@pytest.mark.parametrize("name", NAMES)
def test_equal_plain_values_have_equal_hashes(said: dict[str, list[Found]], name: str) -> None:
    equal = [one for one in said[name] if one.equal]

    assert sum(one.same_hash for one in equal) >= LEAST_SHARE * len(equal) > 0


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"x_ci", "x_lower"}))
def test_python_tells_what_the_stores_tell(said: dict[str, list[Found]], name: str) -> None:
    assert [one for one in said[name] if one.same_hash and not one.told_in_python] == []
