"""Deny by default: every address has a right of its own, and no role has more than its due."""

from typing import cast

import pytest

from reconciler.adapters.clock import SystemClock
from reconciler.app.gate_tokens import Signer
from reconciler.app.ports import ReportStore
from reconciler.core.access import Right, Role, rights_of
from reconciler.core.spec import System
from reconciler.web.entrance import Entrance
from reconciler.web.rights import RIGHTS
from reconciler.web.routes import create_app
from reconciler.web.services import Acts, Gates, Insight, WebServices

pytestmark = pytest.mark.unit

OPEN = {
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/logout"),
    ("GET", "/login/oidc"),
    ("GET", "/login/oidc/callback"),
    ("GET", "/static"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/api/health"),
}
ONES_OWN = {("POST", "/appearance")}
BEYOND_VIEW: dict[tuple[str, str], Right] = (
    {
        ("POST", f"{face}/domains/{{domain}}/{act}"): right
        for face in ("", "/api/v1")
        for act, right in {
            "approvals": Right.OPERATE,
            "flips": Right.OPERATE,
            "configuration": Right.OPERATE,
            "waivers": Right.APPROVE,
            "waivers/{id}/confirm": Right.APPROVE,
            "waivers/{id}/end": Right.APPROVE,
        }.items()
    }
    | {
        (method, f"{face}{path}"): right
        for face in ("", "/api/v1")
        for method, path, right in (
            ("POST", "/runs", Right.OPERATE),
            ("POST", "/schedule/pause", Right.OPERATE),
            ("POST", "/schedule/resume", Right.OPERATE),
            ("POST", "/runs/{id}/cancel", Right.OPERATE),
            ("POST", "/diffs/{id}/reread", Right.REVEAL),
            ("POST", "/diffs/{id}/reveal", Right.REVEAL),
            ("PATCH" if face else "POST", "/clusters/{id}", Right.OPERATE),
        )
    }
    | {("POST", "/api/v1/shadow-reads"): Right.OPERATE}
)


def routes() -> set[tuple[str, str]]:
    """Method and path of every route; the application is made, nothing behind it is asked."""
    services = WebServices(
        system=System(domains=()),
        store=cast("ReportStore", None),
        verdicts=cast("Gates", None),
        acts=cast("Acts", None),
        clock=SystemClock(),
        entrance=cast("Entrance", None),
        signer=cast("Signer", None),
        insight=cast("Insight", None),
        title="",
        version="",
    )
    found = [(route.method, route.resource) for route in create_app(services).router.routes()]
    return {(method, resource.canonical) for method, resource in found if resource and method != "HEAD"}


def test_every_route_has_an_entry_and_every_entry_a_route() -> None:
    assert set(RIGHTS) == routes()


def test_only_what_is_listed_here_is_open() -> None:
    assert {route for route, right in RIGHTS.items() if right is None} == OPEN


def test_what_changes_something_takes_more_than_looking() -> None:
    assert {route: right for route, right in RIGHTS.items() if right not in (None, Right.VIEW)} == BEYOND_VIEW
    assert [route for route in RIGHTS if route[0] != "GET" and route not in {*BEYOND_VIEW, *OPEN, *ONES_OWN}] == []


def test_each_role_has_the_rights_of_the_ones_before_it_and_one_more() -> None:
    assert [sorted(right.value for right in rights_of(role)) for role in Role] == [
        ["view"],
        ["reveal", "view"],
        ["operate", "reveal", "view"],
        ["approve", "operate", "reveal", "view"],
        ["administer", "approve", "operate", "reveal", "view"],
    ]
