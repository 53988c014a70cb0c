"""Every route, role and method over HTTP, against the table of rights."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reconciler.core.access import Role, rights_of
from reconciler.web.rights import RIGHTS
from tests.acceptance.access.doors import Site, bearer, site

pytestmark = pytest.mark.acceptance

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
JSON = {"Content-Type": "application/json"}
UNREADABLE = "{"


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path / "reports") as opened:
        yield opened


def address(path: str) -> str:
    """A path of the table with something in its places."""
    whole = path if path != "/static" else "/static/style.css"
    name = "K-1" if "/clusters/" in path else "1"
    return (
        whole.replace("{domain}", "address")
        .replace("{id}", name)
        .replace("{form}", "csv" if "keys" in path else "md")
        .replace("{group}", "reference")
        .replace("{digest}", "sha256:" + "0" * 64)
    )


PATHS = sorted({path for _, path in RIGHTS})


async def answered(guarded: Site, method: str, path: str, headers: dict[str, str]) -> int:
    """The status; a body that no handler can use goes with what changes something."""
    changing = method in ("POST", "PUT", "PATCH", "DELETE")
    guarded.clock.move(60)
    answer = await guarded.asked(
        method, address(path), headers=headers | (JSON if changing else {}), data=UNREADABLE if changing else None
    )
    return answer.status


def taken(method: str, path: str) -> bool:
    return ("GET" if method == "HEAD" else method, path) in RIGHTS


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_gets_what_it_may_and_no_more(guarded: Site, role: Role) -> None:
    headers = bearer(await guarded.token(role))
    wrong = []
    for method in METHODS:
        for path in PATHS:
            status = await answered(guarded, method, path, headers)
            right = RIGHTS.get(("GET" if method == "HEAD" else method, path))
            allowed = right is None or right in rights_of(role)
            expected = 405 if not taken(method, path) else None if allowed else 403
            if status != expected and (expected is not None or status in (401, 403, 405) or status >= 500):
                wrong.append((method, path, status, expected))
    assert wrong == []


async def test_nobody_gets_anything_but_what_is_open(guarded: Site) -> None:
    wrong = []
    for method in METHODS:
        for path in PATHS:
            status = await answered(guarded, method, path, {})
            open_to_all = taken(method, path) and RIGHTS["GET" if method == "HEAD" else method, path] is None
            if open_to_all != (status not in (401, 303)) and path not in ("/login", "/logout"):
                wrong.append((method, path, status))
    assert wrong == []


async def test_an_address_without_an_entry_lets_nobody_through(guarded: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    without = {route: right for route, right in RIGHTS.items() if route != ("GET", "/runs")}
    monkeypatch.setattr("reconciler.web.access.RIGHTS", without)
    headers = bearer(await guarded.token(Role.ADMIN))
    assert (await guarded.asked("GET", "/runs", headers=headers)).status == 403
    assert (await guarded.asked("GET", "/clusters", headers=headers)).status == 200


async def test_where_nothing_is_nobody_learns_so_without_signing_in(guarded: Site) -> None:
    assert (await guarded.asked("GET", "/api/v1/nothing")).status == 401
    headers = bearer(await guarded.token(Role.VIEWER))
    assert (await guarded.asked("GET", "/api/v1/nothing", headers=headers)).status == 404
