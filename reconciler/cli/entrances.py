"""Which ways in the settings open, and the refusal to listen where they open too many or are not whole."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_network

from pydantic import SecretStr

from reconciler.adapters.config.layers import PROXY_KEY
from reconciler.adapters.config.mistakes import mistake
from reconciler.adapters.config.service_shape import AccessMode, AccessShape, PublicPart
from reconciler.adapters.hosts import is_loopback
from reconciler.adapters.oidc import OidcProvider, Registration, protected
from reconciler.adapters.settings import Settings
from reconciler.adapters.signed_statements import LEAST_BYTES, Claims, SignedStatements
from reconciler.app.ports import Clock
from reconciler.app.sign_in import SignIn
from reconciler.core.access import Role
from reconciler.errors import ConfigurationError
from reconciler.web.entrance import Entrance, Proxy, local_admin
from reconciler.web.oidc_login import CALLBACK
from reconciler.web.origins import LOOPBACK
from reconciler.web.rights import BADGES, FEED

EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - refused without names, not listened on
NEEDS = {
    AccessMode.PROXY: ("trusted_proxies", "issuer", "audience"),
    AccessMode.OIDC: ("issuer", "client_id", "public_url"),
}
SIGN_IN = 'access.mode "token" or another in which people and machines sign in'


def entrance_of(settings: Settings, *, sign_in: SignIn, account: str) -> Entrance:
    """The ways in; ConfigurationError where others could come in without signing in, or a way is not whole."""
    problems = (*_unguarded(settings), *_unfinished(settings))
    if problems:
        raise ConfigurationError(problems)
    access = settings.access
    return Entrance(
        sign_in=sign_in,
        local=local_admin(account) if access.mode is AccessMode.LOOPBACK else None,
        trusted=tuple(ip_network(one) for one in access.trusted_proxies),
        proxy=_proxy(settings) if access.mode is AccessMode.PROXY else None,
        provider=_provider(settings, sign_in.clock) if access.mode is AccessMode.OIDC else None,
    )


def opened(parts: Sequence[PublicPart]) -> frozenset[str]:
    """The paths that are open to everyone."""
    paths = {PublicPart.BADGES: BADGES, PublicPart.FEED: FEED}
    return frozenset[str]().union(*(paths[part] for part in parts))


def answered_names(settings: Settings) -> frozenset[str]:
    """The names in a Host header that are answered: this machine's, the address listened on, and those configured."""
    own = {settings.server.host.lower()} - EVERY_ADDRESS
    return LOOPBACK | own | {name.lower() for name in settings.server.hosts}


def _unguarded(settings: Settings) -> Iterator[str]:
    """What is wrong with listening there."""
    server = settings.server
    if settings.access.mode is AccessMode.LOOPBACK:
        strangers = [name for name in server.hosts if not is_loopback(name.lower())]
        if not is_loopback(server.host):
            yield mistake("settings", "server.host", expected=f"127.0.0.1, or {SIGN_IN}", got=server.host)
        elif strangers:
            yield mistake("settings", "server.hosts", expected=f"no such name, or {SIGN_IN}", got=strangers[0])
    elif server.host in EVERY_ADDRESS and not server.hosts:
        expected = f"the names under which others reach it, as it listens on {server.host}"
        yield mistake("settings", "server.hosts", expected=expected, got="none")


def _unfinished(settings: Settings) -> Iterator[str]:
    """What a mode lacks."""
    access = settings.access
    for key in NEEDS.get(access.mode, ()):
        if not getattr(access, key):
            expected = f'a value, as access.mode "{access.mode.value}" needs it'
            yield mistake("settings", f"access.{key}", expected=expected, got="nothing")
    if access.mode in NEEDS and not _roles(access):
        yield mistake("settings", "access", expected="a group that has a role, such as approvers", got="none")
    if access.mode is AccessMode.PROXY and len(_text(settings.proxy_key).encode()) < LEAST_BYTES:
        expected = (
            f"a public key in PEM, or a shared one of {LEAST_BYTES} bytes or more ({PROXY_KEY}_FILE names a file)"
        )
        got = "nothing" if settings.proxy_key is None else "a shorter one"
        yield mistake("environment", PROXY_KEY, expected=expected, got=got)
    if access.mode is AccessMode.OIDC and not protected(access.issuer):
        yield mistake("settings", "access.issuer", expected="an https address", got="another")


def _proxy(settings: Settings) -> Proxy:
    """The proxy that vouches."""
    access = settings.access
    statements = SignedStatements(
        key=_text(settings.proxy_key), issuer=access.issuer, audience=access.audience, claims=_claims(access)
    )
    return Proxy(header=access.proxy_header, assertions=statements)


def _provider(settings: Settings, clock: Clock) -> OidcProvider:
    """The issuer that people sign in at."""
    access = settings.access
    registration = Registration(
        issuer=access.issuer,
        client_id=access.client_id,
        client_secret=_text(settings.oidc_secret),
        redirect_uri=access.public_url.rstrip("/") + CALLBACK,
    )
    return OidcProvider(registration, claims=_claims(access), clock=clock)


def _text(secret: SecretStr | None) -> str:
    """What a secret holds, empty where there is none."""
    return secret.get_secret_value() if secret else ""


def _claims(access: AccessShape) -> Claims:
    """How a statement is read."""
    return Claims(name=access.name_claim, groups=access.groups_claim, roles=_roles(access))


def _roles(access: AccessShape) -> dict[str, Role]:
    """The role of each group; one that is named twice has the higher."""
    named = (access.viewers, access.investigators, access.operators, access.approvers, access.admins)
    return {group: role for role, groups in zip(Role, named, strict=True) for group in groups}
