"""The bodies that acts take, as shapes: what is refused here and what /openapi.json tells are the same thing."""

from typing import Annotated, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reconciler.core.gate import Action, Reads
from reconciler.core.model import Mode
from reconciler.errors import UsageError

LARGEST_NUMBER = 2**31 - 1
MOST_KEYS = 1000

Key = Annotated[str, Field(min_length=1, max_length=500)]
Name = Annotated[str, Field(min_length=1, max_length=130)]
Comment = Annotated[str, Field(min_length=1, max_length=2000)]
Given = TypeVar("Given", bound=BaseModel)


class Body(BaseModel):
    """A JSON object with these keys and no others, each of its own type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class RunBody(Body):
    """A run to start: a scan of every comparable domain unless it says otherwise."""

    domains: Annotated[list[Name], Field(max_length=100)] = []
    mode: Mode | None = None
    sample: Annotated[int, Field(ge=1, le=LARGEST_NUMBER)] | None = None
    seed: Annotated[int, Field(ge=0, le=LARGEST_NUMBER)] | None = None
    keys: Annotated[list[Key], Field(max_length=MOST_KEYS)] = []


class ShadowReadsBody(Body):
    """Records that the backend read and asks to have compared."""

    domain: Name
    entity: Name | None = None
    keys: Annotated[list[Key], Field(min_length=1, max_length=MOST_KEYS)]


class ClusterBody(Body):
    """What to note on a cluster; a key that is left out, or null, changes nothing, an empty text takes it away."""

    owner: Annotated[str, Field(max_length=100)] | None = None
    note: Annotated[str, Field(max_length=2000)] | None = None
    link: Annotated[str, Field(max_length=500)] | None = None


class PauseBody(Body):
    """Scheduled runs to hold up: of these domains and this mode, of all where none is named."""

    domains: Annotated[list[Name], Field(max_length=100)] = []
    mode: Mode | None = None
    reason: Comment
    until: Annotated[str, Field(max_length=40)]


class ResumeBody(Body):
    """Paused runs to let go on: of these domains and this mode, of all where none is named."""

    domains: Annotated[list[Name], Field(max_length=100)] = []
    mode: Mode | None = None
    reason: Comment


class DecisionBody(Body):
    """A decision on the evidence in `If-Match`."""

    action: Action = Action.APPROVE
    comment: Comment


class WaiverBody(Body):
    """A check to set aside until the end of a day."""

    check: Name
    reason: Comment
    until: Annotated[str, Field(max_length=40)]


class CommentBody(Body):
    """Why, in words."""

    comment: Comment


class ConfigurationBody(Body):
    """The configuration that was read, by its digests, and why it is as it is."""

    config_digest: Annotated[str, Field(max_length=80)]
    policy_digest: Annotated[str, Field(max_length=80)]
    comment: Comment


class FlipBody(Body):
    """Where the flag is now."""

    reads: Reads
    comment: Comment


async def body_of(request: web.Request, shape: type[Given]) -> Given:
    """The body of a request in its shape. Raises UsageError that names the place and never quotes what stands there."""
    try:
        return shape.model_validate_json(await request.read())
    except ValidationError as problem:
        (first, *_) = problem.errors(include_url=False, include_context=False, include_input=False)
        place = ".".join(str(step)[:40] for step in first["loc"])
        raise UsageError(
            f"the body{f' at {place}' if place else ''}", expected="what /openapi.json says", got=first["msg"]
        ) from None
