"""What answers look like, as JSON Schemas: keys that are always there and their types; further keys may come."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from reconciler.core.access import Means, Role
from reconciler.core.audit import AuditAction
from reconciler.core.gate import Action, CheckResult, GateVerdict, Reads
from reconciler.core.model import DiffKind, DiffState, Mode, Outcome, RunStatus, Sensitivity, Verdict

Schema = Mapping[str, object]

TEXT: Final[Schema] = {"type": "string"}
MAYBE_TEXT: Final[Schema] = {"type": ["string", "null"]}
TRUTH: Final[Schema] = {"type": "boolean"}
ID: Final[Schema] = {"type": "integer", "minimum": 1}
MAYBE_ID: Final[Schema] = {"type": ["integer", "null"], "minimum": 1}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
MAYBE_COUNT: Final[Schema] = {"type": ["integer", "null"], "minimum": 0}
SHARE: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 1}
NAME: Final[Schema] = {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}
INSTANT: Final[Schema] = {"type": "string", "format": "date-time", "pattern": "Z$"}
MAYBE_INSTANT: Final[Schema] = {"type": ["string", "null"], "format": "date-time", "pattern": "Z$"}
CLUSTER: Final[Schema] = {"type": "string", "pattern": "^K-[1-9][0-9]*$"}
MAYBE_CLUSTER: Final[Schema] = {"type": ["string", "null"], "pattern": "^K-[1-9][0-9]*$"}
ANY: Final[Schema] = {}
OBJECT: Final[Schema] = {"type": "object"}
MAYBE_OBJECT: Final[Schema] = {"type": ["object", "null"]}


def ref(name: str) -> Schema:
    """The schema of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def words(kind: type[StrEnum]) -> Schema:
    """One of the words of a kind."""
    return {"enum": [one.value for one in kind]}


def many(schema: Schema) -> Schema:
    """A list of such."""
    return {"type": "array", "items": schema}


def thing(told: str, **always: Schema) -> Schema:
    """An object that has all of these keys, and whatever comes later."""
    properties = {name.removesuffix("_"): schema for name, schema in always.items()}
    return {"type": "object", "description": told, "required": list(properties), "properties": properties}


def perhaps(schema: Schema, **maybe: Schema) -> Schema:
    """An object that may have these keys as well."""
    always = schema["properties"]
    return {**schema, "properties": {**always, **maybe}} if isinstance(always, dict) else schema


def several(told: str, name: str, of: str) -> Schema:
    """A list that is paged."""
    return thing(told, **{name: many(ref(of)), "next": MAYBE_TEXT})


def also(schema: Schema, *, told: str, **always: Schema) -> Schema:
    """An object with more keys than another has."""
    return {"description": told, "allOf": [schema, thing(told, **always)]}


def _named(names: Iterable[str], schema: Schema) -> dict[str, Schema]:
    return dict.fromkeys(names, schema)


FIELD_KEYS: Final[Mapping[str, Schema]] = {"path": TEXT, "kind": words(DiffKind), "source": ANY, "target": ANY}
REDACTED: Final[Schema] = {"enum": [Sensitivity.SECRET.value, Sensitivity.PII.value]}

