"""The order of the cutover: declared steps, gates and marks in; where each step stands, why, and what is next, out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from reconciler.core.data_checks import DATA_CHECKS, worst_result
from reconciler.core.gate_values import Check, CheckResult, Gate, GateVerdict, Reads
from reconciler.core.groups import TOGETHER, WORST_FIRST, Group, group_gate
from reconciler.core.wording import counted, listed

DATA = frozenset(check.__name__ for check in DATA_CHECKS)
TIME = frozenset({"soak", "clean_scans"})


class StepKind(StrEnum):
    """What a step is, and so how it is recognised as done."""

    SCHEMA = "schema"  # by a mark
    BACKFILL = "backfill"  # by a mark, or by data that are in order
    REMAP = "remap"  # the same
    VERIFY = "verify"  # by data that are in order
    SOAK = "soak"  # by data in order for as long as the policy asks
    FLIP = "flip"  # by flags seen on PostgreSQL after a go
    OTHER = "other"  # by a mark


class StepState(StrEnum):
    """Where a step stands."""

    DONE = "done"
    TROUBLE = "trouble"
    BLOCKED = "blocked"
    IN_PROGRESS = "in_progress"
    NEXT = "next"
    LATER = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A declared step. `after` names the steps that come first, `who` acts; `name` is what a mark refers to."""

    name: str
    title: str
    kind: StepKind
    domains: tuple[str, ...] = ()
    who: str = ""
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Steps that belong together under a heading."""

    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A person's word that a step is done, or not."""

    step: str
    done: bool
    actor: str
    comment: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a step stands and why; `next_step` is what to do about it, empty where nothing is."""

    step: Step
    state: StepState
    why: str
    next_step: str
    mark: Mark | None
    gates: tuple[Gate, ...]
    group: Group | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseStanding:
    """A phase: as bad as its worst step, done when all are."""

    title: str
    state: StepState
    steps: tuple[Standing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The whole order. `upcoming` are the steps that somebody can act on now, trouble first."""

    phases: tuple[PhaseStanding, ...]
    upcoming: tuple[Standing, ...]

    @property
    def steps(self) -> tuple[Standing, ...]:
        """All steps in their order."""
        return tuple(step for phase in self.phases for step in phase.steps)

    @property
    def done(self) -> int:
        """How many steps are done."""
        return sum(step.state is StepState.DONE for step in self.steps)

    @property
    def headline(self) -> str:
        """The plan in a sentence."""
        if not self.steps:
            return "No cutover is declared."
        tally = f"{self.done} of {counted(len(self.steps), 'step')} done"
        trouble = [one.step.title for one in self.steps if one.state is StepState.TROUBLE]
        if trouble:
            return f"{tally}. In trouble: {listed(tuple(trouble))}."
        return f"{tally}. Next: {self.upcoming[0].step.title}." if self.upcoming else f"{tally}."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Own:
    """What a step says by itself, its place in the order left aside."""

    state: StepState
    why: str
    next_step: str = ""


def stand(
    phases: Sequence[Phase], *, gates: Mapping[str, Gate], groups: Mapping[str, str], marks: Mapping[str, Mark]
) -> Plan:
    """The plan as of these gates.

    `groups` has the flip group of each domain that is in one, `marks` the last mark of a step. A step that nothing
    shows to be done is not done. KeyError where a step names a domain without a gate.
    """
    own = {step.name: _own(step, gates, marks.get(step.name)) for phase in phases for step in phase.steps}
    titles = {step.name: step.title for phase in phases for step in phase.steps}
    stood = tuple(
        _phase(phase, lambda step: _standing(step, own, titles, gates=gates, groups=groups, marks=marks))
        for phase in phases
    )
    steps = [step for phase in stood for step in phase.steps]
    acting = [one for one in steps if one.state not in (StepState.DONE, StepState.LATER)]
    upcoming = sorted(acting, key=lambda one: one.state is not StepState.TROUBLE)
    return Plan(phases=stood, upcoming=tuple(upcoming))


def _phase(phase: Phase, standing: Callable[[Step], Standing]) -> PhaseStanding:
    steps = tuple(standing(step) for step in phase.steps)
    states = {step.state for step in steps}
    order = (StepState.TROUBLE, StepState.BLOCKED, StepState.IN_PROGRESS, StepState.NEXT)
    worst = next((state for state in order if state in states), None)
    if worst is None:
        worst = StepState.DONE if states == {StepState.DONE} else StepState.LATER
    if worst is StepState.NEXT and StepState.DONE in states:
        worst = StepState.IN_PROGRESS
    return PhaseStanding(title=phase.title, state=worst, steps=steps)


