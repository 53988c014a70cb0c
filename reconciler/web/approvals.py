"""Decisions to look at: what waits for whom, the log, and the record of one with the evidence it was made on."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from reconciler.app.documents import decision_document, waiver_document
from reconciler.app.ports import AuditFilter
from reconciler.core.audit import AuditEntry
from reconciler.core.gate import Action, GateFacts
from reconciler.core.history import Decision
from reconciler.errors import NotFound
from reconciler.web.access import actor_of
from reconciler.web.asked import domain_in_path, known_domain, next_address, whole_number
from reconciler.web.pages import render
from reconciler.web.services import SERVICES
from reconciler.web.views.approvals import Board, board, worth
from reconciler.web.words import DECISION, Family

DECISIONS_A_PAGE = 50
MOST_DECISIONS = 500


async def page(request: web.Request) -> web.Response:
    """What waits for whoever looks, what waits for others, and decisions, newest first; `?before=` goes on."""
    shown = await _board(request, DECISIONS_A_PAGE)
    waiting = len(shown.mine) + len(shown.my_waivers)
    return render(
        request,
        "approvals.html",
        title=f"({waiting} waiting) Approvals",
        family=Family.PROGRESS if waiting else Family.NODATA,
        here="approvals",
        board=shown,
        before=request.query.get("before", ""),
    )


async def listed(request: web.Request) -> web.Response:
    """The same as JSON; `before` and `limit` are of the decisions."""
    most = whole_number(request, "limit", least=1, most=MOST_DECISIONS) or DECISIONS_A_PAGE
    shown = await _board(request, most)
    return web.json_response(
        {
            "waiting_for_me": [row.gate.domain for row in shown.mine],
            "waiting_for_others": [row.gate.domain for row in shown.others],
            "waivers_waiting_for_me": [waiver_document(one) for one in shown.my_waivers],
            "waivers_waiting_for_others": [waiver_document(one) for one in shown.other_waivers],
            "decisions": [decision_document(row.decision) | {"today": row.today} for row in shown.log],
            "next": next_address(request, "before", shown.older),
        }
    )


async def record(request: web.Request) -> web.Response:
    """The record of one decision."""
    decision, entry, facts = await _decision(request)
    evidence = await _evidence(request, decision)
    return render(
        request,
        "approval.html",
        title=f"{DECISION[Action(decision.action)]} of {decision.domain}",
        family=Family.NODATA,
        here="approvals",
        decision=decision,
        noun=DECISION[Action(decision.action)],
        entry=entry,
        today=worth(decision, facts),
        evidence=evidence,
        spec=facts.data.spec,
    )


async def one(request: web.Request) -> web.Response:
    """The same as JSON."""
    decision, entry, facts = await _decision(request)
    signed = entry.act.actor if entry else None
    document = decision_document(decision) | {
        "today": worth(decision, facts),
        "role": signed.role.value if signed else None,
        "means": signed.means.value if signed else None,
        "verdict": entry.act.verdict if entry else None,
    }
    return web.json_response(document)


async def waivers(request: web.Request) -> web.Response:
    """Every waiver of a domain, newest first."""
    facts = await request.app[SERVICES].verdicts.facts(domain_in_path(request).name)
    found = sorted(facts.data.history.waivers, key=lambda waiver: waiver.id, reverse=True)
    return web.json_response({"waivers": [waiver_document(waiver) for waiver in found]})


async def _board(request: web.Request, limit: int) -> Board:
    """Every domain as whoever looks sees it, and so many decisions."""
    before = whole_number(request, "before", least=1)
    facts = [one for one in await request.app[SERVICES].verdicts.all_facts() if one.data.spec.comparable]
    return board(facts, actor_of(request), before=before, limit=limit)


async def _decision(request: web.Request) -> tuple[Decision, AuditEntry | None, GateFacts]:
    """The decision that the address names, its entry in the audit log, and its domain as it is."""
    services = request.app[SERVICES]
    decision = await services.store.decision(int(request.match_info["id"]))
    facts = await services.verdicts.facts(known_domain(request, decision.domain).name)
    if decision.entry is None:
        return decision, None, facts
    found = await services.store.audit(AuditFilter(after=decision.entry - 1, limit=1))
    return decision, next((entry for entry in found if entry.number == decision.entry), None), facts


async def _evidence(request: web.Request, decision: Decision) -> Mapping[str, Any]:
    """The evidence of a decision; nothing where it was made before evidence was kept, or on evidence that had moved."""
    try:
        return dict(json.loads(await request.app[SERVICES].store.evidence(decision.evidence_digest)))
    except NotFound:
        return {}
