"""Settings: file, then environment, then flags; a domain's own gate stands between file and environment."""

import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.adapters.config.values import format_duration, parse_duration
from reconciler.adapters.config_files import Configuration, load_configuration
from reconciler.adapters.settings import folder_named
from reconciler.core.spec import GatePolicy, Schedule
from reconciler.errors import ConfigurationError

pytestmark = pytest.mark.unit

CONFIG = Path(__file__).resolve().parents[3] / "config"
MONGODB_URI = "mongodb://reader:hunter2@127.0.0.1:27017/market"
PG_URL = "postgresql://reader:hunter2@127.0.0.1:5432/market"


def load(folder: Path, environ: Mapping[str, str] | None = None, **overrides: object) -> Configuration:
    return load_configuration(
        folder=folder,
        environ=environ or {},
        overrides={key.replace("__", "."): value for key, value in overrides.items()},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(CONFIG, tmp_path / "config")
    return tmp_path / "config"


def add(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(path.read_text(encoding="utf-8").replace("depends_on", f"{text}\ndepends_on", 1), encoding="utf-8")


def test_the_gate_has_the_promised_defaults() -> None:
    assert load(CONFIG).settings.gate == GatePolicy(
        soak_window=timedelta(hours=72),
        min_clean_scans=2,
        clean_scan_gap=timedelta(hours=24),
        max_scan_age=timedelta(hours=26),
        min_coverage=1.0,
        approvals=1,
        approval_ttl=timedelta(hours=24),
        rehearsal_max_age=timedelta(days=14),
    )


def test_environment_beats_file_and_flag_beats_environment(folder: Path) -> None:
    environ = {"RECONCILER_SERVER__PORT": "9000", "RECONCILER_SERVER__HOST": "::1"}
    loaded = load(folder, environ, server__port=9001, server__host=None)
    assert (loaded.settings.server.port, loaded.settings.server.host) == (9001, "::1")
    told = {key: loaded.sources[key] for key in ("server.port", "server.host", "gate.approvals")}
    assert told == {"server.port": "flag", "server.host": "environment", "gate.approvals": "file"}


def test_a_domain_overrides_the_service_and_the_environment_overrides_both(folder: Path) -> None:
    add(folder, "domains/address.toml", 'gate = { soak_window = "7d", approvals = 2 }\nschedule = { sample = "" }')
    loaded = load(folder, {"RECONCILER_GATE__APPROVALS": "0"})
    address, auth = loaded.system.domain("address"), loaded.system.domain("auth")
    assert (address.policy.soak_window, address.policy.approvals) == (timedelta(days=7), 0)
    assert (auth.policy.soak_window, auth.policy.approvals) == (timedelta(hours=72), 0)
    assert address.schedule == Schedule(scan="0 1 * * *", sample="")
    assert loaded.sources["domains.address.gate.soak_window"] == "file"
    assert loaded.sources["domains.address.gate.approvals"] == "environment"
    assert loaded.sources["gate.approvals"] == "environment"


def test_the_environment_spells_every_kind_of_value(folder: Path) -> None:
    environ = {
        "RECONCILER_STORES__ALLOWED_HOSTS": "::1, db.example",
        "RECONCILER_STORES__ALLOW_WRITABLE_CREDENTIALS": "true",
        "RECONCILER_GATE__SOAK_WINDOW": "0s",
        "RECONCILER_GATE__MIN_COVERAGE": "0.5",
        "RECONCILER_RUNS__SAMPLE": "25",
        "RECONCILER_RUNS__CONFIRM_AFTER": "1.5s",
        "RECONCILER_SCHEDULE__SCAN": "30 2 * * mon-fri",
        "RECONCILER_DASHBOARD__TITLE": "Staging",
    }
    settings = load(folder, environ).settings
    assert settings.stores.allowed_hosts == ["::1", "db.example"]
    assert settings.stores.allow_writable_credentials is True
    assert (settings.gate.soak_window, settings.gate.min_coverage) == (timedelta(0), 0.5)
    assert (settings.runs.sample, settings.runs.confirm_after) == (25, timedelta(milliseconds=1500))
    assert (settings.schedule.scan, settings.dashboard.title) == ("30 2 * * mon-fri", "Staging")


@pytest.mark.parametrize(
    "name", ["RECONCILER_GATE__SOAKWINDOW", "RECONCILER_GAET__APPROVALS", "RECONCILER_SOAK_WINDOW"]
)
def test_an_unknown_name_in_the_environment_is_a_mistake(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(CONFIG, {name: "1"})
    (only,) = caught.value.problems
    assert only.startswith(f"environment: {name}: expected ")


def test_an_unknown_flag_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match=r"command line: server\.prot: .*did you mean port"):
        load(CONFIG, server__prot=1)


def test_other_variables_are_nobodys_business() -> None:
    assert (
        load(CONFIG, {"PATH": "/bin", "RECONCILERS": "x", "RECONCILER_GATE__APPROVALS": ""}).settings.gate.approvals
        == 1
    )


def test_folders_come_from_the_environment() -> None:
    assert folder_named("RECONCILER_CONFIG", {}) == Path("config")
    assert folder_named("RECONCILER_CONFIG", {"RECONCILER_CONFIG": "elsewhere"}) == Path("elsewhere")
    assert load(CONFIG).settings.reports == Path("reports")
    loaded = load(CONFIG, {"RECONCILER_REPORTS": "there"})
    assert (loaded.settings.reports, loaded.sources["reports"]) == (Path("there"), "environment")
    loaded = load(CONFIG, {"RECONCILER_REPORTS": "there"}, reports="here")
    assert (loaded.settings.reports, loaded.sources["reports"]) == (Path("here"), "flag")


def test_store_addresses_are_never_shown() -> None:
    settings = load(CONFIG, {"MONGODB_URI": MONGODB_URI, "PG_URL": PG_URL}).settings
    source, target = settings.store_addresses()
    assert (source.get_secret_value(), target.get_secret_value()) == (MONGODB_URI, PG_URL)
    assert "hunter2" not in f"{settings!r} {settings} {source} {target!r}"


def test_store_addresses_can_lie_in_files(tmp_path: Path) -> None:
    (tmp_path / "mongo").write_text(f"{MONGODB_URI}\n", encoding="utf-8")
    environ = {"MONGODB_URI_FILE": str(tmp_path / "mongo"), "PG_URL": PG_URL}
    assert load(CONFIG, environ).settings.store_addresses()[0].get_secret_value() == MONGODB_URI


def test_mistakes_around_store_addresses_name_the_variable_and_no_value(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    environ = {"MONGODB_URI": MONGODB_URI, "MONGODB_URI_FILE": "x", "PG_URL_FILE": str(tmp_path / "empty")}
    with pytest.raises(ConfigurationError) as caught:
        load(CONFIG, environ)
    assert caught.value.problems == (
        "environment: MONGODB_URI: expected either this or MONGODB_URI_FILE, got both",
        "environment: PG_URL_FILE: expected a file with the value, got an empty file",
    )
    with pytest.raises(ConfigurationError, match="PG_URL_FILE: expected a file that can be read, got No such file"):
        load(CONFIG, {"PG_URL_FILE": str(tmp_path / "nowhere")})
    with pytest.raises(ConfigurationError, match="MONGODB_URI: expected mongodb://") as caught:
        load(CONFIG, {"MONGODB_URI": "mongodb://reader:hunter2@127.0.0.1:27017"})
    assert "hunter2" not in str(caught.value)


def test_a_store_that_is_needed_and_not_named_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(CONFIG).settings.store_addresses()
    assert [problem.split(":")[1].strip() for problem in caught.value.problems] == ["MONGODB_URI", "PG_URL"]


@given(st.integers(min_value=0, max_value=10**9))
def test_a_duration_is_read_as_it_is_written(milliseconds: int) -> None:
    duration = timedelta(milliseconds=milliseconds)
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize("text", ["", "5", "h", "-1s", "1 h", "1h30m", "1e3s", "٣s", "1w", 5, None])
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="a duration"):
        parse_duration(text)
