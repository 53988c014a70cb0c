"""The command `runs compare`: what is new, gone and still there from one run to another."""

from collections.abc import Sequence

import click

from reconciler.app.renderings.comparison_markdown import comparison_markdown
from reconciler.app.run_comparison import RunComparison, compare_runs, comparison_document
from reconciler.cli.context import configuration, formats, run_async
from reconciler.cli.outputs import give, json_text, outputs, parsed
from reconciler.cli.terminal import table
from reconciler.core.model import Verdict
from reconciler.wiring import open_reports

FORMS = ("text", "json", "markdown")


@click.command(name="compare")
@click.argument("before", type=int, metavar="A")
@click.argument("after", type=int, metavar="B")
@outputs
@formats(*FORMS)
def compare_command(before: int, after: int, wanted: Sequence[str], form: str) -> int:
    """What is new, gone and still there in run B against run A.

    What only one of them saw is unsure unless the other saw every record of the entity.

    \b
    Example:
      reconciler runs compare 12 14
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    written = parsed(wanted, forms=FORMS)
    found = run_async(_compared(before, after))
    give(
        form,
        written,
        {
            "text": lambda: comparison_text(found),
            "json": lambda: json_text(comparison_document(found)),
            "markdown": lambda: comparison_markdown(found),
        },
    )
    return 0


async def _compared(before: int, after: int) -> RunComparison:
    """Both runs from the reports; NotFound where one does not exist."""
    async with open_reports(configuration()) as reports:
        store = reports.store
        return await compare_runs(await store.run(before), await store.run(after), store=store)


def comparison_text(found: RunComparison) -> str:
    """A row a domain and an entity, the totals last."""
    rows = [("DOMAIN", "ENTITY", "VERDICT", "NEW", "GONE", "STILL", "UNSURE")]
    for one in found.domains:
        rows.append((one.domain, "", f"{_word(one.before)} → {_word(one.after)}", "", "", "", ""))
        rows += [
            ("", each.entity, "", f"{each.new:,}", f"{each.gone:,}", f"{each.still:,}", f"{each.unsure:,}")
            for each in found.entities
            if each.domain == one.domain
        ]
    whole = found.totals
    last = (
        f"run {found.before.id} → run {found.after.id}: {whole.new:,} new, {whole.gone:,} gone, "
        f"{whole.still:,} still there, {whole.unsure:,} unsure"
    )
    return f"{table(rows)}\n{last}\nNext: reconciler runs show {found.after.id}"


def _word(verdict: Verdict | None) -> str:
    return verdict.value if verdict else "not looked at"
