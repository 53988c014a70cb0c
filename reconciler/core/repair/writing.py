"""A repair plan as a file: what it is for, how to run it, its statements, and what it leaves alone."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reconciler.core.repair.plan import Direction, Plan, Step
from reconciler.core.wording import counted, moment

MOST_KEYS_TOLD: Final = 20
SQL_BEGIN: Final = (
    "BEGIN;",
    "SET LOCAL standard_conforming_strings = on;",
    "SET LOCAL client_encoding = 'UTF8';",
    "SET LOCAL timezone = 'UTC';",
)
JS_BEGIN: Final = (
    "const run = (command) => {",
    "  const answer = db.runCommand(EJSON.deserialize(command));",
    "  if (answer.ok !== 1 || answer.writeErrors || answer.writeConcernError) {",
    "    throw new Error(`stopped: ${answer.codeName || 'a write failed'}`);",
    "  }",
    "  print(`${answer.nModified ?? answer.n} changed`);",
    "};",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What stands above the statements: the cluster, who made the plan when, and the run that proves it afterwards."""

    cluster: str
    title: str
    place: str
    made_at: datetime
    made_by: str
    proof: str
    file: str


def written(plan: Plan, heading: Heading) -> str:
    """The file as text; it ends in a line feed."""
    mark = "--" if plan.direction is Direction.POSTGRES else "//"
    body = _sql(plan) if plan.direction is Direction.POSTGRES else _script(plan)
    lines = [*_comments(mark, _head(plan, heading)), "", *body, "", *_comments(mark, _foot(plan, heading))]
    return "\n".join(lines) + "\n"


def _comments(mark: str, lines: Iterator[str]) -> Iterator[str]:
    """Lines as comments; a character that could end a comment is shown as a mark."""
    for line in lines:
        yield f"{mark} {''.join(one if one.isprintable() else '�' for one in line)}".rstrip()


def _head(plan: Plan, heading: Heading) -> Iterator[str]:
    """What the plan is for and how it is run."""
    to, like = plan.direction.changed, plan.direction.followed
    yield f"Repair plan for {heading.cluster} of {heading.place}: {heading.title}"
    yield f"Made {moment(heading.made_at)} by {heading.made_by} from what both stores held then."
    yield f"It makes {to} like {like}: {counted(len(plan.changing), 'record')}."
    yield "Values are in the clear. Keep this file as safe as the stores, and delete it when it has done its work."
    yield ""
    yield "Review it; then run it yourself with an account that may write. reconciler never runs it:"
    if plan.direction is Direction.POSTGRES:
        yield f'  psql "$PG_URL" --no-psqlrc --set ON_ERROR_STOP=1 --file {heading.file}'
        yield "It is one transaction: it takes effect as a whole or not at all."
    else:
        yield f'  mongosh "$MONGODB_URI" --norc --file {heading.file}'
        yield "Each command stands for itself: where it stops, those before it have taken effect."
    yield "Each statement takes effect only while the record still holds what was seen; a second run changes nothing."


def _foot(plan: Plan, heading: Heading) -> Iterator[str]:
    """What was left alone, and how to prove the rest."""
    listed = [step for step in plan.steps if step.listed]
    yield f"Afterwards: {heading.proof}"
    if plan.settled:
        yield f"Equal or gone by now, and left alone: {counted(plan.settled, 'record')}."
    if plan.left:
        yield f"Beyond the limit: {counted(plan.left, 'record')}. Make another plan when this one is done."
    for step in listed:
        yield f"Only listed: {step.key}: {step.told}"
    reasons = Counter(one.reason for one in plan.refusals)
    for reason, count in reasons.most_common():
        yield f"Left alone, {counted(count, 'record')}: {reason}."
        keys = [one.key for one in plan.refusals if one.reason == reason]
        yield f"  {', '.join(keys[:MOST_KEYS_TOLD])}{', …' if len(keys) > MOST_KEYS_TOLD else ''}"


def _sql(plan: Plan) -> list[str]:
    """The statements in one transaction."""
    lines = list(SQL_BEGIN)
    for number, step in enumerate(plan.changing, start=1):
        lines += ["", *_comments("--", iter([_told(number, step)])), *step.texts]
    return [*lines, "", "COMMIT;"]


def _script(plan: Plan) -> list[str]:
    """The commands, one a line."""
    lines = list(JS_BEGIN)
    for number, step in enumerate(plan.changing, start=1):
        lines += ["", *_comments("//", iter([_told(number, step)])), *(f"run({text});" for text in step.texts)]
    return lines


def _told(number: int, step: Step) -> str:
    """Which record a statement is about."""
    return f"{number}. {step.key}: {step.told}"
