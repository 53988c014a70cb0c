"""The cutover as it stands now, and what people mark on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reconciler.app.ports import Clock
from reconciler.core.access import Actor
from reconciler.core.audit import Act, AuditAction
from reconciler.core.cutover import Mark, Phase, Plan, stand
from reconciler.core.gate_values import Gate
from reconciler.core.spec import System
from reconciler.errors import NotFound, UsageError


class Gates(Protocol):
    """The part of `Verdicts` that a plan rests on."""

    async def gates(self, domains: Sequence[str] = ()) -> tuple[Gate, ...]:
        """As `Verdicts.gates`."""


class Marks(Protocol):
    """The part of `ReportStore` that keeps what people said of a step."""

    async def mark_step(self, mark: Mark, act: Act) -> None:
        """As `ReportStore.mark_step`."""

    async def marks(self) -> Sequence[Mark]:
        """As `ReportStore.marks`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutover:
    """Answers with the plan from what is declared and stored; it reads no source and no target."""

    phases: tuple[Phase, ...]
    system: System
    verdicts: Gates
    store: Marks
    clock: Clock

    async def plan(self) -> Plan:
        """Where each step stands."""
        gates = {gate.domain: gate for gate in await self.verdicts.gates()}
        groups = {domain.name: domain.flip_group for domain in self.system.domains if domain.flip_group}
        marks = {mark.step: mark for mark in await self.store.marks()}
        return stand(self.phases, gates=gates, groups=groups, marks=marks)

    async def mark(self, step: str, *, done: bool, actor: Actor, comment: str) -> Mark:
        """Notes that a step is done, or is not after all. Raises NotFound, and UsageError for an empty comment."""
        names = [one.name for phase in self.phases for one in phase.steps]
        if step not in names:
            known = ", ".join(names) or "none, as no cutover is declared"
            raise NotFound("no such step", expected=f"one of {known}", got=repr(step), next_step="`reconciler plan`")
        if not comment.strip():
            raise UsageError("comment", expected="what was done, in words", got="an empty one")
        mark = Mark(step=step, done=done, actor=actor.name, comment=comment.strip(), at=self.clock.now())
        action = AuditAction.STEP_MARKED if done else AuditAction.STEP_UNMARKED
        await self.store.mark_step(mark, Act(actor=actor, action=action, at=mark.at, comment=f"{step}: {mark.comment}"))
        return mark
