"""The command `clusters repair`: a plan that makes the records of a cluster equal, written to a file and never run."""

from pathlib import Path

import click

from reconciler.adapters.answer_files import require_writable, write_answer
from reconciler.app.repairs import MOST, Asked, Planned
from reconciler.cli.acting import acting
from reconciler.cli.context import configuration, run_async
from reconciler.core.access import Right
from reconciler.core.gate_values import Reads
from reconciler.core.repair.plan import Direction
from reconciler.core.repair.writing import Heading, written
from reconciler.core.wording import counted
from reconciler.wiring import Reports, open_reports, repairs


@click.command(name="repair")
@click.argument("cluster_id", metavar="K-N")
@click.option("--output", "place", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.option(
    "--direction",
    type=click.Choice([one.value for one in Direction]),
    default=None,
    help="The store to change; without it the one that is not read.",
)
@click.option("--delete-extra", is_flag=True, help="Delete records that the other store does not have, too.")
@click.option("--limit", type=click.IntRange(min=1), default=MOST, show_default=True, help="At most so many records.")
def repair_command(cluster_id: str, place: Path, direction: str | None, delete_extra: bool, limit: int) -> int:  # noqa: FBT001 - click passes options by name
    """Write a plan that makes a cluster's records equal: SQL for PostgreSQL, or a mongosh script for MongoDB.

    Both stores are read, and nothing is changed: review the file and run it yourself. Each statement takes effect
    only while the record still holds what was seen. The file holds values in the clear; that it was made is in the
    audit log.

    \b
    Examples:
      reconciler clusters repair K-4 --output K-4.sql
      reconciler clusters repair K-4 --direction mongo --output K-4.js
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    require_writable(place)
    told, text = run_async(_plan(cluster_id, direction, place, delete=delete_extra, limit=limit))
    write_answer(place, text)
    click.echo(_summary(told, place), err=True)
    return 0


async def _plan(
    cluster_id: str, direction: str | None, place: Path, *, delete: bool, limit: int
) -> tuple[Planned, str]:
    """The plan and its file as text."""
    async with open_reports(configuration()) as reports:
        who = await acting(reports, Right.REVEAL)
        cluster = await reports.store.cluster(cluster_id)
        chosen = Direction(direction) if direction else await _usual(reports, cluster.domain)
        asked = Asked(cluster=cluster.id, direction=chosen, delete=delete, limit=limit)
        planned = await repairs(reports).plan(asked, actor=who)
        heading = Heading(
            cluster=cluster.id,
            title=cluster.title,
            place=f"{cluster.domain}.{cluster.entity}",
            made_at=reports.clock.now(),
            made_by=who.name,
            proof=f"reconciler clusters keys {cluster.id} --output {cluster.id}.keys && "
            f"reconciler run {cluster.domain} --mode keys --keys @{cluster.id}.keys",
            file=place.name,
        )
        return planned, written(planned.plan, heading)


async def _usual(reports: Reports, domain: str) -> Direction:
    """Towards the store that is not read: PostgreSQL before the flip, MongoDB after it."""
    gate = await reports.verdicts.gate(domain)
    return Direction.MONGO if gate.reads is Reads.POSTGRES else Direction.POSTGRES


def _summary(planned: Planned, place: Path) -> str:
    """What was written, and what was left alone."""
    plan = planned.plan
    lines = [f"{counted(len(plan.changing), 'record')} to change in {plan.direction.changed}, written to {place}"]
    listed = sum(step.listed for step in plan.steps)
    lines += [f"{counted(listed, 'record')} only listed there"] if listed else []
    lines += [f"{counted(len(plan.refusals), 'record')} left alone; the file says why"] if plan.refusals else []
    lines += [f"{counted(plan.settled, 'record')} equal or gone by now"] if plan.settled else []
    lines += ["Nothing was changed. Next: review the file and run it yourself; its head says how."]
    return "\n".join(lines)
