"""Deciding over HTTP: approvals, waivers and flips as JSON for machines and as forms for people, the same acts."""

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import hdrs, web

from reconciler.app.documents import config_answer_document, decision_document, flag_document, waiver_document
from reconciler.app.waivers import end_of
from reconciler.core.access import Actor
from reconciler.core.gate import Action, FlagState, Reads
from reconciler.core.gate import decide as judge
from reconciler.core.history import Decision, Waiver
from reconciler.core.versions import ConfigAnswer
from reconciler.core.waiver_checks import in_force_now
from reconciler.errors import Conflict, EvidenceMoved, NotFound, UsageError
from reconciler.web.access import actor_of
from reconciler.web.asked import domain_in_path, form_of, see, word_of
from reconciler.web.bodies import Body, CommentBody, ConfigurationBody, DecisionBody, FlipBody, WaiverBody, body_of
from reconciler.web.pages import render
from reconciler.web.problems import Problem, problem_answer
from reconciler.web.services import SERVICES, Acts
from reconciler.web.shown import SHOWN
from reconciler.web.views.moved import Moved, moves, what_moved
from reconciler.web.words import Family

Fields = Mapping[str, str]


# -- for machines ------------------------------------------------------------------------------------------------------


async def decide(request: web.Request) -> web.Response:
    """A decision on the evidence in `If-Match`: 201, 412 where that is no longer today's, 428 without one."""
    domain, named = domain_in_path(request).name, request.headers.get(hdrs.IF_MATCH, "").strip()
    if not named or named == "*":
        return problem_answer(request, _no_condition(domain))
    fields = await _texts(request, DecisionBody)
    digest = named.removeprefix('"').removesuffix('"')
    try:
        decision = await _decide(request, fields, digest=digest)
    except EvidenceMoved:
        return problem_answer(request, _moved_problem(await moved(request, domain, digest)))
    headers = {"Location": f"/api/v1/approvals/{decision.id}"}
    return web.json_response(decision_document(decision), status=HTTPStatus.CREATED, headers=headers)


async def waive(request: web.Request) -> web.Response:
    """Asks for a waiver, or confirms the same one as a second person."""
    fields = await _texts(request, WaiverBody)
    return _created(await _waive(request, fields))


async def confirm(request: web.Request) -> web.Response:
    """Stands by a waiver as the second person."""
    return _created(await _confirm(request, await _texts(request, CommentBody)))


async def end(request: web.Request) -> web.Response:
    """Ends a waiver now."""
    return _created(await _end(request, await _texts(request, CommentBody)))


async def flip(request: web.Request) -> web.Response:
    """Records by hand where the flag is now."""
    domain = domain_in_path(request).name
    state = await _flip(request, await _texts(request, FlipBody))
    return web.json_response(flag_document(domain, state), status=HTTPStatus.CREATED)


async def accept(request: web.Request) -> web.Response:
    """Records who answers for the configuration in force."""
    answer = await _accept(request, await _texts(request, ConfigurationBody))
    return web.json_response(config_answer_document(answer), status=HTTPStatus.CREATED)


def _created(waiver: Waiver) -> web.Response:
    """A waiver as the answer to what was done with it."""
    return web.json_response(waiver_document(waiver), status=HTTPStatus.CREATED)


def _no_condition(domain: str) -> Problem:
    """A decision without the evidence it is on."""
    return Problem(
        status=HTTPStatus.PRECONDITION_REQUIRED,
        title=HTTPStatus.PRECONDITION_REQUIRED.phrase,
        detail='expected If-Match: "<evidence digest>", so that nobody decides on what they have not read; got none.',
        next_step=f"read /api/v1/domains/{domain}/gate and send its evidence_digest",
    )


def _moved_problem(what: Moved) -> Problem:
    """412 with what moved."""
    told = f": {'; '.join(what.sentences)}" if what.sentences else ""
    return Problem(
        status=HTTPStatus.PRECONDITION_FAILED,
        title="the evidence moved",
        detail=f"The evidence of {what.gate.domain} is not the evidence you read{told}. Nothing was recorded.",
        next_step=f"read /api/v1/domains/{what.gate.domain}/gate and decide on what it says now",
        more={
            "domain": what.gate.domain,
            "verdict": what.gate.verdict.value,
            "named": what.named,
            "evidence_digest": what.gate.evidence_digest,
            "moved": list(what.sentences),
            "checks": moves(what.checks),
        },
    )


async def _texts(request: web.Request, shape: type[Body]) -> Fields:
    """The texts of a body in its shape."""
    return (await body_of(request, shape)).model_dump(mode="json")


# -- for people --------------------------------------------------------------------------------------------------------


async def decide_form(request: web.Request) -> web.StreamResponse:
    """The decision panel: leads to the record, or says what moved since the page was made."""
    fields, domain = await form_of(request), domain_in_path(request).name
    digest = fields.get("evidence", "")
    await _require_read(request, fields)
    try:
        decision = await _decide(request, fields, digest=digest)
    except EvidenceMoved:
        return _moved_page(request, await moved(request, domain, digest), fields)
    return see(f"/approvals/{decision.id}")


async def waive_form(request: web.Request) -> web.StreamResponse:
    """Asks for a waiver."""
    await _waive(request, await form_of(request))
    return see(f"/domains/{domain_in_path(request).name}#waivers")


