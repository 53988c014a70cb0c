"""The audit log and frozen evidence over HTTP: the page, the JSON, the exports, the proof."""

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

from aiohttp import hdrs, web

from reconciler.app.documents import chain_document, entry_document
from reconciler.app.ports import AuditFilter
from reconciler.core.audit import AuditAction, AuditEntry
from reconciler.errors import UsageError
from reconciler.web.asked import domain_in_query, one_of, whole_number
from reconciler.web.pages import render
from reconciler.web.services import SERVICES
from reconciler.web.words import Family

ENTRIES_A_PAGE, MOST, BATCH = 50, 500, 1000
COLUMNS = (
    "number",
    "at",
    "actor",
    "role",
    "means",
    "action",
    "domain",
    "verdict",
    "evidence_digest",
    "comment",
    "digest",
)
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


async def page(request: web.Request) -> web.Response:
    """The log, newest first; `?domain=`, `?actor=`, `?action=`, `?since=` and `?before=` narrow it."""
    store, wanted = request.app[SERVICES].store, wanted_entries(request)
    chain = await store.audit_chain()
    found = await store.audit(replace(wanted, limit=ENTRIES_A_PAGE + 1))
    return render(
        request,
        "audit.html",
        title=f"({chain.entries}) Audit log",
        family=Family.NODATA if chain.intact else Family.DIFFS,
        here="audit",
        chain=chain,
        entries=found[:ENTRIES_A_PAGE],
        older=found[ENTRIES_A_PAGE - 1].number if len(found) > ENTRIES_A_PAGE else None,
        wanted=wanted,
        actions=list(AuditAction),
        domains=[domain.name for domain in request.app[SERVICES].system.domains],
        query={name: value for name, value in request.query.items() if value and name != "before"},
    )


async def entries(request: web.Request) -> web.Response:
    """Entries as JSON, newest first; the filters of the page, and `limit`."""
    limit = whole_number(request, "limit", least=1, most=MOST) or ENTRIES_A_PAGE
    found = await request.app[SERVICES].store.audit(replace(wanted_entries(request), limit=limit + 1))
    more = found[limit - 1].number if len(found) > limit else None
    following = None if more is None else str(request.rel_url.update_query({"before": str(more)}))
    return web.json_response({"entries": [entry_document(entry) for entry in found[:limit]], "next": following})


async def verify(request: web.Request) -> web.Response:
    """Proves the whole chain; 200 whatever it finds."""
    return web.json_response(chain_document(await request.app[SERVICES].store.audit_chain(full=True)))


async def evidence(request: web.Request) -> web.Response:
    """Frozen evidence, byte by byte what its digest is the SHA-256 of; NotFound where nobody decided on it."""
    text = await request.app[SERVICES].store.evidence(request.match_info["digest"])
    return web.Response(body=text.encode(), content_type="application/json")


async def as_jsonl(request: web.Request) -> web.StreamResponse:
    """The entries that fit, oldest first, one a line: what `reconciler audit verify --file` reads."""
    answer = await _attachment(request, "application/jsonl", "audit.jsonl")
    if request.method == hdrs.METH_HEAD:
        return answer
    async for batch in _batches(request):
        lines = "".join(f"{json.dumps(entry_document(entry), ensure_ascii=False)}\n" for entry in batch)
        await answer.write(lines.encode())
    return answer


async def as_csv(request: web.Request) -> web.StreamResponse:
    """The entries that fit, oldest first, as a table; a text that a spreadsheet would compute is quoted."""
    answer = await _attachment(request, "text/csv", "audit.csv")
    if request.method == hdrs.METH_HEAD:
        return answer
    await answer.write(_rows([COLUMNS]))
    async for batch in _batches(request):
        documents = [entry_document(entry) for entry in batch]
        await answer.write(_rows([[_cell(document[name]) for name in COLUMNS] for document in documents]))
    return answer


def wanted_entries(request: web.Request) -> AuditFilter:
    """The filter that a query describes. Raises UsageError and NotFound."""
    action = one_of(request, "action", AuditAction)
    return AuditFilter(
        domain=domain_in_query(request),
        actor=request.query.get("actor") or None,
        actions=(action,) if action else (),
        since=_time(request, "since"),
        until=_time(request, "until"),
        before=whole_number(request, "before", least=1),
        newest_first=True,
    )


def _time(request: web.Request, name: str) -> datetime | None:
    """A time with its zone from the query."""
    text = request.query.get(name, "")
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise UsageError(f"{name} in the query", expected="a time with its zone, as ISO 8601", got=repr(text[:40]))
    return at


async def _attachment(request: web.Request, kind: str, name: str) -> web.StreamResponse:
    """An answer that a browser saves."""
    wanted_entries(request)
    answer = web.StreamResponse(headers={"Content-Disposition": f'attachment; filename="{name}"'})
    answer.content_type, answer.charset = kind, "utf-8"
    await answer.prepare(request)
    return answer


async def _batches(request: web.Request) -> AsyncIterator[list[AuditEntry]]:
    """The entries that fit, a batch at a time."""
    wanted = replace(wanted_entries(request), newest_first=False, limit=BATCH)
    while batch := await request.app[SERVICES].store.audit(wanted):
        yield list(batch)
        wanted = replace(wanted, after=batch[-1].number)


def _rows(rows: object) -> bytes:
    """Lines of CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue().encode()


def _cell(value: object) -> str:
    """A value as text that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text.startswith(FORMULAS) else text
