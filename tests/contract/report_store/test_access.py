"""Tokens and sessions in a real report database: what is kept, what never is, and when either ends."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.adapters.clock import SystemClock
from reconciler.adapters.report_store import SqliteReportStore, open_report_store
from reconciler.app.ports import AuditFilter
from reconciler.app.sign_in import SignIn
from reconciler.core.access import Actor, Means, Role
from reconciler.core.audit import AuditAction
from reconciler.core.tokens import ABSOLUTE, IDLE, TEXT, TokenState
from reconciler.errors import AccessDenied, NotFound, NotSignedIn, ReportStoreError, UsageError

pytestmark = pytest.mark.contract

ADMIN = Actor(name="ops", role=Role.ADMIN, means=Means.ACCOUNT)
START = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)


class StoppedClock(SystemClock):
    """A wall clock that moves when it is told to."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def sign_in(store: SqliteReportStore, clock: StoppedClock) -> SignIn:
    return SignIn(ledger=store.access, log=store, clock=clock)


async def made(sign_in: SignIn, name: str = "alice", role: Role = Role.APPROVER, days: int | None = 90) -> str:
    text, _ = await sign_in.create(name, role=role, expires_in=None if days is None else timedelta(days=days), by=ADMIN)
    return text


async def acts(store: SqliteReportStore) -> Sequence[tuple[AuditAction, str, str]]:
    return [(one.act.action, one.act.actor.name, one.act.comment) for one in await store.audit(AuditFilter())]


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_a_token_is_recognised_by_its_text_and_by_no_other(sign_in: SignIn) -> None:
    text = await made(sign_in)
    assert TEXT.fullmatch(text)
    assert (await sign_in.recognise(text)).actor(Means.TOKEN) == Actor(
        name="alice", role=Role.APPROVER, means=Means.TOKEN
    )
    other = text[:-1] + ("A" if text[-1] != "A" else "B")
    for wrong in (other, text.lower(), text + "=", text.removeprefix("reconciler_"), "", "\udc80"):
        with pytest.raises(NotSignedIn) as told:
            await sign_in.recognise(wrong)
        assert text not in str(told.value)


async def test_no_two_tokens_and_no_two_cookies_are_alike(sign_in: SignIn) -> None:
    texts = [await made(sign_in, f"t{number}") for number in range(20)]
    cookies = [await sign_in.start(ADMIN, token=None) for _ in range(20)]
    assert len({*texts, *cookies}) == 40
    assert min(len(one) for one in cookies) == 43


async def test_neither_token_nor_cookie_is_in_any_file(sign_in: SignIn, folder: Path) -> None:
    text = await made(sign_in)
    cookie = await sign_in.start(ADMIN, token=await sign_in.recognise(text))
    kept = everything(folder)
    assert b"alice" in kept
    assert [one for one in (text, text.removeprefix("reconciler_"), cookie) if one.encode() in kept] == []


async def test_a_token_ends_with_its_time(sign_in: SignIn, clock: StoppedClock) -> None:
    text, forever = await made(sign_in, days=1), await made(sign_in, "bob", days=None)
    clock.at += timedelta(days=1) - timedelta(seconds=1)
    assert (await sign_in.recognise(text)).name == "alice"
    clock.at += timedelta(seconds=1)
    with pytest.raises(NotSignedIn):
        await sign_in.recognise(text)
    clock.at += timedelta(days=10_000)
    assert (await sign_in.recognise(forever)).name == "bob"
    assert [one.state(clock.at) for one in await sign_in.tokens()] == [TokenState.LIVE, TokenState.EXPIRED]


async def test_a_revoked_token_ends_at_once_with_its_sessions(sign_in: SignIn) -> None:
    text = await made(sign_in)
    token = await sign_in.recognise(text)
    cookie = await sign_in.start(token.actor(Means.SESSION), token=token)
    assert await sign_in.resume(cookie, active=True) == Actor(name="alice", role=Role.APPROVER, means=Means.SESSION)
    await sign_in.revoke("ALICE", by=ADMIN)
    with pytest.raises(NotSignedIn):
        await sign_in.recognise(text)
    assert await sign_in.resume(cookie, active=True) is None
    with pytest.raises(NotFound):
        await sign_in.revoke("alice", by=ADMIN)