def _standing(
    step: Step,
    own: Mapping[str, _Own],
    titles: Mapping[str, str],
    *,
    gates: Mapping[str, Gate],
    groups: Mapping[str, str],
    marks: Mapping[str, Mark],
) -> Standing:
    """A step in its place: one that is not done waits for those before it."""
    seen = own[step.name]
    waits = tuple(titles[name] for name in step.after if own[name].state is not StepState.DONE)
    state, why, next_step = seen.state, seen.why, seen.next_step
    if waits and state not in (StepState.DONE, StepState.TROUBLE):
        already = f"; in the way already: {why}" if state is StepState.BLOCKED else ""
        state, why, next_step = StepState.LATER, f"waits for: {', '.join(waits)}{already}", ""
    return Standing(
        step=step,
        state=state,
        why=why,
        next_step=next_step,
        mark=marks.get(step.name),
        gates=tuple(gates[name] for name in step.domains),
        group=_group(step, gates, groups) if step.kind is StepKind.FLIP else None,
    )


def _group(step: Step, gates: Mapping[str, Gate], groups: Mapping[str, str]) -> Group | None:
    """The flip group that a step's domains are in, all of its members; None where they are in none, or in several."""
    names = {groups.get(name, "") for name in step.domains}
    if len(names) != 1 or "" in names:
        return None
    (name,) = names
    return group_gate(name, [gates[one] for one in gates if groups.get(one) == name])


def _own(step: Step, gates: Mapping[str, Gate], mark: Mark | None) -> _Own:
    """What the step says by itself."""
    own = tuple(gates[name] for name in step.domains)
    match step.kind:
        case StepKind.SCHEMA | StepKind.OTHER:
            return _marked(step, mark)
        case StepKind.BACKFILL | StepKind.REMAP:
            return _copied(step, own, mark)
        case StepKind.VERIFY:
            return _verified(own, DATA)
        case StepKind.SOAK:
            return _verified(own, DATA | TIME)
        case StepKind.FLIP:
            return _flipped(own, mark)
        case _ as never:
            assert_never(never)


def _marked(step: Step, mark: Mark | None) -> _Own:
    """By somebody's word, as nothing else shows it."""
    if mark is not None and mark.done:
        return _Own(state=StepState.DONE, why=f"marked as done by {mark.actor}: {mark.comment}")
    taken_back = f"taken back by {mark.actor}: {mark.comment}" if mark else "done when someone marks it"
    return _Own(
        state=StepState.NEXT,
        why=taken_back,
        next_step=f"`reconciler plan mark {step.name} --comment TEXT` when it is done",
    )


def _copied(step: Step, gates: Sequence[Gate], mark: Mark | None) -> _Own:
    """By somebody's word, or by records that are all there and equal; a word that it is not done stands."""
    if mark is None and gates and all(_reads_target(gate) for gate in gates):
        return _Own(state=StepState.DONE, why="its flags are on PostgreSQL")
    if mark is None and gates and _verified(gates, DATA).state is StepState.DONE:
        return _Own(state=StepState.DONE, why="the newest scans find every record in both stores, and equal")
    return _marked(step, mark)


def _verified(gates: Sequence[Gate], names: frozenset[str]) -> _Own:
    """By the checks of those names in the gates of every domain."""
    found = {gate.domain: tuple(check for check in gate.checks if check.name in names) for gate in gates}
    results = {domain: _worst(checks) for domain, checks in found.items()}
    worst = worst_result(results.values())
    held = next((gate for gate in gates if results[gate.domain] is worst), None)
    if worst is CheckResult.PASS or held is None:
        told = listed(tuple(found))
        return (
            _Own(state=StepState.DONE, why=f"{told}: in order")
            if held
            else _Own(state=StepState.BLOCKED, why="names no domain to look at")
        )
    if held.verdict is GateVerdict.NO_DATA:
        return _Own(state=StepState.NEXT, why=f"{held.domain}: no run has ended yet", next_step=held.next_step)
    check = next((one for one in found[held.domain] if one.result is worst), None)
    why = (
        f"{held.domain}: {check.name.replace('_', ' ')} {check.measured}" if check else f"{held.domain}: {held.reason}"
    )
    state = StepState.IN_PROGRESS if worst is CheckResult.PENDING else StepState.BLOCKED
    return _Own(state=state, why=why, next_step=held.next_step)


