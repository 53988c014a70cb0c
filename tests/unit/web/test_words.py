"""The vocabulary covers every state, and green is said of nothing that is not earned."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import pytest

from reconciler.core.gate_values import CheckResult, GateVerdict
from reconciler.core.model import DiffKind, DiffState, Mode, Outcome, RunStatus, Verdict
from reconciler.web import words
from reconciler.web.words import Family, Word

pytestmark = pytest.mark.unit

WORDS: list[tuple[Mapping[StrEnum, Word], type[StrEnum]]] = [
    (words.GATE, GateVerdict),  # type: ignore[list-item]
    (words.CHECK, CheckResult),  # type: ignore[list-item]
    (words.RUN, Verdict),  # type: ignore[list-item]
    (words.STATUS, RunStatus),  # type: ignore[list-item]
    (words.STATE, DiffState),  # type: ignore[list-item]
]
STATIC = Path(words.__file__).parent / "static"
TEMPLATES = Path(words.__file__).parent / "templates"


@pytest.mark.parametrize(("told", "kind"), WORDS, ids=lambda one: getattr(one, "__name__", ""))
def test_every_state_has_a_word(told: Mapping[StrEnum, Word], kind: type[StrEnum]) -> None:
    assert set(told) == set(kind)


@pytest.mark.parametrize(("told", "kind"), WORDS, ids=lambda one: getattr(one, "__name__", ""))
def test_no_two_states_look_and_read_the_same(told: Mapping[StrEnum, Word], kind: type[StrEnum]) -> None:
    assert len({word.word for word in told.values()}) == len(kind)


def test_outcomes_kinds_and_modes_have_words() -> None:
    assert (set(words.OUTCOME), set(words.KIND), set(words.MODE)) == (set(Outcome), set(DiffKind), set(Mode))


def test_green_is_kept_for_what_was_measured_and_found_good() -> None:
    green = {state for told, _ in WORDS for state, word in told.items() if word.family is Family.OK}
    assert green == {GateVerdict.GO, GateVerdict.FLIPPED, CheckResult.PASS, Verdict.CLEAN, DiffState.RESOLVED}


def test_severity_ranks_every_verdict_once_and_the_unknown_above_the_good() -> None:
    ranked = words.SEVERITY
    assert sorted(ranked) == sorted(GateVerdict)
    assert ranked.index(GateVerdict.NO_DATA) < ranked.index(GateVerdict.SOAKING)


def test_every_family_has_a_favicon_and_colours() -> None:
    style = (STATIC / "style.css").read_text(encoding="utf-8")
    for family in Family:
        assert (STATIC / f"favicon-{family.value}.svg").is_file()
        assert style.count(f"--{family.value}-fill: #") >= 2, "one for light, one for dark"


def test_every_icon_is_drawn() -> None:
    drawn = (TEMPLATES / "parts.html").read_text(encoding="utf-8")
    named = {word.icon for told, _ in WORDS for word in told.values()} - {"info"}
    assert [icon for icon in sorted(named) if f'name == "{icon}"' not in drawn] == []


def test_a_cluster_is_told_by_the_kind_of_a_field_or_the_outcome_of_a_record() -> None:
    assert words.cluster_kind("order") == "other order"
    assert words.cluster_kind("missing_in_target") == "only in MongoDB"
    with pytest.raises(ValueError, match="unheard"):
        words.cluster_kind("unheard")


def test_the_watchdog_is_short_enough_to_be_read() -> None:
    assert len((STATIC / "watch.js").read_text(encoding="utf-8").splitlines()) <= 40
