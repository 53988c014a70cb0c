"""What runs and gates are rendered as: never greener than they are, and data stay data."""

import csv
import io
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.app.renderings.answers import GateAnswer, RunAnswer
from reconciler.app.renderings.escaping import cell, code, command_data, command_property, prose, visible
from reconciler.app.renderings.github import gate_github, run_github
from reconciler.app.renderings.junit import gate_junit, run_junit
from reconciler.app.renderings.markdown import gate_markdown, run_markdown
from reconciler.app.renderings.tables import DIFFS, check_rows, cluster_row, diff_rows, lines, run_rows
from reconciler.core.gate_values import CheckResult, GateVerdict
from reconciler.core.model import RunStatus
from tests.unit.gate_world import a_run, at, broken, summary
from tests.unit.renderings_world import (
    DIFFERING,
    POISON,
    a_cluster,
    a_diff,
    a_gate,
    a_stored_run,
    found,
    gate_found,
    run_found,
)

pytestmark = pytest.mark.unit

CLEAN = a_run(12, hours=0)
DIFFERS = a_run(12, hours=0, entities=(DIFFERING,))
UNTRUE_RUNS = {
    "diffs": DIFFERS,
    "invariant": a_run(12, hours=0, entities=(summary(invariants=(broken(1),)),)),
    "unfinished": a_run(12, hours=0, status=RunStatus.INTERRUPTED, entities=()),
    "failed": a_run(12, hours=0, error="PostgreSQL stopped answering"),
    "partial": a_run(12, hours=0, entities=(summary(complete=False, coverage=0.5),)),
    "unconfirmed": a_run(12, hours=0, entities=(summary(unconfirmed=1),)),
    "nothing": a_run(12, hours=0, entities=(summary(matched=0),)),
    "no entity": a_run(12, hours=0, entities=()),
    "blind": a_run(12, hours=0, canaries_caught=8),
}


def read_xml(text: str | bytes) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - made here


def red(xml: str) -> list[str]:
    """The names of the cases that fail a pipeline."""
    return [
        case.get("name", "")
        for case in read_xml(xml).iter("testcase")
        if case.findall("failure") + case.findall("error")
    ]


# -- JUnit -------------------------------------------------------------------------------------------------------------


def test_a_clean_run_is_all_green_in_junit() -> None:
    xml = run_junit(RunAnswer(run=a_stored_run(CLEAN)))

    assert red(xml) == []
    names = [case.get("name") for case in read_xml(xml).iter("testcase")]
    assert names == ["run.verdict", "entity.address"]


@pytest.mark.parametrize("name", UNTRUE_RUNS)
def test_a_run_that_is_not_clean_is_never_all_green(name: str) -> None:
    assert "run.verdict" in red(run_junit(RunAnswer(run=a_stored_run(UNTRUE_RUNS[name]))))


def test_diffs_fail_and_what_is_not_known_errs() -> None:
    suite = read_xml(run_junit(run_found(DIFFERS)))
    assert {case.get("name"): [one.tag for one in case] for case in suite.iter("testcase")} == {
        "run.verdict": ["failure"],
        "entity.address": ["failure"],
        "K-1 address postalCode: leading zero lost": ["failure"],
    }
    assert 'field_mismatch confirmed: postalCode "01234" → "1234"' in "".join(suite.itertext())
    partial = read_xml(run_junit(RunAnswer(run=a_stored_run(UNTRUE_RUNS["partial"]))))
    assert [one.tag for case in partial.iter("testcase") for one in case] == ["error", "error"]


def test_the_counts_of_a_suite_are_those_of_its_cases() -> None:
    (suite,) = read_xml(run_junit(run_found(DIFFERS))).iter("testsuite")
    assert {name: suite.get(name) for name in ("name", "tests", "failures", "errors", "skipped")} == {
        "name": "address",
        "tests": "3",
        "failures": "3",
        "errors": "0",
        "skipped": "0",
    }


@pytest.mark.parametrize("verdict", GateVerdict)
def test_only_a_go_is_all_green_in_junit(verdict: GateVerdict) -> None:
    xml = gate_junit(GateAnswer(asked_at=at(0), gates=(a_gate(verdict, CheckResult.PASS, CheckResult.INFO),)))

    good = verdict in (GateVerdict.GO, GateVerdict.FLIPPED)
    skipped = [case for case in read_xml(xml).iter("testcase") if case.findall("skipped")]
    assert good == (red(xml) == [] and not skipped)


@pytest.mark.parametrize(
    ("result", "tag"),
    [
        (CheckResult.PASS, None),
        (CheckResult.INFO, None),
        (CheckResult.FAIL, "failure"),
        (CheckResult.PENDING, "error"),
        (CheckResult.INCONCLUSIVE, "error"),
        (CheckResult.WAIVED, "skipped"),
    ],
)
def test_each_result_of_a_check_has_its_place_in_junit(result: CheckResult, tag: str | None) -> None:
    (case,) = (
        one
        for one in read_xml(gate_junit(gate_found(a_gate(GateVerdict.GO, result)))).iter("testcase")
        if one.get("name") == "gate.check_0"
    )
    assert [one.tag for one in case] == ([tag] if tag else [])


def test_junit_is_xml_whatever_the_data_hold() -> None:
    for xml in (
        run_junit(run_found(DIFFERS, text=POISON)),
        gate_junit(gate_found(a_gate(GateVerdict.HOLD, text=POISON))),
    ):
        told = read_xml(xml.encode())
        assert {one.tag for one in told.iter()} <= {"testsuites", "testsuite", "testcase", "failure", "error"}
        assert "\x1b" not in xml


# -- Markdown ----------------------------------------------------------------------------------------------------------


