"""The order of the cutover as config/cutover.toml declares it: its shape, its mistakes, and the steps it means."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from reconciler.adapters.config.mistakes import mistake, read_toml, suggestion, validated
from reconciler.adapters.config.shapes import Shape
from reconciler.adapters.config.values import Name, Text
from reconciler.core.cutover import Phase, Step, StepKind

CUTOVER_FILE: Final = "cutover.toml"
NAMELESS: Final = (StepKind.SCHEMA, StepKind.OTHER)


class StepShape(Shape):
    """A step; one that does not say what it comes after comes after the step above it."""

    name: Name
    title: Annotated[Text, Field(min_length=1)]
    kind: Annotated[StepKind, Field(strict=False)]
    domains: list[Name] = Field(default_factory=list)
    who: Text = ""
    after: list[Name] | None = None


class PhaseShape(Shape):
    """Steps under a heading."""

    title: Annotated[Text, Field(min_length=1)]
    step: Annotated[list[StepShape], Field(min_length=1)]


class CutoverShape(Shape):
    """cutover.toml as a whole."""

    phase: list[PhaseShape] = Field(default_factory=list)


def read_cutover(folder: Path, *, domains: Sequence[str], problems: list[str]) -> tuple[Phase, ...]:
    """The phases in order; none where there is no file. Mistakes are added to `problems`."""
    path = folder / CUTOVER_FILE
    if not path.exists():
        return ()
    where = str(path)
    tree = read_toml(path, where, problems)
    shape = None if tree is None else validated(CutoverShape, tree, where, problems)
    if shape is None:
        return ()
    phases = _phases(shape)
    problems += _mistakes(where, phases, domains)
    return phases


def _phases(shape: CutoverShape) -> tuple[Phase, ...]:
    """The phases with every step's predecessors filled in."""
    last: tuple[str, ...] = ()
    phases = []
    for phase in shape.phase:
        steps = []
        for one in phase.step:
            steps.append(_step(one, last))
            last = (one.name,)
        phases.append(Phase(title=phase.title, steps=tuple(steps)))
    return tuple(phases)


def _step(shape: StepShape, above: tuple[str, ...]) -> Step:
    """A step; `above` is the one before it."""
    return Step(
        name=shape.name,
        title=shape.title,
        kind=shape.kind,
        domains=tuple(shape.domains),
        who=shape.who,
        after=above if shape.after is None else tuple(shape.after),
    )


def _mistakes(where: str, phases: Sequence[Phase], domains: Sequence[str]) -> Iterator[str]:
    """What no single step shows: names that are used twice, lead nowhere, or go round in a circle."""
    steps = [step for phase in phases for step in phase.steps]
    names, seen = [step.name for step in steps], set[str]()
    for step in steps:
        key = f"phase.step {step.name}"
        if step.name in seen:
            yield mistake(where, key, expected="each name once", got=f"{step.name!r} again")
        seen.add(step.name)
        for domain in step.domains:
            if domain not in domains:
                yield mistake(where, f"{key}.domains", expected=suggestion(domain, sorted(domains)), got=repr(domain))
        if not step.domains and step.kind not in NAMELESS:
            yield mistake(where, f"{key}.domains", expected=f"the domains of a {step.kind} step", got="none")
        for name in step.after:
            if name not in names:
                yield mistake(where, f"{key}.after", expected=suggestion(name, names), got=repr(name))
    yield from _circles(where, {step.name: step.after for step in steps})


def _circles(where: str, after: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """No step waits for itself by way of others."""
    left = {name: {other for other in others if other in after} for name, others in after.items()}
    while free := [name for name, others in left.items() if not others]:
        for name in free:
            del left[name]
        left = {name: others - set(free) for name, others in left.items()}
    if left:
        yield mistake(where, "phase.step.after", expected="no circle", got=" and ".join(sorted(left)))
