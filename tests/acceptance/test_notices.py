"""`reconciler serve` tells a real receiver; killed before it was noted, it tells once more under the same id."""

import base64
import json
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from reconciler.core.signature import holds, key_of
from tests.acceptance.command import CommandLine, command_line
from tests.acceptance.served import served

pytestmark = pytest.mark.acceptance

SECRET = "whsec_" + base64.b64encode(b"hunter2-hunter2-hunter2-hunter2").decode()
PATIENCE_S = 60
NOTIFY = """
look_every = "200ms"
link = "https://gate.example"
[[channel]]
name = "hook"
kind = "webhook"
url = "RECONCILER_NOTIFY_HOOK"
secrets = ["RECONCILER_NOTIFY_SECRET"]
domains = ["address"]
"""


@dataclass(kw_only=True)
class Inbox:
    """What a receiver got; while `open` is not set it takes a request and never answers."""

    url: str = ""
    came: "Queue[tuple[dict[str, str], bytes]]" = field(default_factory=Queue)
    open: threading.Event = field(default_factory=threading.Event)

    def next(self) -> tuple[dict[str, str], dict[str, Any]]:
        headers, body = self.came.get(timeout=PATIENCE_S)
        assert holds(body, given=headers, now=datetime.now(UTC), key=key_of(SECRET))
        document: dict[str, Any] = json.loads(body)
        return headers, document


@contextmanager
def inbox() -> Iterator[Inbox]:
    here = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            here.came.put(({name.lower(): value for name, value in self.headers.items()}, body))
            if here.open.wait(PATIENCE_S):
                self.send_response(204)
                self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    here.url = f"http://127.0.0.1:{server.server_address[1]}/hook?key=hunter2"
    try:
        yield here
    finally:
        here.open.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def reconciler(tmp_path: Path) -> CommandLine:
    """A command line whose stores are nowhere, with one channel."""
    nowhere = "127.0.0.1:1/nothing"
    alone = command_line(mongodb_uri=f"mongodb://{nowhere}", pg_url=f"postgresql://{nowhere}", folder=tmp_path)
    whole = alone.with_config("notify.toml", "# Who is told of what.", "#")
    (tmp_path / "config" / "notify.toml").write_text(NOTIFY, encoding="utf-8")
    return whole.given(RECONCILER_NOTIFY_SECRET=SECRET)


def rows(reconciler: CommandLine, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(reconciler.reports / "reconciler.db")) as db:
        return list(db.execute(query))


def test_a_kill_before_it_is_noted_sends_it_once_more_under_the_same_id(reconciler: CommandLine) -> None:
    with inbox() as there:
        told = reconciler.given(RECONCILER_NOTIFY_HOOK=there.url)
        with told.started("serve", "--port", "0", "--no-scheduler") as process:
            assert process.stdout is not None
            assert re.search(r":\d+/", process.stdout.readline())
            told("run", "address", "--mode", "scan").ended(4)  # no store is there: the run fails
            headers, event = there.next()
            process.kill()
            process.wait(PATIENCE_S)
        assert (event["type"], event["data"]["verdict"]) == ("reconciler.gate.verdict_changed.v1", "no_go")
        assert event["data"]["link"] == "https://gate.example/domains/address"
        assert rows(told, "SELECT status, tries FROM deliveries") == [("pending", 0)]
        there.open.set()
        with served(told) as service:
            again, same = there.next()
            assert (again["webhook-id"], same) == (headers["webhook-id"], event)
            while rows(told, "SELECT 1 FROM deliveries WHERE status = 'pending'"):
                pass
            metrics = service("GET", "/metrics").text
            health = service("GET", "/health").text
        assert 'reconciler_notifications_total{channel="hook",result="delivered"} 1.0' in metrics
        assert 'reconciler_notification_channel_well{channel="hook"} 1.0' in metrics
        assert "hook" in health
        assert there.came.empty()
        (log,) = told("notify", "log", "--format", "json").ended(0).json()
        assert (log["status"], log["event"]["id"]) == ("delivered", headers["webhook-id"])
        said = metrics + health + "".join(one.said for one in told.heard)
        assert "hunter2" not in said


def test_channels_are_listed_tested_and_tried_again(reconciler: CommandLine) -> None:
    with inbox() as there:
        there.open.set()
        told = reconciler.given(RECONCILER_NOTIFY_HOOK=there.url)
        assert "arrived (answered 204)" in told("notify", "test").ended(0).stdout
        assert there.next()[1]["type"] == "reconciler.channel.tested.v1"
        (channel,) = told("notify", "list", "--format", "json").ended(0).json()
        assert (channel["channel"], channel["problem"], channel["dead"]) == ("hook", "", 0)
        assert "hook" in told("notify", "list").ended(0).stdout
        missing = told("notify", "test", "nobody").ended(2)
        assert "one of hook" in missing.stderr
    unset = reconciler("notify", "test").ended(4)
    assert "RECONCILER_NOTIFY_HOOK is not set" in unset.stdout
    (dead,) = reconciler("notify", "log", "--dead", "--format", "jsonl").ended(0).lines()
    assert dead["status"] == "dead"
    assert "1 notice back in line" in reconciler("notify", "retry").ended(0).stdout
    assert "RECONCILER_NOTIFY_HOOK is not set" in reconciler("doctor").stdout
    acts = reconciler("audit", "list", "--format", "json").ended(0).stdout
    assert "notices_tested" in acts
    assert "notices_retried" in acts


def test_a_channel_without_an_address_stops_nothing(reconciler: CommandLine) -> None:
    with served(reconciler) as service:
        assert service("GET", "/api/v1/domains/address/gate").json["verdict"] == "no_data"
        assert "RECONCILER_NOTIFY_HOOK is not set" in service("GET", "/health").text
