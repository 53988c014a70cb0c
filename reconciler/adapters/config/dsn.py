"""The addresses of both stores, from the environment or from files, as secrets that nothing shows."""

from collections.abc import Mapping
from typing import Final

from pydantic import SecretStr

from reconciler.adapters import hosts
from reconciler.adapters.config.secret_values import given_under, read_secret
from reconciler.errors import ConfigurationError

MONGODB_URI: Final = "MONGODB_URI"
PG_URL: Final = "PG_URL"
SCHEMES: Final[Mapping[str, tuple[str, ...]]] = {MONGODB_URI: ("mongodb",), PG_URL: ("postgresql", "postgres")}


def read_dsn(name: str, environ: Mapping[str, str], problems: list[str]) -> SecretStr | None:
    """The address under that name or, from a file, under `<name>_FILE`; None where neither is set or with a mistake."""
    secret = read_secret(name, environ, problems)
    if secret is None:
        return None
    try:
        hosts.parse(given_under(name, environ), secret.get_secret_value(), schemes=SCHEMES[name])
    except ConfigurationError as error:
        problems += error.problems
        return None
    return secret
