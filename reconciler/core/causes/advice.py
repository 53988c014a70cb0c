"""What to do about a cluster: the next steps, each a sentence and where there is one a command to paste."""

from dataclasses import dataclass
from typing import Final

from reconciler.core.causes.beginnings import Points
from reconciler.core.model import DiffKind, Outcome

PLAN: Final = "Or have a repair plan written, to review and run by hand; it changes only what has not moved since."


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """Something to do; `command` is empty where it is no command."""

    told: str
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The cluster that needs advice; `path` is None where the whole record is the matter."""

    id: str
    domain: str
    kind: str
    path: str | None
    points_to: Points
    known: bool
    backfill: str = ""

    @property
    def keys_file(self) -> str:
        """The file that its keys are saved in."""
        return f"{self.id}.keys"


def next_steps(case: Case) -> tuple[NextStep, ...]:
    """What to do, in order; the last step proves that it helped."""
    steps = [_mend(case), *_again(case)]
    proof = NextStep(
        told="Compare these records again; the next clean scan closes the cluster.",
        command=f"reconciler run {case.domain} --mode keys --keys @{case.keys_file}",
    )
    return (*steps, proof)


def _mend(case: Case) -> NextStep:
    """What stops more records from coming."""
    field = case.path or "these records"
    match case.points_to:
        case Points.BACKFILL:
            return NextStep(told=f"Mend how the backfill writes {field}; the dual write has not made any since.")
        case Points.DUAL_WRITE:
            return NextStep(told=f"Mend how the dual write treats {field} first, or more records follow.")
        case Points.BOTH:
            return NextStep(told=f"Mend how {field} is written in the dual write, then in the backfill.")
        case _:
            return NextStep(told=f"Look at a few records to see who writes {field}.")


def _again(case: Case) -> list[NextStep]:
    """How the records that are wrong already become right."""
    save = f"reconciler clusters keys {case.id} --output {case.keys_file}"
    keys = NextStep(told="Save the keys of its open records.", command=save)
    if case.kind == Outcome.UNREADABLE:
        return [NextStep(told="Mend or remove the broken values by hand in the store that holds them."), keys]
    if case.kind == Outcome.KEY_DEFECT:
        told = "Mend the keys by hand in PostgreSQL: which document a row belongs to is for a person to say."
        return [NextStep(told=told), keys]
    plan = NextStep(told=PLAN, command=f"reconciler clusters repair {case.id} --output {case.id}.sql")
    if case.kind == Outcome.EXTRA_IN_TARGET:
        told = "Find out whether the documents are rightly gone; then delete the rows, or restore the documents."
        return [NextStep(told=told), keys, plan]
    if case.kind == DiffKind.DANGLING_REFERENCE:
        told = "Write the records referred to first, then these again."
        return [keys, NextStep(told=told, command=_backfill(case)), plan]
    return [keys, NextStep(told="Write them again from the store that is read.", command=_backfill(case)), plan]


def _backfill(case: Case) -> str:
    """The configured command that writes named keys again, filled in; empty where none is configured."""
    return case.backfill.replace("{domain}", case.domain).replace("{keys}", case.keys_file)
