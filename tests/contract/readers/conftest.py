"""A fresh small shop for each test of the readers."""

from collections.abc import Iterator

import pytest

from tests.acceptance.live import LiveSandbox, Shop
from tests.contract.readers.world import empty


@pytest.fixture
def shop(live_sandbox: LiveSandbox) -> Iterator[Shop]:
    with empty(live_sandbox) as fresh:
        yield fresh
