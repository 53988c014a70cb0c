"""Who gives a command: the account of this machine, or the token in RECONCILER_TOKEN."""

from reconciler.cli.context import actor
from reconciler.core.access import Actor, Means, Right, require
from reconciler.wiring import Reports


async def acting(reports: Reports, right: Right) -> Actor:
    """The actor of the command, if they have the right. Raises NotSignedIn and AccessDenied.

    Without a token it is the machine's account, as an administrator: who can open the report database for writing could
    write anything into it by hand.
    """
    token = reports.configuration.settings.token
    if token is None:
        return require(actor(), right)
    found = await reports.sign_in.recognise(token.get_secret_value())
    return require(found.actor(Means.TOKEN), right)
