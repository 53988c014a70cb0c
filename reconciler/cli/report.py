"""The command `report`: the record of a domain, or of all, to be signed and filed."""

from collections.abc import Sequence

import click

from reconciler import __version__
from reconciler.adapters.answer_files import write_answer
from reconciler.app.record import Making, Record, make_record, record_document
from reconciler.app.renderings.junit import gate_junit
from reconciler.app.renderings.record_markdown import record_markdown
from reconciler.app.renderings.tables import CHECKS, check_rows, lines
from reconciler.cli.acting import acting
from reconciler.cli.context import configuration, known_domains, run_async
from reconciler.cli.outputs import Output, json_text, parsed, printable
from reconciler.cli.suggesting import Word, domain_names
from reconciler.core.access import Right
from reconciler.core.audit import Act, AuditAction
from reconciler.web.papers import record_paper
from reconciler.wiring import open_reports

FORMS = ("html", "markdown", "json", "junit", "csv")


@click.command(name="report")
@click.argument("domain", required=False, shell_complete=domain_names)
@click.option("--format", "form", type=Word(FORMS), default=None, help="[default: what --output tells, else markdown]")
@click.option(
    "--output",
    "wanted",
    multiple=True,
    metavar="[FORMAT:]PATH",
    help="Where to write it; without it the record is printed. May be repeated.",
)
def report_command(domain: str | None, form: str | None, wanted: Sequence[str]) -> int:
    """The record of DOMAIN, or of every domain: gate, checks, evidence, decisions, coverage, way back, runs, audit.

    \b
    Examples:
      reconciler report address --format html --output address.html
      reconciler report address --output address.html --output address.json
      reconciler report --format csv
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    known_domains(configuration(), [domain] if domain else [])
    written = _outputs(wanted, form)
    record = run_async(_record(domain, [one.form for one in written] or [form or "markdown"]))
    if not written:
        click.echo(printable(_rendered(record, form or "markdown")), nl=False)
    for one in written:
        write_answer(one.path, _rendered(record, one.form))
        click.echo(f"written: {one.path}", err=True)
    return 0


def _outputs(wanted: Sequence[str], form: str | None) -> tuple[Output, ...]:
    """Where to write what: the format in front of a path goes first, then --format, then the suffix."""
    named = [text if form is None or text.partition(":")[0] in FORMS else f"{form}:{text}" for text in wanted]
    return parsed(named, forms=FORMS)


async def _record(domain: str | None, forms: Sequence[str]) -> Record:
    """The record as of now; that it was made is noted in the audit log first."""
    async with open_reports(configuration()) as reports:
        who, now = await acting(reports, Right.VIEW), reports.clock.now()
        await reports.note_configuration()
        await reports.flags.look()
        told = f"record as {', '.join(forms)}"
        act = Act(actor=who, action=AuditAction.EXPORT, at=now, domain=domain or "", comment=told)
        await reports.store.note_act(act)
        settings = reports.configuration.settings
        return await make_record(
            [domain] if domain else [one.name for one in reports.configuration.system.domains],
            verdicts=reports.verdicts,
            store=reports.store,
            plans={name: plan.sections for name, plan in reports.plans.items()},
            making=Making(made_at=now, made_by=who.name, title=settings.dashboard.title, version=__version__),
        )


def _rendered(record: Record, form: str) -> str:
    """The record in one format."""
    match form:
        case "html":
            return record_paper(record, alone=True)
        case "json":
            return json_text(record_document(record)) + "\n"
        case "junit":
            return gate_junit(record.answer)
        case "csv":
            return lines([CHECKS, *(row for gate in record.answer.gates for row in check_rows(gate))])
        case _:
            return record_markdown(record)
