"""What leaves as a file or for paper: lists as CSV, runs and gates in the formats of pipelines, records."""

import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from aiohttp import hdrs, web

from reconciler.app.documents import run_document
from reconciler.app.ports import DiffFilter, StoredRun
from reconciler.app.record import Making, Record, make_record, record_document
from reconciler.app.renderings.answers import RunAnswer, gate_answer, run_answer
from reconciler.app.renderings.junit import run_junit
from reconciler.app.renderings.markdown import gate_markdown, run_markdown
from reconciler.app.renderings.record_markdown import record_markdown
from reconciler.app.renderings.tables import (
    CLUSTERS,
    DIFFS,
    KEYS,
    RUNS,
    Row,
    cluster_row,
    diff_rows,
    key_line,
    key_rows,
    lines,
    run_rows,
)
from reconciler.app.run_comparison import compare_runs, comparison_document
from reconciler.core.audit import Act, AuditAction
from reconciler.core.model import OPEN_STATES
from reconciler.errors import UsageError
from reconciler.web.access import actor_of
from reconciler.web.asked import domain_in_path, domain_in_query, whole_number
from reconciler.web.pages import wanted_diffs
from reconciler.web.papers import record_paper, run_paper
from reconciler.web.services import SERVICES

LOG: Final = logging.getLogger(__name__)
TYPES: Final = {
    "csv": "text/csv",
    "html": "text/html",
    "json": "application/json",
    "md": "text/markdown",
    "txt": "text/plain",
    "xml": "application/xml",
}
RUNS_AT_ONCE: Final = 100


def _file(text: str, *, name: str, suffix: str) -> web.Response:
    """A text to be saved under a name, never shown as a page of this site."""
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}.{suffix}"'}
    body = text.encode("utf-8", "backslashreplace")
    return web.Response(body=body, content_type=TYPES[suffix], charset="utf-8", headers=headers)


def _text(text: str, *, suffix: str) -> web.Response:
    """A text to be read where it is asked for."""
    return web.Response(body=text.encode("utf-8", "backslashreplace"), content_type=TYPES[suffix], charset="utf-8")


def _making(request: web.Request) -> Making:
    services = request.app[SERVICES]
    return Making(
        made_at=services.clock.now(),
        made_by=actor_of(request).name,
        title=services.title,
        version=services.version,
    )


async def _note(request: web.Request, what: str, *, domain: str = "") -> None:
    """Writes into the audit log that something left; without the entry nothing leaves."""
    services = request.app[SERVICES]
    act = Act(actor=actor_of(request), action=AuditAction.EXPORT, at=services.clock.now(), domain=domain, comment=what)
    await services.store.note_act(act)


# -- runs --------------------------------------------------------------------------------------------------------------


async def run_report(request: web.Request) -> web.Response:
    """One run as a file: json, xml (JUnit), md or html; noted in the audit log."""
    form, answer = request.match_info["form"], await _run(request)
    await _note(request, f"run {answer.run.id} as {form}")
    made: dict[str, Callable[[], str]] = {
        "json": lambda: json.dumps(run_document(answer.run, [one.cluster for one in answer.found]), indent=1),
        "xml": lambda: run_junit(answer),
        "md": lambda: run_markdown(answer),
        "html": lambda: run_paper(answer, _making(request), alone=True),
    }
    return _file(made[form](), name=f"run-{answer.run.id}", suffix=form)


async def run_text(request: web.Request) -> web.Response:
    """One run as Markdown."""
    return _text(run_markdown(await _run(request)), suffix="md")


async def compare(request: web.Request) -> web.Response:
    """What is new, gone and still there in run `b` against run `a`, as JSON."""
    store = request.app[SERVICES].store
    before, after = (whole_number(request, name, least=1) for name in ("a", "b"))
    if before is None or after is None:
        raise UsageError("two runs to compare", expected="?a= and ?b=", got="less")
    found = await compare_runs(await store.run(before), await store.run(after), store=store)
    return web.json_response(comparison_document(found))


async def _run(request: web.Request) -> RunAnswer:
    store = request.app[SERVICES].store
    return await run_answer(store, await store.run(int(request.match_info["id"])), sampled=True)


# -- domains -----------------------------------------------------------------------------------------------------------


async def domain_text(request: web.Request) -> web.Response:
    """A domain's gate as Markdown."""
    services, name = request.app[SERVICES], domain_in_path(request).name
    asked_at = services.clock.now()
    gates = await services.verdicts.gates((name,))
    return _text(gate_markdown(await gate_answer(services.store, gates, asked_at=asked_at)), suffix="md")


async def record_page(request: web.Request) -> web.Response:
    """The record of a domain, for paper."""
    return _text(record_paper(await _record(request), alone=False), suffix="html")


