"""The one vocabulary of every surface: each verdict, result and state as a word, an icon and a colour family."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from reconciler.app.cluster_stories import ClusterLife
from reconciler.core.cutover import StepState
from reconciler.core.gate_values import Action, CheckResult, Gate, GateVerdict
from reconciler.core.model import DiffKind, DiffState, Mode, Outcome, RunStatus, Verdict
from reconciler.core.timeline import BandState, MomentKind


class Family(StrEnum):
    """The five colours; never the only thing that tells two states apart."""

    OK = "ok"
    DIFFS = "diffs"
    INCONCLUSIVE = "inconclusive"
    PROGRESS = "progress"
    NODATA = "nodata"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """How a state is told: the word people read, the icon's name, the family, one sentence of meaning."""

    word: str
    icon: str
    family: Family
    means: str


def _word(word: str, icon: str, family: Family, means: str) -> Word:
    return Word(word=word, icon=icon, family=family, means=means)


GATE: Final[Mapping[GateVerdict, Word]] = MappingProxyType(
    {
        GateVerdict.NO_GO: _word("NO-GO", "octagon", Family.DIFFS, "A check fails: reads must not flip."),
        GateVerdict.HOLD: _word("HOLD", "triangle", Family.INCONCLUSIVE, "A check could not be judged."),
        GateVerdict.SOAKING: _word("SOAKING", "hourglass", Family.PROGRESS, "Nothing is wrong; only time is missing."),
        GateVerdict.READY: _word("READY", "person", Family.PROGRESS, "Only an approval is missing."),
        GateVerdict.GO: _word("GO", "check", Family.OK, "Every check passes and the approval holds."),
        GateVerdict.FLIPPED: _word("FLIPPED", "flag", Family.OK, "Reads are on PostgreSQL; the watch goes on."),
        GateVerdict.NO_DATA: _word("NO DATA", "ring", Family.NODATA, "No run has ended yet: nothing is known."),
        GateVerdict.NOT_COMPARABLE: _word("NOT COMPARABLE", "slash", Family.NODATA, "There is no PostgreSQL side."),
    }
)

CHECK: Final[Mapping[CheckResult, Word]] = MappingProxyType(
    {
        CheckResult.PASS: _word("PASS", "check", Family.OK, "Measured as needed."),
        CheckResult.FAIL: _word("FAIL", "octagon", Family.DIFFS, "Measured, and not as needed."),
        CheckResult.PENDING: _word("PENDING", "hourglass", Family.PROGRESS, "Waits for time or for a person."),
        CheckResult.INCONCLUSIVE: _word("INCONCLUSIVE", "triangle", Family.INCONCLUSIVE, "Could not be judged."),
        CheckResult.WAIVED: _word("WAIVED", "slash", Family.NODATA, "Set aside by a person, with reason and end."),
        CheckResult.INFO: _word("INFO", "info", Family.NODATA, "Measured; it does not weigh."),
    }
)

RUN: Final[Mapping[Verdict, Word]] = MappingProxyType(
    {
        Verdict.CLEAN: _word("CLEAN", "check", Family.OK, "Compared, and nothing differs."),
        Verdict.DIFFS: _word("DIFFS", "octagon", Family.DIFFS, "Records differ, or an invariant is broken."),
        Verdict.INCONCLUSIVE: _word("INCONCLUSIVE", "triangle", Family.INCONCLUSIVE, "Partial, failed or unsettled."),
        Verdict.NOTHING_COMPARED: _word("NOTHING COMPARED", "ring", Family.INCONCLUSIVE, "No pair was compared."),
    }
)

STATUS: Final[Mapping[RunStatus, Word]] = MappingProxyType(
    {
        RunStatus.RUNNING: _word("RUNNING", "hourglass", Family.PROGRESS, "Not finished: it says nothing yet."),
        RunStatus.COMPLETED: _word("completed", "info", Family.NODATA, "Sealed; its verdict stands beside it."),
        RunStatus.INTERRUPTED: _word("INTERRUPTED", "triangle", Family.INCONCLUSIVE, "Stopped before its end."),
        RunStatus.FAILED: _word("FAILED", "triangle", Family.INCONCLUSIVE, "Could not be carried out."),
    }
)

STATE: Final[Mapping[DiffState, Word]] = MappingProxyType(
    {
        DiffState.UNCONFIRMED: _word("UNCONFIRMED", "triangle", Family.INCONCLUSIVE, "Seen; still changing."),
        DiffState.CONFIRMED: _word("CONFIRMED", "octagon", Family.DIFFS, "Still different when read again."),
        DiffState.CLEARED: _word("CLEARED", "ring", Family.NODATA, "Equal when read again: a write was on its way."),
        DiffState.RESOLVED: _word("RESOLVED", "check", Family.OK, "A later run found it equal."),
        DiffState.REGRESSED: _word("REGRESSED", "octagon", Family.DIFFS, "It was resolved, and came back."),
        DiffState.WAIVED: _word("WAIVED", "slash", Family.NODATA, "Set aside by a person, with reason and end."),
    }
)

LIFE: Final[Mapping[ClusterLife, Word]] = MappingProxyType(
    {
        ClusterLife.NEW: _word("NEW", "octagon", Family.DIFFS, "One run only has seen it so far."),
        ClusterLife.ONGOING: _word("ONGOING", "octagon", Family.DIFFS, "Several runs have seen it."),
        ClusterLife.REGRESSED: _word("REGRESSED", "octagon", Family.DIFFS, "It was gone, and came back."),
        ClusterLife.RESOLVED: _word("RESOLVED", "check", Family.OK, "Nothing of it is open any more."),
    }
)

