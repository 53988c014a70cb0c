"""Pages and JSON over HTTP, from a real report store on a real port."""

import logging
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession

from reconciler.adapters.report_store import SqliteReportStore, open_report_store
from reconciler.app.documents import gate_document
from reconciler.core.gate import FlagState, Gate, GateFacts, Reads
from reconciler.core.groups import Group
from tests.acceptance.browser.board import NOW, POISON, StoppedClock, services, serving, system, verdicts

pytestmark = pytest.mark.acceptance

VERDICTS = {
    "address": "no_go",
    "auth": "flipped",
    "category": "soaking",
    "config": "ready",
    "funds_ledger": "no_data",
    "level_config": "soaking",
    "marketplace": "no_go",
    "payment": "go",
    "quote": "hold",
    "review": "soaking",
    "shop_settings": "soaking",
}
PAGES = (
    "/",
    "/?verdict=hold",
    "/?wall=1",
    "/domains/address",
    "/domains/config",
    "/domains/payment",
    "/domains/funds_ledger",
    "/domains/blog",
    "/runs",
    "/runs?domain=quote",
    "/runs/20",
    "/runs/21",
    "/diffs",
    "/diffs/12",
    "/diffs/15",
    "/clusters",
    "/clusters?domain=auth",
    "/clusters/K-1",
    "/schedule",
    "/health",
    "/login",
    "/nothing-here",
)
SECRET = "postgres://app:hunter2@db"
LINK = re.compile(r'href="([^"]*)"')
INLINE = re.compile(
    r"""<script(?![^>]*\bsrc=)|<style|<[a-z](?:"[^"]*"|[^">])*\s(?:style|on[a-z]+)=|javascript:""", re.IGNORECASE
)


@pytest.fixture
async def http(url: str) -> AsyncIterator[ClientSession]:
    async with ClientSession(base_url=url) as session:
        yield session


async def got(http: ClientSession, path: str, *, status: int = 200) -> Any:  # noqa: ANN401 - JSON
    async with http.get(path) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json(content_type=None)


async def page(http: ClientSession, path: str, *, status: int = 200) -> str:
    async with http.get(path) as answer:
        assert (answer.status, answer.content_type) == (status, "text/html"), await answer.text()
        return await answer.text()


async def test_the_overview_has_every_domain_with_its_verdict(http: ClientSession) -> None:
    overview = await got(http, "/api/v1/overview")
    told = {one["domain"]: one["verdict"] for one in overview["domains"]}
    assert told == VERDICTS | {one.name: "not_comparable" for one in system().domains if not one.comparable}
    assert overview["counts"] == {verdict: list(told.values()).count(verdict) for verdict in overview["counts"]}
    text = await page(http, "/")
    assert [domain.name for domain in system().domains if f'href="/domains/{domain.name}"' not in text] == []
    assert [domain.name for domain in system().domains if domain.not_comparable not in text] == []


async def test_page_and_json_agree_on_every_verdict(http: ClientSession) -> None:
    words = {
        "no_go": "NO-GO",
        "hold": "HOLD",
        "soaking": "SOAKING",
        "ready": "READY",
        "go": "GO",
        "flipped": "FLIPPED",
        "no_data": "NO DATA",
    }
    for domain, verdict in VERDICTS.items():
        assert (await got(http, f"/api/v1/domains/{domain}/gate"))["verdict"] == verdict
        text = await page(http, f"/domains/{domain}")
        hero = text[text.index('<section class="banner') : text.index("</section>")]
        assert f"<span>{words[verdict]}</span>" in hero


async def test_the_gate_is_the_document_of_the_command_line(
    http: ClientSession, store: SqliteReportStore, clock: StoppedClock
) -> None:
    for gate in await verdicts(store, system(), clock).gates():
        assert await got(http, f"/api/v1/domains/{gate.domain}/gate") == gate_document(gate)


@pytest.mark.parametrize(
    ("domain", "require", "status"),
    [
        ("auth", "", 200),
        ("payment", "?require=go", 200),
        ("config", "?require=go", 409),
        ("config", "?require=ready", 200),
        ("category", "?require=ready", 409),
        ("category", "?require=soaking", 200),
        ("quote", "?require=soaking", 409),
        ("funds_ledger", "?require=soaking", 409),
        ("blog", "?require=soaking", 409),
        ("auth", "?require=green", 400),
        ("nobody", "", 404),
    ],
)
async def test_assert_answers_for_pipelines(http: ClientSession, domain: str, require: str, status: int) -> None:
    await got(http, f"/api/v1/domains/{domain}/gate/assert{require}", status=status)


async def test_a_refused_assert_names_the_checks_in_the_way(http: ClientSession) -> None:
    async with http.get("/api/v1/domains/address/gate/assert") as answer:
        assert answer.content_type == "application/problem+json"
        problem = await answer.json(content_type=None)
    assert (problem["status"], problem["verdict"], problem["require"]) == (409, "no_go", "go")
    assert {one["name"]: one["result"] for one in problem["checks"]}["open_diffs"] == "fail"
    assert {one["result"] for one in problem["checks"]} <= {"fail", "inconclusive", "pending"}
    assert problem["next_step"]


