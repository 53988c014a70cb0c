"""Repair plans run against real stores, by the test: they mend what they say, twice is once, stale ones do nothing."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from bson import json_util

from reconciler.adapters.config_files import load_configuration
from reconciler.app.ports import DiffFilter
from reconciler.app.repairs import Asked, Planned
from reconciler.core.access import Actor, Means, Role
from reconciler.core.model import OPEN_STATES
from reconciler.core.repair.plan import Direction
from reconciler.core.repair.writing import Heading, written
from reconciler.errors import Conflict
from reconciler.wiring import open_reports, repairs
from tests.acceptance.command import CommandLine, command_line
from tests.acceptance.live import Shop

pytestmark = pytest.mark.acceptance

WHO = Actor(name="tester", role=Role.INVESTIGATOR, means=Means.TOKEN)
HOSTILE = "O'Reilly \\ \"Sons\"\n-- '; DROP TABLE addresses; :name $1 \u2028 é {}"
Place = tuple[str, str]
Made = list[tuple[Planned, str]]


@pytest.fixture
def scanned(planted_shop: Shop, tmp_path: Path) -> CommandLine:
    """A command line that has scanned the faults, one of them with every character that could be misread."""
    key = planted_shop.keys("addresses", where="label is not null and city !~ ' $' and postal_code !~ '^[1-9]'")[-1]
    planted_shop.set_source("addresses", key, label=HOSTILE)
    line = command_line(
        mongodb_uri=planted_shop.reader_mongodb_uri, pg_url=planted_shop.reader_pg_url, folder=tmp_path
    )  # fmt: skip
    line.run(code=1)
    return line


def plans(line: CommandLine, direction: Direction, *, delete: bool = False) -> tuple[Made, set[Place]]:
    """A plan with its file for each cluster that can have one, and the records that were refused in any."""
    return asyncio.run(_plans(line, direction, delete=delete))


async def _plans(line: CommandLine, direction: Direction, *, delete: bool) -> tuple[Made, set[Place]]:
    config = load_configuration(folder=Path(line.environment["RECONCILER_CONFIG"]), environ=line.environment)
    made: Made = []
    refused: set[Place] = set()
    async with open_reports(config) as reports:
        for cluster in await reports.store.clusters():
            asked = Asked(cluster=cluster.id, direction=direction, delete=delete)
            try:
                planned = await repairs(reports).plan(asked, actor=WHO)
            except Conflict:
                wanted = DiffFilter(cluster=cluster.id, states=tuple(OPEN_STATES))
                refused |= {(diff.entity, diff.key) async for diff in reports.store.diffs(wanted)}
                continue
            refused |= {(cluster.entity, one.key) for one in planned.plan.refusals}
            refused |= {(cluster.entity, one.key) for one in planned.plan.steps if one.listed}
            made.append((planned, written(planned.plan, _heading(cluster.id))))
    return made, refused


def _heading(cluster: str) -> Heading:
    return Heading(
        cluster=cluster, title="t\n; DROP", place="p", made_at=datetime(2026, 3, 1, tzinfo=UTC), made_by="tester",
        proof="reconciler run", file="plan",
    )  # fmt: skip


def mended(made: Made, refused: set[Place]) -> set[Place]:
    """The records that plans change, and that no other plan had to leave alone."""
    changed = {(planned.cluster.entity, step.key) for planned, _ in made for step in planned.plan.changing}
    return changed - refused


def run_sql(shop: Shop, text: str) -> None:
    """Runs a file as psql would, as the account that may write."""

    async def run() -> None:
        connection = await asyncpg.connect(shop.pg_url)
        try:
            await connection.execute(text)
        finally:
            await connection.close()

    shop.live.call(run())


def run_script(shop: Shop, text: str) -> None:
    """Runs the commands of a script as mongosh would."""
    for line in text.splitlines():
        if line.startswith("run("):
            answer = shop.mongo.command(json_util.loads(line.removeprefix("run(").removesuffix(");")))
            assert answer.get("writeErrors", []) == []


def rows(shop: Shop) -> dict[str, str]:
    """Every table as a digest of its rows."""
    names = shop.sql("select tablename from pg_tables where schemaname = 'public' order by 1")
    digest = "select md5(coalesce(string_agg(t::text, ',' order by t::text), '')) from {} t"
    return {name: shop.value(digest.format(name)) for (name,) in names}


def documents(shop: Shop) -> dict[str, str]:
    """Every collection as the text of its documents."""
    return {
        name: json_util.dumps(list(shop.mongo[name].find().sort("_id", 1))) for name in sorted(shop.collections())
    }  # fmt: skip


def still_open(line: CommandLine) -> set[Place]:
    """The records that another scan finds different."""
    found = line.run(code=1)
    return {(diff["entity"], diff["key"]) for diff in line.diffs("--run", str(found["run"]["id"]))}


@pytest.mark.parametrize(
    ("direction", "run", "state", "least"),
    [(Direction.POSTGRES, run_sql, rows, 70), (Direction.MONGO, run_script, documents, 60)],
)
def test_plans_mend_what_they_say_and_twice_is_once(
    planted_shop: Shop,
    scanned: CommandLine,
    direction: Direction,
    run: Callable[[Shop, str], None],
    state: Callable[[Shop], dict[str, str]],
    least: int,
) -> None:
    other = documents if state is rows else rows
    before = other(planted_shop)
    made, refused = plans(scanned, direction)
    assert other(planted_shop) == before, "making plans changes nothing"
    for _, text in made:
        run(planted_shop, text)
    once = state(planted_shop)
    for _, text in made:
        run(planted_shop, text)
    assert state(planted_shop) == once
    assert other(planted_shop) == before
    gone = mended(made, refused)
    assert len(gone) >= least
    assert still_open(scanned) & gone == set()


MOVED = (
    "update addresses set postal_code = 'moved', city = 'moved', line1 = 'moved', label = 'moved', created_at = now() "
    "where legacy_object_id = $1 returning 1"
)
GONE = {"postalCode": "gone", "city": "gone", "line1": "gone", "label": "gone", "createdAt": None}


def move(shop: Shop, key: str) -> None:
    """Writes an address in both stores, as somebody might between a plan and its use."""
    shop.mongo["addresses"].update_one({"_id": shop.object_id(key)}, {"$set": GONE})
    there = shop.sql(MOVED, key)
    if not there:
        shop.sql("insert into addresses (id, legacy_object_id) values (gen_random_uuid(), $1)", key)


def test_a_stale_plan_changes_nothing_deleting_is_asked_for_and_secrets_never_leave(
    planted_shop: Shop, scanned: CommandLine
) -> None:
    plain, _ = plans(scanned, Direction.POSTGRES)
    towards_postgres, _ = plans(scanned, Direction.POSTGRES, delete=True)
    towards_mongo, _ = plans(scanned, Direction.MONGO, delete=True)
    everything = [text for _, text in (*plain, *towards_postgres, *towards_mongo)]
    hashes = [row[0] for row in planted_shop.sql("select password_hash from users where password_hash is not null")]
    assert hashes
    assert not any(secret in text for secret in hashes for text in everything)
    assert not any("DELETE" in text for _, text in plain)

    ours = [one for one in (*towards_postgres, *towards_mongo) if one[0].cluster.entity == "address"]
    extra = {step.key for one, _ in ours if one.cluster.kind == "extra_in_target" for step in one.plan.steps}
    for key in {step.key for one, _ in ours for step in one.plan.changing} - extra:
        move(planted_shop, key)
    before = rows(planted_shop), documents(planted_shop)
    for planned, text in ours:
        if planned.cluster.kind != "extra_in_target":
            (run_sql if planned.plan.direction is Direction.POSTGRES else run_script)(planted_shop, text)
    assert (rows(planted_shop), documents(planted_shop)) == before

    (deleting,) = [
        text for one, text in towards_postgres if "addresses" in text and one.cluster.kind == "extra_in_target"
    ]
    run_sql(planted_shop, deleting)
    assert not planted_shop.sql("select from addresses where legacy_object_id = any($1)", list(extra))


def test_the_command_writes_a_private_file_says_how_to_run_it_and_is_audited(
    planted_shop: Shop, scanned: CommandLine
) -> None:
    clusters = scanned("clusters", "list", "--format", "json").ended(0).json()
    (cents,) = [one["id"] for one in clusters if one["path"] == "amount"]
    (numbers,) = [one["id"] for one in clusters if one["path"] == "postalCode" and one["kind"] == "type"]
    said = scanned("clusters", "repair", cents, "--output", "plan.sql").ended(0)
    assert said.stdout == ""
    assert "11 records to change in PostgreSQL" in said.stderr
    file = scanned.folder / "plan.sql"
    assert file.stat().st_mode & 0o777 == 0o600
    assert 'psql "$PG_URL" --no-psqlrc --set ON_ERROR_STOP=1 --file plan.sql' in file.read_text(encoding="utf-8")
    refused = scanned("clusters", "repair", numbers, "--output", "no.sql").ended(2)
    assert "--direction mongo" in refused.stderr
    assert not (scanned.folder / "no.sql").exists()
    scanned("clusters", "repair", numbers, "--direction", "mongo", "--output", "plan.js").ended(0)
    entries = scanned("audit", "list", "--format", "jsonl").ended(0).stdout.splitlines()
    noted = [json.loads(line) for line in entries]
    assert [one["comment"] for one in noted if one["action"] == "reveal"] == [
        f"repair plan for {numbers} of address, towards MongoDB: postalCode, 2 records",
        f"repair plan for {cents} of payment, towards PostgreSQL: amount, 11 records",
    ]
    token = scanned("token", "create", "looker", "--role", "viewer").ended(0).stdout.split()
    secret = next(word for word in token if len(word) > 20)
    scanned("clusters", "repair", cents, "--output", "mine.sql", RECONCILER_TOKEN=secret).ended(2)
