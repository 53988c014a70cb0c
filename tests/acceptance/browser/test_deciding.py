"""Deciding from a page and over HTTP: on what was read, once, by who may; what moved is told and not recorded."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from playwright.async_api import Browser, Page

from reconciler.adapters.report_store import SqliteReportStore
from reconciler.core.access import Actor, Means, Role
from reconciler.core.evidence import digest_of
from reconciler.core.spec import GatePolicy
from reconciler.web.entrance import Entrance
from tests.acceptance.browser.board import NOW, Seeder, StoppedClock, acts, services, serving, system, verdicts

pytestmark = [pytest.mark.acceptance, pytest.mark.browser]

GATE, APPROVALS = "/api/v1/domains/config/gate", "/api/v1/domains/config/approvals"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHeader(Entrance):
    """Whoever the header says, as an approver; with a slash, in another role."""

    async def identify(self, request: web.Request) -> Actor:
        name, _, role = request.headers.get("X-Who", "ana").partition("/")
        return Actor(name=name, role=Role(role or "approver"), means=Means.TOKEN)


@pytest.fixture
async def url(store: SqliteReportStore, clock: StoppedClock) -> AsyncIterator[str]:
    pages = services(store, clock=clock)
    async with serving(replace(pages, entrance=ByHeader(sign_in=pages.entrance.sign_in))) as address:
        yield address


@pytest.fixture
async def http(url: str) -> AsyncIterator[ClientSession]:
    async with ClientSession(base_url=url) as session:
        yield session


async def scan_again(store: SqliteReportStore, clock: StoppedClock) -> None:
    """Another clean scan of every domain, an hour later."""
    seeder = Seeder(store, system())
    await seeder.run(NOW + timedelta(minutes=30), [system().domain(name) for name in ("auth", "config")])
    clock.at = NOW + timedelta(hours=1)


async def todays(http: ClientSession) -> str:
    async with http.get(GATE) as answer:
        return str((await answer.json())["evidence_digest"])


async def post(
    http: ClientSession, body: dict[str, str], *, digest: str = "", who: str = "ana", path: str = APPROVALS
) -> tuple[int, dict[str, object]]:
    headers = {"X-Who": who} | ({"If-Match": f'"{digest}"'} if digest else {})
    async with http.post(path, json=body, headers=headers) as answer:
        return answer.status, await answer.json()


READ = {"comment": "read"}
FOUR_EYES = GatePolicy(four_eyes=True)


async def test_an_approval_over_http_is_recorded_with_its_evidence(http: ClientSession) -> None:
    digest = await todays(http)
    status, decision = await post(http, READ, digest=digest)
    assert (status, decision["action"], decision["actor"]) == (201, "approve", "ana")
    async with http.get(GATE) as answer:
        assert (await answer.json())["verdict"] == "go"
    async with http.get(f"/api/v1/evidence/{digest}") as answer:
        assert digest_of((await answer.read()).decode()) == digest
    async with http.get(f"/api/v1/approvals/{decision['id']}") as answer:
        told = await answer.json()
    assert (told["today"], told["role"], told["means"], told["verdict"]) == ("holds", "approver", "token", "ready")


async def test_a_replay_is_the_same_approval(http: ClientSession, store: SqliteReportStore) -> None:
    digest = await todays(http)
    before = (await store.audit_chain()).entries
    answers = [await post(http, READ, digest=digest) for _ in range(3)]
    assert len({decision["id"] for _, decision in answers}) == 1
    assert (await store.audit_chain()).entries == before + 1


async def test_a_decision_names_what_it_is_on(http: ClientSession) -> None:
    status, problem = await post(http, READ)
    assert (status, "If-Match" in str(problem["detail"])) == (428, True)


async def test_evidence_that_moved_is_told_check_by_check(
    http: ClientSession, store: SqliteReportStore, clock: StoppedClock
) -> None:
    digest = await todays(http)
    before = (await store.audit_chain()).entries
    await scan_again(store, clock)
    status, problem = await post(http, READ, digest=digest)
    assert status == 412
    assert (problem["named"], problem["evidence_digest"]) == (digest, await todays(http))
    assert [text for text in problem["moved"] if "the newest scan is run" in text]  # type: ignore[attr-defined]
    assert (await store.audit_chain()).entries == before


@pytest.mark.parametrize(
    ("body", "status"),
    [({"comment": " "}, 400), ({"comment": "-", "action": "wave"}, 400), ({"comment": "-", "more": "x"}, 400)],
)
async def test_a_decision_that_says_nothing_is_refused(http: ClientSession, body: dict[str, str], status: int) -> None:
    assert (await post(http, body, digest=await todays(http)))[0] == status


async def test_roles_decide_no_more_than_they_may(http: ClientSession) -> None:
    digest = await todays(http)
    assert (await post(http, READ, digest=digest, who="oz/viewer"))[0] == 403
    assert (await post(http, READ, digest=digest, who="oz/operator"))[0] == 403
    assert (await post(http, READ | {"action": "request"}, digest=digest, who="oz/operator"))[0] == 201


async def test_a_flip_by_hand_without_a_go_is_an_alarm_on_every_page(http: ClientSession) -> None:
    path = "/api/v1/domains/config/flips"
    status, flag = await post(http, {"reads": "postgres", "comment": "pressed it"}, path=path)
    assert (status, flag["had_go"], flag["origin"]) == (201, False, "ana, by hand")
    assert (await post(http, {"reads": "sqlite", "comment": "-"}, path=path))[0] == 400


async def test_a_check_is_set_aside_by_two_people(http: ClientSession) -> None:
    path, asked = (
        "/api/v1/domains/marketplace/waivers",
        {"check": "depends_on", "reason": "late", "until": "2026-04-01"},
    )
    status, waiver = await post(http, asked, path=path)
    assert (status, waiver["asked_by"], waiver["confirmed_by"]) == (201, "ana", None)
    confirm = f"{path}/{waiver['id']}/confirm"
    assert (await post(http, READ, path=confirm))[0] == 403
    status, waiver = await post(http, READ, path=confirm, who="ben")
    assert (status, waiver["confirmed_by"]) == (201, "ben")
    assert (await post(http, READ, path=confirm, who="cleo"))[0] == 409
    assert (await post(http, asked | {"check": "open_diffs"}, path=path))[0] == 400
    async with http.get("/api/v1/domains/marketplace/gate") as answer:
        gate = await answer.json()
    assert (gate["waived"], gate["verdict"]) == (["depends_on"], "ready")
    async with http.get("/domains/marketplace") as answer:
        assert "in force" in await answer.text()
    assert (await post(http, READ, path=f"{path}/{waiver['id']}/end"))[0] == 201


async def test_four_eyes_take_one_who_answers_for_the_configuration_and_another_who_approves(
    store: SqliteReportStore, clock: StoppedClock
) -> None:
    known = system()
    four = replace(known, domains=tuple(replace(one, policy=FOUR_EYES) for one in known.domains))
    pages = services(store, clock=clock)
    entrance, judge = ByHeader(sign_in=pages.entrance.sign_in), verdicts(store, four, clock)
    pages = replace(pages, system=four, verdicts=judge, acts=acts(store, four, clock), entrance=entrance)
    async with serving(pages) as url, ClientSession(base_url=url) as http:
        digest, path = await todays(http), "/api/v1/domains/config/configuration"
        assert (await post(http, READ, digest=digest))[0] == 201
        async with http.get(GATE) as answer:
            assert (await answer.json())["verdict"] == "ready"
        async with http.get("/domains/config") as answer:
            assert "nobody answers for the configuration" in await answer.text()
        config = four.domain("config")
        read = {"config_digest": config.config_digest, "policy_digest": config.policy_digest, "comment": "ours"}
        assert (await post(http, read | {"policy_digest": "sha256:old"}, path=path))[0] == 409
        assert (await post(http, read, path=path, who="oz/viewer"))[0] == 403
        ben = {"X-Who": "ben/operator"}
        async with http.post(path.removeprefix("/api/v1"), data=read, headers=ben, allow_redirects=False) as answer:
            assert answer.status == 303
        assert (await post(http, read, path=path, who="cleo"))[0] == 409
        assert (await post(http, READ, digest=digest, who="ben"))[0] == 403
        async with http.get(GATE) as answer:
            assert (await answer.json())["verdict"] == "go"


async def test_alarms_are_on_every_page_and_on_pages_that_say_what_is_wrong(
    store: SqliteReportStore, reports: Path
) -> None:
    with closing(sqlite3.connect(reports / "reconciler.db", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER audit_update_refused")
        connection.execute("UPDATE audit SET comment = 'another' WHERE id = 2")
    alarmed = replace(services(store), alarms=lambda: {"config": "ALARM: CONFIG_STORE reads postgres"})
    async with serving(alarmed) as url, ClientSession(base_url=url) as session:
        for path in ("/", "/runs", "/domains/payment", "/audit", "/nowhere"):
            async with session.get(path) as answer:
                text = await answer.text()
            assert "entry 2 was changed after it was written" in text, path
            assert "CONFIG_STORE reads postgres" in text, path
        async with session.get("/api/v1/domains/payment/gate") as answer:
            assert (await answer.json())["verdict"] == "hold"


async def test_the_form_answers_with_the_record_and_reloading_it_sends_nothing(http: ClientSession) -> None:
    form = {"evidence": await todays(http), "action": "approve", "comment": "read"}
    async with http.post("/domains/config/approvals", data=form, allow_redirects=False) as answer:
        assert answer.status == 303
        record = answer.headers["Location"]
    async with http.get(record) as answer:
        text = await answer.text()
    assert ("holds" in text, "ana" in text) == (True, True)


async def test_the_audit_log_is_a_page_and_two_files(http: ClientSession) -> None:
    await post(http, {"comment": '=cmd|" /C calc"!A0'}, digest=await todays(http))
    async with http.get("/audit?action=approve&domain=config") as answer:
        assert "chain intact" in await answer.text()
    async with http.get("/audit.csv?action=approve&domain=config") as answer:
        assert "'=cmd" in await answer.text()
    async with http.get("/api/v1/audit?limit=1") as answer:
        told = await answer.json()
    assert (told["entries"][0]["action"], "before=" in told["next"]) == ("approve", True)
    async with http.get("/api/v1/audit/verify") as answer:
        assert (await answer.json())["intact"] is True


# -- in a browser ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def person(chromium: Browser, url: str, name: str, *, script: bool = True) -> AsyncIterator[Page]:
    """Somebody with a browser of their own, on the page of the domain."""
    context = await chromium.new_context(extra_http_headers={"X-Who": name}, java_script_enabled=script)
    page = await context.new_page()
    await page.goto(f"{url}/domains/config")
    yield page
    await context.close()


async def decide(page: Page, button: str, comment: str) -> None:
    await page.locator("#comment").fill(comment)
    await page.get_by_role("button", name=button).click()


@pytest.mark.parametrize("script", [True, False])
async def test_two_people_race_and_the_one_who_is_late_sees_what_moved(
    chromium: Browser, url: str, store: SqliteReportStore, clock: StoppedClock, *, script: bool
) -> None:
    async with (
        person(chromium, url, "ana", script=script) as ana,
        person(chromium, url, "ben", script=script) as ben,
        person(chromium, url, "cleo", script=script) as cleo,
    ):
        await decide(ana, "Approve flip of config", "read")
        await decide(ben, "Approve flip of config", "read as well")
        for page in (ana, ben):
            assert await page.locator("h1").inner_text() == "Approval of Confirmation thresholds"
            assert await page.get_by_text("holds", exact=True).count() == 1
        await scan_again(store, clock)
        await decide(cleo, "Approve flip of config", "a minute late")
        assert await cleo.locator("h1").inner_text() == "The evidence moved"
        assert await cleo.get_by_text("the newest scan is run").count() == 1
        assert "a minute late" in await cleo.content()
        decisions = (await store.history(system().domain("config"), since=NOW)).decisions
        assert [one.actor for one in decisions if one.domain == "config"] == ["ana", "ben"]


async def test_who_may_not_decide_reads_why(chromium: Browser, url: str) -> None:
    async with person(chromium, url, "oz/viewer") as page:
        assert await page.get_by_role("button", name="Approve flip of config").is_disabled()
        assert await page.get_by_text("This takes a role with the right to approve; yours is viewer.").count()


async def test_what_somebody_writes_is_not_taken_from_under_them(
    chromium: Browser, url: str, store: SqliteReportStore, clock: StoppedClock
) -> None:
    async with person(chromium, url, "ana") as page:
        await page.locator("#comment").fill("half a sentence")
        before = await page.locator("input[name=evidence]").first.input_value()
        await scan_again(store, clock)
        await page.evaluate("refresh()")
        assert await page.locator("#comment").input_value() == "half a sentence"
        assert await page.locator("input[name=evidence]").first.input_value() == before
