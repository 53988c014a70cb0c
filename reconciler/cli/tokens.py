"""The command `token`: makes, lists and revokes access tokens."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click

from reconciler.adapters.config.values import parse_duration
from reconciler.app.documents import instant
from reconciler.cli.acting import acting
from reconciler.cli.context import configuration, formats, print_json, print_jsonl, run_async
from reconciler.cli.suggesting import Group, Word
from reconciler.cli.terminal import say, table
from reconciler.cli.texts import when
from reconciler.core.access import Right, Role
from reconciler.core.tokens import Token
from reconciler.errors import UsageError
from reconciler.wiring import open_reports


@click.group(name="token", cls=Group)
def token_command() -> None:
    """Access tokens for machines, and for people to sign in with."""


@token_command.command(name="create")
@click.argument("name")
@click.option("--role", type=Word([one.value for one in Role]), required=True, help="What it allows.")
@click.option("--expires", default="90d", show_default=True, metavar="DURATION", help="How long it holds, or `never`.")
@formats("text", "json")
def create_token(name: str, role: str, expires: str, form: str) -> int:
    """Make a token. Its text is shown this once; only a digest of it is kept.

    \b
    Examples:
      reconciler token create deploy --role viewer --expires 30d
      reconciler token create alice --role approver
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    text, token = run_async(_create(name, Role(role), _length(expires)))
    if form == "json":
        print_json(_document(token) | {"token": text})
        return 0
    click.echo(text)
    until = f"until {when(token.expires_at)}" if token.expires_at else "until it is revoked"
    click.echo(f"{token.name}, {token.role.value}, {until}. It is shown this once.", err=True)
    return 0


async def _create(name: str, role: Role, expires_in: timedelta | None) -> tuple[str, Token]:
    """A new token and its text."""
    async with open_reports(configuration()) as reports:
        by = await acting(reports, Right.ADMINISTER)
        return await reports.sign_in.create(name, role=role, expires_in=expires_in, by=by)


def _length(text: str) -> timedelta | None:
    """How long a token holds, None for ever; UsageError for anything else."""
    if text == "never":
        return None
    try:
        length = parse_duration(text)
    except (ValueError, OverflowError):
        length = timedelta(0)
    if not timedelta(0) < length <= timedelta(days=36_500):
        raise UsageError("--expires", expected="a number above 0 with ms, s, m, h or d, or never", got=text)
    return length


@token_command.command(name="list", epilog="Example: reconciler token list")
@formats("text", "json", "jsonl")
def list_tokens(form: str) -> int:
    """Every token ever made, newest first; never their texts."""
    tokens = run_async(_tokens())
    documents = [_document(token) for token in tokens]
    if form == "json":
        print_json(documents)
    elif form == "jsonl":
        print_jsonl(documents)
    else:
        say(_table(tokens) if tokens else "No token was ever made. Next: reconciler token create NAME --role viewer")
    return 0


async def _tokens() -> Sequence[Token]:
    """All of them."""
    async with open_reports(configuration()) as reports:
        await acting(reports, Right.ADMINISTER)
        return await reports.sign_in.tokens()


def _table(tokens: Sequence[Token]) -> str:
    """A line a token."""
    now = datetime.now(UTC)
    rows = [
        (
            one.name,
            one.role.value,
            one.state(now).value,
            when(one.created_at),
            one.created_by,
            when(one.expires_at),
            when(one.last_used_at),
        )
        for one in tokens
    ]
    return table([("NAME", "ROLE", "STATE", "CREATED", "BY", "EXPIRES", "LAST USED"), *rows])


@token_command.command(name="revoke", epilog="Example: reconciler token revoke nightly")
@click.argument("name")
@formats("text", "json")
def revoke_token(name: str, form: str) -> int:
    """End a token at once, and every session that rests on it."""
    token = run_async(_revoke(name))
    if form == "json":
        print_json(_document(token))
    else:
        click.echo(f"{token.name} ({token.role.value}) revoked at {when(token.revoked_at)}")
    return 0


async def _revoke(name: str) -> Token:
    """The token, revoked."""
    async with open_reports(configuration()) as reports:
        by = await acting(reports, Right.ADMINISTER)
        return await reports.sign_in.revoke(name, by=by)


def _document(token: Token) -> dict[str, object]:
    """A token as JSON."""
    return {
        "name": token.name,
        "role": token.role.value,
        "state": token.state(datetime.now(UTC)).value,
        "created_at": instant(token.created_at),
        "created_by": token.created_by,
        "expires_at": instant(token.expires_at),
        "last_used_at": instant(token.last_used_at),
        "revoked_at": instant(token.revoked_at),
    }
