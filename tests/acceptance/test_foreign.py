"""Databases that have nothing to do with the demo, described by configuration only: clean, then spoilt in many ways."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command import CommandLine, command_line, counts, entities
from tests.acceptance.foreign import of_members, of_records
from tests.acceptance.foreign.planting import FITS, Fault, Said
from tests.acceptance.foreign.stores import CONFIG, WELL_KNOWN, library
from tests.acceptance.live import LiveSandbox, Shop

pytestmark = pytest.mark.acceptance
FAULTS = [*of_members.FAULTS, *of_records.FAULTS]
NOT_SUMMED = {"contact", "loan", "member"}
IN_MEMBERS = ("member", "contact", "door_key", "visit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A fault with the number of its record."""

    fault: Fault
    number: int

    @property
    def expected(self) -> list[Said]:
        return self.fault.expect(self.number)


def planned() -> list[Planted]:
    """Every fault in a record that no other has."""
    free = {"member": list(range(WELL_KNOWN, 260))}
    free |= {"branch": list(range(2, 12)), "shelf": list(range(1, 12)), "loan": list(range(1, 200))}
    free |= {"reading": list(range(1, 29, 2))}
    found = []
    for fault in FAULTS:
        pool = free["member" if fault.home in IN_MEMBERS else fault.home]
        fits = fault.fits or FITS.get(fault.home, bool)
        number = next(one for one in pool if fits(one))
        pool.remove(number)
        found.append(Planted(fault=fault, number=number))
    return found


def reconciler(shop: Shop, folder: Path) -> CommandLine:
    """The command line on the library, with its configuration."""
    plain = command_line(mongodb_uri=shop.reader_mongodb_uri, pg_url=shop.reader_pg_url, folder=folder)
    return plain.given(RECONCILER_CONFIG=str(CONFIG))


@pytest.fixture(scope="module")
def planted() -> list[Planted]:
    return planned()


@pytest.fixture(scope="module")
def line(
    live_sandbox: LiveSandbox, tmp_path_factory: pytest.TempPathFactory, planted: list[Planted]
) -> Iterator[CommandLine]:
    """The command line, after a clean run and the planting of every fault."""
    with library(live_sandbox) as shop:
        command = reconciler(shop, tmp_path_factory.mktemp("foreign"))
        clean = command.run(code=0)
        assert all(one["outcomes"]["matched"] == one["compared"] > 0 for one in entities(clean).values())
        for one in planted:
            one.fault.plant(shop, one.number)
        yield command


@pytest.fixture(scope="module")
def run(line: CommandLine) -> dict[str, Any]:
    return line.run(code=1)


@pytest.fixture(scope="module")
def diffs(line: CommandLine, run: dict[str, Any]) -> list[dict[str, Any]]:
    return line.diffs("--run", str(run["run"]["id"]))


def said(diffs: Sequence[dict[str, Any]]) -> Counter[Said]:
    """What was said, a line for each place."""
    return Counter(
        (diff["entity"], diff["key"], diff["outcome"], field["path"], field["kind"])
        for diff in diffs
        for field in diff["fields"] or [{"path": None, "kind": None}]
    )


def test_every_fault_is_told_exactly_and_nothing_else(diffs: list[dict[str, Any]], planted: list[Planted]) -> None:
    assert said(diffs) == Counter(one for fault in planted for one in fault.expected)
    assert {diff["state"] for diff in diffs} == {"confirmed"}


def test_no_two_faults_are_the_same() -> None:
    names = Counter((one.home, one.name) for one in FAULTS)
    assert set(names.values()) == {1}
    assert len(names) >= 140


def test_neither_the_method_nor_batches_and_order_of_reading_change_anything(
    line: CommandLine, run: dict[str, Any], diffs: list[dict[str, Any]]
) -> None:
    again = line.run(code=1, RECONCILER_RUNS__METHOD="stream", RECONCILER_RUNS__BATCH="7")
    assert {one["method"] for one in entities(again).values()} == {"stream"}
    assert {name for name, one in entities(run).items() if one["method"] == "stream"} == NOT_SUMMED
    assert said(line.diffs("--run", str(again["run"]["id"]))) == said(diffs)
    assert {name: counts(one) for name, one in entities(run).items()} == {
        name: counts(one) for name, one in entities(again).items()
    }


def test_each_record_named_by_its_key_differs_in_the_same_way(line: CommandLine, diffs: list[dict[str, Any]]) -> None:
    keys = [diff["key"] for diff in diffs if diff["entity"] == "member" and diff["outcome"] == "field_mismatch"]
    run = line.run("library", "--mode", "keys", "--keys", ",".join(keys), code=1)
    found = line.diffs("--run", str(run["run"]["id"]))
    assert said([one for one in found if one["key"] in keys and one["entity"] == "member"]) == said(
        [one for one in diffs if one["key"] in keys and one["entity"] == "member"]
    )
