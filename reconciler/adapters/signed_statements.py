"""Signed statements of who somebody is, as JSON Web Tokens: which of them hold, and whom their claims name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt

from reconciler.core.access import Actor, Means, Role, role_among
from reconciler.errors import AccessDenied, NotSignedIn

SHARED: Final = ("HS256",)
PUBLIC: Final = ("RS256", "ES256", "EdDSA")
PEM: Final = "-----BEGIN"
LEAST_BYTES: Final = 32
LEEWAY_SECONDS: Final = 30
LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Which claim holds the name and which the groups, and what role each group has; the highest counts."""

    name: str
    groups: str
    roles: Mapping[str, Role]

    def actor(self, claims: Mapping[str, Any], means: Means) -> Actor:
        """Who the claims name. Raises NotSignedIn without a usable name, AccessDenied without a role."""
        name = claims.get(self.name)
        if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
            raise NotSignedIn("the statement of who asks", expected=f"a name in the claim {self.name}", got="none")
        if self.name == "email" and claims.get("email_verified") is False:
            raise NotSignedIn("the statement of who asks", expected="a verified address", got="one that is not")
        groups = claims.get(self.groups)
        told = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
        role = role_among(self.roles[one] for one in told if isinstance(one, str) and one in self.roles)
        if role is None:
            raise AccessDenied(
                f"{name.strip()} has no role here",
                expected="a group that [access] names",
                got="none",
                next_step="ask an administrator to add one of your groups to config/service.toml",
            )
        return Actor(name=name.strip(), role=role, means=means)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedStatements:
    """Reads a proxy's statements. The kind of the key alone says which signatures count, never the statement itself."""

    key: str
    issuer: str
    audience: str
    claims: Claims

    def read(self, text: str) -> Actor:
        """The actor named; NotSignedIn where signature, issuer, audience or time do not hold."""
        try:
            claims = jwt.decode(
                text.removeprefix("Bearer "),
                self.key,
                algorithms=PUBLIC if self.key.startswith(PEM) else SHARED,
                issuer=self.issuer,
                audience=self.audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud"]},
            )
        except jwt.PyJWTError as error:
            raise NotSignedIn(
                "the proxy's statement of who asks does not hold",
                expected="one signed with its key, for this service, that has not expired",
                got=type(error).__name__,
                next_step="check key, issuer, audience and clocks of both",
            ) from None
        return self.claims.actor(claims, Means.PROXY)
