"""A rollback plan is whole, or says what it lacks."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.adapters.config_files import load_configuration
from reconciler.adapters.rollback_plans import WrittenPlan, load_plan
from reconciler.core.gate_values import RollbackPlan
from reconciler.core.history import Rehearsal
from reconciler.core.spec import DomainSpec

pytestmark = pytest.mark.unit

CONFIG = Path(__file__).resolve().parents[3] / "config"


@pytest.fixture(scope="module")
def address() -> DomainSpec:
    return load_configuration(folder=CONFIG, environ={}).system.domain("address")


def changed(tmp_path: Path, domain: DomainSpec, old: str, new: str) -> WrittenPlan:
    shutil.copytree(CONFIG / "rollback", tmp_path / "rollback")
    path = tmp_path / "rollback" / f"{domain.name}.md"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    plan = load_plan(tmp_path, domain)
    assert plan is not None
    return plan


def test_a_whole_plan(address: DomainSpec) -> None:
    plan = load_plan(CONFIG, address)
    assert plan is not None
    assert (plan.owner, plan.flip, plan.rollback) == ("checkout team", "ADDRESS_STORE=postgres", "ADDRESS_STORE=mongo")
    assert list(plan.sections) == ["When to roll back", "Steps", "Check afterwards"]
    assert plan.sections["Steps"].startswith("1. ")
    assert plan.for_gate == RollbackPlan(owner="checkout team", rollback_command="ADDRESS_STORE=mongo")


def test_no_plan_is_none(tmp_path: Path, address: DomainSpec) -> None:
    assert load_plan(tmp_path, address) is None


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("+++\n", "---\n", "the plan does not begin with owner, flip and rollback between two lines of +++"),
        ('owner = "checkout team"', "owner = 7", "the plan's owner is no text"),
        ("owner =", "ownr =", "the plan's head has an unknown key ownr"),
        ("ADDRESS_STORE=mongo", "AUTH_STORE=mongo", "the plan's rollback is not ADDRESS_STORE=mongo"),
        ('flip = "ADDRESS_STORE=postgres"\n', "", "the plan's flip is not ADDRESS_STORE=postgres"),
        ("## Check afterwards", "## Afterwards", "the plan has no section “Check afterwards”"),
        ("## Steps\n", "## Steps\n\n## More steps\n", "the section “Steps” is empty"),
        ("## Steps\n", "```\n## Steps\n```\n", "the plan has no section “Steps”"),
    ],
)
def test_what_a_plan_lacks_is_told(tmp_path: Path, address: DomainSpec, old: str, new: str, problem: str) -> None:
    assert problem in changed(tmp_path, address, old, new).problems


NOTE = 'rehearsed_at = 2025-11-20T14:30:00Z\nrehearsed_by = "s.lee"\nrehearsed_minutes = 4.5\n'


def noted(tmp_path: Path, domain: DomainSpec, note: str) -> WrittenPlan:
    return changed(tmp_path, domain, 'owner = "', f'{note}owner = "')


def test_a_rehearsal_noted_in_the_plan_is_one(tmp_path: Path, address: DomainSpec) -> None:
    plan = noted(tmp_path, address, NOTE)
    assert plan.problems == ()
    assert plan.for_gate.rehearsal == Rehearsal(
        domain="address",
        minutes=4.5,
        comment="noted in the rollback plan",
        actor="s.lee",
        at=datetime(2025, 11, 20, 14, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("rehearsed_minutes = 4.5\n", "", "the plan notes rehearsed_at without rehearsed_minutes"),
        ('rehearsed_by = "s.lee"\n', "", "the plan notes rehearsed_at without rehearsed_by"),
        ("30:00Z", "30:00", "the plan's rehearsed_at is no time with an offset, as in 2025-11-20T14:30:00Z"),
        ("T14:30:00Z", "", "the plan's rehearsed_at is no time with an offset, as in 2025-11-20T14:30:00Z"),
        ('"s.lee"', '" "', "the plan's rehearsed_by names nobody"),
        ("4.5", "0", "the plan's rehearsed_minutes is no number above 0"),
        ("4.5", "true", "the plan's rehearsed_minutes is no number above 0"),
        ("4.5", "nan", "the plan's rehearsed_minutes is no number above 0"),
        ("4.5", '"4"', "the plan's rehearsed_minutes is no number above 0"),
    ],
)
def test_a_rehearsal_that_cannot_be_is_told_and_does_not_count(
    tmp_path: Path, address: DomainSpec, old: str, new: str, problem: str
) -> None:
    assert old in NOTE
    plan = noted(tmp_path, address, NOTE.replace(old, new))
    assert plan.problems == (problem,)
    assert plan.rehearsal is None


@pytest.mark.parametrize("text", ["", "\n\n", "# Rolling back address\n"])
def test_an_empty_plan_is_told(tmp_path: Path, address: DomainSpec, text: str) -> None:
    (tmp_path / "rollback").mkdir()
    (tmp_path / "rollback" / "address.md").write_text(text, encoding="utf-8")
    plan = load_plan(tmp_path, address)
    assert plan is not None
    assert plan.problems == ("the plan does not begin with owner, flip and rollback between two lines of +++",)


def test_a_head_that_is_no_toml_is_told(tmp_path: Path, address: DomainSpec) -> None:
    (problem,) = changed(tmp_path, address, 'owner = "', 'owner = = "').problems
    assert problem.startswith("the head of the plan is no TOML: ")


def test_a_plan_in_another_encoding_is_told(tmp_path: Path, address: DomainSpec) -> None:
    (tmp_path / "rollback").mkdir()
    (tmp_path / "rollback" / "address.md").write_bytes(b"+++\n\xff\n+++\n")
    plan = load_plan(tmp_path, address)
    assert plan is not None
    assert plan.problems == ("the plan is no text in UTF-8",)


def test_windows_line_ends_are_line_ends(tmp_path: Path, address: DomainSpec) -> None:
    assert changed(tmp_path, address, "\n", "\r\n").problems == ()
