"""The same as JSON under /api/v1, and the probes; shapes are those of `app.documents`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus

from aiohttp import hdrs, web

from reconciler.app.documents import (
    Document,
    cluster_document,
    decision_document,
    diff_document,
    gate_document,
    instant,
    path_document,
    progress_document,
    rule_document,
    run_document,
    run_head,
    version_document,
)
from reconciler.app.gate_tokens import gate_claims, nonce_of
from reconciler.app.ports import StoredRun
from reconciler.core.gate import Check, CheckResult, Gate, Requirement, satisfies
from reconciler.core.history import DomainRun
from reconciler.core.model import RunStatus
from reconciler.core.spec import DomainSpec
from reconciler.core.summary import domain_verdict, run_verdict
from reconciler.web.asked import domain_in_path, domain_in_query, next_address, one_of, whole_number
from reconciler.web.gathering import gather_domain, gather_overview, gather_story
from reconciler.web.pages import wanted_diffs
from reconciler.web.problems import Problem, problem_answer
from reconciler.web.services import SERVICES
from reconciler.web.shown import SHOWN
from reconciler.web.views.diffs import page_of
from reconciler.web.views.overview import LastRun, Row

USUAL, MOST = 50, 500
JWT = "application/jwt"
STANDING = (CheckResult.FAIL, CheckResult.INCONCLUSIVE, CheckResult.PENDING)


class Switch(StrEnum):
    """A query that is on or off."""

    ON = "1"
    OFF = "0"


async def overview(request: web.Request) -> web.Response:
    """The matrix with its counts."""
    page, _ = await gather_overview(request)
    return web.json_response(
        {
            "version": 1,
            "read_at": instant(request.app[SERVICES].clock.now()),
            "headline": page.banner.headline,
            "next_step": page.banner.next_step,
            "counts": {count.verdict.value: count.domains for count in page.counts},
            "domains": [_row(row) for row in page.rows]
            + [{"domain": one.name, "title": one.title, "verdict": "not_comparable", "reason": one.not_comparable}
               for one in page.not_comparable],
        }
    )  # fmt: skip


def _row(row: Row) -> Document:
    """A domain in the overview."""
    return {
        "domain": row.name,
        "title": row.title,
        "verdict": row.verdict.value,
        "reason": row.why,
        "next_step": row.next_step,
        "flag": row.flag,
        "reads": row.reads,
        "soak_hours": row.soak.hours if row.soak else None,
        "last_run": _last_run(row.last_run) if row.last_run else None,
    }


def _last_run(run: LastRun) -> Document:
    """The newest run of a domain."""
    return {"id": run.id, "mode": run.mode, "result": run.word.word, "at": instant(run.at), "compared": run.compared}


async def domains(request: web.Request) -> web.Response:
    """Every domain with its gate."""
    services = request.app[SERVICES]
    gates = {gate.domain: gate for gate in await services.verdicts.gates()}
    listed = [_domain(spec) | {"gate": gate_document(gates[spec.name])} for spec in services.system.domains]
    return web.json_response({"domains": listed})


def _domain(spec: DomainSpec) -> Document:
    """A domain as it is configured."""
    return {
        "domain": spec.name,
        "title": spec.title,
        "comparable": spec.comparable,
        "not_comparable": spec.not_comparable or None,
        "flag": spec.flag or None,
        "live_flag": bool(spec.flip),
        "flip_group": spec.flip_group or None,
        "depends_on": list(spec.depends_on),
        "entities": [
            {"entity": one.name, "collection": one.collection, "table": f"{one.schema}.{one.table}"}
            for one in spec.entities
        ],
    }


async def domain(request: web.Request) -> web.Response:
    """One domain: configuration with its rules and versions, gate, open clusters, decisions, last runs."""
    spec = domain_in_path(request)
    page, runs = await gather_domain(request, spec)
    document = _domain(spec) | {
        "gate": gate_document(page.gate),
        "clusters": [cluster_document(one) for one in page.clusters],
        "decisions": [decision_document(row.decision) | {"today": row.today} for row in page.decisions],
        "runs": [_listed_run(run) for run in runs],
        "rules": [rule_document(name, rule, now=_now(request), scan=page.scan) for name, rule in spec.rules],
        "unmentioned": [path_document(one) for one in page.unmentioned],
        "versions": [version_document(one) for one in page.versions],
    }
    return web.json_response(document)


def _now(request: web.Request) -> datetime:
    """The service's clock."""
    return request.app[SERVICES].clock.now()


