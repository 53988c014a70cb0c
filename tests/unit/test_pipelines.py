"""The examples for pipelines as files: each reads as what it is, and none goes on after anything but a go."""

import configparser
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.adapters.config.values import parse_duration
from reconciler.core.gate_values import GateVerdict

pytestmark = pytest.mark.unit

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pipelines"
PAGE = FOLDER.parent / "pipelines.md"
EXIT_CODES = {1, 2, 3, 4, 5, 130, 143}
SWALLOWED = re.compile(r"\|\|\s*(true|:)|continue-on-error|allow_failure|set \+e|;\s*true\b")


def text_of(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def read(name: str) -> Any:  # noqa: ANN401 - whatever the file holds
    return yaml.safe_load(text_of(name))


def steps(document: Any) -> Iterator[str]:  # noqa: ANN401 - whatever the file holds
    """Every shell line of a workflow, wherever it stands."""
    match document:
        case dict():
            for key, value in document.items():
                yield from [value] if key == "run" and isinstance(value, str) else steps(value)
        case list():
            for value in document:
                yield from steps(value)
        case _:
            return


def test_the_page_names_every_file() -> None:
    named = set(re.findall(r"^\| (`[^|]*`) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    files = {name for cell in named for name in re.findall(r"`([\w.@-]+\.\w+|crontab)`", cell)}
    assert {path.name for path in FOLDER.iterdir() if path.is_file()} == files


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.iterdir() if path.is_file()))
def test_no_example_swallows_a_failure(name: str) -> None:
    assert not SWALLOWED.search(text_of(name))
    assert "--insecure" not in text_of(name)


@pytest.mark.parametrize("name", ["gate.sh", "gate-signed.sh"])
def test_the_scripts_are_shell_that_stops_at_the_first_failure(name: str) -> None:
    subprocess.run(["sh", "-n", str(FOLDER / name)], check=True)
    assert "\nset -eu\n" in text_of(name)
    assert "--fail" in text_of(name)
    assert "--max-time" in text_of(name)


def test_the_workflow_of_github_flips_only_behind_the_gate() -> None:
    jobs = read("github-actions.yml")["jobs"]
    assert jobs["flip"]["needs"] == "gate"
    assert "if" not in jobs["flip"]
    ran = list(steps(jobs["flip"]))
    assert ran.index("sh docs/pipelines/gate-signed.sh") < next(
        number for number, line in enumerate(ran) if "ADDRESS_STORE=postgres" in line
    )
    assert all("timeout-minutes" in job for job in jobs.values())


def test_the_pipeline_of_gitlab_flips_only_behind_the_gate() -> None:
    pipeline = read("gitlab-ci.yml")
    assert pipeline["flip"]["needs"] == ["gate"]
    assert pipeline["flip"]["script"][0] == "sh docs/pipelines/gate-signed.sh"
    assert pipeline["gate"]["artifacts"]["reports"]["junit"] == "gate.xml"
    wait = re.search(r"--timeout (\w+)", pipeline["gate"]["script"][0])
    assert wait is not None
    assert parse_duration(wait[1]).total_seconds() < 40 * 60, "the job outlives the waiting"


def test_the_analysis_of_argo_fails_at_the_first_thing_that_is_no_go() -> None:
    templates = list(yaml.safe_load_all(text_of("argo-rollouts.yaml")))
    assert [one["kind"] for one in templates] == ["AnalysisTemplate"] * 2
    metrics = [metric for one in templates for metric in one["spec"]["metrics"]]
    for metric in metrics:
        limits = {metric[name] for name in ("failureLimit", "inconclusiveLimit", "consecutiveErrorLimit")}
        assert (limits, metric["count"]) == ({0}, 1)
    web, job = (metric["provider"] for metric in metrics)
    assert "/gate/assert?require=go" in web["web"]["url"]
    words = set(re.findall(r'result\.verdict == "(\w+)"', metrics[0]["successCondition"]))
    assert words == {GateVerdict.GO.value, GateVerdict.FLIPPED.value}
    assert job["job"]["spec"]["backoffLimit"] == 0


def test_the_job_of_kubernetes_tries_again_only_what_could_not_run() -> None:
    job = read("kubernetes-cronjob.yaml")["spec"]
    spec = job["jobTemplate"]["spec"]
    assert (job["concurrencyPolicy"], job["timeZone"]) == ("Forbid", "Etc/UTC")
    by_action = {
        rule["action"]: set(rule["onExitCodes"]["values"])
        for rule in spec["podFailurePolicy"]["rules"]
        if "onExitCodes" in rule
    }
    assert by_action == {"FailJob": {1, 2, 3, 5}, "Count": {4, 130, 143}}
    assert set().union(*by_action.values()) == EXIT_CODES
    pod = spec["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    budget = pod["containers"][0]["args"][pod["containers"][0]["args"].index("--time-budget") + 1]
    assert parse_duration(budget).total_seconds() < spec["activeDeadlineSeconds"]


def test_the_crontab_has_five_fields_and_a_command_that_keeps_its_code() -> None:
    lines = [line for line in text_of("crontab").splitlines() if line and not line.startswith("#")]
    commands = [line for line in lines if re.match(r"[\d*]", line)]
    assert len(commands) == 2
    for line in commands:
        assert re.match(r"([\d*/]+ ){5}reconciler run ", line)
        assert line.endswith("exit $code; }")
        assert "%" not in line, "cron takes it for a new line"


def test_the_unit_and_the_timer_of_systemd_are_read() -> None:
    unit, timer = (_ini(name) for name in ("reconciler-scan.service", "reconciler-scan.timer"))
    assert unit["Service"]["Type"] == "oneshot"
    assert "SuccessExitStatus" not in unit["Service"]
    assert unit["Unit"]["OnFailure"]
    assert timer["Timer"]["Persistent"] == "true"
    assert timer["Timer"]["OnCalendar"].endswith("UTC")


def _ini(name: str) -> configparser.RawConfigParser:
    """A unit file; a key that is given twice keeps its last value."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text_of(name))
    return parser
