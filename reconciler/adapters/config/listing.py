"""Every setting in force by its dotted key, fit to be shown: addresses and secrets only as set or not."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Final

from reconciler.adapters.config.values import format_duration
from reconciler.adapters.config_files import Configuration

SECRETS: Final = ("mongodb_uri", "pg_url", "token", "proxy_key", "oidc_secret")
SHAPES: Final = ("stores", "backend", "runs", "gaps", "server", "access", "dashboard")
VALUES: Final = ("gate", "schedule")
HIDDEN: Final = "••••"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting as it is in force, and where it came from: default, file, environment or flag."""

    key: str
    value: object
    source: str


def listed_settings(config: Configuration) -> tuple[Setting, ...]:
    """All of them in the order of their sections."""
    sources = config.sources
    return tuple(Setting(key=key, value=value, source=sources.get(key, source)) for key, value, source in _all(config))


def _all(config: Configuration) -> Iterator[tuple[str, object, str]]:
    """Key, value, and where it came from if the layers don't tell."""
    settings = config.settings
    yield "config", str(settings.config), ""
    yield "reports", str(settings.reports), ""
    for name in SECRETS:
        held = getattr(settings, name) is not None
        yield name, HIDDEN if held else "not set", "environment" if held else "default"
    for section in SHAPES:
        shape = getattr(settings, section)
        yield from ((f"{section}.{key}", _shown(getattr(shape, key)), "") for key in type(shape).model_fields)
    for section in VALUES:
        yield from ((f"{section}.{key}", _shown(item), "") for key, item in asdict(getattr(settings, section)).items())


def _shown(value: object) -> object:
    """A setting as JSON."""
    return format_duration(value) if isinstance(value, timedelta) else value
