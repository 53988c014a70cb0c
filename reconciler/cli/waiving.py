"""The command that sets a check aside: `waive`, which asks for a waiver, confirms one, or ends it early."""

import click

from reconciler.app.documents import waiver_document
from reconciler.app.waivers import end_of
from reconciler.cli.acting import acting
from reconciler.cli.context import configuration, formats, known_domains, print_json, run_async
from reconciler.cli.suggesting import domain_names
from reconciler.cli.texts import when
from reconciler.core.access import Right
from reconciler.core.history import Waiver
from reconciler.errors import UsageError
from reconciler.wiring import open_reports


@click.command(name="waive")
@click.argument("domain", shell_complete=domain_names)
@click.argument("check", required=False)
@click.option("--reason", required=True, help="Why; it is kept and shown for ever.")
@click.option("--until", default=None, metavar="DATE", help="The last day (UTC), or a time with its zone.")
@click.option("--confirm", "confirm_id", type=int, default=None, metavar="ID", help="Confirm this waiver instead.")
@click.option("--end", "end_id", type=int, default=None, metavar="ID", help="End this waiver now instead.")
@formats("text", "json")
def waive_command(
    domain: str,
    check: str | None,
    reason: str,
    until: str | None,
    confirm_id: int | None,
    end_id: int | None,
    form: str,
) -> int:
    """Set a check of DOMAIN aside until a date: one person asks, a second one confirms.

    A waived check is never a pass: the gate shows it as long as it holds. The same command by a second person, or
    --confirm, confirms it.

    \b
    Examples:
      reconciler waive address rollback_plan --reason "staging is down" --until 2026-12-01
      reconciler waive address --confirm 3 --reason "agreed"
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    known_domains(configuration(), [domain])
    asked = [check is not None and until is not None, confirm_id is not None, end_id is not None]
    if asked.count(True) != 1:
        raise UsageError("waive", expected="a check and --until, or --confirm ID, or --end ID", got="none or several")
    waiver = run_async(_waive(domain, check, reason, until, confirm_id, end_id))
    if form == "json":
        print_json(waiver_document(waiver))
    else:
        click.echo(f"{_told(waiver)}. Next: reconciler gate {domain}")
    return 0


async def _waive(
    domain: str, check: str | None, reason: str, until: str | None, confirm_id: int | None, end_id: int | None
) -> Waiver:
    """Asks, confirms or ends."""
    async with open_reports(configuration()) as reports:
        who = await acting(reports, Right.APPROVE)
        await reports.flags.look()
        waivers = reports.waivers
        if confirm_id is not None:
            return await waivers.confirm(domain, waiver_id=confirm_id, actor=who, comment=reason)
        if end_id is not None:
            return await waivers.end(domain, waiver_id=end_id, actor=who, comment=reason)
        return await waivers.waive(domain, check=check or "", reason=reason, until=end_of(until or ""), actor=who)


def _told(waiver: Waiver) -> str:
    """A waiver in a sentence."""
    head = f"waiver {waiver.id} of {waiver.check} until {when(waiver.until)}"
    if waiver.ended_at is not None:
        return f"{head} ended by {waiver.ended_by}"
    if waiver.confirmed_by:
        return f"{head} is in force, by {waiver.asked_by} and {waiver.confirmed_by}"
    return f"{head} asked for by {waiver.asked_by}; a second person confirms it with --confirm {waiver.id}"
