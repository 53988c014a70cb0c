"""Judging a signed gate answer that comes back: `gate --verify`."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from reconciler.adapters.signing_key import proved, read_signing_key
from reconciler.app.gate_tokens import Expected, judge_claims
from reconciler.cli.context import configuration
from reconciler.core.gate import verdict_code
from reconciler.core.gate_values import Requirement
from reconciler.errors import TokenRefused, UsageError

LARGEST = 64 * 1024


def verified(path: str, *, trust: str | None, domains: Sequence[str], required: Requirement, nonce: str | None) -> int:
    """The exit code of the verdict that the token holds; TokenRefused unless it is fresh, whole and the one meant."""
    if len(domains) != 1:
        raise UsageError("--verify", expected="the one domain that the answer has to be about", got=f"{len(domains)}")
    claims = proved(_read(path).strip(), _keys(trust))
    verdict = judge_claims(claims, now=datetime.now(UTC), expected=Expected(domain=domains[0], nonce=nonce))
    click.echo(f"{domains[0]}: {verdict.value}, signed, fresh")
    return verdict_code(verdict, require=required)


def _keys(trust: str | None) -> Mapping[str, object]:
    """The keys to trust: those of the file, else this install's own."""
    if trust is None:
        return read_signing_key(configuration().settings.reports).public_keys()
    try:
        keys = json.loads(_read(trust))
    except ValueError:
        keys = None
    if not isinstance(keys, dict):
        raise TokenRefused(f"{trust} holds no keys", expected="a JWK Set", got="something else")
    return keys


def _read(path: str) -> str:
    """The text of a file, or of standard input for `-`; TokenRefused where it cannot be read."""
    try:
        whole = sys.stdin.buffer.read(LARGEST + 1) if path == "-" else Path(path).read_bytes()
        if len(whole) <= LARGEST:
            return whole.decode("ascii")
        got = "more than 64 KiB"
    except OSError as error:
        got = error.strerror or "an error"
    except UnicodeDecodeError:
        got = "no text in ASCII"
    raise TokenRefused(f"{path} cannot be read", expected="a signed answer or a JWK Set", got=got)
