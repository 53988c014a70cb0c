"""The addresses of both stores, from the environment or from files, as secrets that nothing shows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from reconciler.adapters import hosts
from reconciler.adapters.config.mistakes import mistake
from reconciler.errors import ConfigurationError

ENVIRONMENT: Final = "environment"
MONGODB_URI: Final = "MONGODB_URI"
PG_URL: Final = "PG_URL"
SCHEMES: Final[Mapping[str, tuple[str, ...]]] = {MONGODB_URI: ("mongodb",), PG_URL: ("postgresql", "postgres")}


def read_dsn(name: str, environ: Mapping[str, str], problems: list[str]) -> SecretStr | None:
    """The address under that name or, from a file, under `<name>_FILE`; None where neither is set or with a mistake."""
    from_file = f"{name}_FILE"
    direct, path = environ.get(name, "").strip(), environ.get(from_file, "").strip()
    if direct and path:
        problems.append(mistake(ENVIRONMENT, name, expected=f"either this or {from_file}", got="both"))
        return None
    text = _content(from_file, Path(path), problems) if path else direct
    return _checked(name, from_file if path else name, text, problems) if text else None


def _content(name: str, path: Path, problems: list[str]) -> str:
    """What the file holds, empty with a mistake where it cannot be read or holds nothing."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        got = error.strerror or "an error" if isinstance(error, OSError) else "other bytes than UTF-8"
        problems.append(mistake(ENVIRONMENT, name, expected="a file that can be read", got=got))
        return ""
    if not text:
        problems.append(mistake(ENVIRONMENT, name, expected="a file with the address", got="an empty file"))
    return text


def _checked(name: str, told: str, text: str, problems: list[str]) -> SecretStr | None:
    """The address as a secret; a mistake says what was expected, never what came."""
    try:
        hosts.parse(told, text, schemes=SCHEMES[name])
    except ConfigurationError as error:
        problems += error.problems
        return None
    return SecretStr(text)
