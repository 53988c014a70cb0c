"""Runs of named keys and of samples: what they look at, what they find, and what they may not claim."""

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command import CommandLine, command_line, entities
from tests.acceptance.live import Shop

pytestmark = pytest.mark.acceptance
ADDRESS_KEYS = "address.address"


def told(run: dict[str, Any], entity: str) -> dict[str, int]:
    """The outcomes above zero of one entity."""
    return {name: count for name, count in entities(run)[entity]["outcomes"].items() if count}


def test_named_keys_are_looked_at_and_nothing_else(shop: Shop, reconciler: CommandLine) -> None:
    wrong, right, unseen = shop.keys("addresses")[:3]
    shop.set_target("addresses", wrong, city="Elsewhere")
    shop.set_target("addresses", unseen, city="Elsewhere")

    run = reconciler.run(ADDRESS_KEYS, "--keys", f"{wrong},{right}", code=1)

    assert run["run"]["mode"] == "keys"
    assert told(run, "address") == {"matched": 1, "field_mismatch": 1}
    assert entities(run)["address"]["seen"] == 2
    assert [diff["key"] for diff in reconciler.diffs()] == [wrong]
    assert told(reconciler.run("address", "--keys", right, code=0), "address") == {"matched": 1}


def test_keys_come_from_a_file_and_from_an_earlier_run(shop: Shop, reconciler: CommandLine) -> None:
    wrong, right = shop.keys("addresses")[:2]
    shop.set_target("addresses", wrong, city="Elsewhere")
    (reconciler.folder / "keys.txt").write_text(f"{wrong}\n\n  {right}  \n", encoding="utf-8")

    from_file = reconciler.run("address", "--keys", "@keys.txt", code=1)
    assert told(from_file, "address") == {"matched": 1, "field_mismatch": 1}

    again = reconciler.run("address", "--keys", f"run:{from_file['run']['id']}", code=1)
    assert told(again, "address") == {"field_mismatch": 1}

    city = shop.mongo["addresses"].distinct("city", {"_id": shop.object_id(wrong)})[0]
    shop.set_target("addresses", wrong, city=city)
    mended = reconciler.run("address", "--keys", f"run:{from_file['run']['id']}", code=0)
    assert told(mended, "address") == {"matched": 1}
    assert [diff["state"] for diff in reconciler.diffs()] == ["resolved"]


def test_natural_keys_are_written_as_reports_write_them(shop: Shop, reconciler: CommandLine) -> None:
    key = shop.value("select key from config_settings where key like 'confirmation_threshold.%' order by key limit 1")
    level = shop.value("select max(level) from level_configs")
    credential = shop.value("select min(credential_id) from passkeys")
    shop.sql("update config_settings set version = version + 1 where key = $1", key)
    shop.sql("update level_configs set color = 'none' where level = $1", level)
    shop.sql("update passkeys set counter = counter + 5 where credential_id = $1", credential)

    for entity, name in (("config.config_setting", key), ("level_config", str(level)), ("auth.passkey", credential)):
        run = reconciler.run(entity, "--keys", name, code=1)
        assert told(run, entity.rpartition(".")[2]) == {"field_mismatch": 1}
        assert [diff["key"] for diff in reconciler.diffs("--run", str(run["run"]["id"]))] == [name]


def test_a_row_without_a_key_is_looked_at_by_its_id(shop: Shop, reconciler: CommandLine) -> None:
    key = shop.keys("reviews")[0]
    row = shop.value("update reviews set legacy_object_id = null where legacy_object_id = $1 returning id", key)

    run = reconciler.run("review", "--keys", f"id:{row},{key}", code=1)

    assert told(run, "review") == {"key_defect": 1, "missing_in_target": 1}
    assert {diff["key"] for diff in reconciler.diffs()} == {f"id:{row}", key}
    checked = reconciler("check", "review", f"id:{row}", "--format", "json").ended(1).json()
    assert [one["outcome"] for one in checked["records"]] == ["key_defect"]


def test_extra_and_missing_records_are_found_by_their_keys(shop: Shop, reconciler: CommandLine) -> None:
    gone, born = shop.keys("addresses", where="not is_primary")[:2]
    shop.sql("update purchase_requests set delivery_address_id = null")
    shop.sql("delete from addresses where legacy_object_id = $1", gone)
    shop.mongo["addresses"].delete_one({"_id": shop.object_id(born)})

    run = reconciler.run("address", "--keys", f"{gone},{born}", code=1)

    assert told(run, "address") == {"missing_in_target": 1, "extra_in_target": 1}


def test_a_key_that_neither_side_has_compares_nothing_and_the_comparison_is_proved_all_the_same(
    reconciler: CommandLine,
) -> None:
    run = reconciler.run("address", "--keys", "f" * 24, code=5)

    assert run["verdict"] == "nothing_compared"
    canaries = run["domains"][0]["canaries"]
    assert canaries["planted"] == canaries["caught"] > 0


def test_a_key_that_cannot_be_one_is_never_green(reconciler: CommandLine) -> None:
    answer = reconciler("run", "address", "--keys", "not a key", "--format", "json")

    assert answer.code in {2, 5}


