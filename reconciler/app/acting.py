"""What every act of a person takes: the right to it, a name under it, and a reason in words."""

from reconciler.core.access import Actor, Right
from reconciler.core.access import require as require_right
from reconciler.errors import UsageError


def signed(actor: Actor, comment: str, *, right: Right) -> str:
    """The comment, stripped. Raises AccessDenied without the right, UsageError without name or comment."""
    require_right(actor, right)
    require(actor.name.strip(), "actor", expected="the name of a person or machine", got="an empty one")
    require(comment.strip(), "comment", expected="why, in words", got="an empty one")
    return comment.strip()


def require(holds: object, message: str, *, expected: str, got: str, next_step: str = "") -> None:
    """Refuses what cannot be recorded: UsageError."""
    if not holds:
        raise UsageError(message, expected=expected, got=got, next_step=next_step)
