"""Texts fitted to a terminal: tables that wrap their widest columns, long lines that go on under their last column."""

import sys

import pytest

from reconciler.cli import terminal

pytestmark = pytest.mark.unit

ROWS = [
    ("CHECK", "MEASURED", "NEEDED"),
    ("coverage", "100.00% of each entity at least", "100.00% of every entity in it"),
]


def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes standard output a terminal of 50 columns."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("NO_COLOR", "1")


def test_a_table_that_goes_elsewhere_is_as_wide_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert terminal.table(ROWS).splitlines()[1] == "  ".join(ROWS[1])
    assert capsys.readouterr().out == ""


def test_a_table_on_a_terminal_fits_and_loses_no_word(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow(monkeypatch)
    lines = terminal.table(ROWS, indent="  ").splitlines()
    assert max(map(len, lines)) <= 50
    assert sorted(" ".join(lines).split()) == sorted(" ".join(cell for row in ROWS for cell in row).split())
    assert lines[1].startswith("  coverage  100.00% of each")


def test_a_long_line_goes_on_under_its_last_column(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    narrow(monkeypatch)
    terminal.say("✖ address   no_go   Open diffs: 33 of 642 compared; needed: 0")
    assert capsys.readouterr().out.splitlines() == [
        "✖ address   no_go   Open diffs: 33 of 642",
        "                    compared; needed: 0",
    ]


def test_a_word_longer_than_the_terminal_is_not_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    narrow(monkeypatch)
    terminal.say(f"  evidence sha256:{'ab' * 32}")
    assert "".join(capsys.readouterr().out.split()) == f"evidencesha256:{'ab' * 32}"


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": ""}, False),
        ({}, False),
    ],
)
def test_colours_are_asked_for_or_forbidden(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], *, wanted: bool
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert terminal.colours() is wanted


def test_colour_adds_nothing_but_colour() -> None:
    text = "DOMAIN  VERDICT\n✔ auth  go\n  ✖ open_diffs\nNext: reconciler gate"
    painted = terminal.painted(text)
    assert "\x1b[" in painted
    assert terminal.ESCAPE.sub("", painted) == text
