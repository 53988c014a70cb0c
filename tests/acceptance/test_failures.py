"""What goes wrong outside the data: the right code, a sentence that helps, never a green, never a password."""

import sqlite3
from pathlib import Path

import pytest

from tests.acceptance.command import CommandLine, Finished, command_line
from tests.acceptance.live import LiveSandbox, Shop

pytestmark = pytest.mark.acceptance
NOBODY_LISTENS = {"MONGODB_URI": "mongodb://127.0.0.1:1/shop", "PG_URL": "postgresql://reader@127.0.0.1:1/shop"}
DATABASE = "reconciler.db"


def helps(answer: Finished, *words: str) -> None:
    """An error in words on standard error, with what to do next, and nothing on standard output."""
    assert answer.stdout == ""
    assert answer.stderr.startswith("error:") or "\nerror:" in answer.stderr, answer.stderr
    assert "Traceback" not in answer.stderr
    assert "internal error" not in answer.stderr
    for word in words:
        assert word in answer.stderr


def is_not_green(reconciler: CommandLine, domain: str = "address") -> None:
    """Neither the gate nor a stored run says that something was clean."""
    gate = reconciler("gate", domain, "--require", "soaking", "--format", "json")
    assert gate.code in {1, 3}
    assert gate.json(like="gate")["verdict"] in {"no_go", "no_data", "hold"}
    for run in reconciler("runs", "list", "--format", "jsonl").ended(0).lines(like="run"):
        assert run["verdict"] != "clean"
        assert run["run"]["status"] != "completed"


@pytest.mark.parametrize("store", ["MONGODB_URI", "PG_URL"])
def test_a_store_that_is_down(reconciler: CommandLine, store: str) -> None:
    answer = reconciler("run", "address", "--format", "json", **{store: NOBODY_LISTENS[store]}).ended(4)

    helps(answer, store)
    is_not_green(reconciler)
    helps(reconciler("check", "address", "f" * 24, **{store: NOBODY_LISTENS[store]}).ended(4))


@pytest.mark.parametrize("store", ["MONGODB_URI", "PG_URL"])
def test_a_wrong_password_is_told_without_a_password(reconciler: CommandLine, store: str) -> None:
    right = reconciler.environment[store].split("@")[0].rpartition(":")[2]
    wrong = "canary-Wrong-Password"
    answer = reconciler("run", "address", **{store: reconciler.environment[store].replace(right, wrong)}).ended(4)

    helps(answer)
    stored = b"".join(path.read_bytes() for path in reconciler.reports.rglob("*") if path.is_file())
    for secret in (right, wrong):
        assert secret not in answer.said
        assert secret.encode() not in stored
    is_not_green(reconciler)


def test_a_table_that_is_gone(shop: Shop, reconciler: CommandLine) -> None:
    shop.sql("drop table telegram_links")
    run = reconciler.run("auth", code=3)

    assert run["verdict"] == "inconclusive"
    assert any("telegram_links" in note for note in run["domains"][0]["notes"])
    assert reconciler.gate("auth", "--require", "soaking", code=1)["verdict"] == "no_go"


def test_a_column_that_is_gone(shop: Shop, reconciler: CommandLine) -> None:
    shop.sql("alter table addresses drop column region")
    run = reconciler.run("address", code=3)

    assert any("region" in note for note in run["domains"][0]["notes"])


def test_a_collection_that_is_gone(shop: Shop, reconciler: CommandLine) -> None:
    shop.mongo["telegramlinks"].drop()
    run = reconciler.run("auth", code=3)

    assert run["verdict"] == "inconclusive"
    assert any("telegramlinks" in note for note in run["domains"][0]["notes"])


@pytest.mark.parametrize(
    ("file", "right", "typo"),
    [
        ("domains/address.toml", 'collection = "addresses"', 'collection = "adresses"'),
        ("domains/address.toml", 'table = "addresses"', 'table = "adresses"'),
        ("domains/auth.toml", 'collection = "telegramlinks"', 'collection = "telegramLinks"'),
    ],
)
def test_a_typo_in_the_name_of_a_collection_or_table(reconciler: CommandLine, file: str, right: str, typo: str) -> None:
    domain, wrong = Path(file).stem, typo.split('"')[1]
    mistaken = reconciler.with_config(file, right, typo)
    run = mistaken.run(domain, code=3)

    assert run["domains"][0]["verdict"] == "inconclusive"
    assert any(wrong in note for note in run["domains"][0]["notes"])


def test_an_emptied_side_is_not_green(shop: Shop, reconciler: CommandLine) -> None:
    shop.mongo["addresses"].delete_many({})
    reconciler.run("address", code=1)
    shop.sql("update purchase_requests set delivery_address_id = null")
    shop.sql("delete from addresses")
    run = reconciler.run("address", code=5)

    assert run["verdict"] == "nothing_compared"


def test_stores_without_a_record_compare_nothing(shop: Shop, reconciler: CommandLine) -> None:
    names = [row[0] for row in shop.sql("select tablename from pg_tables where schemaname = 'public'")]
    shop.sql(f"truncate {', '.join(names)}")
    for name in shop.mongo.list_collection_names():
        shop.mongo[name].delete_many({})
    run = reconciler.run(code=5)

    assert run["verdict"] == "nothing_compared"
    assert {domain["verdict"] for domain in run["domains"]} == {"nothing_compared"}
    assert reconciler.gate("address", "--require", "soaking", code=1)["verdict"] in {"no_go", "hold"}


