"""The one table of what machines can ask: each operation's query, body and answers; its right is in `web.rights`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from reconciler.core.audit import AuditAction
from reconciler.core.gate import Requirement
from reconciler.core.model import DiffState
from reconciler.web.bodies import (
    Body,
    ClusterBody,
    CommentBody,
    ConfigurationBody,
    DecisionBody,
    FlipBody,
    PauseBody,
    ResumeBody,
    RunBody,
    ShadowReadsBody,
    WaiverBody,
)
from reconciler.web.openapi.schemas import NAME, Schema, words

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A query parameter, or a header."""

    name: str
    schema: Schema
    told: str
    place: str = "query"
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One form of an answer: its media type, and the name of its schema where it is JSON."""

    media: str = JSON
    schema: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`answers` are those of this operation alone; what every answer may be instead is added by the document.

    `located` answers carry the header Location.
    """

    answers: Mapping[HTTPStatus, tuple[Content, ...]]
    parameters: tuple[Parameter, ...] = ()
    body: type[Body] | None = None
    located: bool = False
    refusals: tuple[HTTPStatus, ...] = field(default=())


def whole(name: str, told: str, *, least: int = 1, most: int = 10**18 - 1) -> Parameter:
    """A whole number in the query."""
    return Parameter(name=name, schema={"type": "integer", "minimum": least, "maximum": most}, told=told)


DOMAIN: Final = Parameter(name="domain", schema=NAME, told="Of this domain only.")
LIMIT: Final = whole("limit", "How many at most; 50 unless it says otherwise.", most=500)
BEFORE: Final = whole("before", "Those below this id.")
SIGNED: Final = Parameter(name="signed", schema={"enum": ["0", "1"]}, told="1 for a signed answer.")
NONCE: Final = Parameter(
    name="nonce", schema={"type": "string", "pattern": "^[A-Za-z0-9._~-]{1,128}$"}, told="Signed as well."
)
REQUIRE: Final = Parameter(name="require", schema=words(Requirement), told="At least this; `go` unless it says so.")
TIME: Final[Schema] = {"type": "string", "format": "date-time"}
IF_MATCH: Final = Parameter(
    name="If-Match", place="header", required=True, told="The digest of the evidence that was read, in quotes.",
    schema={"type": "string", "pattern": '^"sha256:[0-9a-f]{64}"$'},
)  # fmt: skip


def gives(name: str, *parameters: Parameter, also: tuple[Content, ...] = ()) -> Operation:
    """Something to read."""
    return Operation(answers={HTTPStatus.OK: (Content(schema=name), *also)}, parameters=parameters)


def does(
    name: str,
    *,
    status: HTTPStatus = HTTPStatus.CREATED,
    body: type[Body] | None = None,
    located: bool = False,
    refusals: tuple[HTTPStatus, ...] = (HTTPStatus.CONFLICT,),
) -> Operation:
    """Something to do."""
    answers = {status: (Content(schema=name),)}
    return Operation(answers=answers, body=body, located=located, refusals=refusals)


JWT: Final = (Content(media="application/jwt"),)
REPORTS: Final = (Content(media="application/xml"), Content(media="text/markdown"), Content(media="text/html"))
ACCEPTED: Final = HTTPStatus.ACCEPTED

OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = MappingProxyType(
    {
        ("GET", "/api/v1/overview"): gives("Overview"),
        ("GET", "/api/v1/domains"): gives("Domains"),
        ("GET", "/api/v1/domains/{domain}"): gives("Domain"),
        ("GET", "/api/v1/domains/{domain}/gate"): gives("Gate", SIGNED, NONCE, also=JWT),
        ("GET", "/api/v1/domains/{domain}/gate/assert"): Operation(
            answers={
                HTTPStatus.OK: (Content(schema="Gate"), *JWT),
                HTTPStatus.CONFLICT: (Content(media=PROBLEM, schema="ClosedGate"),),
            },
            parameters=(REQUIRE, SIGNED, NONCE),
        ),
        ("GET", "/api/v1/groups/{group}/gate"): gives("GroupGate"),
        ("GET", "/api/v1/groups/{group}/gate/assert"): Operation(
            answers={
                HTTPStatus.OK: (Content(schema="GroupGate"),),
                HTTPStatus.CONFLICT: (Content(media=PROBLEM, schema="ClosedGroup"),),
            },
            parameters=(REQUIRE,),
        ),
        ("GET", "/api/v1/domains/{domain}/timeline"): gives("Timeline", whole("days", "How far back.", most=92)),
        ("GET", "/api/v1/keys"): Operation(
            answers={HTTPStatus.OK: (Content(media="application/jwk-set+json", schema="Keys"),)}
        ),
        ("GET", "/api/v1/runs"): gives("Runs", DOMAIN, BEFORE, LIMIT),
        ("GET", "/api/v1/runs/compare"): gives(
            "RunComparison", replace(whole("a", "The run before."), required=True),
            replace(whole("b", "The run after."), required=True),
        ),
        ("GET", "/api/v1/runs/{id}"): gives("Run"),
        ("GET", "/api/v1/runs/{id}/report.{form}"): gives("Run", also=REPORTS),
        ("GET", "/api/v1/diffs"): gives(
            "Diffs", DOMAIN, LIMIT, whole("run", "As this run saw them."), whole("after", "Those above.", least=0),
            Parameter(name="state", schema=words(DiffState), told="In this state only."),
            Parameter(
                name="cluster", schema={"type": "string", "pattern": "^K-[1-9][0-9]{0,17}$"}, told="Of this one only."
            ),
        ),
        ("GET", "/api/v1/diffs/{id}"): gives("Diff"),
        ("GET", "/api/v1/clusters"): gives("Clusters", DOMAIN, whole("run", "Of this run.")),
        ("GET", "/api/v1/clusters/{id}"): gives("Cluster"),
        ("GET", "/api/v1/plan"): gives("Plan"),
        ("GET", "/api/v1/schedule"): gives("Schedule"),
        ("GET", "/api/v1/approvals"): gives("Approvals", BEFORE, LIMIT),
        ("GET", "/api/v1/approvals/{id}"): gives("Approval"),
        ("GET", "/api/v1/domains/{domain}/waivers"): gives("Waivers"),
        ("GET", "/api/v1/audit"): gives(
            "Entries", DOMAIN, BEFORE, LIMIT,
            Parameter(name="action", schema=words(AuditAction), told="Acts of this kind only."),
            Parameter(name="actor", schema={"type": "string"}, told="Acts under this name only."),
            Parameter(name="since", schema=TIME, told="At or after."),
            Parameter(name="until", schema=TIME, told="Before."),
        ),
        ("GET", "/api/v1/audit/verify"): gives("Chain"),
        ("GET", "/api/v1/evidence/{digest}"): gives("Evidence"),
        ("POST", "/api/v1/domains/{domain}/approvals"): Operation(
            answers={
                HTTPStatus.CREATED: (Content(schema="Decision"),),
                HTTPStatus.PRECONDITION_FAILED: (Content(media=PROBLEM, schema="EvidenceMoved"),),
            },
            parameters=(IF_MATCH,),
            body=DecisionBody,
            located=True,
            refusals=(HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_REQUIRED),
        ),
        ("POST", "/api/v1/domains/{domain}/waivers"): does("Waiver", body=WaiverBody),
        ("POST", "/api/v1/domains/{domain}/waivers/{id}/confirm"): does("Waiver", body=CommentBody),
        ("POST", "/api/v1/domains/{domain}/waivers/{id}/end"): does("Waiver", body=CommentBody),
        ("POST", "/api/v1/domains/{domain}/flips"): does("Flag", body=FlipBody),
        ("POST", "/api/v1/domains/{domain}/configuration"): does("ConfigurationAnswer", body=ConfigurationBody),
        ("POST", "/api/v1/runs"): does("AcceptedRun", status=ACCEPTED, body=RunBody, located=True),
        ("POST", "/api/v1/runs/{id}/cancel"): does("AcceptedRun", status=ACCEPTED, located=True),
        ("POST", "/api/v1/shadow-reads"): does("AcceptedRun", status=ACCEPTED, body=ShadowReadsBody, located=True),
        ("POST", "/api/v1/schedule/pause"): does("Jobs", status=HTTPStatus.OK, body=PauseBody, refusals=()),
        ("POST", "/api/v1/schedule/resume"): does("Jobs", status=HTTPStatus.OK, body=ResumeBody, refusals=()),
        ("POST", "/api/v1/diffs/{id}/reread"): does("Reread", status=HTTPStatus.OK),
        ("POST", "/api/v1/diffs/{id}/reveal"): does("Revealed", status=HTTPStatus.OK),
        ("PATCH", "/api/v1/clusters/{id}"): does("Cluster", status=HTTPStatus.OK, body=ClusterBody, refusals=()),
        ("GET", "/openapi.json"): gives("Document"),
        ("GET", "/livez"): gives("Status"),
        ("GET", "/readyz"): gives("Status"),
        ("GET", "/api/health"): gives("Status"),
    }
)  # fmt: skip
"""By method and path, as `web.rights.RIGHTS`."""
