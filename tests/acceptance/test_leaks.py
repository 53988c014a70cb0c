"""Values that differ and must not be told: planted in every secret and personal field, then searched for everywhere."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.request import urlopen

import pytest

from tests.acceptance.canaries import TEXTS, Planted, plant_canaries, push_token
from tests.acceptance.command import CommandLine, command_line, entities
from tests.acceptance.live import LiveSandbox, Shop
from tests.acceptance.spellings import parts, spellings

pytestmark = pytest.mark.acceptance
DOMAINS = ("auth", "address")
SERVED = (
    "/", "/domains/auth", "/domains/auth.json", "/domains/auth.md", "/domains/auth/record", "/domains/auth/record.html",
    "/domains/auth/record.json", "/domains/auth/record.md", "/runs/1", "/runs/1.json", "/runs/1.md", "/runs.csv",
    "/api/v1/runs/1/report.json", "/api/v1/runs/1/report.xml", "/api/v1/runs/1/report.md",
    "/api/v1/runs/1/report.html", "/api/v1/runs/compare?a=1&b=2", "/diffs", "/diffs.csv", "/diffs.json?limit=500",
    "/clusters", "/clusters.csv", "/clusters.json", "/api/v1/domains/auth/gate?signed=1", "/metrics", "/health",
    "/badge/auth.svg", "/feed.atom",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Everything that the commands printed or left behind, by where it was, and the command line that did it."""

    reconciler: CommandLine
    planted: list[Planted]
    places: Mapping[str, bytes]

    def holding(self, texts: set[bytes]) -> list[str]:
        """The places that hold one of these texts."""
        return sorted(place for place, content in self.places.items() if any(text in content for text in texts))


