"""Badges: a verdict as a small picture for other pages, never greener than the gate, and grey where its scan is old."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import aiohttp_jinja2
from aiohttp import hdrs, web

from reconciler.core.gate import CheckResult, Gate, GateVerdict
from reconciler.core.wording import moment
from reconciler.errors import ReportStoreError
from reconciler.web.asked import domain_in_path
from reconciler.web.services import SERVICES
from reconciler.web.words import GATE, SEVERITY, Family, Word, gate_word

SVG: Final = "image/svg+xml"
FILLS: Final = {
    Family.OK: "#00603a",
    Family.DIFFS: "#7e0808",
    Family.INCONCLUSIVE: "#8a4a00",
    Family.PROGRESS: "#093ee3",
    Family.NODATA: "#4d5761",
}
SILENT: Final = Word(word="NO ANSWER", icon="ring", family=Family.NODATA, means="The report database cannot be read.")
EVERYTHING: Final = "reads"
LETTER, CAPITAL, MARGIN, ICON = 6.6, 8.0, 8, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """What a badge shows: what it is about, the word, and a sentence for who cannot see it. Widths are in pixels."""

    label: str
    word: Word
    text: str
    told: str

    @property
    def fill(self) -> str:
        """The colour behind the word; white on it has a contrast of 7 and more."""
        return FILLS[self.word.family]

    @property
    def left(self) -> float:
        """The width of the part with the label."""
        return round(len(self.label) * LETTER + 2 * MARGIN, 1)

    @property
    def right(self) -> float:
        """The width of the part with icon and word."""
        return round(len(self.text) * CAPITAL + 2 * MARGIN + ICON, 1)


async def domain_badge(request: web.Request) -> web.Response:
    """The verdict of one domain; 404 where there is no such domain."""
    spec, services = domain_in_path(request), request.app[SERVICES]
    try:
        (gate,) = await services.verdicts.gates((spec.name,))
    except ReportStoreError:
        return _picture(request, Badge(label=spec.name, word=SILENT, text=SILENT.word, told=SILENT.means), status=503)
    return _picture(request, badge_of(spec.name, gate, at=moment(services.clock.now())))


async def overall_badge(request: web.Request) -> web.Response:
    """The worst verdict of all domains that can be compared, and how many have it."""
    services = request.app[SERVICES]
    try:
        gates = await services.verdicts.gates()
    except ReportStoreError:
        return _picture(request, Badge(label=EVERYTHING, word=SILENT, text=SILENT.word, told=SILENT.means), status=503)
    return _picture(request, badge_of_all(gates, at=moment(services.clock.now())))


def badge_of(label: str, gate: Gate, *, at: str) -> Badge:
    """One gate as a badge."""
    word, stale = _word(gate), _stale(gate)
    text = f"{word.word}, STALE" if stale else word.word
    return Badge(label=label, word=word, text=text, told=f"{label}: {text}. {word.means} As of {at}.")


def badge_of_all(gates: Sequence[Gate], *, at: str) -> Badge:
    """The worst of many gates as a badge; of none it is no data."""
    compared = [gate for gate in gates if gate.verdict is not GateVerdict.NOT_COMPARABLE]
    worst = min((gate.verdict for gate in compared), key=SEVERITY.index, default=GateVerdict.NO_DATA)
    same = [gate for gate in compared if gate.verdict is worst]
    words = [_word(gate) for gate in same] or [GATE[worst]]
    word = next((one for one in words if one.family is Family.NODATA), words[0])
    word = next((one for one in words if one.family is Family.INCONCLUSIVE), word)
    text = f"{word.word} {len(same)} of {len(compared)}"
    return Badge(label=EVERYTHING, word=word, text=text, told=f"{text} domains. {word.means} As of {at}.")


def _word(gate: Gate) -> Word:
    """The gate's word; grey where its scan is too old to say anything but no."""
    word = gate_word(gate)
    return replace(word, family=Family.NODATA, means="The last scan is too old.") if _stale(gate) else word


def _stale(gate: Gate) -> bool:
    """Whether the newest scan is too old, of a gate that says something else than no."""
    old = any(check.name == "last_scan" and check.result is not CheckResult.PASS for check in gate.checks)
    return old and gate.verdict not in (GateVerdict.NO_GO, GateVerdict.NO_DATA)


def _picture(request: web.Request, badge: Badge, *, status: int = 200) -> web.Response:
    """The badge as SVG; what it looks like stands in attributes, so that no policy takes it away."""
    text = aiohttp_jinja2.render_string("badge.svg", request, {"badge": badge})
    return web.Response(text=text, status=status, headers={hdrs.CONTENT_TYPE: f"{SVG}; charset=utf-8"})
