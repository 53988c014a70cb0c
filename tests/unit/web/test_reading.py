"""Numbers, times and sentences as pages print them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from reconciler.web import reading
from reconciler.web.origins import host_name
from reconciler.web.reading import Piece

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 20, 22, 4, 11, tzinfo=UTC)


def test_commands_runs_and_clusters_in_a_sentence_are_found() -> None:
    assert list(reading.pieces("Run errors: run 20 failed, see K-7: `reconciler runs show 20` now")) == [
        Piece(text="Run errors: "),
        Piece(text="run 20", href="/runs/20"),
        Piece(text=" failed, see "),
        Piece(text="K-7", href="/clusters/K-7"),
        Piece(text=": "),
        Piece(text="reconciler runs show 20", command=True),
        Piece(text=" now"),
    ]


@pytest.mark.parametrize("sentence", ["", "plain", "`unclosed", "overrun 7", "a `b` c", "K-", "run x"])
def test_no_word_of_a_sentence_is_lost(sentence: str) -> None:
    assert "".join(piece.text for piece in reading.pieces(sentence)) == sentence.replace("`b`", "b")


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (timedelta(seconds=2), "just now"),
        (timedelta(hours=5, minutes=4), "5 h 4 min ago"),
        (-timedelta(hours=2), "in 2 h"),
        (-timedelta(seconds=59), "in 59 s"),
    ],
)
def test_a_time_is_told_from_now(before: timedelta, told: str) -> None:
    assert reading.ago(NOW - before, NOW) == told


def test_the_clock_gives_the_day_where_it_is_another_one_and_always_utc() -> None:
    east = timezone(timedelta(hours=9))
    assert reading.clock_time(datetime(2026, 3, 21, 5, 0, tzinfo=east), NOW) == "20:00 UTC"
    assert reading.clock_time(NOW - timedelta(days=4), NOW) == "16 Mar 22:04 UTC"
    assert reading.clock_time(NOW - timedelta(days=400), NOW) == "13 Feb 2025 22:04 UTC"
    assert reading.iso(datetime(2026, 3, 21, 5, 0, tzinfo=east)) == "2026-03-20T20:00:00Z"


def test_only_the_whole_is_a_hundred_per_cent_and_only_nothing_is_zero() -> None:
    assert reading.share(999_999, 1_000_000) == "99.99 %"
    assert reading.share(5, 5) == "100.00 %"
    assert reading.share(1, 1_000_000) == "< 0.01 %"
    assert reading.share(0, 5) == "0.00 %"
    assert reading.share(0, 0) == reading.NONE
    assert reading.percent(0.99999) == "99.99 %"
    assert reading.percent(float("nan")) == reading.percent(1.5) == "no share"


def test_a_length_without_an_end_is_a_dash() -> None:
    assert reading.length(NOW, None) == reading.NONE
    assert reading.length(NOW, NOW + timedelta(milliseconds=1234)) == "1.2 s"
    assert reading.length(NOW, NOW + timedelta(minutes=11, seconds=42)) == "11 min 42 s"


def test_a_digest_is_cut_in_the_middle() -> None:
    assert reading.short("sha256:" + "ab" * 32) == "sha256:abababa…abab"
    assert reading.short("sha256:policy") == "sha256:policy"
    assert reading.short(None) == reading.NONE


def test_cron_in_words() -> None:
    assert reading.cron_words("0 1 * * *") == "At 01:00"
    assert reading.cron_words("*/15 * * * *") == "Every 15 minutes"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost:8080", "localhost"),
        ("LOCALHOST", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]:8080", "::1"),
        ("evil.example:8080", "evil.example"),
        ("", ""),
        ("[::1", ""),
        ("localhost@evil.example", ""),
        ("evil.example@localhost", ""),
        ("localhost.evil.example", "localhost.evil.example"),
    ],
)
def test_the_name_in_a_host_header(header: str, name: str) -> None:
    assert host_name(header) == name