@pytest.fixture(scope="module")
def told(live_sandbox: LiveSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with live_sandbox.shop(live_sandbox.template()) as shop:
        planted = plant_canaries(shop)
        folder = tmp_path_factory.mktemp("leaks")
        reconciler = command_line(mongodb_uri=shop.reader_mongodb_uri, pg_url=shop.reader_pg_url, folder=folder)
        say_everything(reconciler, planted)
        yield Told(reconciler=reconciler, planted=planted, places=dict(places(reconciler)))


def say_everything(reconciler: CommandLine, planted: list[Planted]) -> None:
    """Every command that could tell a value, in every format that is made in its own way."""
    reconciler("run", *DOMAINS, "--gate").ended(1)
    reconciler("run", *DOMAINS, "--format", "json").ended(1)
    for form in ("text", "jsonl"):
        reconciler("diffs", "list", "--run", "1", "--format", form).ended(0)
        reconciler("clusters", "list", "--format", form).ended(0)
    reconciler("runs", "show", "1").ended(0)
    reconciler("gate", "auth", "--explain").ended(1)
    for record, form in zip(planted, ("text", "json") * len(planted), strict=False):
        assert reconciler("check", record.entity, record.key, "--format", form).code in {1, 3}
    telling = {
        diff["entity"]: diff for diff in reconciler.diffs() if any("redacted" in field for field in diff["fields"])
    }
    for entity in ("user", "address", "telegram_session"):
        reconciler("diffs", "show", str(telling[entity]["id"])).ended(0)
    export_everything(reconciler)


def export_everything(reconciler: CommandLine) -> None:
    """Every format that leaves as a file, from the command line and from the service."""
    run = ("run.json", "run.xml", "run.md", "github:run.github", "run.txt")
    reconciler("runs", "show", "1", *(part for name in run for part in ("--output", name))).ended(0)
    gate = ("gate.json", "gate.jsonl", "gate.xml", "gate.md", "github:gate.github", "gate.jwt")
    reconciler("gate", "auth", *(part for name in gate for part in ("--output", name))).ended(1)
    reconciler("runs", "compare", "1", "2", "--output", "compare.json", "--output", "compare.md").ended(0)
    for name in ("diffs.csv", "diffs.jsonl", "diffs.json"):
        reconciler("diffs", "export", "--output", name).ended(0)
    for domain in DOMAINS:
        names = (f"{domain}-record.{suffix}" for suffix in ("html", "md", "json", "xml", "csv"))
        reconciler("report", domain, *(part for name in names for part in ("--output", name))).ended(0)
    with reconciler.started("serve", "--port", "0", "--no-scheduler") as service:
        assert service.stdout is not None
        address = re.search(r"http://[^/\s]+", service.stdout.readline())
        assert address is not None
        while b"<entry>" not in fetched(f"{address[0]}/feed.atom"):
            """The service has not yet noticed what happened, which notices are made of."""
        for number, path in enumerate(SERVED):
            (reconciler.folder / f"served-{number}").write_bytes(fetched(f"{address[0]}{path}"))


def fetched(address: str) -> bytes:
    with urlopen(address, timeout=60) as answer:  # noqa: S310 - a service of our own
        content: bytes = answer.read()
    return content


def places(reconciler: CommandLine) -> Iterator[tuple[str, bytes]]:
    """What was printed and what lies in the reports folder."""
    for number, answer in enumerate(reconciler.heard):
        name = f"{number} {' '.join(answer.arguments)}"
        yield f"{name}: stdout", answer.stdout.encode()
        yield f"{name}: stderr", answer.stderr.encode()
    for path in sorted(reconciler.folder.rglob("*")):
        if path.is_file():
            yield path.name, path.read_bytes()


def test_no_value_is_told_in_any_spelling(told: Told) -> None:
    found = {text: told.holding(spellings(text) | parts(text)) for text in TEXTS}

    assert {text: places for text, places in found.items() if places} == {}


def test_no_password_of_a_store_is_told(told: Told) -> None:
    for store in ("MONGODB_URI", "PG_URL"):
        password = told.reconciler.environment[store].split("@")[0].rpartition(":")[2]
        assert told.holding(spellings(password) | parts(password)) == []


def test_what_was_searched_had_something_to_tell(told: Told) -> None:
    """Each export names the record that differs in everything, so none was empty."""
    key = spellings(told.planted[0].key)
    named = set(told.holding(key))
    assert {"run.xml", "run.md", "gate.xml", "gate.md", "diffs.csv", "diffs.jsonl", "diffs.json"} <= named
    assert {"auth-record.html", "auth-record.md", "auth-record.xml"} <= named
    assert {f"served-{SERVED.index(path)}" for path in ("/diffs.csv", "/api/v1/runs/1/report.html")} <= named


def test_the_search_finds_what_is_there(told: Told) -> None:
    (database,) = [name for name in told.places if name.endswith(".db")]
    key = told.planted[0].key

    assert database in told.holding(spellings(key))
    for hidden in (key.upper(), key[::-1], key.encode().hex(), key[3:14]):
        assert Told(reconciler=told.reconciler, planted=[], places={"x": hidden.encode()}).holding(
            spellings(key) | parts(key)
        )


def test_the_canaries_were_seen_to_differ(told: Told) -> None:
    diffs = told.reconciler.diffs("--run", "1")
    redacted = {(field["path"], field["redacted"]) for diff in diffs for field in diff["fields"] if "redacted" in field}

    assert {path for path, kind in redacted if kind == "secret"} >= {"passwordHash", "publicKey", "code", "data"}
    assert {path for path, kind in redacted if kind == "pii"} >= {
        "email", "firstName", "lastName", "profile.phone", "walletAddress", "telegramId", "username",
        "recipientName", "line1", "line2", "phone",
    }  # fmt: skip
    tokens = {(diff["outcome"], diff["key"].partition("/")[0]) for diff in diffs if diff["entity"] == "refresh_token"}
    user = told.planted[0].key
    assert tokens == {("missing_in_target", user), ("extra_in_target", user), ("key_defect", user)}


def test_a_violated_invariant_names_records_and_no_values(told: Told) -> None:
    run = told.reconciler("runs", "show", "1", "--format", "json").ended(0).json(like="run")
    violated = {one["name"]: one["sample_keys"] for one in entities(run)["user"]["invariants"] if one["violations"]}

    assert set(violated) == {"unique_email", "unique_telegram_id"}
    users = {record.key for record in told.planted if record.entity == "auth.user"}
    assert all(set(keys) & users for keys in violated.values())


def test_reports_are_for_their_owner_only(told: Told) -> None:
    reports = told.reconciler.reports
    assert reports.stat().st_mode & 0o077 == 0
    assert [path.name for path in reports.rglob("*") if path.stat().st_mode & 0o077] == []


def test_the_same_value_is_masked_alike_in_two_runs_but_not_in_two_reports(shop: Shop, reconciler: CommandLine) -> None:
    token = "kanari-one-token-hash-77"
    user = shop.keys("users")[0]
    push_token(shop, user, token)
    keys = []
    for name in ("one", "one", "two"):
        apart = reconciler.given(RECONCILER_REPORTS=str(reconciler.folder / name))
        run = apart.run("auth", code=1)
        keys += [diff["key"] for diff in apart.diffs("--run", str(run["run"]["id"]))]

    assert keys[0] == keys[1]
    assert keys[0] != keys[2]
    assert {key.partition("/")[0] for key in keys} == {user}
