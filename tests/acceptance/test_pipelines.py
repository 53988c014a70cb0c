"""The examples for pipelines, run for real: only a fresh, signed, asked-for go lets them through."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.acceptance.command import CommandLine, command_line
from tests.acceptance.live import Shop

pytestmark = pytest.mark.acceptance
PIPELINES = Path(__file__).resolve().parents[2] / "docs" / "pipelines"
SHORT = {"RECONCILER_GATE__SOAK_WINDOW": "1ms", "RECONCILER_GATE__CLEAN_SCAN_GAP": "1ms"}
PATIENCE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running service whose gate of `auth` is at go, and the keys that a pipeline trusts."""

    reconciler: CommandLine
    url: str
    keys: Path


@pytest.fixture(scope="module")
def served(untouched_shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("pipelines")
    reconciler = command_line(
        mongodb_uri=untouched_shop.reader_mongodb_uri, pg_url=untouched_shop.reader_pg_url, folder=folder
    ).given(**SHORT)
    reconciler("rehearse", "auth", "--minutes", "4", "--comment", "walked").ended(0)
    for _ in range(2):
        reconciler.run("auth", code=0)
    evidence = reconciler.gate("auth", "--require", "ready", code=0)["evidence_digest"]
    reconciler("approve", "auth", "--comment", "looks right", "--evidence", evidence).ended(0)
    keys = folder / "keys.json"
    keys.write_text(reconciler("gate", "--public-key").ended(0).stdout, encoding="utf-8")
    with reconciler.started("serve", "--port", "0", "--no-scheduler") as service:
        assert service.stdout is not None
        address = re.search(r"http://[^/\s]+", service.stdout.readline())
        assert address is not None
        yield Served(reconciler=reconciler, url=address[0], keys=keys)


def ran(script: str, served: Served, *, url: str | None = None, domain: str = "auth") -> int:
    """The exit code of a script."""
    assert shutil.which("curl"), "expected curl on the PATH"
    assert shutil.which("jq"), "expected jq on the PATH"
    environment = {
        **served.reconciler.environment,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "RECONCILER_URL": url or served.url,
        "DOMAIN": domain,
        "KEYS": str(served.keys),
    }
    done = subprocess.run(
        ["sh", str(PIPELINES / script)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=served.reconciler.folder,
        check=False,
    )
    return done.returncode


@contextmanager
def lying(answer: bytes, *, status: int = 200) -> Iterator[str]:
    """A service that gives one answer to everything."""

    class Liar(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Liar)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def asked(served: Served, path: str) -> bytes:
    """What the service says at an address."""
    return subprocess.run(
        ["curl", "--fail", "--silent", f"{served.url}{path}"], check=True, capture_output=True, timeout=PATIENCE_S
    ).stdout


@pytest.mark.parametrize("script", ["gate.sh", "gate-signed.sh"])
def test_a_fresh_go_lets_a_pipeline_through_and_nothing_else_does(served: Served, script: str) -> None:
    assert ran(script, served) == 0
    assert ran(script, served, domain="address") != 0, "409, or signed as what it is"
    assert ran(script, served, domain="nobody") != 0
    assert ran(script, served, url="http://127.0.0.1:9") != 0, "nobody answers"


def test_a_plain_answer_that_is_old_or_of_another_is_no_go(served: Served) -> None:
    go = json.loads(asked(served, "/api/v1/domains/auth/gate/assert"))
    whole = json.dumps(go).encode()
    lies = {
        "old": json.dumps(go | {"valid_until": "2025-01-01T00:00:00.000Z"}).encode(),
        "without an end": json.dumps(go | {"valid_until": None}).encode(),
        "of another domain": json.dumps(go | {"domain": "address"}).encode(),
        "only ready": json.dumps(go | {"verdict": "ready"}).encode(),
        "strange": json.dumps(go | {"verdict": "GO"}).encode(),
        "nothing": b"",
        "no JSON": b"<html>go</html>",
        "twice": whole * 2,
        "a list": b"[]",
    }
    codes = {}
    for name, answer in lies.items():
        with lying(answer) as url:
            codes[name] = ran("gate.sh", served, url=url)
    with lying(whole, status=500) as url:
        codes["an error"] = ran("gate.sh", served, url=url)
    assert {name for name, code in codes.items() if code == 0} == set()
    with lying(whole) as url:
        assert ran("gate.sh", served, url=url) == 0, "the answer itself was good"


def test_a_signed_answer_that_is_replayed_or_changed_is_no_go(served: Served) -> None:
    token = asked(served, "/api/v1/domains/auth/gate?signed=1&nonce=mine").decode()
    head, body, signature = token.split(".")
    elsewhere = served.reconciler.given(RECONCILER_REPORTS=str(served.reconciler.folder / "other"))
    forged = elsewhere("gate", "auth", "--format", "jwt", "--nonce", "mine").stdout
    for answer in (token, f"{head}.{body}.{signature[::-1]}", f"{head}.{body}.", forged, "", "{}"):
        with lying(answer.encode()) as url:
            assert ran("gate-signed.sh", served, url=url) != 0


def test_pyjwt_alone_proves_an_answer(served: Served) -> None:
    go = asked(served, "/api/v1/domains/auth/gate?signed=1&nonce=mine").decode()
    not_go = asked(served, "/api/v1/domains/address/gate?signed=1&nonce=mine").decode()

    def proved(token: str, *, domain: str = "auth", nonce: str = "mine", keys: Path = served.keys) -> int:
        script = str(PIPELINES / "verify_gate.py")
        done = subprocess.run(
            [sys.executable, script, domain, nonce, str(keys)],
            input=token,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return done.returncode

    assert proved(go) == 0
    head, body, signature = go.split(".")
    for wrong in (
        proved(not_go, domain="address"),
        proved(go, domain="address"),
        proved(go, nonce="other"),
        proved(go, keys=served.reconciler.folder / "nowhere.json"),
        proved(f"{head}.{body}.{signature[::-1]}"),
        proved(f"{head}.{not_go.split('.')[1]}.{signature}"),
        proved(""),
    ):
        assert wrong == 3
