"""What leaves the service as a file or for paper: whole, masked, typed, noted in the audit log, and standing alone."""

import base64
import csv
import hashlib
import io
import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from aiohttp import ClientPayloadError, ClientResponse, ClientSession
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from reconciler.adapters.report_store import SqliteReportStore
from reconciler.adapters.signing_key import proved
from reconciler.app.gate_tokens import Expected, judge_claims
from reconciler.app.ports import AuditFilter, DiffFilter, StoredDiff
from reconciler.core.audit import AuditAction
from reconciler.core.gate_values import GateVerdict
from reconciler.errors import ReportStoreError
from tests.acceptance.browser.board import NOW, POISON, services, serving

pytestmark = pytest.mark.acceptance

FILES = {
    "/runs/20.json": "application/json",
    "/runs/20.md": "text/markdown",
    "/domains/address.json": "application/json",
    "/domains/address.md": "text/markdown",
    "/runs.json": "application/json",
    "/runs.csv": "text/csv",
    "/diffs.json": "application/json",
    "/diffs.csv": "text/csv",
    "/diffs/12.json": "application/json",
    "/clusters.json": "application/json",
    "/clusters.csv": "text/csv",
    "/clusters/K-1.json": "application/json",
    "/schedule.json": "application/json",
    "/overview.json": "application/json",
    "/api/v1/runs/20/report.json": "application/json",
    "/api/v1/runs/20/report.xml": "application/xml",
    "/api/v1/runs/20/report.md": "text/markdown",
    "/api/v1/runs/20/report.html": "text/html",
    "/domains/address/record": "text/html",
    "/domains/address/record.json": "application/json",
    "/domains/address/record.md": "text/markdown",
    "/domains/address/record.html": "text/html",
}
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


async def text_of(
    url: str, path: str, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> tuple[ClientResponse, str]:
    async with ClientSession() as session, session.get(url + path, headers=headers) as answer:
        text = await answer.text()
        assert answer.status == status, f"{path}: {text[:300]}"
        return answer, text


@pytest.mark.parametrize("path", FILES)
async def test_every_file_has_its_type_and_the_headers_of_a_page(url: str, path: str) -> None:
    answer, text = await text_of(url, path)

    assert answer.content_type == FILES[path]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert POISON not in text or answer.content_type in ("application/json", "text/csv")
    if path.startswith("/api/v1/runs/20/report") or path.endswith(".csv") or "/record." in path:
        assert answer.headers["Content-Disposition"].startswith("attachment; filename=")


@pytest.mark.parametrize(
    "path", ["/runs/999999.json", "/domains/nobody.md", "/diffs.csv?run=999999", "/diffs.csv?state=x"]
)
async def test_a_file_that_is_not_there_is_a_problem_and_no_page(url: str, path: str) -> None:
    async with ClientSession() as session, session.get(url + path) as answer:
        assert answer.status in (400, 404)
        assert answer.content_type == "application/problem+json"


async def test_the_list_of_differences_is_whole_and_noted(url: str, store: SqliteReportStore) -> None:
    _, text = await text_of(url, "/diffs.csv?domain=address")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))

    stored = [one async for one in store.diffs(DiffFilter(domain="address"))]
    assert {int(row["id"]) for row in rows} == {one.id for one in stored}
    assert len(rows) == sum(max(1, len(one.fields)) for one in stored)
    (entry,) = await store.audit(AuditFilter(actions=(AuditAction.EXPORT,)))
    assert (entry.act.domain, entry.act.comment) == ("address", "differences as csv: all")


@pytest.mark.parametrize("path", ["/diffs.csv", "/runs.csv"])
async def test_the_head_of_a_list_is_its_headers(url: str, path: str) -> None:
    async with ClientSession() as session, session.head(url + path) as answer:
        assert (answer.status, answer.content_type, await answer.read()) == (200, "text/csv", b"")


async def test_a_list_that_is_cut_short_does_not_look_whole(store: SqliteReportStore) -> None:
    class Breaking(SqliteReportStore):
        """Loses its database after the first difference."""

        def diffs(self, wanted: DiffFilter) -> AsyncIterator[StoredDiff]:
            async def first() -> AsyncIterator[StoredDiff]:
                async for one in store.diffs(wanted):
                    yield one
                    raise ReportStoreError("gone")

            return first()

    broken = Breaking.__new__(Breaking)
    for name in vars(store):
        setattr(broken, name, getattr(store, name))
    async with serving(replace(services(store), store=broken)) as url:
        with pytest.raises(ClientPayloadError):
            await text_of(url, "/diffs.csv")


async def test_a_run_as_junit_is_red_where_it_found_something(url: str) -> None:
    _, text = await text_of(url, "/api/v1/runs/21/report.xml")
    root = ET.fromstring(text.encode())  # noqa: S314 - made by the service
    failed = [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None]
    assert "run.verdict" in failed


