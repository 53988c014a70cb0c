"""The commands of people who decide: `request`, `approve`, `reject`, `revoke`, `rehearse`."""

import click

from reconciler.app.documents import decision_document, instant
from reconciler.cli.acting import acting
from reconciler.cli.context import configuration, formats, known_domains, print_json, run_async
from reconciler.cli.suggesting import domain_names
from reconciler.cli.terminal import say
from reconciler.core.access import Right
from reconciler.core.history import Decision, Rehearsal
from reconciler.wiring import open_reports


def _decision_command(action: str, text: str) -> click.Command:
    """One of the commands that record a decision."""
    example = f"Example: reconciler {action} address --comment TEXT --evidence sha256:…"

    @click.command(name=action, help=text, epilog=example)
    @click.argument("domain", shell_complete=domain_names)
    @click.option("--comment", required=True, help="Why; it is kept with the decision.")
    @click.option(
        "--evidence", required=True, metavar="DIGEST", help="The evidence digest that `reconciler gate DOMAIN` shows."
    )
    @formats("text", "json")
    def command(domain: str, comment: str, evidence: str, form: str) -> int:
        known_domains(configuration(), [domain])
        decision = run_async(_decide(action, domain, evidence, comment))
        if form == "json":
            print_json(decision_document(decision))
        else:
            told = f"{decision.action} of {decision.domain} by {decision.actor} recorded"
            say(f"✔ {told} on {decision.evidence_digest}\nNext: reconciler gate {domain}")
        return 0

    return command


async def _decide(action: str, domain: str, evidence: str, comment: str) -> Decision:
    """Records the decision of whoever gives the command."""
    async with open_reports(configuration()) as reports:
        who = await acting(reports, Right.OPERATE if action == "request" else Right.APPROVE)
        await reports.flags.look()
        decide = {
            "request": reports.approvals.request,
            "approve": reports.approvals.approve,
            "reject": reports.approvals.reject,
            "revoke": reports.approvals.revoke,
        }[action]
        return await decide(domain, evidence_digest=evidence, actor=who, comment=comment)


request_command = _decision_command("request", "Ask for the approval of DOMAIN on the evidence named.")
approve_command = _decision_command(
    "approve", "Approve the flip of DOMAIN on the evidence named; refused when the evidence has moved."
)
reject_command = _decision_command("reject", "Reject the flip of DOMAIN on the evidence named.")
revoke_command = _decision_command("revoke", "Take back your approval of DOMAIN on the evidence named.")


@click.command(name="rehearse")
@click.argument("domain", shell_complete=domain_names)
@click.option("--minutes", type=float, required=True, help="How long the way back took.")
@click.option("--comment", required=True, help="Where and how it was rehearsed.")
@formats("text", "json")
def rehearse_command(domain: str, minutes: float, comment: str, form: str) -> int:
    """Record that the rollback plan of DOMAIN was rehearsed.

    \b
    Example:
      reconciler rehearse address --minutes 4 --comment "rolled back in staging"
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    known_domains(configuration(), [domain])
    rehearsal = run_async(_rehearse(domain, minutes, comment))
    if form == "json":
        print_json(
            {
                "domain": domain,
                "minutes": minutes,
                "comment": rehearsal.comment,
                "actor": rehearsal.actor,
                "at": instant(rehearsal.at),
            }
        )
    else:
        click.echo(
            f"rehearsal of {domain} by {rehearsal.actor} recorded: {minutes:g} minutes. Next: reconciler gate {domain}"
        )
    return 0


async def _rehearse(domain: str, minutes: float, comment: str) -> Rehearsal:
    """Records the rehearsal."""
    async with open_reports(configuration()) as reports:
        who = await acting(reports, Right.OPERATE)
        await reports.flags.look()
        return await reports.approvals.rehearse(domain, minutes=minutes, actor=who, comment=comment)
