"""The commands about flipping: `gate`, `approve`, `reject`, `revoke`, `rehearse`."""

from collections.abc import Sequence

import click

from reconciler.app.documents import decision_document, gate_document, instant
from reconciler.cli.context import actor, configuration, formats, known_domains, print_json, print_jsonl, run_async
from reconciler.cli.texts import gate_line, gate_text
from reconciler.core.gate import exit_code
from reconciler.core.gate_values import Gate, Requirement
from reconciler.core.history import Decision, Rehearsal
from reconciler.wiring import open_reports

WORST_FIRST = (4, 1, 3, 5, 0)


@click.command(name="gate")
@click.argument("domains", nargs=-1, metavar="[DOMAIN]…")
@click.option(
    "--require",
    type=click.Choice([one.value for one in Requirement]),
    default=Requirement.GO.value,
    show_default=True,
    help="The least that exits 0.",
)
@click.option("--explain", is_flag=True, help="Every check of every gate.")
@formats("text", "json", "jsonl")
def gate_command(domains: Sequence[str], require: str, explain: bool, form: str) -> int:  # noqa: FBT001 - click passes options by name
    """Whether domains may flip, from what is stored; it answers while a store is down.

    \b
    Exit codes: 0 at least what --require asks (flipped counts as go), 1 no_go, 3 any other verdict. Over several
      domains the worst counts; without names, of those that have a flag.
    \b
    Examples:
      reconciler gate
      reconciler gate address --explain
      reconciler gate address --require ready --format json
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    config = configuration()
    known_domains(config, domains)
    gates = run_async(_gates(domains))
    required = Requirement(require)
    if form == "text":
        click.echo("\n".join(gate_text(gate) if explain or len(domains) == 1 else gate_line(gate) for gate in gates))
    else:
        documents = [gate_document(gate) for gate in gates]
        if form == "jsonl":
            print_jsonl(documents)
        else:
            print_json(documents[0] if len(domains) == 1 else documents)
    codes = {exit_code(gate, require=required) for gate in gates if gate.domain in domains or gate.flip}
    return next((code for code in WORST_FIRST if code in codes), 3)


async def _gates(domains: Sequence[str]) -> tuple[Gate, ...]:
    """The gates asked for."""
    async with open_reports(configuration()) as reports:
        await reports.flags.look()
        return await reports.verdicts.gates(domains)


def _decision_command(action: str, text: str) -> click.Command:
    """One of the commands that record a decision."""

    @click.command(name=action, help=text)
    @click.argument("domain")
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
            click.echo(
                f"{decision.action} of {decision.domain} by {decision.actor} recorded on {decision.evidence_digest}. "
                f"Next: reconciler gate {domain}"
            )
        return 0

    return command


async def _decide(action: str, domain: str, evidence: str, comment: str) -> Decision:
    """Records the decision of whoever gives the command."""
    async with open_reports(configuration()) as reports:
        await reports.flags.look()
        decide = {
            "approve": reports.approvals.approve,
            "reject": reports.approvals.reject,
            "revoke": reports.approvals.revoke,
        }[action]
        return await decide(domain, evidence_digest=evidence, actor=actor().name, comment=comment)


approve_command = _decision_command(
    "approve", "Approve the flip of DOMAIN on the evidence named; refused when the evidence has moved."
)
reject_command = _decision_command("reject", "Reject the flip of DOMAIN on the evidence named.")
revoke_command = _decision_command("revoke", "Take back your approval of DOMAIN on the evidence named.")


@click.command(name="rehearse")
@click.argument("domain")
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
        return await reports.approvals.rehearse(domain, minutes=minutes, actor=actor().name, comment=comment)
