"""What is shipped for monitoring against the code: page, alert rules and dashboard name only what there is."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.app.metrics import METRICS, Metric, MetricKind
from reconciler.core.gate import CHECK_ORDER, GateVerdict
from reconciler.core.model import DiffState, Verdict
from reconciler.core.wording import counted

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "metrics.md"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboard.json"
NAMED = re.compile(r"\b(reconciler_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')
WORDS = {
    "verdict": {one.value for one in GateVerdict},
    "state": {one.value for one in DiffState},
    "result": {one.value for one in Verdict},
    "check": set(CHECK_ORDER),
}


def series() -> dict[str, Metric]:
    """Every name under which something is scraped."""
    suffixes = {MetricKind.HISTOGRAM: ("_bucket", "_sum", "_count")}
    return {f"{one.name}{suffix}": one for one in METRICS for suffix in suffixes.get(one.kind, ("",))}


def rules() -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return found


def expressions() -> Iterator[str]:
    """Everything that is asked of Prometheus."""
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in panels() for target in panel["targets"])
    document = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    yield from (one["query"]["query"] for one in document["templating"]["list"] if one["type"] == "query")


def test_names_and_labels_are_what_prometheus_takes() -> None:
    assert [one.name for one in METRICS if not re.fullmatch(r"reconciler_[a-z]+(_[a-z]+)*", one.name)] == []
    assert len({one.name for one in METRICS}) == len(METRICS)
    assert {one.name for one in METRICS if one.kind is MetricKind.COUNTER} == {
        one.name for one in METRICS if one.name.endswith("_total")
    }


def test_no_label_could_hold_a_key_or_a_value() -> None:
    allowed = {"version", "domain", "verdict", "check", "kind", "state", "result", "mode", "channel"}
    assert {label for one in METRICS for label in one.labels} <= allowed


def test_the_page_has_every_metric_as_it_is() -> None:
    rows = [
        line.strip("| ").split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if "| `recon" in line
    ]
    there = [(name.strip("`"), kind, tuple(re.findall(r"`(\w+)`", labels)), told) for name, kind, labels, told in rows]
    assert there == [(one.name, one.kind.value, one.labels, one.told) for one in METRICS]


def test_the_page_has_every_alert() -> None:
    named = re.findall(r"^\| `(Reconciler\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert named == [rule["alert"] for rule in rules()]


def test_what_is_asked_exists_with_its_labels_and_words() -> None:
    known, wrong = series(), []
    for expression in expressions():
        asked = NAMED.findall(expression)
        assert asked or expression.startswith("up{"), expression
        for name, matchers in asked:
            pairs = MATCHER.findall(matchers)
            strange = [label for label, _ in pairs if name in known and label not in known[name].labels]
            words = [(label, word) for label, text in pairs for word in text.split("|") if label in WORDS]
            strange += [word for label, word in words if word not in WORDS[label]]
            wrong += [(name, strange)] if name not in known or strange else []
    assert wrong == []


def test_brackets_of_what_is_asked_are_closed() -> None:
    assert [one for one in expressions() if any(one.count(a) != one.count(b) for a, b in ("()", "{}", "[]"))] == []


def test_there_are_rules_enough_and_each_says_what_and_how_bad() -> None:
    assert len(rules()) >= 6, counted(len(rules()), "rule")
    lacking = [
        rule["alert"]
        for rule in rules()
        if rule["labels"]["severity"] not in ("info", "warning", "critical")
        or not (rule["annotations"]["summary"] and rule["annotations"]["description"])
    ]
    assert lacking == []


def test_what_is_absent_or_old_is_an_alarm() -> None:
    asked = " ".join(rule["expr"] for rule in rules())
    assert "absent(reconciler_gate_verdict)" in asked
    assert "up{" in asked
    assert "time() - reconciler_last_complete_run_timestamp_seconds" in asked
    assert "unless" in asked


def test_the_dashboard_shows_every_verdict_over_time() -> None:
    (timeline,) = (panel for panel in panels() if panel["type"] == "state-timeline")
    (mapping,) = timeline["fieldConfig"]["defaults"]["mappings"]
    assert len(mapping["options"]) == len(GateVerdict)
    (target,) = timeline["targets"]
    numbers = dict(re.findall(r'(\d) \* \(reconciler_gate_verdict\{verdict="(\w+)"', target["expr"]))
    assert set(numbers.values()) == {one.value for one in GateVerdict}
    shown = {word: mapping["options"][number]["text"] for number, word in numbers.items()}
    assert {word: text.lower().replace("-", "_").replace(" ", "_") for word, text in shown.items()} == {
        word: word for word in shown
    }


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    assert len({panel["id"] for panel in panels()}) == len(panels())
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
