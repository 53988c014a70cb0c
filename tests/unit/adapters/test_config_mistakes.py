"""Every mistake of every file is told at once, with file, key, what was expected and what came."""

import re
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.adapters.config_files import load_configuration
from reconciler.errors import ConfigurationError

pytestmark = pytest.mark.unit

CONFIG = Path(__file__).resolve().parents[3] / "config"
CASES = tomllib.loads(Path(__file__).with_name("config_mistakes.toml").read_text(encoding="utf-8"))["mistake"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(CONFIG, tmp_path / "config")
    return tmp_path / "config"


def edit(folder: Path, name: str, *changes: tuple[str, str]) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, f"{name} holds no {old!r}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def problems(folder: Path, environ: Mapping[str, str] | None = None, **overrides: object) -> list[str]:
    """Give the mistakes with the files named from the configuration folder on."""
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(folder=folder, environ=environ or {}, overrides=overrides)
    return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]


def test_mistakes_of_all_files_come_together(folder: Path) -> None:
    edit(folder, "service.toml", ("soak_window", "soak_windw"), ("port = 8080", 'port = "8080"'))
    edit(folder, "domains/address.toml", ('"char"', '"chra"'), ('"userId"', '"userid"'), ('["auth"]', '["ath"]'))
    edit(folder, "domains/level_config.toml", ('["level"]', '["levl"]'), ("scale = 2, ", ""))
    edit(folder, "domains/review.toml", ('table = "reviews"\n', ""))
    edit(folder, "domains/quote.toml", ('"decimal"', '"decimal'))
    found = problems(folder, {"RECONCILER_GATE__APPROVALS": "one", "PG_URL": "nonsense"})
    places = [re.sub(r": expected .*", "", problem) for problem in found]
    assert places == [
        "domains/address.toml: entity.address.fields.country.kind",
        "domains/address.toml: depends_on",
        "domains/address.toml: invariant.one_primary_per_user.group",
        "domains/level_config.toml: entity.level_config.key",
        "domains/level_config.toml: entity.level_config.fields.discountPercent.scale",
        "domains/quote.toml",
        "domains/review.toml: entity.review.table",
        "service.toml: gate.soak_windw",
        "service.toml: server.port",
        "PG_URL",
        "environment: RECONCILER_GATE__APPROVALS",
    ]
    assert all(", got " in problem for problem in found)


@pytest.mark.parametrize("case", CASES, ids=[case["told"] for case in CASES])
def test_a_mistake_is_told_in_words(folder: Path, case: dict[str, str]) -> None:
    edit(folder, case["file"], (case["old"], case["new"]))
    assert case["told"] in "\n".join(problems(folder))


def test_a_mistake_in_a_field_is_not_told_again_where_the_field_is_used(folder: Path) -> None:
    edit(folder, "domains/level_config.toml", ('level = { kind = "integer"', 'level = { kind = "intger"'))
    (only,) = problems(folder)
    assert only.startswith("domains/level_config.toml: entity.level_config.fields.level.kind: expected one of text, ")


def test_a_file_that_is_no_toml_does_not_make_its_entities_unknown_elsewhere(folder: Path) -> None:
    edit(folder, "domains/auth.toml", ('domain = "auth"', "domain = = 3"))
    (only,) = problems(folder)
    assert only.startswith("domains/auth.toml: expected TOML, got ")
    assert "(at line 2, " in only


def test_a_file_that_is_no_utf8_is_a_mistake(folder: Path) -> None:
    (folder / "service.toml").write_bytes(b"[gate]\n# \xff\n")
    assert problems(folder) == ["service.toml: expected text in UTF-8, got other bytes at offset 9"]


def test_a_stray_file_among_the_domains_is_a_mistake(folder: Path) -> None:
    (folder / "domains" / "review.toml").rename(folder / "domains" / "review.tml")
    assert "domains/review.tml: expected a file <domain>.toml, got something else" in problems(folder)


def test_a_domain_in_two_files_is_a_mistake(folder: Path) -> None:
    shutil.copy(folder / "domains" / "chat.toml", folder / "domains" / "chats.toml")
    told = problems(folder)
    assert "domains/chats.toml: domain: expected 'chats', as the file is called, got 'chat'" in told
    assert any(problem.startswith("domains/chats.toml: domain: expected each domain once") for problem in told)


def test_a_folder_without_anything_is_one_mistake_with_a_way_out(tmp_path: Path) -> None:
    (only,) = problems(tmp_path / "nowhere")
    assert "RECONCILER_CONFIG" in only
    assert only.endswith("got nothing there")


def test_a_folder_without_domains_is_a_mistake(folder: Path) -> None:
    shutil.rmtree(folder / "domains")
    assert any("expected a file <domain>.toml for each domain, got none" in problem for problem in problems(folder))


def test_a_folder_without_service_toml_is_a_mistake(folder: Path) -> None:
    (folder / "service.toml").unlink()
    assert problems(folder) == ["service.toml: expected a file that can be read, got No such file or directory"]


def test_no_mistake_shows_what_may_be_a_password(folder: Path) -> None:
    edit(
        folder,
        "service.toml",
        ('health_url = ""', 'health_url = "http://me:hunter2@host/api"'),
        ("[stores]", '[stores]\nmongodb_uri = "mongodb://me:hunter2@host/db"\npassword = "hunter2"'),
    )
    environ = {
        "MONGODB_URI": "mongo://me:hunter2@host/db",
        "PG_URL": "postgresql://me:hunter2@host:hunter2/db",
        "RECONCILER_STORES__PG_URL": "hunter2",
        "RECONCILER_PG_PASSWORD": "hunter2",
    }
    told = problems(folder, environ)
    assert len(told) == 7
    assert "hunter2" not in "\n".join(told)


def test_a_mistake_in_a_domain_does_not_end_in_an_error_of_ours(folder: Path) -> None:
    for text in (
        "",
        "domain = 1",
        'entity = "x"',
        "[entity]\nx = 1",
        "[entity.x]\nfields = 3",
        "[[invariant]]",
        "gate = []",
    ):
        (folder / "domains" / "chat.toml").write_text(text, encoding="utf-8")
        assert problems(folder), text