def test_databases_without_a_table_are_inconclusive(live_sandbox: LiveSandbox, tmp_path: Path) -> None:
    with live_sandbox.empty_shop() as shop:
        reconciler = command_line(mongodb_uri=shop.reader_mongodb_uri, pg_url=shop.reader_pg_url, folder=tmp_path)
        run = reconciler.run(code=3)

    assert run["verdict"] == "inconclusive"


def test_mistakes_of_every_file_are_told_at_once(reconciler: CommandLine) -> None:
    once = reconciler.with_config("service.toml", "soak_window", "soak_windw")
    file = Path(once.environment["RECONCILER_CONFIG"]) / "domains" / "address.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('kind = "boolean"', 'kind = "bolean"'), encoding="utf-8")
    answer = once("run", "address", "--format", "json").ended(2)

    helps(answer, "service.toml", "soak_windw", "address.toml", "isPrimary", "bolean")
    helps(once("gate", "address").ended(2), "soak_windw")
    assert not once.reports.exists() or not list(once.reports.glob("*.db"))


@pytest.mark.parametrize("missing", ["MONGODB_URI", "PG_URL"])
def test_a_store_that_nobody_named(reconciler: CommandLine, missing: str) -> None:
    helps(reconciler("run", "address", "--format", "json", **{missing: None}).ended(2), missing)


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "adress"),
        ("run", "chat"),
        ("run", "address", "points"),
        ("run", "address", "--mode", "sacn"),
        ("run", "address", "--time-budget", "soon"),
        ("run", "address.address"),
        ("check", "adress", "f" * 24),
        ("check", "address.user", "f" * 24),
        ("check", "chat", "f" * 24),
        ("gate", "adress"),
        ("gate", "address", "--require", "green"),
        ("runs", "show", "99"),
        ("diffs", "list", "--run", "99"),
        ("diffs", "show", "99"),
        ("clusters", "show", "K-99"),
        ("approve", "address", "--comment", "no evidence named"),
        ("rn",),
    ],
    ids=" ".join,
)
def test_what_cannot_be_asked_is_a_usage_error(reconciler: CommandLine, arguments: tuple[str, ...]) -> None:
    answer = reconciler(*arguments).ended(2)

    assert answer.stdout == ""
    assert "error" in answer.stderr.lower()
    assert "Traceback" not in answer.stderr


def test_a_domain_mistyped_is_told_with_the_nearest(reconciler: CommandLine) -> None:
    assert reconciler("gate", "adress").ended(2).stderr.endswith("Next: did you mean `address`?\n")
    assert reconciler("gate", "xyz").ended(2).stderr.endswith("Next: `reconciler config show` lists them\n")


def test_a_host_off_the_list_is_refused_without_its_password(reconciler: CommandLine) -> None:
    answer = reconciler("run", "address", PG_URL="postgresql://reader:canary-Password@db.example.com/shop").ended(2)

    helps(answer, "db.example.com", "allowed_hosts")
    assert "canary" not in answer.said


@pytest.mark.parametrize(
    "url", ["postgresql://reader:canary/Password@127.0.0.1:x/shop", "canary-Password", "http://canary"]
)
def test_an_address_that_is_none_is_told_without_its_text(reconciler: CommandLine, url: str) -> None:
    for store in ("PG_URL", "MONGODB_URI"):
        answer = reconciler("run", "address", **{store: url}).ended(2)
        helps(answer, store)
        assert "canary" not in answer.said


def test_a_report_folder_that_is_a_file(reconciler: CommandLine) -> None:
    reconciler.reports.write_text("in the way", encoding="utf-8")

    for command in (("run", "address", "--format", "json"), ("gate", "address"), ("runs", "list")):
        helps(reconciler(*command).ended(4), "reports")


def test_a_report_database_that_is_damaged(reconciler: CommandLine) -> None:
    reconciler.run("category", code=0)
    (database,) = reconciler.reports.glob("*.db")
    text = bytearray(database.read_bytes())
    text[100:4000] = bytes(3900)
    database.write_bytes(text)
    for left in reconciler.reports.glob("*.db-*"):
        left.unlink()

    for command in (("run", "category", "--format", "json"), ("gate", "category"), ("runs", "list")):
        helps(reconciler(*command).ended(4))
    assert database.read_bytes() == bytes(text)


def test_a_report_database_of_a_newer_release(reconciler: CommandLine) -> None:
    reconciler.run("category", code=0)
    (database,) = reconciler.reports.glob("*.db")
    connection = sqlite3.connect(database)
    (version,) = connection.execute("pragma user_version").fetchone()
    connection.execute(f"pragma user_version = {version + 1}")
    connection.close()

    helps(reconciler("gate", "category").ended(4), str(version + 1))
    helps(reconciler("run", "category", "--format", "json").ended(4))


def test_the_same_database_twice_is_no_comparison(reconciler: CommandLine) -> None:
    answer = reconciler("run", "address", "--format", "json", PG_URL=reconciler.environment["MONGODB_URI"])

    assert answer.code == 2
    helps(answer, "PG_URL")
