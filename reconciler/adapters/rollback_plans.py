"""Reads the written way back of a domain, config/rollback/<domain>.md, and says what the page lacks."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from reconciler.core.gate_values import RollbackPlan
from reconciler.core.spec import DomainSpec

FOLDER: Final = "rollback"
REQUIRED: Final = ("When to roll back", "Steps", "Check afterwards")
HEAD: Final = ("owner", "flip", "rollback")
FRONT_MATTER: Final = re.compile(r"\A\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*$\n?(.*)\Z", re.MULTILINE | re.DOTALL)
SECTION: Final = re.compile(r"^## +(.+?)[ \t]*$", re.MULTILINE)
FENCED: Final = re.compile(r"^```.*?^```[ \t]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPlan:
    """A plan as it is written: owner, both settings, sections by heading (Markdown), and what is wrong with it."""

    owner: str = ""
    flip: str = ""
    rollback: str = ""
    sections: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def for_gate(self) -> RollbackPlan:
        """What the gate looks at."""
        return RollbackPlan(owner=self.owner, rollback_command=self.rollback, problems=self.problems)


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
    return WrittenPlan(
        owner=told.get("owner", ""),
        flip=told.get("flip", ""),
        rollback=told.get("rollback", ""),
        sections=sections,
        problems=(*_head_problems(head, told, domain), *_section_problems(sections)),
    )


def _head_problems(head: Mapping[str, object], told: Mapping[str, str], domain: DomainSpec) -> Iterator[str]:
    """What the head has too much, has as something else than a text, or has for another flag."""
    for name in head:
        if name not in HEAD:
            yield f"the plan's head has an unknown key {name}"
        elif name not in told:
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