async def test_diffs_come_page_by_page_each_once(http: ClientSession) -> None:
    seen, path = [], "/api/v1/diffs?limit=5"
    while path:
        answer = await got(http, path)
        assert len(answer["diffs"]) <= 5
        seen += [one["id"] for one in answer["diffs"]]
        path = answer["next"]
    assert seen == sorted(set(seen))
    assert len(seen) == 17
    assert [one["id"] for one in (await got(http, "/api/v1/diffs?cluster=K-1&limit=500"))["diffs"]] == seen[:11]
    assert (await got(http, "/api/v1/diffs?domain=auth"))["diffs"] == []


async def test_runs_come_newest_first_with_their_denominators(http: ClientSession) -> None:
    newest = await got(http, "/api/v1/runs?limit=3")
    older = await got(http, newest["next"])
    assert [run["id"] for run in (*newest["runs"], *older["runs"])] == [21, 20, 19, 18, 17, 16]
    assert newest["runs"][0]["domains"] == [
        {"domain": "address", "verdict": "diffs", "seen": 172_064, "compared": 172_061}
    ]
    assert (await got(http, "/api/v1/runs/21"))["verdict"] == "diffs"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/domains/nobody", 404),
        ("/api/v1/runs/999", 404),
        ("/api/v1/diffs/999", 404),
        ("/api/v1/clusters/K-999", 404),
        ("/api/v1/nothing", 404),
        ("/api/v1/diffs?limit=0", 400),
        ("/api/v1/diffs?limit=501", 400),
        ("/api/v1/diffs?after=-1", 400),
        ("/api/v1/diffs?after=" + "9" * 40, 400),
        ("/api/v1/diffs?state=lost", 400),
        ("/api/v1/diffs?domain=nobody", 404),
        ("/api/v1/diffs?cluster=7", 404),
        ("/api/v1/runs?before=x", 400),
    ],
)
async def test_what_cannot_be_asked_is_a_problem(http: ClientSession, path: str, status: int) -> None:
    async with http.get(path) as answer:
        assert (answer.status, answer.content_type) == (status, "application/problem+json")
        problem = await answer.json(content_type=None)
    assert (problem["status"], problem["instance"]) == (status, path.partition("?")[0])
    assert problem["detail"]


@pytest.mark.parametrize("path", ["/runs/999", "/domains/nobody", "/diffs/999", "/clusters/K-999", "/nothing-here"])
async def test_what_does_not_exist_is_a_page_that_leads_on(http: ClientSession, path: str) -> None:
    assert 'href="/"' in await page(http, path, status=404)


def of_protection(answer: ClientResponse) -> dict[str, str]:
    names = (
        "Content-Security-Policy",
        "X-Content-Type-Options",
        "Referrer-Policy",
        "Cross-Origin-Opener-Policy",
        "Cross-Origin-Resource-Policy",
        "Permissions-Policy",
        "Server",
    )
    return {name: answer.headers[name] for name in names if name in answer.headers}


@pytest.mark.parametrize(
    "path", ["/", "/nothing-here", "/api/v1/overview", "/api/v1/nothing", "/livez", "/static/style.css", "/runs/x"]
)
async def test_every_answer_is_protected(http: ClientSession, path: str) -> None:
    async with http.get(path) as answer:
        headers = of_protection(answer)
        assert answer.headers["Cache-Control"] == ("no-cache" if path.startswith("/static/") else "no-store")
    assert "Server" not in headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert (headers["Referrer-Policy"], headers["Cross-Origin-Opener-Policy"]) == ("no-referrer", "same-origin")
    assert len(headers) == 6


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.example:80", "10.0.0.1", "localhost@evil"]
)
@pytest.mark.parametrize("path", ["/", "/api/v1/overview", "/livez", "/static/style.css"])
async def test_another_name_than_ours_is_refused(http: ClientSession, host: str, path: str) -> None:
    async with http.get(path, headers={"Host": host}) as answer:
        assert answer.status == 421
        assert "address" not in await answer.text()


@pytest.mark.parametrize("host", ["localhost", "LocalHost:1", "127.0.0.1:8080", "[::1]:8080"])
async def test_our_own_names_are_answered(http: ClientSession, host: str) -> None:
    async with http.get("/livez", headers={"Host": host}) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_carries_inline_script_or_style(http: ClientSession, path: str) -> None:
    async with http.get(path) as answer:
        assert INLINE.findall(await answer.text()) == []


async def test_what_a_record_holds_is_never_markup(http: ClientSession) -> None:
    for path in ("/diffs/13", "/clusters/K-7", "/runs/21"):
        assert POISON not in await page(http, path)
    assert "&lt;img src=x onerror=alert(1)&gt;" in await page(http, "/diffs/13")


