"""The install's key is its own, private, and the same every time."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.adapters.install_key import KEY_BYTES, KeyedDigests, open_install_key
from reconciler.errors import ReportStoreError

pytestmark = pytest.mark.unit


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    first = open_install_key(folder).digest("text")
    key = folder / "install.key"
    assert (len(key.read_bytes()), stat.S_IMODE(key.stat().st_mode)) == (KEY_BYTES, 0o600)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert open_install_key(folder).digest("text") == first
    assert [path.name for path in folder.iterdir()] == ["install.key"]


def test_many_who_open_at_once_get_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        digests = list(pool.map(lambda _: open_install_key(tmp_path).digest("text"), range(40)))
    assert len(set(digests)) == 1


def test_two_installs_digest_differently(tmp_path: Path) -> None:
    assert open_install_key(tmp_path / "a").digest("text") != open_install_key(tmp_path / "b").digest("text")


def test_a_key_open_to_others_is_closed(tmp_path: Path) -> None:
    open_install_key(tmp_path)
    (tmp_path / "install.key").chmod(0o644)
    open_install_key(tmp_path)
    assert stat.S_IMODE((tmp_path / "install.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("size", [0, KEY_BYTES - 1, KEY_BYTES + 1])
def test_a_key_of_another_length_is_refused(tmp_path: Path, size: int) -> None:
    (tmp_path / "install.key").write_bytes(b"x" * size)
    with pytest.raises(ReportStoreError, match=f"expected 32 bytes; got {size} bytes"):
        open_install_key(tmp_path)


def test_digests_tell_texts_apart() -> None:
    redactor = KeyedDigests(b"k" * KEY_BYTES)
    texts = ["", "a", "A", "a\x00", "ü", "u\u0308", "\ud800", "\udfff"]
    digests = {redactor.digest(text) for text in texts}
    assert len(digests) == len(texts)
    assert {len(digest) for digest in digests} == {32}
