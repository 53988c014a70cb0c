"""Signing in over HTTP: tokens, sessions, what ends them, and every way to get in without."""

from collections.abc import AsyncIterator
from datetime import timedelta
from http.cookies import Morsel
from pathlib import Path

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar, DummyCookieJar
from yarl import URL

from reconciler.app.ports import AuditFilter
from reconciler.core.access import Actor, Means, Role
from reconciler.core.audit import AuditAction
from reconciler.core.tokens import ABSOLUTE, IDLE
from tests.acceptance.access.doors import ADMIN, Site, bearer, own, site

pytestmark = pytest.mark.acceptance

WHO = "/api/v1/overview"
LOCAL = Actor(name="ops", role=Role.ADMIN, means=Means.LOOPBACK)


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path / "reports") as opened:
        yield opened


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path / "reports", local=LOCAL) as opened:
        yield opened


def given(answer: ClientResponse, name: str = "reconciler") -> "Morsel[str]":
    return answer.cookies[name]


async def status(site: Site, path: str = WHO, **headers: str) -> int:
    return (await site.asked("GET", path, headers=headers)).status


async def with_cookie(site: Site, value: str, name: str = "reconciler", **headers: str) -> int:
    """The status for somebody who shows this cookie and no other."""
    sent = {"Cookie": f"{name}={value}", **headers}
    async with ClientSession(site.url, cookie_jar=DummyCookieJar()) as http, http.get(WHO, headers=sent) as answer:
        return answer.status


async def test_a_machine_says_who_it_is_with_a_token(guarded: Site) -> None:
    text = await guarded.token(Role.VIEWER)
    assert await status(guarded, Authorization=f"Bearer {text}") == 200
    assert await status(guarded, Authorization=f"bearer {text}") == 200
    assert await status(guarded) == 401
    for wrong in (
        text,
        f"Basic {text}",
        "Bearer",
        "Bearer ",
        f"Bearer {text}x",
        f"Bearer {text} {text}",
        "Bearer null",
    ):
        assert await status(guarded, Authorization=wrong) == 401
    answer = await guarded.asked(
        "GET", WHO, headers=[("Authorization", f"Bearer {text}"), ("Authorization", "Basic x")]
    )
    assert answer.status == 401


async def test_somebody_unknown_learns_how_to_sign_in(guarded: Site) -> None:
    answer = await guarded.asked("GET", WHO)
    assert (answer.status, answer.content_type) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "/login" in (await answer.json(content_type=None))["next_step"]
    answer = await guarded.asked("GET", "/runs?domain=auth&before=3")
    there = URL(answer.headers["Location"])
    assert (answer.status, there.path, dict(there.query)) == (303, "/login", {"next": "/runs?domain=auth&before=3"})
    assert (await guarded.asked("GET", "/login")).status == 200


async def test_a_person_signs_in_goes_on_and_signs_out(guarded: Site) -> None:
    text = await guarded.token(Role.APPROVER, "alice")
    answer = await guarded.entered(text, next="/runs?domain=auth")
    assert (answer.status, answer.headers["Location"]) == (303, "/runs?domain=auth")
    page = await (await guarded.asked("GET", "/runs?domain=auth")).text()
    assert "alice" in page
    assert "approver" in page
    assert 'action="/logout"' in page
    assert text not in page
    cookie = given(answer).value
    answer = await guarded.asked("POST", "/logout", headers=own(guarded.url))
    assert (answer.status, answer.headers["Location"]) == (303, "/login")
    assert await status(guarded) == 401
    assert await with_cookie(guarded, cookie) == 401


async def test_a_cookie_is_closed_to_scripts_and_other_sites(guarded: Site) -> None:
    text = await guarded.token(Role.VIEWER)
    cookie = given(await guarded.entered(text))
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")
    assert int(cookie["max-age"]) == ABSOLUTE.total_seconds()
    assert text not in cookie.value