async def gate(request: web.Request) -> web.Response:
    """The gate: 200 whatever it says; signed where that is asked for."""
    return _told(request, await _gate(request))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A gate, and when it was asked for: before anything was read."""

    gate: Gate
    at: datetime


def _told(request: web.Request, asked: Asked) -> web.Response:
    """A gate as JSON, or as a signed answer for `?signed=1` and `Accept: application/jwt`; `?nonce=` is signed too."""
    signed = one_of(request, "signed", Switch) is Switch.ON
    if not signed and JWT not in request.headers.get(hdrs.ACCEPT, ""):
        return web.json_response(gate_document(asked.gate))
    claims = gate_claims(asked.gate, asked_at=asked.at, nonce=nonce_of(request.query.get("nonce")))
    return web.Response(text=request.app[SERVICES].signer.signed(claims), content_type=JWT)


async def keys(request: web.Request) -> web.Response:
    """The keys that signed answers are proved with, as a JWK Set."""
    return web.json_response(request.app[SERVICES].signer.public_keys(), content_type="application/jwk-set+json")


async def gate_assert(request: web.Request) -> web.Response:
    """200 where the gate is at least what `require` asks (default `go`), else 409 with the checks in the way."""
    require = one_of(request, "require", Requirement) or Requirement.GO
    asked = await _gate(request)
    answer = asked.gate
    if satisfies(answer, require):
        return _told(request, asked)
    standing = [_check(check) for check in answer.checks if check.result in STANDING]
    problem = Problem(
        status=HTTPStatus.CONFLICT,
        title=f"gate of {answer.domain} is {answer.verdict.value}",
        detail=answer.reason,
        next_step=answer.next_step,
        more={"domain": answer.domain, "verdict": answer.verdict.value, "require": require.value, "checks": standing},
    )
    return problem_answer(request, problem)


async def _gate(request: web.Request) -> Asked:
    """The gate of the domain that the address names."""
    services, name = request.app[SERVICES], domain_in_path(request).name
    asked_at = services.clock.now()
    (found,) = await services.verdicts.gates((name,))
    request.app[SHOWN].note(found)
    return Asked(gate=found, at=asked_at)


def _check(check: Check) -> Document:
    """A check that stands in the way."""
    return {
        "name": check.name,
        "result": check.result.value,
        "measured": check.measured,
        "needed": check.needed,
        "since": instant(check.since),
        "evidence": check.evidence,
    }


async def runs(request: web.Request) -> web.Response:
    """Runs newest first; `limit`, `before`, `domain`."""
    limit = whole_number(request, "limit", least=1, most=MOST) or USUAL
    name, before = domain_in_query(request), whole_number(request, "before", least=1)
    found = await request.app[SERVICES].store.runs(domain=name, before=before, limit=limit + 1)
    more = found[limit - 1].id if len(found) > limit else None
    return web.json_response(
        {"runs": [_listed_run(run) for run in found[:limit]], "next": next_address(request, "before", more)}
    )


def _listed_run(run: StoredRun) -> Document:
    """A run in a list: its head and what it says of each domain."""
    return run_head(run) | {
        "verdict": run_verdict(run.domains).value,
        "domains": [_listed_part(part) for part in run.domains],
    }


def _listed_part(part: DomainRun) -> Document:
    """A domain's part of a run in a list; a verdict never comes without its denominator."""
    return {
        "domain": part.domain,
        "verdict": domain_verdict(part).value,
        "seen": sum(entity.seen for entity in part.entities),
        "compared": sum(entity.compared for entity in part.entities),
    }


async def run(request: web.Request) -> web.Response:
    """One run as the command line gives it; how far its scans are, while it is not completed."""
    store, run_id = request.app[SERVICES].store, int(request.match_info["id"])
    found = await store.run(run_id)
    document = run_document(found, await store.clusters(run=run_id))
    if found.status is not RunStatus.COMPLETED:
        document["progress"] = [progress_document(one) for one in await store.scan_progress(run_id)]
    return web.json_response(document)


async def diffs(request: web.Request) -> web.Response:
    """Diffs by id; `after`, `limit`, `run`, `domain`, `state`, `cluster`."""
    limit = whole_number(request, "limit", least=1, most=MOST) or USUAL
    found, after = await page_of(request.app[SERVICES].store, wanted_diffs(request), limit)
    listed = [diff_document(one) for one in found]
    return web.json_response({"diffs": listed, "next": next_address(request, "after", after)})


async def diff(request: web.Request) -> web.Response:
    """One diff as its last run saw it."""
    return web.json_response(diff_document(await request.app[SERVICES].store.diff(int(request.match_info["id"]))))


async def clusters(request: web.Request) -> web.Response:
    """Clusters of open diffs, most first; of one run with `run`."""
    of_run, name = whole_number(request, "run", least=1), domain_in_query(request)
    found = await request.app[SERVICES].store.clusters(run=of_run, domain=name)
    return web.json_response({"clusters": [cluster_document(one) for one in found]})


async def cluster(request: web.Request) -> web.Response:
    """One cluster with its likely cause, when it began, and what to do next."""
    return web.json_response((await gather_story(request, request.match_info["id"])).document)


# -- probes ------------------------------------------------------------------------------------------------------------


async def livez(_: web.Request) -> web.Response:
    """The process answers."""
    return web.json_response({"status": "alive"})


async def readyz(request: web.Request) -> web.Response:
    """The report store can be read; ReportStoreError, and so 503, where not. A store being down is no matter here."""
    await request.app[SERVICES].store.runs(limit=1)
    return web.json_response({"status": "ready"})


async def health(request: web.Request) -> web.Response:
    """As `readyz`, with the version."""
    await request.app[SERVICES].store.runs(limit=1)
    return web.json_response({"status": "ok", "report_store": "readable", "version": request.app[SERVICES].version})
