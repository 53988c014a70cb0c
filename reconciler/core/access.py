"""Who acts: roles, the rights that each carries, and an actor with how they signed in."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from reconciler.errors import AccessDenied


class Role(StrEnum):
    """What an actor may do; each role has the rights of those before it, `rights_of` says which."""

    VIEWER = "viewer"
    INVESTIGATOR = "investigator"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"


class Right(StrEnum):
    """One thing that can be allowed."""

    VIEW = "view"  # pages, masked values, exports
    REVEAL = "reveal"  # read both stores now and see values whole, field by declared sensitivity
    OPERATE = "operate"  # start and cancel runs, rehearse, record flips, pause a schedule, note on a cluster
    APPROVE = "approve"  # approve, reject, revoke, waive
    ADMINISTER = "administer"  # tokens


class Means(StrEnum):
    """How an actor signed in."""

    LOOPBACK = "loopback"  # nobody signs in on loopback without configuration: a single local admin
    ACCOUNT = "account"  # the machine's account under which a command was given
    TOKEN = "token"  # noqa: S105 - a word, not a token
    SESSION = "session"  # a token, exchanged for a cookie
    PROXY = "proxy"
    OIDC = "oidc"
    SERVICE = "service"  # the service itself: a scheduled run, a lapse, a flag seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody or something that acts. `name` is what the audit log and decisions hold."""

    name: str
    role: Role
    means: Means

    def may(self, right: Right) -> bool:
        """Whether the actor's role carries the right."""
        return right in rights_of(self.role)


SERVICE = Actor(name="reconciler", role=Role.OPERATOR, means=Means.SERVICE)


def require(actor: Actor, right: Right) -> Actor:
    """The actor, if they have the right. Raises AccessDenied."""
    if not actor.may(right):
        raise AccessDenied(
            f"{actor.name} may not do this",
            expected=f"a role with the right to {right.value}",
            got=f"the role {actor.role.value}",
            next_step="ask an administrator for a token of another role",
        )
    return actor


def role_among(roles: Iterable[Role]) -> Role | None:
    """The role with the most rights, None where there is none."""
    return max(roles, key=lambda role: len(rights_of(role)), default=None)


def rights_of(role: Role) -> frozenset[Right]:
    """The rights of a role."""
    match role:
        case Role.VIEWER:
            return frozenset({Right.VIEW})
        case Role.INVESTIGATOR:
            return rights_of(Role.VIEWER) | {Right.REVEAL}
        case Role.OPERATOR:
            return rights_of(Role.INVESTIGATOR) | {Right.OPERATE}
        case Role.APPROVER:
            return rights_of(Role.OPERATOR) | {Right.APPROVE}
        case Role.ADMIN:
            return frozenset(Right)
        case _ as never:
            assert_never(never)
