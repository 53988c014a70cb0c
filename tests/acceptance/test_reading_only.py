"""Runs read: neither store holds, counts or logs a write afterwards, even with accounts that could write."""

from typing import Any

import pytest

from tests.acceptance.command import CommandLine, command_line
from tests.acceptance.live import Shop

pytestmark = pytest.mark.acceptance
READING_COMMANDS = {
    "aggregate", "buildInfo", "collStats", "connectionStatus", "count", "distinct", "endSessions", "explain", "find",
    "getMore", "hello", "isMaster", "killCursors", "listCollections", "listIndexes", "ping", "serverStatus",
}  # fmt: skip
WRITING_STAGES = ("$out", "$merge")
RUNNING_CODE = ("$where", "$function", "$accumulator")
ROWS = "select md5(string_agg(t::text, '|' order by t::text)) from {} t"
WRITES = "select sum(n_tup_ins + n_tup_upd + n_tup_del) as tuples, sum(n_tup_hot_upd) as hot from pg_stat_user_tables"
OBJECTS = "select count(*) from pg_class where relnamespace not in ('pg_toast'::regnamespace)"
TRANSACTIONS = "select pg_snapshot_xmax(pg_current_snapshot())::text"


def contents(shop: Shop) -> dict[str, Any]:
    """What both stores hold, and what PostgreSQL counted as written to it."""
    tables = [row[0] for row in shop.sql("select tablename from pg_tables where schemaname = 'public'")]
    return {
        "documents": shop.mongo.command("dbHash", collections=sorted(shop.collections()))["md5"],
        "collections": sorted(shop.collections()),
        "rows": {table: shop.value(ROWS.format(table)) for table in tables},
        "written": tuple(shop.sql(WRITES)[0]),
        "objects": shop.value(OBJECTS),
        "locks": shop.value("select count(*) from pg_locks where locktype = 'advisory'"),
    }


def use(reconciler: CommandLine, key: str) -> None:
    """A run of each mode and a look at one record."""
    reconciler.run(code=1)
    reconciler.run("auth", "address", "--mode", "sample", "--sample", "20", code=1)
    reconciler.run("address", "--keys", key, code=1)
    reconciler("check", "address", key).ended(1)


@pytest.fixture(params=["reader", "writer"])
def anybody(request: pytest.FixtureRequest, planted_shop: Shop, reconciler_on_faults: CommandLine) -> CommandLine:
    """The command line with accounts that can only read, then with accounts that can do anything."""
    if request.param == "reader":
        return reconciler_on_faults
    return command_line(
        mongodb_uri=planted_shop.mongodb_uri, pg_url=planted_shop.pg_url, folder=reconciler_on_faults.folder
    )


def test_runs_leave_the_stores_as_they_were(planted_shop: Shop, anybody: CommandLine) -> None:
    key = next(one.key for one in planted_shop.planted if one.label == "postal_leading_zero_lost")
    before = contents(planted_shop)
    use(anybody, key)

    assert contents(planted_shop) == before


def test_postgresql_gives_out_no_transaction_number(planted_shop: Shop, anybody: CommandLine) -> None:
    planted_shop.sql("alter system set autovacuum = off")
    planted_shop.sql("select pg_reload_conf()")
    try:
        before = planted_shop.value(TRANSACTIONS)
        anybody.run("address", "review", code=1)
        assert planted_shop.value(TRANSACTIONS) == before
    finally:
        planted_shop.sql("alter system reset autovacuum")
        planted_shop.sql("select pg_reload_conf()")


def test_mongodb_is_asked_nothing_but_reads(planted_shop: Shop, anybody: CommandLine) -> None:
    planted_shop.mongo.command("profile", 2)
    key = next(one.key for one in planted_shop.planted if one.label == "postal_leading_zero_lost")
    use(anybody, key)
    planted_shop.mongo.command("profile", 0)

    asked = list(planted_shop.mongo["system.profile"].find({"appName": {"$regex": "reconciler"}}))
    assert len(asked) > 20
    commands = [one["command"] for one in asked]
    assert {next(iter(command)) for command in commands} <= READING_COMMANDS
    stages = {name for command in commands for stage in command.get("pipeline", ()) for name in stage}
    assert not stages & set(WRITING_STAGES)
    assert not any(word in str(command) for command in commands for word in RUNNING_CODE)
    assert {one["op"] for one in asked} <= {"query", "command", "getmore", "killcursors"}


def test_accounts_that_could_write_are_a_warning_on_loopback(shop: Shop, reconciler: CommandLine) -> None:
    may_write = reconciler.given(MONGODB_URI=shop.mongodb_uri, PG_URL=shop.pg_url)
    answer = may_write("doctor")

    assert "can write" in answer.said or "may write" in answer.said, answer.said
    assert "can write" not in reconciler("doctor").said