def test_markdown_says_the_verdict_first_and_folds_samples_away() -> None:
    text = run_markdown(run_found(DIFFERS))

    assert text.startswith("❌ **run 12: diffs** — scan, completed, 98 records compared")
    assert "| <code>address</code> | diffs | 8 | 98 | 98 | 0 |" in text
    assert (
        "<details><summary>K-1 <code>address</code> postalCode&#58; leading zero lost: 8 differences</summary>" in text
    )


def test_markdown_of_gates_begins_with_a_line_a_domain() -> None:
    gates = (a_gate(GateVerdict.GO, CheckResult.PASS), a_gate(GateVerdict.HOLD, domain="auth"))
    first, second, *_ = gate_markdown(GateAnswer(asked_at=at(0), gates=gates)).split("\n\n")

    assert first == "✅ **address: go** — as measured"
    assert second.startswith("⚠️ **auth: hold**")
    one = gate_markdown(GateAnswer(asked_at=at(0), gates=gates[:1]))
    assert one.count("**address: go**") == 1
    assert "| ✅ pass | <code>check&#95;0</code> | as measured | as measured | as measured |" in one


def test_markdown_stays_markdown_whatever_the_data_hold() -> None:
    for text in (
        run_markdown(run_found(DIFFERS, text=POISON)),
        gate_markdown(gate_found(a_gate(GateVerdict.HOLD, CheckResult.FAIL, text=POISON), text=POISON)),
    ):
        assert not re.search(r"<b>|`|\[a\]|http:|\x1b|\u202e|-->|^::", text, re.MULTILINE)
        assert "@everyone" not in re.sub(r"<code>.*?</code>", "", text), "nobody is called, and code calls nobody"
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in rows}) == 1


def test_a_text_that_may_not_be_longer_leaves_out_whole_parts_and_says_so() -> None:
    answer = RunAnswer(run=a_stored_run(DIFFERS), found=tuple(found() for _ in range(50)))
    short = run_markdown(answer, most_bytes=4000)

    assert len(short.encode()) <= 4000
    assert re.search(r"^\*\d+ more parts were left out", short, re.MULTILINE)
    assert short.count("<details>") == short.count("</details>") > 0
    assert "left out" not in run_markdown(answer, most_bytes=1_000_000)


@given(st.text())
def test_no_text_gets_out_of_its_cell(text: str) -> None:
    for made in (prose(text), code(text)):
        assert not set(made) & set("|`\n\r\t*[]~^$")
        assert re.sub(r"&#\d+;|</?code>", "", made).count("<") == 0
        assert not re.search(r"@(?!&#8203;)|www\.", re.sub(r"<code>.*</code>", "", made))


# -- GitHub ------------------------------------------------------------------------------------------------------------


def test_github_gets_one_annotation_a_domain_the_worst_first() -> None:
    gates = tuple(
        a_gate(verdict, domain=verdict.value)
        for verdict in (GateVerdict.GO, GateVerdict.HOLD, GateVerdict.NO_GO, GateVerdict.NOT_COMPARABLE)
    )
    assert [line.split(" ")[0] for line in gate_github(GateAnswer(asked_at=at(0), gates=gates)).splitlines()] == [
        "::error",
        "::warning",
        "::notice",
        "::notice",
    ]


def test_a_run_that_is_not_clean_is_no_notice() -> None:
    for part in UNTRUE_RUNS.values():
        assert not run_github(RunAnswer(run=a_stored_run(part))).startswith("::notice")
    assert run_github(RunAnswer(run=a_stored_run(CLEAN))).startswith(
        "::notice title=reconciler address%3A clean::run 12"
    )


@given(st.text())
def test_no_text_starts_a_command_of_its_own(text: str) -> None:
    assert not set(command_data(text)) & set("\r\n")
    assert not set(command_property(text)) & set("\r\n:,")


def test_an_annotation_is_one_line_whatever_the_data_hold() -> None:
    assert len(gate_github(gate_found(a_gate(GateVerdict.NO_GO, text=POISON))).splitlines()) == 1


# -- CSV ---------------------------------------------------------------------------------------------------------------


def test_csv_has_a_row_a_field_and_one_for_a_record_that_is_missing() -> None:
    read = list(csv.DictReader(io.StringIO(lines([DIFFS, *diff_rows(a_diff())]))))

    assert [(row["key"], row["path"], row["source"], row["target"]) for row in read] == [
        ("64f1", "postalCode", "01234", "1234")
    ]
    assert len(lines([*run_rows(a_stored_run(CLEAN)), cluster_row(a_cluster())]).splitlines()) == 2
    assert len(check_rows(a_gate(GateVerdict.NOT_COMPARABLE))) == 1
    assert len(check_rows(a_gate(GateVerdict.GO, CheckResult.PASS, CheckResult.PASS))) == 2


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\ufeff=1", "＝1", "%0A=1"])
def test_a_cell_is_no_formula(text: str) -> None:
    assert cell(text).startswith("'")


@given(st.text())
def test_csv_reads_back_what_was_written(text: str) -> None:
    (row,) = csv.reader(io.StringIO(lines([(text, "end")]), newline=""))
    assert row == [cell(text), "end"]
    assert cell(text) in (text, f"'{text}")


# -- all ---------------------------------------------------------------------------------------------------------------


@given(st.text())
def test_what_is_visible_is_one_line_of_xml(text: str) -> None:
    made = visible(text)
    assert len(made.splitlines()) <= 1
    node = ET.Element("a")
    node.text = made
    assert read_xml(ET.tostring(node)).text in (made, None)


def test_what_is_secret_is_named_and_not_shown() -> None:
    secret = a_diff(source="kept away", redacted="secret")
    for text in (run_junit(RunAnswer(run=a_stored_run(DIFFERS), found=(found(diff=secret),))),):
        assert "postalCode secret" in text
        assert "kept away" not in text
