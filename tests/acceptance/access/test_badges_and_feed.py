"""Badges and feed over HTTP: well-formed, in step with the gates, shut unless opened, and without a value."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
from aiohttp import ClientSession

from reconciler.adapters.config.service_shape import PublicPart
from reconciler.adapters.report_store import open_report_store
from reconciler.app.event_watch import EventWatch
from reconciler.cli.entrances import opened
from reconciler.core.access import Role
from reconciler.web.entrance import Entrance
from reconciler.web.services import WebServices
from tests.acceptance.access.doors import bearer, site
from tests.acceptance.browser.board import POISON, StoppedClock, seed, services, serving, system, verdicts

pytestmark = pytest.mark.acceptance

SVG, ATOM = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two weeks of runs, and one look at them."""

    async def make(folder: Path) -> None:
        await seed(folder)
        async with open_report_store(folder) as store:
            clock = StoppedClock()
            board = services(store, clock=clock).notices
            assert board is not None
            watch = EventWatch(
                system=system(),
                store=store,
                pauses=store,
                outbox=store.outbox,
                verdicts=verdicts(store, system(), clock),
                clock=clock,
                channels=board.channels,
                every=clock.at - clock.at,
                planned=list,
            )
            assert await watch.look()

    folder = tmp_path_factory.mktemp("fed") / "reports"
    asyncio.run(make(folder))
    return folder


@pytest.fixture
async def board(seeded: Path) -> AsyncIterator[ClientSession]:
    async with open_report_store(seeded) as store, serving(services(store)) as url, ClientSession(url) as http:
        yield http


async def test_a_badge_is_a_picture_that_says_what_the_gate_says(board: ClientSession) -> None:
    async with board.get("/badge/address.svg") as answer:
        picture = ET.fromstring(await answer.text())  # noqa: S314 - our own answer
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "image/svg+xml; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    title = picture.find(f"{SVG}title")
    assert title is not None
    assert title.text is not None
    assert title.text.startswith("address: NO-GO.")
    assert picture.get("role") == "img"
    assert picture.get("aria-label") == title.text
    assert [one.text for one in picture.iter(f"{SVG}text")] == ["address", "NO-GO"]
    assert not [one for one in picture.iter() if "style" in one.attrib or one.tag.endswith(("style", "script"))]


async def test_every_domain_has_a_badge_and_no_other_has(board: ClientSession) -> None:
    for domain in system().domains:
        async with board.get(f"/badge/{domain.name}.svg") as answer:
            ET.fromstring(await answer.text())  # noqa: S314 - our own answer
            assert answer.status == 200
    async with board.get("/badge.svg") as answer:
        assert "NO-GO" in await answer.text()
    async with board.get("/badge/nowhere.svg") as answer:
        assert (answer.status, answer.content_type) == (404, "application/problem+json")


async def test_a_database_that_cannot_be_read_is_told_in_grey(tmp_path: Path) -> None:
    async with open_report_store(tmp_path / "reports") as store:
        given = services(store)
        (tmp_path / "reports" / "reconciler.db").write_bytes(b"nothing of ours")
        async with serving(given) as url, ClientSession(url) as http:
            for path in ("/badge/address.svg", "/badge.svg"):
                async with http.get(path) as answer:
                    assert answer.status == 503
                    assert "NO ANSWER" in await answer.text()


async def test_the_feed_is_atom_with_what_happened(board: ClientSession) -> None:
    async with board.get("/feed.atom") as answer:
        text = await answer.text()
        assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = ET.fromstring(text)  # noqa: S314 - our own answer
    for name in ("id", "title", "updated", "author"):
        assert len(feed.findall(f"{ATOM}{name}")) == 1
    assert [link.get("rel") for link in feed.findall(f"{ATOM}link")] == ["self", "alternate"]
    entries = feed.findall(f"{ATOM}entry")
    assert entries
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == len(entries)
    for entry in entries:
        assert UUID((entry.findtext(f"{ATOM}id") or "").removeprefix("urn:uuid:")).int
        assert datetime.fromisoformat(entry.findtext(f"{ATOM}updated") or "").tzinfo is not None
        assert entry.findtext(f"{ATOM}title")
        assert entry.findtext(f"{ATOM}summary")
        assert len(entry.findall(f"{ATOM}link[@rel='alternate']")) == 1
    titles = [entry.findtext(f"{ATOM}title") for entry in entries]
    assert any("address: NO DATA → NO-GO" in (title or "") for title in titles)
    for planted in (POISON, "01067", "Köln", "64f1c0a2e9b1", "postalCode", "walked in staging"):
        assert planted not in text


async def test_pages_lead_to_the_feed(board: ClientSession) -> None:
    async with board.get("/runs") as answer:
        assert '<link rel="alternate" type="application/atom+xml"' in await answer.text()


def shut(given: WebServices, **changes: object) -> WebServices:
    """The services without a local administrator."""
    sign_in = given.entrance.sign_in
    return replace(given, entrance=Entrance(sign_in=sign_in), **changes)  # type: ignore[arg-type]


PATHS = ("/badge/address.svg", "/badge.svg", "/feed.atom")


async def test_they_are_shut_unless_they_are_opened(seeded: Path) -> None:
    async with open_report_store(seeded) as store:
        async with serving(shut(services(store))) as url, ClientSession(url) as http:
            for path in PATHS:
                async with http.get(path, allow_redirects=False) as answer:
                    assert answer.status == 401
        badges = opened([PublicPart.BADGES])
        async with serving(shut(services(store), public=badges)) as url, ClientSession(url) as http:
            for path in PATHS:
                async with http.get(path, allow_redirects=False) as answer:
                    shared = answer.headers["Cross-Origin-Resource-Policy"]
                    assert (answer.status, shared) == (
                        (401, "same-origin") if "feed" in path else (200, "cross-origin")
                    )
            async with http.get("/metrics", allow_redirects=False) as answer:
                assert answer.status == 401


async def test_who_may_view_may_see_them(tmp_path: Path) -> None:
    async with site(tmp_path / "reports") as doors:
        headers = bearer(await doors.token(Role.VIEWER))
        for path in PATHS:
            assert (await doors.asked("GET", path, headers=headers)).status == 200
