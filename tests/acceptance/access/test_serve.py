"""`reconciler serve` as a process: where it refuses to listen, and who it lets in."""

import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.acceptance.command import CommandLine, command_line

pytestmark = pytest.mark.acceptance

EVERYWHERE = "0.0.0.0"  # noqa: S104 - that is what is refused
PROXY = {
    "RECONCILER_ACCESS__MODE": "proxy",
    "RECONCILER_ACCESS__TRUSTED_PROXIES": "127.0.0.1",
    "RECONCILER_ACCESS__ISSUER": "https://proxy.example",
    "RECONCILER_ACCESS__AUDIENCE": "reconciler",
    "RECONCILER_ACCESS__APPROVERS": "release",
    "RECONCILER_PROXY_KEY": "k" * 32,
}


@pytest.fixture
def alone(tmp_path: Path) -> CommandLine:
    """A command line whose stores are nowhere."""
    nowhere = "127.0.0.1:1/nothing"
    return command_line(mongodb_uri=f"mongodb://{nowhere}", pg_url=f"postgresql://{nowhere}", folder=tmp_path)


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "192.0.2.1", "gate.example"])
def test_off_this_machine_somebody_has_to_sign_in(alone: CommandLine, host: str) -> None:
    refused = alone("serve", "--host", host, "--port", "0", "--no-scheduler").ended(2)
    assert "server.host" in refused.stderr
    assert "access.mode" in refused.stderr
    assert refused.stdout == ""


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"RECONCILER_SERVER__HOSTS": "gate.example"}, "server.hosts"),
        ({"RECONCILER_ACCESS__MODE": "token", "RECONCILER_SERVER__HOST": EVERYWHERE}, "server.hosts"),
        ({"RECONCILER_ACCESS__MODE": "none"}, "ACCESS__MODE"),
        ({"RECONCILER_ACCESS__TRUSTED_PROXIES": "10.0.0.0/99"}, "ACCESS__TRUSTED_PROXIES"),
        (PROXY | {"RECONCILER_ACCESS__TRUSTED_PROXIES": ""}, "access.trusted_proxies"),
        (PROXY | {"RECONCILER_ACCESS__ISSUER": ""}, "access.issuer"),
        (PROXY | {"RECONCILER_ACCESS__AUDIENCE": ""}, "access.audience"),
        (PROXY | {"RECONCILER_ACCESS__APPROVERS": ""}, "a group that has a role"),
        (PROXY | {"RECONCILER_PROXY_KEY": ""}, "RECONCILER_PROXY_KEY"),
        (PROXY | {"RECONCILER_PROXY_KEY": "k" * 31}, "RECONCILER_PROXY_KEY"),
    ],
)
def test_a_way_in_that_is_not_whole_opens_nothing(alone: CommandLine, environment: dict[str, str], named: str) -> None:
    refused = alone("serve", "--port", "0", "--no-scheduler", **environment).ended(2)
    assert named in refused.stderr
    assert "kkkk" not in refused.said


def test_it_listens_everywhere_once_people_sign_in(alone: CommandLine) -> None:
    text = alone("token", "create", "deploy", "--role", "viewer").ended(0).stdout.strip()
    environment = {"RECONCILER_ACCESS__MODE": "token", "RECONCILER_SERVER__HOSTS": "gate.example"}
    with alone.started("serve", "--host", EVERYWHERE, "--port", "0", "--no-scheduler", **environment) as server:
        assert server.stdout is not None
        port = re.findall(r":(\d+)/", server.stdout.readline())[0]
        asked = f"http://127.0.0.1:{port}/api/v1/overview"

        def status(**headers: str) -> int:
            try:
                with urllib.request.urlopen(urllib.request.Request(asked, headers=headers)) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as problem:
                return problem.code

        assert status() == 401
        assert status(Authorization=f"Bearer {text}") == 200
        assert status(Authorization=f"Bearer {text}", Host="gate.example") == 200
        assert status(Authorization=f"Bearer {text}", Host="evil.example") == 421
        alone("token", "revoke", "deploy").ended(0)
        assert status(Authorization=f"Bearer {text}") == 401
