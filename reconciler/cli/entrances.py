"""Which ways in the settings open, and the refusal to listen where they open too many."""

from ipaddress import ip_network

from reconciler.adapters.config.mistakes import mistake
from reconciler.adapters.config.service_shape import AccessMode
from reconciler.adapters.hosts import is_loopback
from reconciler.adapters.settings import Settings
from reconciler.app.sign_in import SignIn
from reconciler.errors import ConfigurationError
from reconciler.web.entrance import Entrance, local_admin
from reconciler.web.origins import LOOPBACK

EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - refused without names, not listened on


def entrance_of(settings: Settings, *, sign_in: SignIn, account: str) -> Entrance:
    """The ways in; ConfigurationError where others than this machine could come in without signing in."""
    problems = [*_unguarded(settings)]
    if problems:
        raise ConfigurationError(tuple(problems))
    open_to_all = settings.access.mode is AccessMode.LOOPBACK
    return Entrance(
        sign_in=sign_in,
        local=local_admin(account) if open_to_all else None,
        trusted=tuple(ip_network(one) for one in settings.access.trusted_proxies),
    )


def answered_names(settings: Settings) -> frozenset[str]:
    """The names in a Host header that are answered: this machine's, the address listened on, and those configured."""
    own = {settings.server.host.lower()} - EVERY_ADDRESS
    return LOOPBACK | own | {name.lower() for name in settings.server.hosts}


def _unguarded(settings: Settings) -> list[str]:
    """What is wrong with listening there."""
    server, mode = settings.server, settings.access.mode
    if mode is AccessMode.LOOPBACK:
        sign_in = 'access.mode "token", "proxy" or "oidc", so that people and machines sign in'
        strangers = [name for name in server.hosts if not is_loopback(name.lower())]
        if not is_loopback(server.host):
            return [mistake("settings", "server.host", expected=f"{sign_in}, or 127.0.0.1", got=server.host)]
        if strangers:
            return [mistake("settings", "server.hosts", expected=f"{sign_in}, or no such name", got=strangers[0])]
    elif server.host in EVERY_ADDRESS and not server.hosts:
        expected = f"the names under which others reach it, as it listens on {server.host}"
        return [mistake("settings", "server.hosts", expected=expected, got="none")]
    return []