async def test_away_from_this_machine_a_cookie_needs_tls(tmp_path: Path) -> None:
    async with site(tmp_path / "reports", hosts=("gate.example",)) as guarded:
        text = await guarded.token(Role.VIEWER)
        headers = {"Host": "gate.example", "Origin": "https://gate.example"}
        answer = await guarded.asked("POST", "/login", data={"token": text}, headers=headers)
        cookie = given(answer, "__Host-reconciler")
        assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
        assert await with_cookie(guarded, cookie.value, "__Host-reconciler", Host="gate.example") == 200
        assert await with_cookie(guarded, cookie.value, Host="gate.example") == 401
        answer = await guarded.asked("GET", "/livez", headers={"Host": "gate.example"})
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


async def test_no_session_can_be_prepared_for_somebody_else(guarded: Site) -> None:
    first = given(await guarded.entered(await guarded.token(Role.VIEWER, "eve"))).value
    second = given(await guarded.entered(await guarded.token(Role.ADMIN, "alice"))).value
    assert first != second
    assert await with_cookie(guarded, first) == 401
    async with ClientSession(guarded.url, cookie_jar=CookieJar(unsafe=True)) as other:
        planted = {**own(guarded.url), "Cookie": "reconciler=planted"}
        data = {"token": await guarded.token(Role.ADMIN, "bob")}
        async with other.post("/login", data=data, headers=planted, allow_redirects=False) as answer:
            assert given(answer).value != "planted"
    assert await with_cookie(guarded, "planted") == 401
    assert await with_cookie(guarded, second) == 200


async def test_revoking_and_expiring_end_a_session_at_once(guarded: Site) -> None:
    await guarded.entered(await guarded.token(Role.VIEWER, "alice"))
    assert await status(guarded) == 200
    await guarded.sign_in.revoke("alice", by=ADMIN)
    assert await status(guarded) == 401
    text, _ = await guarded.sign_in.create("bob", role=Role.VIEWER, expires_in=timedelta(minutes=5), by=ADMIN)
    await guarded.entered(text)
    assert await status(guarded) == 200
    guarded.clock.move(300)
    assert await status(guarded) == 401


async def test_a_session_ends_by_disuse_and_a_page_that_refreshes_itself_is_no_use(guarded: Site) -> None:
    await guarded.entered(await guarded.token(Role.VIEWER))
    half = IDLE.total_seconds() / 2
    guarded.clock.move(half)
    assert await status(guarded, **{"Sec-Fetch-Mode": "navigate"}) == 200
    guarded.clock.move(half)
    assert await status(guarded, **{"Sec-Fetch-Mode": "cors"}) == 200
    guarded.clock.move(half)
    assert await status(guarded, **{"Sec-Fetch-Mode": "cors"}) == 401


async def test_no_sign_in_leads_to_another_site(guarded: Site) -> None:
    text = await guarded.token(Role.VIEWER)
    strange = (
        "//evil.example", "/\\evil.example", "https://evil.example", "/.//evil.example", "/../evil", "javascript:x",
        "/\t/evil.example", "/x\r\nSet-Cookie: a=b", "evil", "", "/%2f%2fevil", "/@evil.example", "/runs\\..",
    )  # fmt: skip
    for path in strange:
        guarded.clock.move(60)
        answer = await guarded.entered(text, next=path)
        assert (answer.status, answer.headers["Location"]) == (303, "/"), path
        page = await (await guarded.asked("GET", "/login", params={"next": path})).text()
        assert 'name="next" value="/"' in page


async def test_a_wrong_token_is_told_nothing_but_that(guarded: Site) -> None:
    live, revoked = await guarded.token(Role.VIEWER, "a"), await guarded.token(Role.VIEWER, "b")
    await guarded.sign_in.revoke("b", by=ADMIN)
    pages = set()
    for text in (revoked, live[:-1], "reconciler_" + "A" * 43, "", "x" * 1000):
        guarded.clock.move(60)
        answer = await guarded.entered(text)
        assert answer.status == 401
        assert not answer.cookies
        pages.add(await answer.text())
        assert not text or text not in pages.pop()
    assert len(pages) <= 1


async def test_sign_ins_are_rationed_by_address_and_by_all(guarded: Site) -> None:
    text = await guarded.token(Role.VIEWER)
    codes = [(await guarded.entered("wrong")).status for _ in range(6)]
    assert codes == [401] * 5 + [429]
    answer = await guarded.entered(text)
    assert answer.status == 429
    guarded.clock.move(float(answer.headers["Retry-After"]))
    assert (await guarded.entered(text)).status == 303


