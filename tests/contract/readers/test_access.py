"""What is connected to: hosts on the list, with TLS off this machine, by addresses that mean one thing only."""

from collections.abc import Sequence

import pytest

from reconciler.adapters import hosts
from reconciler.adapters.mongo.connection import connect
from reconciler.adapters.postgres.connection import Connector, Limits
from reconciler.core.model import Side
from reconciler.errors import ConfigurationError, ReconcilerError, StoreRefused

pytestmark = pytest.mark.unit

CANARY = "c4naryS3cret"
LOCAL = ("127.0.0.1", "::1", "localhost")
FAR = ("db.example", "10.0.0.7")


async def opened(uri: str, *, allowed: Sequence[str] = (*LOCAL, *FAR)) -> hosts.Address:
    """What is taken from an address of either store; nothing is sent."""
    if uri.startswith("mongodb"):
        async with connect(uri, allowed_hosts=allowed, timeout_ms=1000) as (_, address):
            return address
    return Connector(uri, allowed_hosts=allowed, limits=Limits()).address


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        (f"mongodb://u:{CANARY}@127.0.0.1:27017/shop", ("127.0.0.1",)),
        (f"mongodb://u:{CANARY}@LOCALHOST,[::1]:27018/shop?replicaSet=rs", ("localhost", "::1")),
        (f"mongodb://u:{CANARY}@db.example/shop?TLS=true", ("db.example",)),
        (f"mongodb://u:{CANARY}@db.example/shop?ssl=true", ("db.example",)),
        (f"postgresql://u:{CANARY}%40@127.0.0.1/shop", ("127.0.0.1",)),
        (f"postgres://u:{CANARY}@localhost:5432,127.0.0.1:5433/shop", ("localhost", "127.0.0.1")),
        (f"postgresql://u:{CANARY}@10.0.0.7/shop?sslmode=verify-full&sslrootcert=/ca.pem", ("10.0.0.7",)),
    ],
)
async def test_addresses_that_are_taken(uri: str, found: tuple[str, ...]) -> None:
    address = await opened(uri)

    assert address.hosts == found
    assert address.database == "shop"


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("mongodb+srv://u:{}@cluster.example/shop", r"mongodb\+srv: its hosts come from DNS"),
        ("mongodb://u:{}@%2Ftmp%2Fmongodb-27017.sock/shop", "a unix socket"),
        ("postgresql://u:{}@%2Fvar%2Frun%2Fpostgresql/shop", "a unix socket"),
        ("postgresql:///shop?host=/var/run/postgresql&password={}", "a unix socket"),
        ("postgresql://u:{}@evil.example,x@127.0.0.1/shop", "more than one @"),
        ("postgresql://u:p@{}@127.0.0.1/shop", "more than one @"),
        ("postgresql://u:{}/x@127.0.0.1/shop", "another form"),
        ("postgresql://u:{}#x@127.0.0.1/shop", "another form"),
        ("postgresql://u:{}@127.0.0.1:port/shop", "no such address"),
        ("postgresql://u:{}@127.0.0.1:99999/shop", "no such address"),
        ("postgresql://u:{}@127.0.0.1/", "another form"),
        ("postgresql://u:{}@127.0.0.1/shop#x", "another form"),
        ("mongodb://u:{}@127.0.0.1", "another form"),
        ("mongodb://u:{}@127.0.0.1/shop?tls=perhaps", "MongoDB's driver"),
        ("mongodb://u:{}@127.0.0.1/shop?authMechanism=NONSENSE", "MongoDB's driver"),
        ("mysql://u:{}@127.0.0.1/shop", "another form"),
        ("postgresql://u@127.0.0.1/shop?options=-c%20default_transaction_read_only%3Doff{}", "got options"),
        ("postgresql://u@127.0.0.1/shop?host=evil.example&password={}", "got host, password"),
        ("postgresql://u@127.0.0.1/shop?{}%3D=1", "got another"),
        ("{}", "another form"),
    ],
)
async def test_addresses_that_are_refused_in_words_that_do_not_repeat_them(uri: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        await opened(uri.format(CANARY)) if "://" in uri else Connector(CANARY, allowed_hosts=LOCAL, limits=Limits())

    assert told_nothing(caught.value)


def told_nothing(problem: ReconcilerError) -> bool:
    """Whether neither the text nor what would be printed with it holds the password."""
    return CANARY not in str(problem) and CANARY not in repr(problem.args) and problem.__cause__ is None


@pytest.mark.parametrize("scheme", ["mongodb", "postgresql"])
@pytest.mark.parametrize(
    "place", ["evil.example", "127.0.0.1,evil.example", "127.0.0.1.evil.example", "127.1", "0.0.0.1"]
)
async def test_hosts_off_the_list_are_refused(scheme: str, place: str) -> None:
    with pytest.raises(StoreRefused, match="allowed_hosts") as caught:
        await opened(f"{scheme}://u:{CANARY}@{place}/shop", allowed=LOCAL)

    assert told_nothing(caught.value)


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://u:{}@db.example/shop",
        "mongodb://u:{}@db.example/shop?tls=false",
        "mongodb://u:{}@127.0.0.1,db.example/shop",
        "mongodb://u:{}@db.example/shop?tls=true&tlsInsecure=true",
        "mongodb://u:{}@db.example/shop?tls=true&tlsAllowInvalidHostnames=true",
        "mongodb://u:{}@db.example/shop?tls=true&tls=false",
        "mongodb://u:{}@db.example/shop?tls=true&ssl=false",
        "postgresql://u:{}@db.example/shop",
        "postgresql://u:{}@db.example/shop?sslmode=require",
        "postgresql://u:{}@db.example/shop?sslmode=verify-ca",
        "postgresql://u:{}@db.example/shop?sslmode=verify-full&sslmode=disable",
    ],
)
async def test_off_this_machine_tls_with_a_checked_certificate_is_needed(uri: str) -> None:
    with pytest.raises(StoreRefused, match="TLS") as caught:
        await opened(uri.format(CANARY))

    assert told_nothing(caught.value)


def test_accounts_that_can_write_are_refused_off_this_machine_unless_allowed() -> None:
    with pytest.raises(StoreRefused, match="can write"):
        hosts.refuse_writers(Side.SOURCE, ("insert",), loopback=False, allowed=False)

    hosts.refuse_writers(Side.SOURCE, ("insert",), loopback=True, allowed=False)
    hosts.refuse_writers(Side.SOURCE, ("insert",), loopback=False, allowed=True)
    hosts.refuse_writers(Side.SOURCE, (), loopback=False, allowed=False)


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.1", False),
        ("10.0.0.1", False),
        ("localhost.example", False),
    ],
)
def test_what_counts_as_this_machine(host: str, *, here: bool) -> None:
    assert hosts.is_loopback(host) is here