async def record_file(request: web.Request) -> web.Response:
    """The record of a domain as a file: json, md or html; noted in the audit log."""
    form, name = request.match_info["form"], domain_in_path(request).name
    await _note(request, f"record as {form}", domain=name)
    record = await _record(request)
    made: dict[str, Callable[[], str]] = {
        "json": lambda: json.dumps(record_document(record), indent=1),
        "md": lambda: record_markdown(record),
        "html": lambda: record_paper(record, alone=True),
    }
    return _file(made[form](), name=f"record-{name}", suffix=form)


async def _record(request: web.Request) -> Record:
    services = request.app[SERVICES]
    return await make_record(
        [domain_in_path(request).name],
        verdicts=services.verdicts,
        store=services.store,
        plans=services.plan_sections,
        making=_making(request),
    )


# -- lists -------------------------------------------------------------------------------------------------------------


async def diffs_csv(request: web.Request) -> web.StreamResponse:
    """Every difference that the query of the page asks for; noted in the audit log."""
    wanted, store = wanted_diffs(request), request.app[SERVICES].store
    if wanted.run is not None:
        await store.run(wanted.run)
    await _note(request, _told(wanted), domain=wanted.domain or "")
    return await _streamed(request, "diffs", DIFFS, (diff_rows(one) async for one in store.diffs(wanted)))


def _told(wanted: DiffFilter) -> str:
    """What was asked for, in words."""
    parts = [f"run {wanted.run}"] if wanted.run else []
    parts += [f"cluster {wanted.cluster}"] if wanted.cluster else []
    parts += [f"state {state.value}" for state in wanted.states]
    return f"differences as csv: {', '.join(parts) or 'all'}"


async def runs_csv(request: web.Request) -> web.StreamResponse:
    """Every run, newest first; `?domain=` and `?before=` narrow it."""
    found = _runs(request, domain_in_query(request), whole_number(request, "before", least=1))
    return await _streamed(request, "runs", RUNS, (run_rows(one) async for one in found))


async def _runs(request: web.Request, domain: str | None, before: int | None) -> AsyncIterator[StoredRun]:
    store = request.app[SERVICES].store
    while found := await store.runs(domain=domain, before=before, limit=RUNS_AT_ONCE):
        for run in found:
            yield run
        before = found[-1].id


async def clusters_csv(request: web.Request) -> web.Response:
    """Clusters of open differences, or of one run with `?run=`."""
    of_run, name = whole_number(request, "run", least=1), domain_in_query(request)
    found = await request.app[SERVICES].store.clusters(run=of_run, domain=name)
    return _file(lines([CLUSTERS, *(cluster_row(one) for one in found)]), name="clusters", suffix="csv")


async def cluster_keys(request: web.Request) -> web.StreamResponse:
    """The keys of a cluster's open records, one a line or as CSV; noted in the audit log."""
    store, form = request.app[SERVICES].store, request.match_info["form"]
    cluster = await store.cluster(request.match_info["id"])
    await _note(request, f"keys of cluster {cluster.id} as {form}", domain=cluster.domain)
    found = store.diffs(DiffFilter(cluster=cluster.id, states=tuple(OPEN_STATES)))
    if form == "csv":
        return await _streamed(request, f"{cluster.id}-keys", KEYS, (key_rows(one) async for one in found))
    return await _file_of(request, f"{cluster.id}.keys", "txt", (key_line(one) async for one in found))


async def _streamed(
    request: web.Request, name: str, head: Row, found: AsyncIterator[Sequence[Row]]
) -> web.StreamResponse:
    """Rows of CSV as they are read."""

    async def told() -> AsyncIterator[str]:
        yield lines([head])
        async for rows in found:
            yield lines(rows)

    return await _file_of(request, f"{name}.csv", "csv", told())


async def _file_of(request: web.Request, name: str, suffix: str, found: AsyncIterator[str]) -> web.StreamResponse:
    """A file as it is read, so that a million lines cost no memory; a list cut short breaks the connection."""
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"'}
    response = web.StreamResponse(headers=headers)
    response.content_type, response.charset = TYPES[suffix], "utf-8"
    await response.prepare(request)
    if request.method == hdrs.METH_HEAD:
        return response
    try:
        async for text in found:
            await response.write(text.encode("utf-8", "backslashreplace"))
        await response.write_eof()
    except Exception as error:  # noqa: BLE001 - the answer has begun: only a broken connection can say that it is not whole
        LOG.error("the list of %s was cut short by %s", name, type(error).__name__)  # noqa: TRY400 - the text may hold values
        if request.transport is not None:
            request.transport.abort()
    return response
