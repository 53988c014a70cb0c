"""Values that are secrets: from the environment or from a file that it names, and nothing shows them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from reconciler.adapters.config.mistakes import mistake

ENVIRONMENT: Final = "environment"


def read_secret(name: str, environ: Mapping[str, str], problems: list[str]) -> SecretStr | None:
    """What stands under that name or in the file under `<name>_FILE`; None where neither is set or with a mistake."""
    from_file = f"{name}_FILE"
    direct, path = environ.get(name, "").strip(), environ.get(from_file, "").strip()
    if direct and path:
        problems.append(mistake(ENVIRONMENT, name, expected=f"either this or {from_file}", got="both"))
        return None
    text = _content(from_file, Path(path), problems) if path else direct
    return SecretStr(text) if text else None


def given_under(name: str, environ: Mapping[str, str]) -> str:
    """The name of the variable that gives the value: its own, or that of the file."""
    return f"{name}_FILE" if environ.get(f"{name}_FILE", "").strip() else name


def _content(name: str, path: Path, problems: list[str]) -> str:
    """What the file holds, empty with a mistake where it cannot be read or holds nothing."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        got = error.strerror or "an error" if isinstance(error, OSError) else "other bytes than UTF-8"
        problems.append(mistake(ENVIRONMENT, name, expected="a file that can be read", got=got))
        return ""
    if not text:
        problems.append(mistake(ENVIRONMENT, name, expected="a file with the value", got="an empty file"))
    return text
