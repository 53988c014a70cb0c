"""Reads the written way back of a domain, config/rollback/<domain>.md, and says what the page lacks."""

import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from reconciler.core.gate_values import RollbackPlan
from reconciler.core.history import Rehearsal
from reconciler.core.spec import DomainSpec

FOLDER: Final = "rollback"
REQUIRED: Final = ("When to roll back", "Steps", "Check afterwards")
HEAD: Final = ("owner", "flip", "rollback")
REHEARSED: Final = ("rehearsed_at", "rehearsed_by", "rehearsed_minutes")
NOTED: Final = "noted in the rollback plan"
FRONT_MATTER: Final = re.compile(r"\A\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*$\n?(.*)\Z", re.MULTILINE | re.DOTALL)
SECTION: Final = re.compile(r"^## +(.+?)[ \t]*$", re.MULTILINE)
FENCED: Final = re.compile(r"^```.*?^```[ \t]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPlan:
    """A plan as it is written: owner, both settings, sections by heading (Markdown), and what is wrong with it.

    `rehearsal` is the one that its head notes, None where it notes none or an impossible one.
    """

    owner: str = ""
    flip: str = ""
    rollback: str = ""
    sections: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    rehearsal: Rehearsal | None = None

    @property
    def for_gate(self) -> RollbackPlan:
        """What the gate looks at."""
        return RollbackPlan(
            owner=self.owner, rollback_command=self.rollback, problems=self.problems, rehearsal=self.rehearsal
        )


def load_plan(folder: Path, domain: DomainSpec) -> WrittenPlan | None:
    """The plan of a domain below the configuration folder; None where none is written."""
    path = folder / FOLDER / f"{domain.name}.md"
    try:
        text = path.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        return None
    except OSError as error:
        return WrittenPlan(problems=(f"the plan cannot be read: {error.strerror or 'an error'}",))
    except UnicodeDecodeError:
        return WrittenPlan(problems=("the plan is no text in UTF-8",))
    return _plan(text, domain)


def _plan(text: str, domain: DomainSpec) -> WrittenPlan:
    """The plan in that text."""
    parts = FRONT_MATTER.match(text)
    if parts is None:
        return WrittenPlan(problems=("the plan does not begin with owner, flip and rollback between two lines of +++",))
    try:
        head = tomllib.loads(parts[1])
    except tomllib.TOMLDecodeError as error:
        return WrittenPlan(sections=_sections(parts[2]), problems=(f"the head of the plan is no TOML: {error}",))
    told = {name: value.strip() for name, value in head.items() if isinstance(value, str)}
    sections = _sections(parts[2])
    wrong = tuple(_rehearsal_problems(head))
    return WrittenPlan(
        owner=told.get("owner", ""),
        flip=told.get("flip", ""),
        rollback=told.get("rollback", ""),
        sections=sections,
        problems=(*_head_problems(head, told, domain), *wrong, *_section_problems(sections)),
        rehearsal=None if wrong else _rehearsal(head, domain.name),
    )


def _rehearsal(head: Mapping[str, object], domain: str) -> Rehearsal | None:
    """The rehearsal that a head without a mistake notes."""
    match [head.get(name) for name in REHEARSED]:
        case [datetime() as at, str() as actor, (int() | float()) as minutes]:
            return Rehearsal(domain=domain, minutes=float(minutes), comment=NOTED, actor=actor.strip(), at=at)
        case _:
            return None


def _rehearsal_problems(head: Mapping[str, object]) -> Iterator[str]:
    """What is wrong with the rehearsal that a head notes: all of it is there or nothing, each of its kind."""
    given = [name for name in REHEARSED if name in head]
    for name in REHEARSED if given else ():
        match name, head.get(name):
            case _, None:
                yield f"the plan notes {given[0]} without {name}"
            case "rehearsed_at", datetime() as at if at.tzinfo is not None:
                pass
            case "rehearsed_at", _:
                yield "the plan's rehearsed_at is no time with an offset, as in 2025-11-20T14:30:00Z"
            case "rehearsed_by", str() as actor if actor.strip():
                pass
            case "rehearsed_by", _:
                yield "the plan's rehearsed_by names nobody"
            case _, bool():
                yield "the plan's rehearsed_minutes is no number above 0"
            case _, (int() | float()) as minutes if math.isfinite(minutes) and minutes > 0:
                pass
            case _:
                yield "the plan's rehearsed_minutes is no number above 0"


def _head_problems(head: Mapping[str, object], told: Mapping[str, str], domain: DomainSpec) -> Iterator[str]:
    """What the head has too much, has as something else than a text, or has for another flag."""
    for name in head:
        if name not in (*HEAD, *REHEARSED):
            yield f"the plan's head has an unknown key {name}"
        elif name in HEAD and name not in told:
            yield f"the plan's {name} is no text"
    for name, expected in (("flip", domain.flip), ("rollback", domain.rollback)):
        if expected and told.get(name) != expected:
            yield f"the plan's {name} is not {expected}"


def _section_problems(sections: Mapping[str, str]) -> Iterator[str]:
    """Sections that are not there or say nothing."""
    for title in REQUIRED:
        if not sections.get(title, "").strip():
            yield f"the plan has no section “{title}”" if title not in sections else f"the section “{title}” is empty"


def _sections(body: str) -> dict[str, str]:
    """The sections by heading; a heading inside a fenced block is none."""
    hidden = FENCED.sub(lambda block: " " * len(block[0]), body)
    heads = list(SECTION.finditer(hidden))
    ends = [head.start() for head in heads[1:]] + [len(body)]
    return {head[1]: body[head.end() : end].strip() for head, end in zip(heads, ends, strict=True)}
