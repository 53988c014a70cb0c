"""Two runs side by side as Markdown."""

from collections.abc import Sequence

from reconciler.app.ports import StoredDiff
from reconciler.app.renderings.answers import sample_line
from reconciler.app.renderings.escaping import code
from reconciler.app.renderings.markdown import table
from reconciler.app.run_comparison import RunComparison
from reconciler.core.model import Verdict


def comparison_markdown(found: RunComparison) -> str:
    """A line of totals, a row a domain and an entity, the first of what is new and gone folded away."""
    whole = found.totals
    rows = []
    for one in found.domains:
        rows.append([f"**{one.domain}**", f"{_word(one.before)} → {_word(one.after)}", "", "", "", ""])
        rows += [
            [code(each.entity), "", f"{each.new:,}", f"{each.gone:,}", f"{each.still:,}", f"{each.unsure:,}"]
            for each in found.entities
            if each.domain == one.domain
        ]
    blocks = [
        (
            f"**run {found.before.id} → run {found.after.id}: {whole.new:,} new, {whole.gone:,} gone, "
            f"{whole.still:,} still there, {whole.unsure:,} unsure**"
        ),
        table(["domain, entity", "verdict", "new", "gone", "still there", "unsure"], rows),
        *_details("New", found.new),
        *_details("Gone", found.gone),
    ]
    return "\n\n".join(blocks) + "\n"


def _word(verdict: Verdict | None) -> str:
    return verdict.value if verdict else "not looked at"


def _details(title: str, found: Sequence[StoredDiff]) -> list[str]:
    if not found:
        return []
    lines = [f"- {code(sample_line(one))}" for one in found]
    return ["\n".join([f"<details><summary>{title}</summary>", "", *lines, "", "</details>"])]
