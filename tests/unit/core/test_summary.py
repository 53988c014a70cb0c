"""Counts that do not add up are no evidence, and silence is not green."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.core.history import DomainRun
from reconciler.core.model import EntitySummary, InvariantResult, Mode, Outcome, RunStatus, Verdict
from reconciler.core.summary import (
    WORST_LAST,
    adds_up,
    differing,
    domain_verdict,
    entity_verdict,
    no_outcomes,
    run_verdict,
    worst,
)

NOW = datetime(2025, 11, 20, tzinfo=UTC)


def summary(
    *, complete: bool = True, unconfirmed: int = 0, may_be_empty: bool = False, **outcomes: int
) -> EntitySummary:
    """An entity's counts that add up."""
    counts = no_outcomes() | {Outcome(name): count for name, count in outcomes.items()}
    compared = counts[Outcome.MATCHED] + counts[Outcome.FIELD_MISMATCH]
    seen = sum(counts.values())
    return EntitySummary(
        entity="thing", source_records=seen, target_records=seen, seen=seen, compared=compared, outcomes=counts,
        cleared=0,
        unconfirmed=unconfirmed, coverage=1.0, method="stream", complete=complete, may_be_empty=may_be_empty,
    )  # fmt: skip


def run(
    *entities: EntitySummary, status: RunStatus = RunStatus.COMPLETED, error: str = "", caught: int = 3
) -> DomainRun:
    """A domain's part of a run."""
    return DomainRun(
        run_id=1, domain="d", mode=Mode.SCAN, status=status, started_at=NOW, finished_at=NOW, config_digest="c",
        policy_digest="p",
        code_version="1", entities=entities, notes=(), gaps=0, error=error, canaries_planted=3, canaries_caught=caught,
    )  # fmt: skip


def test_the_worst_of_none_is_inconclusive_and_an_unknown_verdict_raises() -> None:
    assert worst(()) is Verdict.INCONCLUSIVE
    with pytest.raises(ValueError, match="not in tuple"):
        worst([Verdict.CLEAN, "green"])  # type: ignore[list-item]


def test_merging_is_associative_commutative_idempotent_and_never_betters() -> None:
    for one, other, third in itertools.product(Verdict, repeat=3):
        assert worst((one, other)) is worst((other, one))
        assert worst((worst((one, other)), third)) is worst((one, worst((other, third))))
        assert worst((one, one)) is one
        assert WORST_LAST.index(worst((one, other))) >= WORST_LAST.index(one)
    assert set(WORST_LAST) == set(Verdict)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (summary(matched=9), Verdict.CLEAN),
        (summary(matched=9, out_of_scope=5), Verdict.CLEAN),
        (summary(), Verdict.NOTHING_COMPARED),
        (summary(out_of_scope=5), Verdict.NOTHING_COMPARED),
        (summary(may_be_empty=True), Verdict.CLEAN),
        (summary(matched=9, complete=False), Verdict.INCONCLUSIVE),
        (summary(matched=9, unreadable=1), Verdict.INCONCLUSIVE),
        (summary(matched=9, field_mismatch=1), Verdict.DIFFS),
        (summary(matched=9, missing_in_target=1), Verdict.DIFFS),
        (summary(matched=9, extra_in_target=1), Verdict.DIFFS),
        (summary(matched=9, key_defect=1), Verdict.DIFFS),
        (summary(matched=9, key_defect=1, complete=False), Verdict.DIFFS),
        (summary(matched=9, field_mismatch=1, unconfirmed=1), Verdict.INCONCLUSIVE),
        (summary(matched=9, field_mismatch=2, unconfirmed=1), Verdict.DIFFS),
    ],
)
def test_what_an_entitys_counts_say(found: EntitySummary, verdict: Verdict) -> None:
    assert entity_verdict(found, may_be_empty=found.may_be_empty) is verdict


def test_a_broken_invariant_is_a_diff() -> None:
    violated = InvariantResult(name="one", side="both", violations=1, sample_keys=())
    assert entity_verdict(replace(summary(matched=9), invariants=(violated,))) is Verdict.DIFFS


@pytest.mark.parametrize(
    "changes",
    [
        {"seen": 10}, {"compared": 8}, {"outcomes": {Outcome.MATCHED: 9}},
        {"outcomes": no_outcomes() | {Outcome.MATCHED: 10, Outcome.KEY_DEFECT: -1}},
    ],
)  # fmt: skip
def test_counts_that_do_not_add_up_are_inconclusive(changes: dict[str, object]) -> None:
    bent = replace(summary(matched=9), **changes)  # type: ignore[arg-type]
    assert not adds_up(bent)
    assert entity_verdict(bent) is Verdict.INCONCLUSIVE


def test_every_outcome_but_the_harmless_ones_differs() -> None:
    harmless = {Outcome.MATCHED, Outcome.UNREADABLE, Outcome.OUT_OF_SCOPE}
    assert {one for one in Outcome if differing(no_outcomes() | {one: 1})} == set(Outcome) - harmless


@pytest.mark.parametrize(
    ("domain", "verdict"),
    [
        (run(), Verdict.INCONCLUSIVE),
        (run(summary(matched=9)), Verdict.CLEAN),
        (run(summary(matched=9), summary()), Verdict.INCONCLUSIVE),
        (run(summary(), summary()), Verdict.NOTHING_COMPARED),
        (run(summary(matched=9), caught=2), Verdict.INCONCLUSIVE),
        (run(summary(matched=9), error="lost"), Verdict.INCONCLUSIVE),
        (run(summary(), error="lost"), Verdict.INCONCLUSIVE),
        (run(summary(field_mismatch=1), error="lost"), Verdict.DIFFS),
        *(
            (run(summary(matched=9), status=status), Verdict.INCONCLUSIVE)
            for status in RunStatus
            if status is not RunStatus.COMPLETED
        ),
    ],
)
def test_what_a_domains_part_says(domain: DomainRun, verdict: Verdict) -> None:
    assert domain_verdict(domain) is verdict


def test_a_changed_part_is_judged_anew() -> None:
    clean = run(summary(matched=3))
    assert domain_verdict(clean) is Verdict.CLEAN
    assert domain_verdict(replace(clean, status=RunStatus.FAILED)) is Verdict.INCONCLUSIVE
    assert domain_verdict(clean) is Verdict.CLEAN
    assert clean == run(summary(matched=3))


def test_a_run_is_as_bad_as_its_worst_domain_and_of_none_inconclusive() -> None:
    assert run_verdict(()) is Verdict.INCONCLUSIVE
    assert run_verdict((run(summary(matched=9)), run(summary(field_mismatch=1)))) is Verdict.DIFFS
