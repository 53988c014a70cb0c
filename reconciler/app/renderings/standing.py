"""How good or bad each verdict is to a pipeline, in the three words that JUnit and GitHub know."""

from enum import StrEnum
from typing import assert_never

from reconciler.core.gate_values import CheckResult, GateVerdict
from reconciler.core.model import Verdict


class Standing(StrEnum):
    """What a pipeline makes of a verdict: only `good` is green."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"
    ASIDE = "aside"


def of_run(verdict: Verdict) -> Standing:
    """A run's verdict on a domain."""
    match verdict:
        case Verdict.CLEAN:
            return Standing.GOOD
        case Verdict.DIFFS:
            return Standing.BAD
        case Verdict.INCONCLUSIVE | Verdict.NOTHING_COMPARED:
            return Standing.UNKNOWN
        case _ as never:
            assert_never(never)


def of_gate(verdict: GateVerdict) -> Standing:
    """A gate: whatever is not a go is not good."""
    match verdict:
        case GateVerdict.GO | GateVerdict.FLIPPED:
            return Standing.GOOD
        case GateVerdict.NO_GO:
            return Standing.BAD
        case GateVerdict.HOLD | GateVerdict.SOAKING | GateVerdict.READY | GateVerdict.NO_DATA:
            return Standing.UNKNOWN
        case GateVerdict.NOT_COMPARABLE:
            return Standing.ASIDE
        case _ as never:
            assert_never(never)


def of_check(result: CheckResult) -> Standing:
    """A check of a gate."""
    match result:
        case CheckResult.PASS | CheckResult.INFO:
            return Standing.GOOD
        case CheckResult.FAIL:
            return Standing.BAD
        case CheckResult.PENDING | CheckResult.INCONCLUSIVE:
            return Standing.UNKNOWN
        case CheckResult.WAIVED:
            return Standing.ASIDE
        case _ as never:
            assert_never(never)
