"""The command `config accept`: a person's word for the configuration that domains are judged by."""

from collections.abc import Sequence

import click

from reconciler.app.documents import config_answer_document
from reconciler.cli.acting import acting
from reconciler.cli.context import configuration, formats, known_domains, print_json, run_async
from reconciler.cli.suggesting import domain_names
from reconciler.core.access import Right
from reconciler.core.versions import ConfigAnswer
from reconciler.wiring import open_reports


@click.command(name="accept")
@click.argument("domains", nargs=-1, required=True, metavar="DOMAIN…", shell_complete=domain_names)
@click.option("--comment", required=True, help="Why it is as it is; kept with your word.")
@formats("text", "json")
def accept_command(domains: Sequence[str], comment: str, form: str) -> int:
    """Answer for the configuration in force of each DOMAIN: its mapping, rules and policy.

    With gate.four_eyes nobody approves what they answer for, and no approval counts while nobody answers. A change
    takes a new word.

    \b
    Example:
      reconciler config accept address --comment "tolerance of lat and lng as agreed in the ticket"
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    known_domains(configuration(), domains)
    answers = run_async(_accept(domains, comment))
    if form == "json":
        print_json([config_answer_document(one) for one in answers])
        return 0
    for one in answers:
        name = one.version.domain
        click.echo(f"{one.actor} answers for the configuration of {name}. Next: reconciler gate {name}")
    return 0


async def _accept(domains: Sequence[str], comment: str) -> list[ConfigAnswer]:
    """Records the word of whoever gives the command."""
    config = configuration()
    async with open_reports(config) as reports:
        who = await acting(reports, Right.OPERATE)
        named = [config.system.domain(name) for name in dict.fromkeys(domains)]
        return [await reports.configurations.accept(one, actor=who, comment=comment) for one in named]