def _worst(checks: Sequence[Check]) -> CheckResult:
    """What checks say together; those that only inform, or that a person waived, are left out."""
    aside = (CheckResult.INFO, CheckResult.WAIVED)
    weighing = [check.result for check in checks if check.result not in aside]
    if not weighing and checks:
        return CheckResult.PASS
    return worst_result(weighing)


def _flipped(gates: Sequence[Gate], mark: Mark | None) -> _Own:
    """By flags: seen on PostgreSQL after a go and still in order; by a mark only where no flag is watched."""
    on, off = [gate for gate in gates if _reads_target(gate)], [gate for gate in gates if not _reads_target(gate)]
    wrong = next((gate for gate in on if gate.verdict is not GateVerdict.FLIPPED), None)
    if wrong is not None:
        return _Own(
            state=StepState.TROUBLE,
            why=f"{wrong.domain} reads PostgreSQL, and: {wrong.reason}",
            next_step=wrong.next_step,
        )
    if on and not off:
        return _Own(state=StepState.DONE, why=f"{listed(tuple(gate.domain for gate in on))} read PostgreSQL, in order")
    if on:
        names = listed(tuple(gate.domain for gate in off))
        why = f"{listed(tuple(gate.domain for gate in on))} flipped and {names} not: {TOGETHER}"
        return _Own(state=StepState.TROUBLE, why=why, next_step=_worst_gate(off).next_step)
    if mark is not None and mark.done and gates:
        return _claimed(gates, mark)
    return _to_flip(gates)


def _claimed(gates: Sequence[Gate], mark: Mark) -> _Own:
    """A flip that a person says was made: believed where no flag is watched and the gates are open."""
    held = _worst_gate(gates)
    if any(gate.reads is Reads.MONGO for gate in gates):
        seen = next(gate for gate in gates if gate.reads is Reads.MONGO)
        return _Own(
            state=StepState.TROUBLE,
            why=f"marked as done by {mark.actor}, and {seen.domain} was seen to read MongoDB",
            next_step=seen.next_step,
        )
    if held.verdict is not GateVerdict.GO:
        return _Own(
            state=StepState.TROUBLE,
            why=f"marked as done by {mark.actor}, and {held.domain}: {held.reason}",
            next_step=held.next_step,
        )
    return _Own(state=StepState.DONE, why=f"marked as done by {mark.actor}, no flag is watched: {mark.comment}")


def _to_flip(gates: Sequence[Gate]) -> _Own:
    """A flip still to be made: what its gates say."""
    if not gates:
        return _Own(state=StepState.BLOCKED, why="names no domain to flip")
    flagless = tuple(gate.domain for gate in gates if not gate.flip)
    if flagless:
        return _Own(state=StepState.BLOCKED, why=f"no live flag reads {listed(flagless)} yet")
    held = _worst_gate(gates)
    why = f"{held.domain}: {held.reason}"
    match held.verdict:
        case GateVerdict.GO | GateVerdict.FLIPPED:
            settings = " ".join(gate.flip for gate in gates)
            return _Own(state=StepState.NEXT, why="every gate is at go", next_step=f"set `{settings}` on the backend")
        case GateVerdict.READY:
            return _Own(state=StepState.NEXT, why=why, next_step=held.next_step)
        case GateVerdict.SOAKING:
            return _Own(state=StepState.IN_PROGRESS, why=why, next_step=held.next_step)
        case GateVerdict.NO_GO | GateVerdict.HOLD | GateVerdict.NO_DATA | GateVerdict.NOT_COMPARABLE:
            return _Own(state=StepState.BLOCKED, why=why, next_step=held.next_step)
        case _ as never:
            assert_never(never)


def _worst_gate(gates: Sequence[Gate]) -> Gate:
    """The gate that holds the others back most."""
    return min(gates, key=lambda gate: WORST_FIRST.index(gate.verdict))


def _reads_target(gate: Gate) -> bool:
    """Whether the domain was seen to read from PostgreSQL."""
    return gate.reads is Reads.POSTGRES
