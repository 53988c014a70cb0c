"""Acts over HTTP on a real service and real stores: runs started and called off, records read again and revealed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.canaries import plant_canaries
from tests.acceptance.command import command_line
from tests.acceptance.live import LiveSandbox, Shop
from tests.acceptance.served import Served, served

pytestmark = pytest.mark.acceptance

LONG = {"RECONCILER_RUNS__CONFIRM_AFTER": "10m", "RECONCILER_RUNS__GIVE_UP_AFTER": "20m"}


@pytest.fixture(scope="module")
def spoilt(live_sandbox: LiveSandbox) -> Iterator[Shop]:
    """A shop with differences in every secret and personal field, for tests that only read it."""
    with live_sandbox.shop(live_sandbox.template()) as shop:
        plant_canaries(shop)
        yield shop


@pytest.fixture
def service(spoilt: Shop, tmp_path: Path) -> Iterator[Served]:
    reconciler = command_line(mongodb_uri=spoilt.reader_mongodb_uri, pg_url=spoilt.reader_pg_url, folder=tmp_path)
    with served(reconciler) as opened:
        yield opened


def test_a_run_is_started_and_followed_under_its_address(service: Served) -> None:
    begun = service("POST", "/api/v1/runs", {"domains": ["address", "config"]})
    assert (begun.status, begun.json["status"], begun.json["mode"]) == (202, "running", "scan")
    busy = service("POST", "/api/v1/runs", {"domains": ["address"]})
    assert (busy.status, busy.headers["Content-Type"]) == (409, "application/problem+json; charset=utf-8")
    run = service.ended(begun.headers["Location"])
    assert (run["run"]["status"], run["verdict"]) == ("completed", "diffs")
    (act,) = service.acts("run_started")
    assert act["comment"] == f"run {run['run']['id']}: scan of address, config"
    sample = service("POST", "/api/v1/runs", {"domains": ["config"], "mode": "sample", "sample": 5, "seed": 3})
    assert service.ended(sample.headers["Location"])["run"]["seed"] == 3


def test_reads_that_the_backend_reports_are_compared_by_key(service: Served) -> None:
    key = service("POST", "/api/v1/runs", {"domains": ["address"]})
    service.ended(key.headers["Location"])
    found = service("GET", "/api/v1/diffs?domain=address&limit=1").json["diffs"][0]
    body = {"domain": "address", "entity": found["entity"], "keys": [found["key"]]}
    run = service.ended(service("POST", "/api/v1/shadow-reads", body).headers["Location"])
    assert (run["run"]["mode"], run["verdict"]) == ("keys", "diffs")
    assert run["run"]["trigger"].startswith("shadow reads of ")
    assert sum(entity["seen"] for entity in run["domains"][0]["entities"]) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ({"domains": "address"}, 400),
        ({"mode": "all"}, 400),
        ({"sample": 0}, 400),
        ({"more": 1}, 400),
        ({"domains": ["nowhere"]}, 404),
        ({"domains": ["address.nothing"], "keys": ["1"]}, 404),
        ({"mode": "keys"}, 400),
        ({"mode": "scan", "keys": ["1"]}, 400),
    ],
)
def test_a_run_that_cannot_be_is_refused_in_words(service: Served, body: object, status: int) -> None:
    answer = service("POST", "/api/v1/runs", body)
    assert (answer.status, bool(answer.json["detail"])) == (status, True)
    assert service("GET", "/api/v1/runs").json["runs"] == []


def test_a_run_is_called_off_and_saved(spoilt: Shop, tmp_path: Path) -> None:
    reconciler = command_line(mongodb_uri=spoilt.reader_mongodb_uri, pg_url=spoilt.reader_pg_url, folder=tmp_path)
    with served(reconciler, **LONG) as service:
        location = service("POST", "/api/v1/runs", {"domains": ["address"]}).headers["Location"]
        page = service("GET", "/runs/1").text
        assert 'action="/runs/1/cancel"' in page
        off = service("POST", f"{location}/cancel")
        assert (off.status, off.json["status"], off.headers["Location"]) == (202, "interrupted", location)
        again = service("POST", f"{location}/cancel")
        assert (again.status, "interrupted" in again.json["detail"]) == (409, True)
        assert [act["comment"] for act in service.acts("run_cancelled")] == ["run 1"]
        assert service("POST", "/api/v1/runs/99/cancel").status == 404
        left = service("POST", "/api/v1/runs", {"domains": ["address"]}).headers["Location"]
    assert (
        reconciler("runs", "show", left.rpartition("/")[2], "--format", "json").json()["run"]["status"] == "interrupted"
    )


def test_a_difference_is_read_again_masked_and_revealed_by_name(service: Served) -> None:
    service.ended(service("POST", "/api/v1/runs", {"domains": ["address", "auth"]}).headers["Location"])
    diffs = service("GET", "/api/v1/diffs?limit=500").json["diffs"]
    personal = next(one for one in diffs if any(field.get("redacted") == "pii" for field in one["fields"]))
    secret = next(one for one in diffs if any(field.get("redacted") == "secret" for field in one["fields"]))

    again = service("POST", f"/api/v1/diffs/{personal['id']}/reread").json
    assert (again["now"], again["key"]) == ("differs", personal["key"])
    (seen,) = again["diffs"]
    assert [field["source"] for field in seen["fields"]] == [field["source"] for field in personal["fields"]]

    answer = service("POST", f"/api/v1/diffs/{personal['id']}/reveal")
    clear = {field["path"]: field for field in answer.json["fields"]}
    hidden = next(field for field in personal["fields"] if field.get("redacted") == "pii")
    assert clear[hidden["path"]]["sensitivity"] == "pii"
    assert "•" not in f"{clear[hidden['path']]['source']}{clear[hidden['path']]['target']}"
    assert answer.headers["Cache-Control"] == "no-store"
    value = str(clear[hidden["path"]]["source"] or clear[hidden["path"]]["target"])
    kept = b"".join(path.read_bytes() for path in sorted(service.reconciler.reports.rglob("*")) if path.is_file())
    assert value.encode() not in kept

    withheld = service("POST", f"/api/v1/diffs/{secret['id']}/reveal").json["fields"]
    assert all(one["source"] is one["target"] is None for one in withheld if one["sensitivity"] == "secret")
    assert [one for one in withheld if one["sensitivity"] == "secret"]
    newest, oldest = service.acts("reveal")
    assert oldest["comment"].startswith(f"diff {personal['id']} of {personal['entity']}: ")
    assert newest["comment"].startswith(f"diff {secret['id']} of {secret['entity']}: ")

    page = service.form(f"/diffs/{personal['id']}/reveal")
    assert (page.status, "written into the audit log" in page.text) == (200, True)
    assert service.form(f"/diffs/{personal['id']}/reread").status == 200


def test_a_cluster_has_an_owner_a_note_and_a_link(service: Served) -> None:
    service.ended(service("POST", "/api/v1/runs", {"domains": ["address"]}).headers["Location"])
    path = f"/api/v1/clusters/{service('GET', '/api/v1/clusters').json['clusters'][0]['id']}"
    noted = service("PATCH", path, {"owner": "m.ortiz", "link": "https://tickets.example/4711"})
    assert (noted.status, noted.json["owner"], noted.json["note"]) == (200, "m.ortiz", None)
    assert service("PATCH", path, {"note": "the writer trims it", "owner": ""}).json["owner"] is None
    told = service("GET", path).json
    assert (told["note"], told["link"]) == ("the writer trims it", "https://tickets.example/4711")
    assert len(service.acts("cluster_noted")) == 2
    for wrong in ("javascript:alert(1)", "https://me:secret@example.org/", "ftp://example.org", "https://"):
        assert service("PATCH", path, {"link": wrong}).status == 400
    assert service("PATCH", path, {}).status == 400
    page = f"/clusters/{told['id']}"
    assert service.form(page, owner="s.lee", note="two\r\nlines", link="").headers["Location"] == page
    assert (service("GET", path).json["note"], service("GET", path).json["link"]) == ("two\nlines", None)


def test_stores_that_are_down_are_said_to_be(spoilt: Shop, tmp_path: Path) -> None:
    reconciler = command_line(mongodb_uri=spoilt.reader_mongodb_uri, pg_url=spoilt.reader_pg_url, folder=tmp_path)
    with served(reconciler) as service:
        service.ended(service("POST", "/api/v1/runs", {"domains": ["address"]}).headers["Location"])
    nowhere = "mongodb://127.0.0.1:9/shop?serverSelectionTimeoutMS=500"
    with served(reconciler, MONGODB_URI=nowhere) as service:
        for act in ("reread", "reveal"):
            answer = service("POST", f"/api/v1/diffs/1/{act}")
            assert (answer.status, bool(answer.json["next_step"])) == (503, True)
        assert service.form("/diffs/1/reread").status == 503
        run = service.ended(service("POST", "/api/v1/runs", {"domains": ["address"]}).headers["Location"])
        assert (run["run"]["status"], run["verdict"]) == ("failed", "inconclusive")
        assert service.acts("reveal") == []
