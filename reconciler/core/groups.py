"""What a flip group says as one: the gates of its members in, one verdict out; they go together or not at all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.gate_values import CheckResult, Gate, GateVerdict, Reads
from reconciler.core.wording import listed

WORST_FIRST = (
    GateVerdict.NO_GO,
    GateVerdict.NOT_COMPARABLE,
    GateVerdict.HOLD,
    GateVerdict.NO_DATA,
    GateVerdict.SOAKING,
    GateVerdict.READY,
    GateVerdict.GO,
    GateVerdict.FLIPPED,
)
TOGETHER = "together or not at all"
FAILS, DOUBTS, WAITS, ASKS, OPEN = range(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A flip group's gate: the worst of its members decides; `told` says who holds it, `next_step` what they need.

    `flip` and `rollback` are the settings of all members; `valid_until` is when the first of their gates lapses.
    """

    name: str
    verdict: GateVerdict
    told: str
    next_step: str
    flip: str
    rollback: str
    valid_until: datetime | None
    gates: tuple[Gate, ...]


def group_gate(name: str, gates: Sequence[Gate]) -> Group:
    """The gates of all members as one."""
    verdict = group_verdict(gates)
    held = _held(gates)
    word = verdict.value.replace("_", " ")
    as_who = f", as {listed(tuple(gate.domain for gate in held))}" if held else ""
    return Group(
        name=name,
        verdict=verdict,
        told=f"{TOGETHER}: {word}{as_who}{_apart(gates)}",
        next_step=held[0].next_step if held else "",
        flip=" ".join(gate.flip for gate in gates if gate.flip),
        rollback=" ".join(gate.rollback for gate in gates if gate.rollback),
        valid_until=min((gate.valid_until for gate in gates if gate.valid_until), default=None),
        gates=tuple(gates),
    )


def group_verdict(gates: Iterable[Gate]) -> GateVerdict:
    """What gates say together: the worst of them; of none, no data."""
    return min((gate.verdict for gate in gates), key=WORST_FIRST.index, default=GateVerdict.NO_DATA)


def _held(gates: Sequence[Gate]) -> tuple[Gate, ...]:
    """The members that hold the group back by checks of their own; none where it may go."""
    stands = [_stands(gate) for gate in gates]
    worst = min(stands, default=OPEN)
    return tuple(gate for gate, one in zip(gates, stands, strict=True) if one == worst) if worst != OPEN else ()


def _stands(gate: Gate) -> int:
    """How a member stands by itself, the group left aside; without a check it can't be judged."""
    if gate.verdict in (GateVerdict.GO, GateVerdict.FLIPPED):
        return OPEN
    own = [check for check in gate.checks if check.name != "flip_group"]
    results = {check.result for check in own}
    if CheckResult.FAIL in results:
        return FAILS
    if CheckResult.INCONCLUSIVE in results or not own or gate.verdict is GateVerdict.NO_DATA:
        return DOUBTS
    waiting = {check.name for check in own if check.result is CheckResult.PENDING}
    if not waiting:
        return OPEN
    return ASKS if waiting == {"approvals"} else WAITS


def _apart(gates: Sequence[Gate]) -> str:
    """That some members read from PostgreSQL and others do not; empty where all are on one side."""
    on = tuple(gate.domain for gate in gates if gate.reads is Reads.POSTGRES)
    off = tuple(gate.domain for gate in gates if gate.reads is not Reads.POSTGRES)
    if not on or not off:
        return ""
    return f"; {listed(on)} {'read' if len(on) > 1 else 'reads'} PostgreSQL and {listed(off)} {_do_not(off)}"


def _do_not(names: tuple[str, ...]) -> str:
    """`does not` of one, `do not` of more."""
    return "do not" if len(names) > 1 else "does not"