@pytest.mark.parametrize("keys", ["", " , ", "run:999", "run:x", "@nowhere.txt"])
def test_keys_that_name_nothing_are_a_usage_error(reconciler: CommandLine, keys: str) -> None:
    answer = reconciler("run", "address", "--keys", keys, "--format", "json").ended(2)

    assert answer.stdout == ""
    assert "error:" in answer.stderr.lower()


def test_a_sample_is_repeatable_and_says_its_seed(shop: Shop, tmp_path: Path) -> None:
    for key in shop.keys("addresses")[::6]:
        shop.set_target("addresses", key, label="sampled")
    found = []
    for folder, seed in (("one", "5"), ("again", "5"), ("other", "6")):
        reconciler = command_line(
            mongodb_uri=shop.reader_mongodb_uri, pg_url=shop.reader_pg_url, folder=tmp_path / folder
        )
        reconciler.folder.mkdir()
        run = reconciler.run("address", "--mode", "sample", "--sample", "60", "--seed", seed, code=1)
        assert run["run"]["seed"] == int(seed)
        assert run["run"]["mode"] == "sample"
        address = entities(run)["address"]
        assert 0 < address["seen"] <= 60
        assert 0 < address["coverage"] < 1
        found.append(({diff["key"] for diff in reconciler.diffs()}, address["outcomes"]))

    assert found[0] == found[1]
    assert found[0] != found[2]


def test_a_sample_sees_as_many_records_as_it_was_asked_for(reconciler: CommandLine) -> None:
    run = reconciler.run("address", "--mode", "sample", "--sample", "60", "--seed", "1", code=0)

    assert entities(run)["address"]["seen"] == 60


def test_a_sample_without_a_seed_draws_one_and_tells_it(reconciler: CommandLine) -> None:
    first = reconciler.run("category", "--mode", "sample", "--sample", "10", code=0)["run"]["seed"]
    second = reconciler.run("category", "--mode", "sample", "--sample", "10", code=0)["run"]["seed"]

    assert first != second


def test_a_sample_sees_rows_that_only_postgresql_has(shop: Shop, reconciler: CommandLine) -> None:
    extra = shop.keys("addresses", where="not is_primary")
    kept = extra[::2]
    shop.mongo["addresses"].delete_many({"_id": {"$in": [shop.object_id(key) for key in kept]}})

    run = reconciler.run("address", "--mode", "sample", "--sample", "80", "--seed", "1", code=1)

    assert told(run, "address")["extra_in_target"] > 0
    assert {diff["key"] for diff in reconciler.diffs()} <= set(kept)


def test_a_sample_larger_than_the_store_sees_all_of_it(shop: Shop, reconciler: CommandLine) -> None:
    run = reconciler.run("category", "--mode", "sample", "--sample", "5000", "--seed", "3", code=0)

    assert entities(run)["category"]["outcomes"]["matched"] == shop.summary.matched["category"]


def test_every_entity_can_be_sampled(reconciler: CommandLine) -> None:
    found = entities(reconciler.run("--mode", "sample", "--sample", "30", "--seed", "4", code=0))

    assert {name for name, one in found.items() if not one["outcomes"]["matched"]} == set()
    assert all(sum(one["outcomes"].values()) == one["seen"] for one in found.values())


def test_a_sample_looks_again_at_what_differed_before(shop: Shop, reconciler: CommandLine) -> None:
    key = shop.keys("addresses")[4]
    shop.set_target("addresses", key, city="Elsewhere")
    reconciler.run("address", code=1)
    for seed in ("1", "2", "3"):
        run = reconciler.run("address", "--mode", "sample", "--sample", "4", "--seed", seed, code=1)
        assert told(run, "address")["field_mismatch"] == 1


def test_samples_do_not_open_a_gate(reconciler: CommandLine) -> None:
    reconciler("rehearse", "level_config", "--minutes", "3", "--comment", "in staging").ended(0)
    reconciler.run("level_config", "--mode", "sample", "--sample", "5000", "--seed", "1", code=0)
    gate = reconciler.gate("level_config", "--require", "soaking", code=3)

    assert gate["verdict"] in {"hold", "no_data"}


def test_a_sample_after_a_scan_by_checksums_reads_what_differs(shop: Shop, reconciler: CommandLine) -> None:
    first, *_ = shop.keys("addresses")
    sample = ("address", "--mode", "sample", "--sample", "5000", "--seed", "3")
    read = entities(reconciler.run(*sample, code=0))["address"]
    reconciler.run("address", code=0)
    told = entities(reconciler.run(*sample, code=0))["address"]

    assert (read["method"], told["method"]) == ("keys", "checksum")
    assert (told["outcomes"], told["sample"]) == (read["outcomes"], read["sample"])
    shop.set_target("addresses", first, city="Elsewhere")
    assert entities(reconciler.run(*sample, code=1))["address"]["outcomes"]["field_mismatch"] == 1
    other = reconciler.with_config("domains/address.toml", 'city = { kind = "text"', 'city = { kind = "ci"')
    assert entities(other.run(*sample, code=1))["address"]["method"] == "keys"