async def test_every_link_leads_somewhere(http: ClientSession) -> None:
    waiting, seen = ["/"], {"/"}
    while waiting:
        path = waiting.pop()
        async with http.get(path) as answer:
            assert answer.status == 200, path
            text = await answer.text() if answer.content_type == "text/html" else ""
        links = {link.replace("&amp;", "&").partition("#")[0] for link in LINK.findall(text)} - {""} - seen
        assert [link for link in links if not link.startswith("/")] == []
        seen |= links
        waiting += sorted(links)
    assert {"/diffs/17", "/runs/1", "/clusters/K-9", "/domains/blog", "/static/style.css"} <= seen


async def test_the_title_begins_with_what_counts(http: ClientSession) -> None:
    titles = {
        path: re.findall("<title>([^<]*)</title>", await page(http, path))[0]
        for path in ("/", "/domains/address", "/runs/21")
    }
    assert titles == {
        "/": "(2 NO-GO) Overview · shop-prod",
        "/domains/address": "(5 checks open) NO-GO · Addresses · shop-prod",
        "/runs/21": "(17 differ) DIFFS · run 21 · shop-prod",
    }


async def test_a_failed_run_is_never_told_as_clean(http: ClientSession) -> None:
    text = await page(http, "/runs/20")
    hero = text[text.index('<section class="banner') : text.index("</section>")]
    assert "FAILED" in hero
    assert "badge ok" not in text
    assert "PostgreSQL stopped answering (TimeoutError)" in text


async def test_a_method_that_an_address_does_not_take_says_which_are(http: ClientSession) -> None:
    async with http.put("/api/v1/runs", json={}) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD,POST")
    async with http.head("/") as answer:
        assert answer.status == 200


# -- when things break -------------------------------------------------------------------------------------------------


async def test_a_report_store_that_cannot_be_read_is_never_green(reports: Path) -> None:
    async with open_report_store(reports, read_only=True) as store, serving(services(store)) as url:
        database = reports / "reconciler.db"
        database.write_bytes(b"no database " * (database.stat().st_size // 12))
        async with ClientSession(base_url=url) as http:
            for path in ("/", "/domains/auth", "/runs", "/runs/21", "/clusters", "/diffs/1", "/health"):
                text = await page(http, path, status=503)
                assert re.findall(r'class="[^"]*\bok\b|favicon-ok', text) == []
                assert "cannot be read" in text
            for path in ("/readyz", "/api/health", "/api/v1/overview", "/api/v1/domains/auth/gate/assert"):
                assert (await got(http, path, status=503))["status"] == 503
            assert await got(http, "/livez") == {"status": "alive"}


async def test_after_a_flip_what_differs_threatens_the_way_back_and_the_way_back_comes_first(
    store: SqliteReportStore, clock: StoppedClock
) -> None:
    flipped = FlagState(reads=Reads.POSTGRES, since=NOW - timedelta(days=1), had_go=True)
    judge = verdicts(store, system(), clock)
    judge = replace(judge, flags={**judge.flags, "address": flipped})
    async with serving(replace(services(store), verdicts=judge)) as url, ClientSession(base_url=url) as http:
        text = await page(http, "/domains/address")
        assert 'aria-label="Setting of the rollback"' in text
        assert "Setting of the flip" not in text
        gate = await got(http, "/api/v1/domains/address/gate")
        assert (gate["verdict"], gate["next_step"][:13]) == ("no_go", "go back with ")
        diff = (await got(http, "/api/v1/diffs?domain=address&limit=1"))["diffs"][0]["id"]
        assert "MongoDB is the mirror" in await page(http, f"/diffs/{diff}")
        diff = (await got(http, "/api/v1/diffs?domain=quote&limit=1"))["diffs"]
        assert "MongoDB is the mirror" not in "".join([await page(http, f"/diffs/{one['id']}") for one in diff])


class Defective:
    """Gates that fail in a way nobody foresaw, with a secret in the text."""

    async def gates(self, domains: Sequence[str] = ()) -> tuple[Gate, ...]:
        raise ValueError(f"{SECRET} {domains}")

    async def facts(self, domain: str) -> GateFacts:
        raise ValueError(f"{SECRET} {domain}")

    async def group(self, name: str) -> Group:
        raise ValueError(f"{SECRET} {name}")

    async def all_facts(self) -> tuple[GateFacts, ...]:
        raise ValueError(SECRET)


async def test_a_defect_tells_nobody_what_was_in_its_text(
    store: SqliteReportStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(replace(services(store), verdicts=Defective())) as url, ClientSession(base_url=url) as http:
        text = await page(http, "/", status=500)
        problem = await got(http, "/api/v1/overview", status=500)
    assert SECRET not in text + str(problem) + caplog.text
    assert "ValueError" in caplog.text
    number = re.findall(r"under ([0-9a-f]{12})", problem["detail"])[0]
    assert number in caplog.text
    assert re.findall(r'class="[^"]*\bok\b|favicon-ok', text) == []
