"""A report store on real files in a folder of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reconciler.adapters.report_store import SqliteReportStore, open_report_store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "reports"


@pytest.fixture
async def store(folder: Path) -> AsyncIterator[SqliteReportStore]:
    async with open_report_store(folder) as opened:
        yield opened
