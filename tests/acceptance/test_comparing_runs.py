"""Two runs of a real shop side by side, and differences to a file, streamed and noted."""

import csv
import io
import json

import pytest

from tests.acceptance.command import CommandLine
from tests.acceptance.live import Shop

pytestmark = pytest.mark.acceptance


def test_what_changed_between_two_scans_is_told_and_exported(shop: Shop, reconciler: CommandLine) -> None:
    stays, goes, comes = shop.keys("addresses")[:3]
    before = shop.value("select city from addresses where legacy_object_id = $1", goes)
    for key in (stays, goes):
        shop.set_target("addresses", key, city="=Elsewhere")
    reconciler.run("address", code=1)
    shop.set_target("addresses", goes, city=before)
    shop.set_target("addresses", comes, city="Elsewhere")
    reconciler.run("address", code=1)
    reconciler.run("address", "--keys", stays, code=1)

    found = reconciler("runs", "compare", "1", "2", "--format", "json").ended(0).json()
    assert found["totals"] == {"new": 1, "gone": 1, "still": 1, "unsure": 0}
    assert [one["key"] for one in found["new"]] == [comes]
    assert [one["key"] for one in found["gone"]] == [goes]
    told = reconciler("runs", "compare", "2", "3", "--output", "c.md").ended(0).stdout
    assert "0 new, 0 gone, 1 still there, 1 unsure" in told
    assert (reconciler.folder / "c.md").read_text(encoding="utf-8").startswith("**run 2 → run 3: 0 new, 0 gone")
    reconciler("runs", "compare", "1", "99").ended(2)

    for name in ("d.csv", "d.jsonl", "d.json"):
        reconciler("diffs", "export", "--domain", "address", "--output", name).ended(0)
    listed = reconciler.diffs("--domain", "address")
    assert len(listed) == 3
    lines = (reconciler.folder / "d.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == listed
    assert json.loads((reconciler.folder / "d.json").read_text(encoding="utf-8")) == listed
    rows = list(csv.DictReader(io.StringIO((reconciler.folder / "d.csv").read_text(encoding="utf-8"), newline="")))
    assert {row["key"] for row in rows} == {stays, goes, comes}
    assert {row["target"] for row in rows if row["key"] == stays} == {"'=Elsewhere"}, "no cell is a formula"
    record = json.loads(reconciler("report", "address", "--format", "json").ended(0).stdout)
    assert [entry["comment"] for entry in record["domains"][0]["audit"] if entry["action"] == "export"] == [
        "record as json",
        "differences as json",
        "differences as jsonl",
        "differences as csv",
    ]
    reconciler("diffs", "export", "--run", "99", "--output", "x.csv").ended(2)
    assert not (reconciler.folder / "x.csv").exists()
    reconciler("diffs", "export", "--output", "nowhere/x.csv").ended(4)
