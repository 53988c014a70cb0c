"""The digest that approvals are bound to: what moves it, and what must not."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.core.gate import GateFacts, GateVerdict, decide
from reconciler.core.model import Mode, RunStatus
from reconciler.core.schema_look import PathSeen, SchemaLook
from reconciler.core.wording import moment, span
from tests.unit.gate_world import (
    NIGHTS,
    STORES,
    a_history,
    a_run,
    approved,
    at,
    broken,
    domain_spec,
    nightly,
    some_facts,
    summary,
    with_data,
    with_history,
)

pytestmark = pytest.mark.unit

FIRST = some_facts()
NEW = PathSeen(side="target", path="note", count=1, looked_at=100)


def newest(**changes: object) -> GateFacts:
    return some_facts(a_history(replace(NIGHTS[0], **changes), *NIGHTS[1:]))  # type: ignore[arg-type]


def then(**changes: object) -> GateFacts:
    """One more run after the newest scan."""
    return some_facts(a_history(a_run(6, hours=99, **changes), *NIGHTS))  # type: ignore[arg-type]


MOVES: dict[str, Callable[[], GateFacts]] = {
    "another scan": then,
    "a count": lambda: newest(entities=(summary(matched=101),)),
    "a side's own count": lambda: newest(entities=(summary(source_records=101),)),
    "a hint about the schema": lambda: newest(entities=(summary(schema=SchemaLook(hints=("no unique index",))),)),
    "a column that no rule mentions": lambda: newest(entities=(summary(schema=SchemaLook(unmentioned=(NEW,))),)),
    "an invariant": lambda: newest(entities=(summary(invariants=(broken(1),)),)),
    "the rules": lambda: with_data(FIRST, spec=domain_spec(config_digest="sha256:new")),
    "the policy": lambda: with_data(FIRST, spec=domain_spec(policy_digest="sha256:new")),
    "the code": lambda: with_data(FIRST, code_version="1.1"),
    "the stores": lambda: newest(identities={**STORES, "target": "7302"}),
    "an open diff": lambda: with_history(FIRST, open_confirmed=1),
    "an unconfirmed diff": lambda: with_history(FIRST, open_unconfirmed=1),
    "a diff that came and went": lambda: with_history(FIRST, last_diff_at=at(20)),
    "a gap": lambda: then(mode=Mode.SAMPLE, gaps=1),
    "a failed sample": lambda: then(mode=Mode.SAMPLE, status=RunStatus.FAILED),
    "a failed scan": lambda: then(status=RunStatus.FAILED),
    "a rollback": lambda: replace(FIRST, rolled_back_at=at(20)),
    "the domain": lambda: with_data(FIRST, spec=replace(domain_spec(), name="other")),
}

KEEPS: dict[str, Callable[[], GateFacts]] = {
    "the hour": lambda: with_data(FIRST, now=at(101)),
    "the years": lambda: with_data(FIRST, now=at(99999)),
    "a clean sample": lambda: then(mode=Mode.SAMPLE),
    "a run under way": lambda: then(status=RunStatus.RUNNING, finished_at=None, entities=()),
    "a rehearsal": lambda: with_history(FIRST, rehearsals=()),
    "a decision": lambda: approved(FIRST),
    "the flag's plan": lambda: replace(FIRST, plan=None),
    "how far back the store looked": lambda: some_facts(a_history(*NIGHTS[:3])),
}


@pytest.mark.parametrize("case", MOVES)
def test_what_an_approval_stands_on_moves_the_digest_and_voids_the_approval(case: str) -> None:
    moved = MOVES[case]()
    assert decide(moved).evidence_digest != decide(FIRST).evidence_digest
    voided = with_history(moved, decisions=approved(FIRST).data.history.decisions)
    assert decide(voided).verdict is not GateVerdict.GO


def test_rules_code_and_stores_move_the_digest_by_themselves() -> None:
    failed = some_facts(a_history(a_run(1, hours=99, status=RunStatus.FAILED, entities=())))
    rules, code = domain_spec(config_digest="sha256:new"), "1.1"
    digests = [
        decide(facts).evidence_digest
        for facts in (failed, with_data(failed, spec=rules), with_data(failed, code_version=code))
    ]
    first = some_facts(a_history(a_run(1, hours=99)))
    elsewhere = some_facts(a_history(a_run(1, hours=99, identities={**STORES, "target": "7302"})))
    assert len({*digests, decide(first).evidence_digest, decide(elsewhere).evidence_digest}) == 5


@pytest.mark.parametrize("case", KEEPS)
def test_what_an_approval_does_not_stand_on_leaves_the_digest(case: str) -> None:
    assert decide(KEEPS[case]()).evidence_digest == decide(FIRST).evidence_digest


def test_the_digest_has_its_form() -> None:
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", decide(FIRST).evidence_digest or "")


def test_scans_that_no_longer_count_after_a_diff_are_not_in_the_digest() -> None:
    late = a_history(*nightly(0, 24, 48, 72, 96), last_diff_at=at(80))
    assert (
        decide(some_facts(late)).evidence_digest == decide(some_facts(replace(late, runs=NIGHTS[:2]))).evidence_digest
    )


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=59.9), "59 s"),
        (timedelta(seconds=184), "3 min 4 s"),
        (timedelta(hours=72), "72 h"),
        (timedelta(hours=74, minutes=12, seconds=59), "74 h 12 min"),
        (timedelta(days=14, hours=3), "14 d 3 h"),
        (timedelta(minutes=-5), "-5 min"),
    ],
)
def test_lengths_of_time_are_cut_down_and_never_rounded_up(length: timedelta, text: str) -> None:
    assert span(length) == text


def test_moments_say_that_they_are_utc() -> None:
    assert moment(at(1.5)) == "2025-11-20 01:30:00 UTC"