async def test_a_session_ends_with_its_token(sign_in: SignIn, clock: StoppedClock) -> None:
    text, _ = await sign_in.create("alice", role=Role.VIEWER, expires_in=timedelta(minutes=30), by=ADMIN)
    cookie = await sign_in.start(ADMIN, token=await sign_in.recognise(text))
    clock.at += timedelta(minutes=30)
    assert await sign_in.resume(cookie, active=True) is None


async def test_a_session_ends_by_disuse_by_age_and_by_signing_out(sign_in: SignIn, clock: StoppedClock) -> None:
    unused, used, left = [await sign_in.start(ADMIN, token=None) for _ in range(3)]
    await sign_in.end(left)
    assert await sign_in.resume(left, active=True) is None
    while clock.at < START + ABSOLUTE - IDLE / 2:
        clock.at += IDLE / 2
        assert await sign_in.resume(used, active=True) == ADMIN
        still = await sign_in.resume(unused, active=False)
        assert (still is None) == (clock.at >= START + IDLE)
    clock.at = START + ABSOLUTE
    assert await sign_in.resume(used, active=True) is None


async def test_a_cookie_that_nobody_was_given_opens_nothing(sign_in: SignIn) -> None:
    cookie = await sign_in.start(ADMIN, token=None)
    for wrong in ("", "x", cookie[:-1], cookie.swapcase()):
        assert await sign_in.resume(wrong, active=True) is None


async def test_live_tokens_have_names_of_their_own(sign_in: SignIn, clock: StoppedClock) -> None:
    await made(sign_in, days=1)
    with pytest.raises(UsageError, match="taken"):
        await made(sign_in, "Alice")
    clock.at += timedelta(days=1)
    await made(sign_in)
    await sign_in.revoke("alice", by=ADMIN)
    await made(sign_in)
    assert [one.name for one in await sign_in.tokens()] == ["alice"] * 3


@pytest.mark.parametrize("name", ["", " alice", "a b", "é", "a" * 65, "-rf", "a\n", "<b>"])
async def test_a_name_is_plain(sign_in: SignIn, name: str) -> None:
    with pytest.raises(UsageError):
        await made(sign_in, name)


async def test_making_and_revoking_are_acts_without_the_text(sign_in: SignIn, store: SqliteReportStore) -> None:
    text = await made(sign_in)
    token = await sign_in.recognise(text)
    await sign_in.start(token.actor(Means.SESSION), token=token)
    await sign_in.revoke("alice", by=ADMIN)
    assert await acts(store) == [
        (AuditAction.TOKEN_CREATED, "ops", "alice, approver, until 2026-06-18 09:00 UTC"),
        (AuditAction.SIGNED_IN, "alice", ""),
        (AuditAction.TOKEN_REVOKED, "ops", "alice"),
    ]
    assert text not in str(await acts(store))


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
async def test_only_an_administrator_makes_and_revokes(sign_in: SignIn, store: SqliteReportStore, role: Role) -> None:
    await made(sign_in)
    other = Actor(name="eve", role=role, means=Means.TOKEN)
    with pytest.raises(AccessDenied):
        await sign_in.create("eve2", role=Role.VIEWER, expires_in=None, by=other)
    with pytest.raises(AccessDenied):
        await sign_in.revoke("alice", by=other)
    assert len(await sign_in.tokens()) == len(await acts(store)) == 1


async def test_use_is_kept_to_the_minute(sign_in: SignIn, clock: StoppedClock) -> None:
    text = await made(sign_in)
    assert (await sign_in.tokens())[0].last_used_at is None
    for seconds, noted in ((0, 0), (59, 0), (60, 60), (119, 60)):
        clock.at = START + timedelta(seconds=seconds)
        await sign_in.recognise(text)
        assert (await sign_in.tokens())[0].last_used_at == START + timedelta(seconds=noted)


async def test_tokens_outlive_the_process(sign_in: SignIn, folder: Path, clock: StoppedClock) -> None:
    text = await made(sign_in)
    async with open_report_store(folder, read_only=True) as again:
        other = SignIn(ledger=again.access, log=again, clock=clock)
        assert (await other.tokens())[0].name == "alice"
        with pytest.raises(ReportStoreError, match="read only"):
            await other.recognise(text)
