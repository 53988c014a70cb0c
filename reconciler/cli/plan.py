"""The command `plan`: the order of the cutover, where each step stands, and marks on what no check can see."""

import textwrap

import click

from reconciler.app.plan_documents import mark_document, plan_document
from reconciler.cli.acting import acting
from reconciler.cli.context import configuration, formats, print_json, run_async
from reconciler.cli.suggesting import Group
from reconciler.cli.terminal import columns, say
from reconciler.core.access import Right
from reconciler.core.cutover import Mark, PhaseStanding, Plan, Standing, StepState
from reconciler.wiring import open_reports

MARKS = {
    StepState.DONE: "✔",
    StepState.TROUBLE: "✖",
    StepState.BLOCKED: "▲",
    StepState.IN_PROGRESS: "⧗",
    StepState.NEXT: "▶",
    StepState.LATER: "○",
}
WIDTH = 110


@click.group(name="plan", cls=Group, invoke_without_command=True)
@formats("text", "json")
@click.pass_context
def plan_command(context: click.Context, form: str) -> int:
    """The order of the cutover: where each step stands, what is next, and who acts.

    \b
    Examples:
      reconciler plan
      reconciler plan mark schema --comment "migrations 1 to 42 applied"
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    if context.invoked_subcommand is None:
        run_async(_show(form))
    return 0


async def _show(form: str) -> None:
    """Prints the plan."""
    async with open_reports(configuration()) as reports:
        await reports.flags.look()
        plan = await reports.cutover.plan()
        if form == "json":
            print_json(plan_document(plan, now=reports.clock.now()))
        else:
            say(plan_text(plan))


@plan_command.command("mark", epilog='Example: reconciler plan mark schema --comment "migrations applied"')
@click.argument("step")
@click.option("--comment", required=True, help="What was done; it is kept with the mark.")
@formats("text", "json")
def mark(step: str, comment: str, form: str) -> int:
    """Note that STEP is done, where no check can see it."""
    return _noted(run_async(_mark(step, comment, done=True)), form)


@plan_command.command("unmark", epilog='Example: reconciler plan unmark schema --comment "rolled back"')
@click.argument("step")
@click.option("--comment", required=True, help="Why it is not done after all.")
@formats("text", "json")
def unmark(step: str, comment: str, form: str) -> int:
    """Take back that STEP is done; both words are kept."""
    return _noted(run_async(_mark(step, comment, done=False)), form)


async def _mark(step: str, comment: str, *, done: bool) -> Mark:
    """Stores the mark."""
    async with open_reports(configuration()) as reports:
        who = await acting(reports, Right.OPERATE)
        return await reports.cutover.mark(step, done=done, actor=who, comment=comment)


def _noted(noted: Mark, form: str) -> int:
    """Says what was noted."""
    if form == "json":
        print_json(mark_document(noted))
    else:
        said = "done" if noted.done else "not done"
        click.echo(f"{noted.step} noted as {said} by {noted.actor}. Next: reconciler plan")
    return 0


def plan_text(plan: Plan) -> str:
    """The plan for a terminal: phases with their steps, what is next at the end."""
    if not plan.steps:
        return "No cutover is declared. Next: write config/cutover.toml"
    lines = [line for number, phase in enumerate(plan.phases, 1) for line in _phase_lines(number, phase)]
    lines += ["─" * WIDTH, plan.headline]
    first = next(iter(plan.upcoming), None)
    if first and first.next_step:
        who = f" ({first.step.who})" if first.step.who else ""
        lines.append(f"Next{who}: {first.next_step}")
    return "\n".join(lines)


def _phase_lines(number: int, phase: PhaseStanding) -> list[str]:
    """A heading and its steps."""
    steps = [line for standing in phase.steps for line in _step_lines(standing)]
    return [f"{MARKS[phase.state]} {number}. {phase.title}", *steps]


def _step_lines(standing: Standing) -> list[str]:
    """A step: its state and title, then why."""
    word = standing.state.value.replace("_", " ")
    group = standing.group
    told = [standing.why, *([f"group {group.name}, {group.told}"] if group else [])]
    head = f"   {MARKS[standing.state]} {word:<12}{standing.step.title}  [{standing.step.name}]"
    if standing.state is StepState.LATER and "; " not in standing.why:
        return [head]
    indent, width = " " * 17, min(WIDTH, columns() or WIDTH)
    return [
        head,
        *(line for one in told for line in textwrap.wrap(one, width, initial_indent=indent, subsequent_indent=indent)),
    ]
