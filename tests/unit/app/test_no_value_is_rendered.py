"""Whatever a record holds, what is declared secret or personal appears whole in no rendering."""

import json
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.app.documents import diff_document, run_document
from reconciler.app.ports import StoredDiff, StoredField
from reconciler.app.record import Making
from reconciler.app.renderings.answers import FoundCluster, GateAnswer, RunAnswer
from reconciler.app.renderings.comparison_markdown import comparison_markdown
from reconciler.app.renderings.github import gate_github, run_github
from reconciler.app.renderings.junit import gate_junit, run_junit
from reconciler.app.renderings.markdown import gate_markdown, run_markdown
from reconciler.app.renderings.tables import diff_rows, lines
from reconciler.app.run_comparison import RunComparison, comparison_document
from reconciler.core.gate_values import CheckResult, GateVerdict
from reconciler.core.model import DiffState, Outcome, RecordDiff, Sensitivity
from reconciler.core.redact import reported
from reconciler.core.spec import FieldKind
from reconciler.web.papers import run_paper
from tests.unit.core_world import entity, field, field_diffs
from tests.unit.gate_world import a_run, at
from tests.unit.renderings_world import DIFFERING, a_cluster, a_diff, a_gate, a_stored_run

pytestmark = pytest.mark.unit

MARKER = st.text(st.sampled_from("ABCDEFGHJKLMNPQRSTUVWXYZ"), min_size=10, max_size=16)
AROUND = st.text(max_size=6)


def stored(sensitivity: Sensitivity, source: str, target: str) -> StoredDiff:
    """A difference of one text field as it would be stored."""
    spec = field(FieldKind.TEXT, sensitivity=sensitivity)
    found = field_diffs(spec, source, target)
    diff = RecordDiff(locator="l", key_text="64f1", outcome=Outcome.FIELD_MISMATCH, fields=found)
    kept = reported("address", entity(spec), diff, state=DiffState.CONFIRMED)
    fields = tuple(
        StoredField(
            path=one.path,
            kind=one.kind,
            source=one.source,
            target=one.target,
            redacted=one.redacted,
            cluster="K-1",
            note=one.note,
        )
        for one in kept.fields
    )
    return replace(a_diff(), fields=fields, detail=kept.detail)


def everything(diff: StoredDiff) -> str:
    """Every rendering that shows a difference, one after the other."""
    found = (FoundCluster(cluster=a_cluster(), sample=(diff,)),)
    run = a_stored_run(a_run(12, hours=0, entities=(DIFFERING,)))
    of_run = RunAnswer(run=run, found=found)
    gate = a_gate(GateVerdict.NO_GO, CheckResult.FAIL)
    of_gate = GateAnswer(asked_at=at(0), gates=(gate,), found=found)
    compared = RunComparison(before=run, after=run, domains=(), entities=(), new=(diff,), gone=(diff,))
    return "\n".join(
        [
            run_junit(of_run),
            run_markdown(of_run),
            run_github(of_run),
            gate_junit(of_gate),
            gate_markdown(of_gate),
            gate_github(of_gate),
            comparison_markdown(compared),
            run_paper(of_run, Making(made_at=at(0), made_by="t", title="t", version="1"), alone=True),
            lines(diff_rows(diff)),
            *(
                json.dumps(document)
                for document in (
                    diff_document(diff),
                    run_document(run, [a_cluster()]),
                    comparison_document(compared),
                )
            ),
        ]
    )


@given(st.sampled_from([Sensitivity.SECRET, Sensitivity.PII]), MARKER, MARKER, AROUND, AROUND)
def test_no_secret_or_personal_value_is_rendered(
    sensitivity: Sensitivity, one: str, other: str, before: str, after: str
) -> None:
    assume(one != other)
    source, target = f"{before}{one}{after}", f"{before}{other}{after}"
    assume("\0" not in source and source.isprintable())
    text = everything(stored(sensitivity, source, target))
    assert one not in text
    assert other not in text


@given(MARKER, MARKER)
def test_a_plain_value_is_rendered_so_the_search_can_find(one: str, other: str) -> None:
    assume(one != other)
    text = everything(stored(Sensitivity.PLAIN, one, other))
    assert one in text
    assert other in text