async def test_changes_are_rationed(guarded: Site) -> None:
    codes = {(await guarded.asked("POST", "/api/v1/nothing")).status for _ in range(101)}
    answer = await guarded.asked("POST", "/api/v1/nothing")
    assert codes == {401, 429}
    assert (answer.status, answer.content_type) == (429, "application/problem+json")
    assert int(answer.headers["Retry-After"]) >= 1
    assert (await guarded.asked("GET", "/livez")).status == 200


async def test_sign_ins_are_acts_and_refusals_cannot_flood_the_log(guarded: Site) -> None:
    await guarded.entered(await guarded.token(Role.VIEWER, "alice"))
    for _ in range(30):
        assert await status(guarded, **bearer("wrong")) == 401
    entries = [entry.act for entry in await guarded.store.audit(AuditFilter())]
    assert [one.action for one in entries[:2]] == [AuditAction.TOKEN_CREATED, AuditAction.SIGNED_IN]
    refused = [one for one in entries if one.action is AuditAction.SIGN_IN_REFUSED]
    assert [(one.actor.name, one.comment) for one in refused] == [("unknown", "from 127.0.0.1")] * 10
    assert (await guarded.store.audit_chain(full=True)).intact


async def test_on_loopback_everyone_is_the_administrator_and_every_page_says_so(local: Site) -> None:
    for path in ("/", "/runs", "/clusters", "/health", "/nothing-here", "/login", "/?wall=1"):
        assert "No sign-in is configured" in await (await local.asked("GET", path)).text(), path
    assert await status(local) == 200


async def test_on_loopback_a_token_counts_for_what_it_is(local: Site) -> None:
    assert await status(local, **bearer("wrong")) == 401
    await local.entered(await local.token(Role.VIEWER, "alice"))
    page = await (await local.asked("GET", "/runs")).text()
    assert "alice" in page
    assert "No sign-in is configured" not in page


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP", "x-forwarded-host"])
async def test_what_a_proxy_passed_on_is_not_from_this_machine(local: Site, name: str) -> None:
    for path in (WHO, "/"):
        assert await status(local, path, **{name: "127.0.0.1"}) == 401
    assert await status(local, "/livez", **{name: "127.0.0.1"}) == 200


JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
OTHERS: list[dict[str, str]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
]


@pytest.mark.parametrize("headers", OTHERS)
async def test_no_other_site_changes_anything(local: Site, headers: dict[str, str]) -> None:
    text = await local.token(Role.ADMIN)
    assert (await local.asked("POST", "/login", data={"token": text}, headers=headers)).status == 403
    assert (await local.asked("POST", "/logout", headers=headers | JSON)).status == 403
    assert (await local.asked("POST", "/logout", headers=headers | bearer(text))).status == 403


async def test_a_form_of_our_own_tells_no_origin(local: Site) -> None:
    """Browsers say `Origin: null` under our Referrer-Policy."""
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"} | FORM
    assert (await local.asked("POST", "/logout", headers=headers)).status == 303


async def test_where_no_browser_speaks_a_token_or_this_machine_must(local: Site, tmp_path: Path) -> None:
    text = await local.token(Role.ADMIN)
    assert (await local.asked("POST", "/login", data={"token": text})).status == 403
    assert (await local.asked("POST", "/logout", headers=FORM)).status == 403
    assert (await local.asked("POST", "/logout", headers=JSON)).status == 303
    assert (await local.asked("POST", "/logout", headers=bearer(text))).status == 303
    async with site(tmp_path / "guarded") as guarded:
        await guarded.entered(await guarded.token(Role.ADMIN))
        assert (await guarded.asked("POST", "/logout", headers=JSON)).status == 403


async def test_a_body_is_of_the_type_that_its_address_takes(local: Site) -> None:
    text = await local.token(Role.ADMIN)
    sent = own(local.url)
    for kind in ("text/plain", "application/json", "multipart/form-data; boundary=x"):
        answer = await local.asked("POST", "/login", data=f"token={text}", headers=sent | {"Content-Type": kind})
        assert answer.status == 415, kind