async def test_the_record_says_who_decided_what_on_which_evidence(url: str, store: SqliteReportStore) -> None:
    _, text = await text_of(url, "/domains/payment/record.json")
    record = json.loads(text)
    (domain,) = record["domains"]

    assert (domain["domain"], domain["gate"]["verdict"], record["made_by"]) == ("payment", "go", "ops")
    approval, rejection = domain["decisions"]
    assert (approval["actor"], approval["action"], approval["today"]) == ("m.ortiz", "approve", "holds")
    assert approval["evidence_digest"] == domain["gate"]["evidence_digest"]
    assert (rejection["actor"], rejection["today"]) == ("k.noor", "void")
    canonical = json.dumps(domain["evidence"], sort_keys=True, separators=(",", ":"))
    assert domain["gate"]["evidence_digest"] == f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
    assert domain["waivers"] == []
    assert domain["stores"] == {"source": "rs0", "target": "7301188842"}
    (flagged,) = json.loads((await text_of(url, "/domains/address/record.json"))[1])["domains"]
    assert {"When to roll back", "Steps", "Check afterwards"} <= set(flagged["rollback_plan"]["sections"])
    assert [one["actor"] for one in flagged["rollback_plan"]["rehearsals"]] == ["s.lee"]
    assert domain["coverage"][0]["coverage"] == 1.0
    _, markdown = await text_of(url, "/domains/payment/record.md")
    _, page = await text_of(url, "/domains/payment/record.html")
    for text in (domain["gate"]["evidence_digest"].partition(":")[2], "m.ortiz", "k.noor", "7301188842"):
        assert text in markdown
        assert text in page
    noted = await store.audit(AuditFilter(actions=(AuditAction.EXPORT,)))
    told = [(entry.act.domain, entry.act.comment) for entry in noted]
    assert told == [("payment", "record as json"), ("address", "record as json"), ("payment", "record as md"),
                    ("payment", "record as html")]  # fmt: skip


@pytest.mark.parametrize("path", ["/domains/address/record.html", "/api/v1/runs/21/report.html"])
async def test_a_paper_stands_alone(url: str, tmp_path: Path, chromium: Browser, path: str) -> None:
    _, text = await text_of(url, path)
    (style,) = STYLE.findall(text)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in text.replace("&#39;", "'")
    assert not re.search(r"<script|<img|<link|<[^>]*\s(?:style|on[a-z]+|href|src)=|@import|url\(|https?:", text)

    file = tmp_path / "paper.html"
    file.write_text(text, encoding="utf-8")
    page = await chromium.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("request", lambda request: None if request.url == file.as_uri() else wrong.append(request.url))
    await page.goto(file.as_uri())
    assert wrong == []
    assert await page.evaluate("getComputedStyle(document.querySelector('table')).borderCollapse") == "collapse"
    assert (await Axe().run(page)).violations_count == 0


async def test_the_print_view_is_a_page_without_violations_and_prints_on_pages(url: str, chromium: Browser) -> None:
    page = await chromium.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    await page.goto(f"{url}/domains/address/record")
    assert wrong == []
    assert (await Axe().run(page)).violations_count == 0
    printed = await page.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    assert await page.get_by_role("heading", name="Signatures").count() == 1


# -- signed answers ----------------------------------------------------------------------------------------------------


async def test_a_signed_answer_is_proved_by_the_key_that_is_told(url: str) -> None:
    told, text = await text_of(url, "/api/v1/keys")
    assert told.content_type == "application/jwk-set+json"
    keys = json.loads(text)
    plain: dict[str, str] = {}
    for path, headers in (
        ("/api/v1/domains/payment/gate?signed=1&nonce=build-512", plain),
        ("/api/v1/domains/payment/gate?nonce=build-512", {"Accept": "application/jwt"}),
        ("/api/v1/domains/payment/gate/assert?signed=1&nonce=build-512", plain),
    ):
        answer, token = await text_of(url, path, headers=headers)
        assert answer.content_type == "application/jwt"
        claims = proved(token, keys)
        expected = Expected(domain="payment", nonce="build-512")
        assert judge_claims(claims, now=NOW, expected=expected) is GateVerdict.GO
        gate = claims["gate"]
        assert isinstance(gate, dict)
        assert (gate["domain"], gate["verdict"]) == ("payment", "go")


async def test_an_answer_that_is_no_go_is_signed_as_what_it_is(url: str) -> None:
    keys = json.loads((await text_of(url, "/api/v1/keys"))[1])
    _, token = await text_of(url, "/api/v1/domains/address/gate?signed=1")
    assert proved(token, keys)["verdict"] == "no_go"
    answer, _ = await text_of(url, "/api/v1/domains/address/gate/assert?signed=1", status=409)
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    "query", ["signed=yes", "signed=1&nonce=", "signed=1&nonce=a%20b", f"signed=1&nonce={'a' * 129}"]
)
async def test_a_strange_wish_is_refused(url: str, query: str) -> None:
    await text_of(url, f"/api/v1/domains/payment/gate?{query}", status=400)