SCHEMAS: Final[Mapping[str, Schema]] = MappingProxyType(
    {
        "Problem": perhaps(
            thing(
                "What went wrong, as RFC 9457 has it.", type_=TEXT, title=TEXT, status=COUNT, detail=TEXT, instance=TEXT
            ),
            next_step=TEXT,
        ),
        "Overview": thing(
            "The matrix of domains.", version=COUNT, read_at=INSTANT, headline=TEXT, next_step=TEXT, counts=OBJECT,
            domains=many(thing("A row.", domain=NAME, title=TEXT, verdict=words(GateVerdict), reason=TEXT)),
        ),
        "Configured": thing(
            "A domain as it is configured.", domain=NAME, title=TEXT, comparable=TRUTH, not_comparable=MAYBE_TEXT,
            flag=MAYBE_TEXT, live_flag=TRUTH, flip_group=MAYBE_TEXT, depends_on=many(NAME),
            entities=many(thing("An entity.", entity=NAME, collection=TEXT, table=TEXT)),
        ),
        "Domains": thing(
            "Every domain with its gate.", domains=many(also(ref("Configured"), told="One domain.", gate=ref("Gate")))
        ),
        "Domain": also(
            ref("Configured"), told="One domain with all that is known of it.", gate=ref("Gate"),
            clusters=many(ref("Cluster")), decisions=many(ref("Decision")), runs=many(ref("ListedRun")),
            rules=many(OBJECT), unmentioned=many(OBJECT), versions=many(OBJECT),
        ),
        "Check": thing(
            "One check of a gate.", name=TEXT, result=words(CheckResult), measured=MAYBE_TEXT, needed=MAYBE_TEXT,
            since=MAYBE_INSTANT, evidence=MAYBE_TEXT,
        ),
        "Gate": thing(
            "A gate, as the command line gives it.", domain=NAME, verdict=words(GateVerdict), policy_digest=MAYBE_TEXT,
            evidence_digest=MAYBE_TEXT, valid_until=MAYBE_INSTANT, checks=many(ref("Check")), flip=TEXT, rollback=TEXT,
            reason=TEXT, next_step=TEXT, reads=MAYBE_TEXT, soak=MAYBE_OBJECT, sampled=MAYBE_OBJECT, waived=many(TEXT),
            alarm=MAYBE_TEXT,
        ),
        "ClosedGate": also(
            ref("Problem"), told="The checks that stand in the way.", domain=NAME, verdict=words(GateVerdict),
            require=TEXT, checks=many(ref("Check")),
        ),
        "Timeline": thing(
            "What was known of a domain, and when.", version=COUNT, domain=NAME, days=COUNT, since=INSTANT,
            until=INSTANT, bands=many(OBJECT), moments=many(OBJECT),
        ),
        "Keys": thing("A JWK Set.", keys=many(OBJECT)),
        "RunHead": thing(
            "A run without what it found.", id=ID, mode=words(Mode), status=words(RunStatus), seed=MAYBE_COUNT,
            started_at=INSTANT, finished_at=MAYBE_INSTANT, config_digest=TEXT, code_version=TEXT, trigger=TEXT,
        ),
        "AcceptedRun": also(ref("RunHead"), told="A run that was started or called off.", domains=many(NAME)),
        "ListedRun": also(
            ref("RunHead"), told="A run in a list.", verdict=words(Verdict),
            domains=many(thing("A part.", domain=NAME, verdict=words(Verdict), seen=COUNT, compared=COUNT)),
        ),
        "Runs": several("Runs, newest first.", "runs", "ListedRun"),
        "Entity": thing(
            "The counts of an entity; the outcomes add up to `seen`.", entity=NAME, source_records=COUNT,
            target_records=COUNT, seen=COUNT, compared=COUNT, cleared=COUNT, unconfirmed=COUNT, coverage=SHARE,
            method=TEXT, complete=TRUTH, invariants=many(ref("Invariant")),
            outcomes=thing("How often each outcome came.", **_named([one.value for one in Outcome], COUNT)),
        ),
        "Invariant": thing(
            "How an invariant came out.", name=NAME, side=TEXT, violations=COUNT, sample_keys=many(TEXT)
        ),
        "Run": perhaps(
            thing(
                "A run, as the command line gives it.", version=COUNT, run=ref("RunHead"), verdict=words(Verdict),
                domains=many(
                    thing(
                        "A domain's part.", domain=NAME, verdict=words(Verdict), entities=many(ref("Entity")),
                        clusters=many(ref("Cluster")), notes=many(TEXT), dualwrite_gaps=MAYBE_COUNT, canaries=OBJECT,
                    )
                ),
            ),
            progress=many(
                thing(
                    "How far the scan of an entity is, by its last finished range.", domain=NAME, entity=NAME,
                    source_records=COUNT, target_records=COUNT, at=INSTANT, whole=TRUTH,
                )
            ),
        ),
        "Changes": thing(
            "Differences counted over two runs; unsure are in one only while the other did not see every record.",
            new=COUNT, gone=COUNT, still=COUNT, unsure=COUNT,
        ),
        "RunComparison": thing(
            "Two runs side by side, with the first of what is new and of what is gone.", version=COUNT,
            before=ref("RunHead"), after=ref("RunHead"), totals=ref("Changes"), new=many(ref("Diff")),
            gone=many(ref("Diff")),
            domains=many(
                thing(
                    "A domain, its verdicts null where a run did not look at it.", domain=NAME, before=MAYBE_TEXT,
                    after=MAYBE_TEXT, entities=many(also(ref("Changes"), told="An entity.", entity=NAME)),
                )
            ),
        ),
        "Field": perhaps(
            thing(
                "A field that differs: secrets are null, personal values masked.", **FIELD_KEYS, cluster=MAYBE_CLUSTER
            ),
            redacted=REDACTED,
            note=TEXT,
        ),
        "Diff": thing(
            "A difference as its last run saw it.", id=ID, run=ID, domain=NAME, entity=NAME, key=TEXT,
            outcome=words(Outcome), state=words(DiffState), first_seen_at=INSTANT, last_seen_at=INSTANT, first_run=ID,
            cluster=MAYBE_CLUSTER, detail=TEXT, fields=many(ref("Field")),
        ),
        "Diffs": several("Differences by id.", "diffs", "Diff"),
        "Reread": thing(
            "A record as both stores have it now, masked.", diff=ID, read_at=INSTANT, now=ref("Now"), domain=NAME,
            key=TEXT, entities=many(NAME), records=many(thing("What it is.", entity=NAME, outcome=words(Outcome))),
            diffs=many(
                thing(
                    "A difference.", entity=NAME, key=TEXT, outcome=words(Outcome),
                    fields=many(perhaps(thing("A field.", **FIELD_KEYS), redacted=REDACTED)),
                )
            ),
        ),
        "Revealed": thing(
            "A record as both stores have it now, in the clear; secrets are null.", diff=ID, read_at=INSTANT,
            now=ref("Now"), domain=NAME, entity=NAME, key=TEXT,
            fields=many(thing("A field.", **FIELD_KEYS, sensitivity=words(Sensitivity))),
        ),
        "Now": {"enum": ["differs", "unreadable", "equal", "gone"]},
        "Cluster": thing(
            "Differences with one likely cause.", id=CLUSTER, title=TEXT, domain=NAME, entity=NAME, path=MAYBE_TEXT,
            kind=TEXT, cause=TEXT, diffs=COUNT, open=TRUTH, first_run=ID, last_run=ID, first_seen_at=INSTANT,
            last_seen_at=INSTANT, owner=MAYBE_TEXT, note=MAYBE_TEXT, link=MAYBE_TEXT,
        ),
        "Clusters": thing("Clusters, most differences first.", clusters=many(ref("Cluster"))),
        "GroupGate": thing(
            "A flip group's gate: the worst of its members.", group=NAME, verdict=words(GateVerdict), reason=TEXT,
            next_step=TEXT, valid_until=MAYBE_INSTANT, flip=TEXT, rollback=TEXT, domains=many(ref("Gate")),
        ),
        "ClosedGroup": also(
            ref("Problem"), told="A group that may not go.", group=NAME, verdict=words(GateVerdict),
            require=TEXT, domains=OBJECT,
        ),
        "Plan": thing(
            "The order of the cutover.", version=COUNT, read_at=INSTANT, headline=TEXT, steps=COUNT, done=COUNT,
            next=many(TEXT), phases=many(thing("A phase.", title=TEXT, state=TEXT, steps=many(OBJECT))),
        ),
        "Schedule": thing(
            "What runs by itself.",
            schedule=many(
                thing("A run.", domain=NAME, mode=words(Mode), cron=TEXT, next_at=MAYBE_INSTANT, paused=MAYBE_OBJECT)
            ),
        ),
        "Jobs": thing("What an act was about.", jobs=many(thing("A job.", domain=NAME, mode=words(Mode)))),
        "Decision": thing(
            "A decision somebody made.", id=ID, domain=NAME, action=words(Action), evidence_digest=TEXT, actor=TEXT,
            comment=TEXT, at=INSTANT, voided=MAYBE_TEXT, entry=MAYBE_ID,
        ),
        "Approval": also(
            ref("Decision"), told="A decision and what it is worth today.", today=TEXT, role=MAYBE_TEXT,
            means=MAYBE_TEXT, verdict=MAYBE_TEXT,
        ),
        "Approvals": thing(
            "What waits for whom.", waiting_for_me=many(NAME), waiting_for_others=many(NAME),
            waivers_waiting_for_me=many(ref("Waiver")), waivers_waiting_for_others=many(ref("Waiver")),
            decisions=many(ref("Decision")), next=MAYBE_TEXT,
        ),
        "EvidenceMoved": also(
            ref("Problem"), told="What moved since the evidence named.", domain=NAME, verdict=words(GateVerdict),
            named=TEXT, evidence_digest=MAYBE_TEXT, moved=many(TEXT), checks=many(OBJECT),
        ),
        "Waiver": thing(
            "A check set aside, or waiting to be.", id=ID, domain=NAME, check=TEXT, reason=TEXT, until=INSTANT,
            most=MAYBE_COUNT, asked_by=TEXT, asked_at=INSTANT, confirmed_by=MAYBE_TEXT, confirmed_at=MAYBE_INSTANT,
            ended_by=MAYBE_TEXT, ended_at=MAYBE_INSTANT,
        ),
        "Waivers": thing("A domain's waivers, newest first.", waivers=many(ref("Waiver"))),
        "Flag": thing(
            "Where a domain is read from.", domain=NAME, reads={"enum": [*(one.value for one in Reads), None]},
            since=MAYBE_INSTANT, had_go=ANY, origin=TEXT,
        ),
        "ConfigurationAnswer": thing(
            "Who answers for a domain's configuration.", domain=NAME, config_digest=TEXT, policy_digest=TEXT,
            actor=TEXT, comment=TEXT, at=INSTANT,
        ),
        "Entry": thing(
            "An act in its place in the audit log.", number=ID, previous=TEXT, at=TEXT, actor=TEXT, role=words(Role),
            means=words(Means), action=words(AuditAction), domain=TEXT, verdict=TEXT, evidence_digest=TEXT,
            comment=TEXT, digest=TEXT,
        ),
        "Entries": several("The audit log, newest first.", "entries", "Entry"),
        "Chain": thing("What was proved of the audit log.", intact=TRUTH, entries=COUNT, head=TEXT, trouble=MAYBE_TEXT),
        "Evidence": thing("Evidence that somebody decided on: its text is what the digest is of."),
        "Status": perhaps(thing("How the service is.", status=TEXT), version=TEXT, report_store=TEXT),
        "Document": thing("This document.", openapi=TEXT, info=OBJECT, paths=OBJECT, components=OBJECT),
    }
)  # fmt: skip
"""By name, as `components/schemas` of the document has them."""
