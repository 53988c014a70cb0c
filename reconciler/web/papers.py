"""Papers: one page of HTML that stands on its own, for printing, signing and filing."""

import hashlib
from base64 import b64encode
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reconciler.app.record import Making, Record
from reconciler.app.renderings.answers import RunAnswer, of_domain, sample_line
from reconciler.core.summary import domain_verdict, entity_verdict, run_verdict
from reconciler.core.wording import moment, number
from reconciler.web.reading import iso, percent, pieces
from reconciler.web.words import CHECK, GATE, OUTCOME, RUN, check_name

HERE: Final = Path(__file__).parent
STYLE: Final = HERE / "static" / "paper.css"
SYMBOLS: Final = {
    "check": "✔", "octagon": "✖", "triangle": "▲", "hourglass": "⧗", "person": "☺", "flag": "⚑", "ring": "◌",
    "slash": "⊘", "info": "·",
}  # fmt: skip
PAPERS: Final = Environment(
    loader=FileSystemLoader(HERE / "templates" / "papers"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAPERS.filters.update({"iso": iso, "moment": moment, "number": number, "percent": percent, "pieces": pieces})
PAPERS.globals.update(
    {
        "check_name": check_name,
        "check_words": CHECK,
        "domain_verdict": domain_verdict,
        "entity_verdict": entity_verdict,
        "gate_words": GATE,
        "of_domain": of_domain,
        "outcome_words": OUTCOME,
        "run_verdict": run_verdict,
        "run_words": RUN,
        "sample_line": sample_line,
        "symbols": SYMBOLS,
    }
)


def record_paper(record: Record, *, alone: bool) -> str:
    """The record; `alone` carries its style and a policy of its own, else the service's style sheet is linked."""
    return _paper("record.html", making=record.making, alone=alone, record=record)


def run_paper(answer: RunAnswer, making: Making, *, alone: bool) -> str:
    """One run with what it found."""
    return _paper("run.html", making=making, alone=alone, answer=answer)


def _paper(template: str, *, making: Making, alone: bool, **shown: object) -> str:
    """A page; nothing on it leads out of it."""
    style = STYLE.read_text(encoding="utf-8") if alone else ""
    policy = f"default-src 'none'; style-src '{_digest(style)}'; base-uri 'none'; form-action 'none'"
    return PAPERS.get_template(template).render(making=making, style=style, policy=policy, **shown)


def _digest(style: str) -> str:
    """What a content security policy names an inline style by."""
    return f"sha256-{b64encode(hashlib.sha256(style.encode()).digest()).decode()}"