STEP: Final[Mapping[StepState, Word]] = MappingProxyType(
    {
        StepState.DONE: _word("DONE", "check", Family.OK, "Seen to be done, or marked by a person."),
        StepState.TROUBLE: _word("TROUBLE", "octagon", Family.DIFFS, "It went ahead, and what it needs does not hold."),
        StepState.BLOCKED: _word(
            "BLOCKED", "triangle", Family.INCONCLUSIVE, "Its turn, and a check stands in the way."
        ),
        StepState.IN_PROGRESS: _word("IN PROGRESS", "hourglass", Family.PROGRESS, "Under way; time or steps missing."),
        StepState.NEXT: _word("NEXT", "arrow", Family.PROGRESS, "Somebody can act on it now."),
        StepState.LATER: _word("LATER", "ring", Family.NODATA, "Waits for the steps before it."),
    }
)

BAND: Final[Mapping[BandState, Word]] = MappingProxyType(
    {
        BandState.CLEAN: _word("CLEAN", "check", Family.OK, "A clean scan, not yet too old."),
        BandState.DIFFS: _word("DIFFS", "octagon", Family.DIFFS, "Something differed, and no clean scan followed yet."),
        BandState.INCONCLUSIVE: _word("INCONCLUSIVE", "triangle", Family.INCONCLUSIVE, "A run that says nothing."),
        BandState.NO_DATA: _word("NO DATA", "ring", Family.NODATA, "No run, or the last scan had grown too old."),
    }
)

MOMENT: Final[Mapping[MomentKind, Word]] = MappingProxyType(
    {
        MomentKind.DIFFS: _word("DIFFS FOUND", "octagon", Family.DIFFS, "A run found something wrong."),
        MomentKind.RULES: _word("RULES CHANGED", "pencil", Family.NODATA, "Mapping or rules became others."),
        MomentKind.CODE: _word("CODE CHANGED", "code", Family.NODATA, "Another version of reconciler."),
        MomentKind.POLICY: _word("POLICY CHANGED", "dial", Family.NODATA, "The gate asked for something else."),
        MomentKind.APPROVAL: _word("APPROVED", "check", Family.OK, "Somebody approved the flip."),
        MomentKind.REJECTION: _word("REJECTED", "cross", Family.DIFFS, "Somebody said no."),
        MomentKind.REVOCATION: _word("REVOKED", "slash", Family.INCONCLUSIVE, "A decision was taken back."),
        MomentKind.FLIP: _word("FLIPPED", "flag", Family.PROGRESS, "Reads went to PostgreSQL."),
        MomentKind.ROLLBACK: _word("ROLLED BACK", "back", Family.INCONCLUSIVE, "Reads went back to MongoDB."),
        MomentKind.REHEARSAL: _word("REHEARSED", "loop", Family.NODATA, "The way back was walked."),
    }
)

OUTCOME: Final[Mapping[Outcome, str]] = MappingProxyType(
    {
        Outcome.MATCHED: "equal",
        Outcome.MISSING_IN_TARGET: "only in MongoDB",
        Outcome.EXTRA_IN_TARGET: "only in PostgreSQL",
        Outcome.FIELD_MISMATCH: "fields differ",
        Outcome.KEY_DEFECT: "key defect",
        Outcome.UNREADABLE: "unreadable",
        Outcome.OUT_OF_SCOPE: "out of scope",
    }
)

KIND: Final[Mapping[DiffKind, str]] = MappingProxyType(
    {
        DiffKind.VALUE: "other value",
        DiffKind.TYPE: "other type",
        DiffKind.MISSING_FIELD: "absent in PostgreSQL",
        DiffKind.EXTRA_FIELD: "absent in MongoDB",
        DiffKind.ORDER: "other order",
        DiffKind.DANGLING_REFERENCE: "dangling reference",
    }
)

DECISION: Final[Mapping[Action, str]] = MappingProxyType(
    {
        Action.REQUEST: "Request",
        Action.APPROVE: "Approval",
        Action.REJECT: "Rejection",
        Action.REVOKE: "Revocation",
    }
)

MODE: Final[Mapping[Mode, str]] = MappingProxyType(
    {Mode.SCAN: "scan of every record", Mode.SAMPLE: "sample", Mode.KEYS: "named keys"}
)

SEVERITY: Final = (
    GateVerdict.NO_GO,
    GateVerdict.HOLD,
    GateVerdict.NO_DATA,
    GateVerdict.SOAKING,
    GateVerdict.READY,
    GateVerdict.GO,
    GateVerdict.FLIPPED,
    GateVerdict.NOT_COMPARABLE,
)

SOURCE_NAME: Final = "MongoDB"
TARGET_NAME: Final = "PostgreSQL"


def gate_word(gate: Gate) -> Word:
    """A gate's verdict as a word; amber as long as a check is set aside, whatever the verdict."""
    word = GATE[gate.verdict]
    if not gate.waived or word.family is not Family.OK:
        return word
    return replace(word, family=Family.INCONCLUSIVE, means=f"{word.means} A check is set aside.")


def check_name(name: str) -> str:
    """`open_diffs` as people read it: `Open diffs`."""
    return name.replace("_", " ").capitalize()


def cluster_kind(kind: str) -> str:
    """A cluster's kind in words: it is a field's kind, or the outcome of a record without fields."""
    if kind in set(DiffKind):
        return KIND[DiffKind(kind)]
    return OUTCOME[Outcome(kind)]