async def confirm_form(request: web.Request) -> web.StreamResponse:
    """Confirms a waiver."""
    await _confirm(request, await form_of(request))
    return see(f"/domains/{domain_in_path(request).name}#waivers")


async def end_form(request: web.Request) -> web.StreamResponse:
    """Ends a waiver."""
    await _end(request, await form_of(request))
    return see(f"/domains/{domain_in_path(request).name}#waivers")


async def flip_form(request: web.Request) -> web.StreamResponse:
    """Records a flip or a rollback."""
    await _flip(request, await form_of(request))
    return see(f"/domains/{domain_in_path(request).name}")


async def accept_form(request: web.Request) -> web.StreamResponse:
    """Records who answers for the configuration that the page showed."""
    await _accept(request, await form_of(request))
    return see(f"/domains/{domain_in_path(request).name}#decision")


async def _require_read(request: web.Request, fields: Fields) -> None:
    """Who approves says that they have read each waiver in force."""
    if fields.get("action") != Action.APPROVE:
        return
    facts = await request.app[SERVICES].verdicts.facts(domain_in_path(request).name)
    unread = [one.id for one in in_force_now(facts) if fields.get(f"waiver-{one.id}") != "read"]
    moved_since = fields.get("evidence", "") != judge(facts).evidence_digest
    if unread and not moved_since:
        raise UsageError("the approval", expected="every waiver in force read", got=f"waiver {unread[0]} not ticked")


def _moved_page(request: web.Request, what: Moved, fields: Fields) -> web.Response:
    """412 as a page."""
    answer = render(
        request,
        "moved.html",
        title=f"(412) The evidence moved · {what.gate.domain}",
        family=Family.INCONCLUSIVE,
        here="approvals",
        moved=what,
        comment=fields.get("comment", ""),
        action=fields.get("action", ""),
    )
    answer.set_status(HTTPStatus.PRECONDITION_FAILED)
    return answer


# -- both --------------------------------------------------------------------------------------------------------------


async def moved(request: web.Request, domain: str, digest: str) -> Moved:
    """What moved since the evidence of that digest was shown."""
    services = request.app[SERVICES]
    (gate,) = await services.verdicts.gates((domain,))
    request.app[SHOWN].note(gate)
    seen = request.app[SHOWN].find(domain, digest)
    return what_moved(gate, named=digest, seen=seen, frozen=await _frozen(request, digest))


async def _frozen(request: web.Request, digest: str) -> str:
    """Evidence that somebody decided on; empty where nobody did."""
    try:
        return await request.app[SERVICES].store.evidence(digest)
    except NotFound:
        return ""


def _who(request: web.Request) -> tuple[Acts, str, Actor]:
    """What can be done, to which domain, and by whom."""
    return request.app[SERVICES].acts, domain_in_path(request).name, actor_of(request)


async def _decide(request: web.Request, fields: Fields, *, digest: str) -> Decision:
    """Records a decision."""
    acts, domain, actor = _who(request)
    action = word_of("action", fields.get("action", Action.APPROVE.value), Action)
    decide_it = {
        Action.REQUEST: acts.approvals.request,
        Action.APPROVE: acts.approvals.approve,
        Action.REJECT: acts.approvals.reject,
        Action.REVOKE: acts.approvals.revoke,
    }[action]
    return await decide_it(domain, evidence_digest=digest, actor=actor, comment=fields.get("comment", ""))


async def _waive(request: web.Request, fields: Fields) -> Waiver:
    """Asks for a waiver."""
    acts, domain, actor = _who(request)
    until, check, reason = end_of(fields.get("until", "")), fields.get("check", ""), fields.get("reason", "")
    return await acts.waivers.waive(domain, check=check, reason=reason, until=until, actor=actor)


async def _confirm(request: web.Request, fields: Fields) -> Waiver:
    """Confirms a waiver."""
    acts, domain, actor = _who(request)
    waiver_id, comment = int(request.match_info["id"]), fields.get("comment", "")
    return await acts.waivers.confirm(domain, waiver_id=waiver_id, actor=actor, comment=comment)


async def _end(request: web.Request, fields: Fields) -> Waiver:
    """Ends a waiver."""
    acts, domain, actor = _who(request)
    waiver_id, comment = int(request.match_info["id"]), fields.get("comment", "")
    return await acts.waivers.end(domain, waiver_id=waiver_id, actor=actor, comment=comment)


async def _flip(request: web.Request, fields: Fields) -> FlagState:
    """Records where the flag is."""
    acts, domain, actor = _who(request)
    reads = word_of("reads", fields.get("reads", ""), Reads)
    return await acts.flags.record(domain, reads=reads, actor=actor, comment=fields.get("comment", ""))


async def _accept(request: web.Request, fields: Fields) -> ConfigAnswer:
    """Records who answers for the configuration, if it is the one that was read."""
    acts, _, actor = _who(request)
    domain = domain_in_path(request)
    read = (fields.get("config_digest", ""), fields.get("policy_digest", ""))
    if read != (domain.config_digest, domain.policy_digest):
        raise Conflict(
            f"the configuration of domain {domain.name} is not the one you read",
            expected=f"mapping and rules {domain.config_digest}, policy {domain.policy_digest}",
            got=" and ".join(text[:80] or "none" for text in read),
            next_step=f"read the page of {domain.name} again",
        )
    return await acts.configurations.accept(domain, actor=actor, comment=fields.get("comment", ""))
