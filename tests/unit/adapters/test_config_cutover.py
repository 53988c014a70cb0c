"""The declared order of the cutover: what is bundled, what a file means, and every mistake in it."""

import shutil
from pathlib import Path

import pytest

from reconciler.adapters.config.cutover import read_cutover
from reconciler.adapters.config_files import load_configuration
from reconciler.core.cutover import Phase, StepKind
from reconciler.errors import ConfigurationError

pytestmark = pytest.mark.unit

CONFIG = Path(__file__).resolve().parents[3] / "config"
STEP = '[[phase]]\ntitle = "One"\n[[phase.step]]\nname = "first"\ntitle = "First"\nkind = "schema"\n'


def read(tmp_path: Path, text: str) -> tuple[tuple[Phase, ...], list[str]]:
    (tmp_path / "cutover.toml").write_text(text, encoding="utf-8")
    problems: list[str] = []
    phases = read_cutover(tmp_path, domains=["address", "auth"], problems=problems)
    return phases, [problem.partition("cutover.toml: ")[2] for problem in problems]


def test_the_bundled_order_flips_every_domain_that_can_be_compared() -> None:
    configuration = load_configuration(folder=CONFIG, environ={})
    steps = [step for phase in configuration.cutover for step in phase.steps]
    flipped = {domain for step in steps if step.kind is StepKind.FLIP for domain in step.domains}
    assert flipped == {domain.name for domain in configuration.system.comparable}
    assert len(configuration.cutover) == 9


def test_the_bundled_order_flips_groups_together() -> None:
    configuration = load_configuration(folder=CONFIG, environ={})
    flips = [step for phase in configuration.cutover for step in phase.steps if step.kind is StepKind.FLIP]
    (group,) = [step for step in flips if "review" in step.domains]
    members = {domain.name for domain in configuration.system.domains if domain.flip_group == "reference"}
    assert set(group.domains) == members


def test_without_a_file_no_order_is_declared(tmp_path: Path) -> None:
    assert read_cutover(tmp_path, domains=[], problems=[]) == ()


def test_a_step_comes_after_the_one_above_it_unless_it_says_otherwise(tmp_path: Path) -> None:
    more = '[[phase.step]]\nname = "second"\ntitle = "S"\nkind = "other"\n'
    free = '[[phase.step]]\nname = "third"\ntitle = "T"\nkind = "other"\nafter = []\n'
    (phase,), problems = read(tmp_path, STEP + more + free)
    assert problems == []
    assert [step.after for step in phase.steps] == [(), ("first",), ()]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('kind = "schema"', 'kind = "skema"', "phase[0].step[0].kind"),
        ('kind = "schema"', 'kind = "flip"', "phase.step first.domains: expected the domains of a flip step, got none"),
        ('kind = "schema"', 'kind = "flip"\ndomains = ["adress"]', "phase.step first.domains: expected"),
        ('kind = "schema"', 'kind = "schema"\nafter = ["frist"]', "phase.step first.after: expected"),
        ('kind = "schema"', 'kind = "schema"\nafter = ["first"]', "phase.step.after: expected no circle, got first"),
        ('name = "first"', 'name = "First"', "phase[0].step[0].name"),
        ('title = "First"', "", "phase[0].step[0].title"),
        ('title = "First"', 'title = "First"\nfoo = 1', "phase[0].step[0].foo"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, old: str, new: str, problem: str) -> None:
    _, problems = read(tmp_path, STEP.replace(old, new))
    assert any(problem in one for one in problems), problems


def test_a_name_is_given_once(tmp_path: Path) -> None:
    _, problems = read(tmp_path, STEP + STEP)
    assert "phase.step first: expected each name once, got 'first' again" in problems


def test_mistakes_of_the_order_are_mistakes_of_the_configuration(tmp_path: Path) -> None:
    shutil.copytree(CONFIG, tmp_path / "config")
    (tmp_path / "config" / "cutover.toml").write_text(STEP.replace("schema", "skema"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"cutover\.toml"):
        load_configuration(folder=tmp_path / "config", environ={})
