"""A badge is never greener than the gate, grey where its scan is old, and readable without colours."""

from dataclasses import replace
from typing import Final

import pytest

from reconciler.core.gate import Gate, GateVerdict, decide
from reconciler.web.badges import FILLS, badge_of, badge_of_all
from reconciler.web.words import GATE, Family
from tests.unit.gate_world import NIGHTS, a_history, approved, some_facts

pytestmark = pytest.mark.unit

WHITE: Final = 1.05


def shown(gate: Gate) -> tuple[Family, str]:
    badge = badge_of("address", gate, at="now")
    return badge.word.family, badge.text


def gate(hours: float = 100) -> Gate:
    return decide(approved(some_facts(a_history(*NIGHTS), hours=hours)))


def test_a_go_is_green_while_its_scan_is_young() -> None:
    assert shown(gate()) == (Family.OK, "GO")
    assert shown(gate(hours=130)) == (Family.NODATA, "HOLD, STALE")


@pytest.mark.parametrize("verdict", list(GateVerdict))
def test_each_verdict_has_its_word_and_no_other_colour_than_on_the_pages(verdict: GateVerdict) -> None:
    family, text = shown(replace(gate(), verdict=verdict))
    assert (family, text) == (GATE[verdict].family, GATE[verdict].word)


@pytest.mark.parametrize("verdict", list(GateVerdict))
def test_an_old_scan_is_never_green_and_a_no_stays_red(verdict: GateVerdict) -> None:
    family, text = shown(replace(gate(hours=130), verdict=verdict))
    if verdict is GateVerdict.NO_GO:
        assert (family, text) == (Family.DIFFS, "NO-GO")
    else:
        assert family is Family.NODATA


def test_of_all_the_worst_is_shown_with_how_many_it_is() -> None:
    go, no = gate(), replace(gate(), verdict=GateVerdict.NO_GO)
    told = badge_of_all([go, no, no, replace(go, verdict=GateVerdict.NOT_COMPARABLE)], at="now")
    assert (told.word.family, told.text) == (Family.DIFFS, "NO-GO 2 of 3")
    assert badge_of_all([], at="now").word.family is Family.NODATA
    assert badge_of_all([go, go], at="now").text == "GO 2 of 2"
    stale = replace(gate(hours=130), verdict=GateVerdict.GO)
    assert badge_of_all([go, stale], at="now").word.family is Family.NODATA


def test_white_on_every_fill_can_be_read() -> None:
    assert set(FILLS) == set(Family)
    for fill in FILLS.values():
        parts = [int(fill[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        light = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        luminance = 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]
        assert WHITE / (luminance + 0.05) >= 6.5, fill
