"""Under which names the backend's health page may tell of a domain, and that names which contradict tell nothing."""

import pytest

from reconciler.app.flags import mode_of
from reconciler.core.gate_values import Reads, mirrored
from tests.unit.gate_world import domain_spec

pytestmark = pytest.mark.unit

LEVELS = domain_spec("level_config", entities=("level",), flag="LEVEL_CONFIG_STORE", flag_aliases=("LEVEL_STORE",))


@pytest.mark.parametrize("name", ["level_config", "levelConfig", "level", "LEVEL_CONFIG_STORE", "LEVEL_STORE"])
def test_a_domain_is_found_under_each_of_its_names(name: str) -> None:
    assert mode_of(LEVELS, {"auth": "mongo", name: "postgres"}) == "postgres"


def test_a_domain_that_is_not_named_has_no_mode() -> None:
    assert mode_of(LEVELS, {"auth": "mongo", "levels": "postgres"}) is None


def test_names_that_agree_are_one_and_names_that_contradict_are_no_mode() -> None:
    assert mode_of(LEVELS, {"levelConfig": "mongo", "level": "mongo"}) == "mongo"
    assert mode_of(LEVELS, {"levelConfig": "mongo", "level": "postgres"}) == "mongo and postgres"


def test_after_the_flip_a_difference_is_told_as_a_threat_to_the_way_back() -> None:
    assert "rolling back with `LEVEL_CONFIG_STORE=mongo` would lose what differs" in mirrored(LEVELS, Reads.POSTGRES)
    assert (mirrored(LEVELS, Reads.MONGO), mirrored(LEVELS, None)) == ("", "")
