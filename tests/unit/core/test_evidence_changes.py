"""What moved between two bundles of evidence is told in sentences: everything that moved, and nothing that did not."""

import json
from collections.abc import Mapping

import pytest

from reconciler.core.evidence_changes import UNKNOWN, what_changed
from reconciler.core.gate import decide
from reconciler.core.schema_look import PathSeen, SchemaLook
from tests.unit.gate_world import NIGHTS, a_history, a_run, some_facts, summary, with_history

pytestmark = pytest.mark.unit

BEFORE = decide(some_facts()).evidence


def changed(**parts: object) -> str:
    return json.dumps(json.loads(BEFORE) | parts)


CASES: Mapping[str, tuple[dict[str, object], str]] = {
    "a difference": ({"last_diff_at": "2025-11-24T10:00:00+00:00"}, "a difference was confirmed"),
    "open ones": ({"open_confirmed": 3}, "open differences went from 0 to 3"),
    "unsettled ones": ({"open_unconfirmed": 2}, "unsettled differences went from 0 to 2"),
    "mapping": ({"config": "sha256:other"}, "mapping or rules changed"),
    "policy": ({"policy": "sha256:other"}, "the policy changed"),
    "version": ({"code": "2.0"}, "the version of reconciler changed"),
    "rollback": ({"rolled_back_at": "2025-11-24T10:00:00+00:00"}, "reads were rolled back"),
    "no scan": ({"scan": None}, "the newest scan is none and was run 5"),
    "older scans": ({"clean_scans": []}, "other scans count"),
    "trouble": ({"troubled_since": [6]}, "run 6 went wrong"),
    "gaps": ({"gaps": 1}, "unresolved dual-write gaps went from 0 gaps to 1 gap"),
    "gaps unknown": ({"gaps": None}, "unresolved dual-write gaps went from 0 gaps to not counted"),
    "a waiver": ({"waivers": [4]}, "waiver 4 came into force"),
    "something new": ({"moon": "full"}, UNKNOWN),
}


@pytest.mark.parametrize("case", CASES)
def test_each_part_that_moved_is_told(case: str) -> None:
    parts, told = CASES[case]
    assert what_changed(BEFORE, changed(**parts)) == (told,)


def test_nothing_is_told_of_evidence_that_is_the_same() -> None:
    assert what_changed(BEFORE, BEFORE) == ()


def test_other_stores_are_told_beside_the_scan_that_compared_them() -> None:
    scan = json.loads(BEFORE)["scan"] | {"run": 6, "identities": {"source": "rs1", "target": "7301"}}
    assert what_changed(BEFORE, changed(scan=scan)) == (
        "other stores were compared",
        "the newest scan is run 6 and was run 5",
    )


def test_a_schema_that_changed_is_told_beside_the_scan_that_saw_it() -> None:
    look = SchemaLook(unmentioned=(PathSeen(side="target", path="note", count=1, looked_at=100),))
    facts = some_facts(a_history(a_run(6, hours=99, entities=(summary(schema=look),)), *NIGHTS))
    assert what_changed(BEFORE, decide(facts).evidence) == (
        "the schema changed",
        "the newest scan is run 6 and was run 5",
    )


def test_a_waiver_that_ended_is_told() -> None:
    assert what_changed(changed(waivers=[4]), BEFORE) == ("waiver 4 is over",)


def test_of_evidence_that_nobody_kept_everything_moved() -> None:
    assert "the newest scan is run 5 and was none" in what_changed("", BEFORE)


def test_real_evidence_that_moves_is_told() -> None:
    facts = some_facts(a_history(a_run(6, hours=99), *NIGHTS))
    worse = with_history(facts, open_confirmed=1)
    told = what_changed(BEFORE, decide(worse).evidence)
    assert told[:2] == ("open differences went from 0 to 1", "the newest scan is run 6 and was run 5")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"open_confirmed": 5}, {"open_confirmed": 3}, ("open differences went from 5 to 3",)),
        ({"open_unconfirmed": 5}, {"open_unconfirmed": 3}, ("unsettled differences went from 5 to 3",)),
        ({"troubled_since": [6]}, {"troubled_since": [6, 7]}, ("run 7 went wrong",)),
        ({"troubled_since": [6]}, {"troubled_since": []}, (UNKNOWN,)),
        ({"rolled_back_at": "2025-11-24T10:00:00+00:00"}, {"rolled_back_at": "2025-11-24T10:00:00+00:00", "gaps": 1}, (
            "unresolved dual-write gaps went from 0 gaps to 1 gap",
        )),
        ({"waivers": [1, 2]}, {"waivers": [2, 3]}, ("waiver 3 came into force", "waiver 1 is over")),
        ({"gaps": None}, {"gaps": 2}, ("unresolved dual-write gaps went from not counted to 2 gaps",)),
    ],
)  # fmt: skip
def test_what_was_so_before_is_not_told_as_new(
    before: dict[str, object], after: dict[str, object], told: tuple[str, ...]
) -> None:
    assert what_changed(changed(**before), changed(**after)) == told


def test_all_that_moved_is_told_the_gravest_first() -> None:
    moved = {"waivers": [4], "gaps": 1, "code": "2.0", "open_confirmed": 1}
    assert what_changed(BEFORE, changed(**moved)) == (
        "open differences went from 0 to 1",
        "the version of reconciler changed",
        "unresolved dual-write gaps went from 0 gaps to 1 gap",
        "waiver 4 came into force",
    )
