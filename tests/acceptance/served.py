"""`reconciler serve` as a process on loopback, and what it answers."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

from tests.acceptance.command import CommandLine

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A service that answers on loopback, where whoever asks is the administrator."""

    port: int
    reconciler: CommandLine

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        given = body if isinstance(body, str) or body is None else json.dumps(body)
        connection.request(method, path, body=given, headers=JSON | headers)
        answer = connection.getresponse()
        told = Answer(status=answer.status, headers=dict(answer.getheaders()), text=answer.read().decode())
        connection.close()
        return told

    def form(self, path: str, **fields: str) -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        return self("POST", path, urlencode(fields), **headers)

    def ended(self, location: str) -> Any:  # noqa: ANN401 - JSON
        """The run at this address, once it is no longer under way."""
        while (run := self("GET", location).json)["run"]["status"] == "running":
            pass
        return run

    def acts(self, action: str) -> list[dict[str, Any]]:
        """The entries of the audit log with this action, newest first."""
        found: list[dict[str, Any]] = self("GET", f"/api/v1/audit?action={action}").json["entries"]
        return found


@contextmanager
def served(reconciler: CommandLine, **environment: str) -> Iterator[Served]:
    with reconciler.started("serve", "--port", "0", "--no-scheduler", **environment) as process:
        assert process.stdout is not None
        (port,) = re.findall(r":(\d+)/", process.stdout.readline())
        yield Served(port=int(port), reconciler=reconciler)
        process.terminate()
        process.wait(timeout=30)
