"""Digests follow what is compared and what the gate asks, and nothing else."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.adapters.config_files import Configuration, load_configuration
from reconciler.core.spec import DomainSpec

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[3]
PRINT_DIGEST = """
from pathlib import Path
from reconciler.adapters.config_files import load_configuration
print(load_configuration(folder=Path("config"), environ={}).digest)
"""


def load(folder: Path) -> Configuration:
    return load_configuration(folder=folder, environ={})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path / "config"


def after(folder: Path, old: str, new: str, *, domain: str = "address") -> tuple[DomainSpec, DomainSpec]:
    """Give the domain before and after a change of its file."""
    before = load(folder).system.domain(domain)
    path = folder / "domains" / f"{domain}.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return before, load(folder).system.domain(domain)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('city = { kind = "text"', 'city = { kind = "ci"'),
        ('column = "lng"', 'column = "longitude"'),
        ('region = { kind = "text", sensitivity = "plain" }\n', ""),
        ('table = "addresses"', 'table = "archive.addresses"'),
        ('group = ["userId"]', 'group = ["userId", "label"]'),
        ('kind = "exactly_one"', 'kind = "at_most_one"'),
    ],
)
def test_mapping_and_rules_move_the_config_digest(folder: Path, old: str, new: str) -> None:
    before, changed = after(folder, old, new)
    assert before.config_digest != changed.config_digest
    assert before.policy_digest == changed.policy_digest


RULE = """
[[rule]]
entity = "address"
path = "label"
kind = "ignore"
owner = "s.lee"
reason = "renamed in the target"
"""


def test_every_change_of_a_rule_moves_the_config_digest(folder: Path) -> None:
    path = folder / "domains" / "address.toml"
    text = path.read_text(encoding="utf-8")
    versions = [
        "",
        RULE,
        RULE.replace("label", "city"),
        RULE.replace("s.lee", "m.ortiz"),
        RULE.replace("renamed", "moved"),
        RULE + "until = 2026-01-31",
        RULE + "until = 2026-02-01",
        RULE.replace("label", "createdAt").replace("ignore", "tolerance") + 'tolerance = "1s"',
        RULE.replace("label", "createdAt").replace("ignore", "tolerance") + 'tolerance = "2s"',
    ]
    digests = []
    for version in versions:
        path.write_text(text + version, encoding="utf-8")
        digests.append(load(folder).system.domain("address").config_digest)
    assert len(set(digests)) == len(versions)


def test_the_order_of_rules_and_the_spelling_of_a_date_are_nothing(folder: Path) -> None:
    path = folder / "domains" / "address.toml"
    text = path.read_text(encoding="utf-8")
    one, other = RULE + "until = 2026-01-31\n", RULE.replace("label", "city")
    digests = set()
    for version in (one + other, other + one, other + one.replace("2026-01-31", '"2026-01-31"')):
        path.write_text(text + version, encoding="utf-8")
        digests.add(load(folder).system.domain("address").config_digest)
    assert len(digests) == 1


@pytest.mark.parametrize(
    "gate", ['soak_window = "1h"', "approvals = 0", "min_coverage = 0.9", 'rehearsal_max_age = "1d"']
)
def test_policy_moves_only_the_policy_digest(folder: Path, gate: str) -> None:
    before, changed = after(folder, "depends_on", f"gate = {{ {gate} }}\ndepends_on")
    assert before.config_digest == changed.config_digest
    assert before.policy_digest != changed.policy_digest


@pytest.mark.parametrize("setting", ["SOAK_WINDOW=1h", "MIN_CLEAN_SCANS=1", "APPROVALS=0", "MAX_SCAN_AGE=60d"])
def test_a_policy_loosened_in_the_environment_moves_the_policy_digest_of_every_domain(
    folder: Path, setting: str
) -> None:
    name, _, value = setting.partition("=")
    before = load(folder).system.comparable
    after = load_configuration(folder=folder, environ={f"RECONCILER_GATE__{name}": value}).system.comparable
    for old, new in zip(before, after, strict=True):
        assert old.policy_digest != new.policy_digest
        assert old.config_digest == new.config_digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('title = "Addresses"', 'title = "Delivery addresses"'),
        ('depends_on = ["auth"]', 'schedule = { scan = "", sample = "" }\ndepends_on = ["auth"]'),
        ('depends_on = ["auth"]', 'gate = { soak_window = "4320m" }\ndepends_on = ["auth"]'),
        ("# GeoJSON: longitude first.\n", ""),
        ('label = { kind = "text", sensitivity = "plain" }', 'label = { sensitivity = "plain", kind = "text" }'),
        ('label = { kind = "text",', 'label = { kind = "text", column = "label",'),
    ],
)
def test_what_changes_neither_mapping_nor_policy_moves_no_digest(folder: Path, old: str, new: str) -> None:
    before, changed = after(folder, old, new)
    assert (before.config_digest, before.policy_digest) == (changed.config_digest, changed.policy_digest)


def test_the_order_of_fields_is_nothing(folder: Path) -> None:
    line = 'label = { kind = "text", sensitivity = "plain" }\n'
    before, without = after(folder, line, "")
    _, moved = after(folder, "createdAt = {", f"{line}createdAt = {{")
    assert before.config_digest == moved.config_digest != without.config_digest


def test_the_whole_digest_follows_every_domain(folder: Path) -> None:
    before = load(folder).digest
    after(folder, 'color = { kind = "text"', 'color = { kind = "ci"', domain="level_config")
    assert load(folder).digest != before
    assert before.startswith("sha256:")
    assert len(before) == len("sha256:") + 64


@pytest.mark.parametrize("seed", ["1", "2"])
def test_another_process_computes_the_same_digest(seed: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", PRINT_DIGEST],
        cwd=ROOT,
        env={"PYTHONHASHSEED": seed},
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.strip() == load(ROOT / "config").digest
