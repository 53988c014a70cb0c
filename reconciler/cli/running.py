"""The commands that compare: `run` and `check`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import click

from reconciler.adapters.config.values import parse_duration
from reconciler.adapters.config_files import Configuration
from reconciler.app.checks import CheckedRecord, check_record
from reconciler.app.documents import run_document
from reconciler.app.looks import RunRequest
from reconciler.app.ports import StoredRun
from reconciler.app.renderings.answers import RunAnswer, run_answer
from reconciler.app.renderings.github import run_github
from reconciler.app.renderings.junit import run_junit
from reconciler.app.renderings.markdown import run_markdown
from reconciler.app.run_requests import chosen_domains, entities_named, keys_of_run
from reconciler.cli.context import configuration, formats, known_domains, print_json, run_async
from reconciler.cli.outputs import Output, give, json_text, outputs, parsed, sampled, summarize
from reconciler.cli.progress import Talk, progress_for
from reconciler.cli.suggesting import Word, domain_names
from reconciler.cli.terminal import say
from reconciler.cli.texts import check_text, run_text
from reconciler.core.gate_values import Reads, mirrored
from reconciler.core.model import Mode, RunStatus, Verdict
from reconciler.core.spec import DomainSpec
from reconciler.core.summary import domain_verdict
from reconciler.errors import UsageError
from reconciler.wiring import Reports, looker, open_reports, open_stores, runs

CODES = {Verdict.DIFFS: 1, Verdict.INCONCLUSIVE: 3, Verdict.NOTHING_COMPARED: 5, Verdict.CLEAN: 0}
WORST_FIRST = (4, 1, 3, 5, 0)
FORMS = ("text", "json", "junit", "markdown", "github")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked beside the request: the words as they were given, and how to answer."""

    domains: tuple[str, ...]
    mode: str | None
    keys: str | None
    form: str
    written: tuple[Output, ...]
    with_gate: bool


@click.command(name="run")
@click.argument("domains", nargs=-1, metavar="[DOMAIN]…", shell_complete=domain_names)
@click.option(
    "--mode",
    type=Word([mode.value for mode in Mode]),
    default=None,
    help="sample: drawn from both sides; scan: every record; keys: named ones.  [default: scan; keys with --keys]",
)
@click.option("--sample", type=click.IntRange(min=1), default=None, help="Records of each entity in a sample.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=None, help="Seed of a sample; the same seed draws the same keys."
)
@click.option(
    "--keys",
    default=None,
    metavar="K,…|@FILE|run:ID",
    help="Keys to compare, a file with one a line, or the open diffs of a run.",
)
@click.option(
    "--resume", type=int, default=None, metavar="ID", help="Continue an interrupted run: what it finished is kept."
)
@click.option(
    "--time-budget", default=None, metavar="DURATION", help="Stop after this long, e.g. 2h; the run can be resumed."
)
@click.option("--gate", "with_gate", is_flag=True, help="Print the gates afterwards.")
@outputs
@formats(*FORMS)
def run_command(  # noqa: PLR0913, PLR0917 - click passes each option by name
    domains: Sequence[str],
    mode: str | None,
    sample: int | None,
    seed: int | None,
    keys: str | None,
    resume: int | None,
    time_budget: str | None,
    with_gate: bool,  # noqa: FBT001 - a flag
    wanted: Sequence[str],
    form: str,
) -> int:
    """Compare domains now; all comparable ones unless some are named.

    \b
    Exit codes: 0 clean, 1 confirmed diffs, 2 usage or configuration, 3 inconclusive, 4 could not run,
      5 nothing compared.
    \b
    Examples:
      reconciler run
      reconciler run address --mode scan --gate
      reconciler run address --keys 64f1c0a2e9b1d3c4a5b6c7d8
      reconciler run address --keys run:12
      reconciler run address --output run.json --output junit:run.xml
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    config = configuration(runs__sample=sample)
    known_domains(config, (name.partition(".")[0] for name in domains))
    chosen = Mode(mode) if mode else Mode.KEYS if keys else Mode.SCAN
    if (keys is not None) != (chosen is Mode.KEYS):
        raise UsageError("--keys and --mode keys go together", expected="both or neither", got=f"--mode {chosen.value}")
    request = RunRequest(
        domains=chosen_domains(config.system, domains, chosen),
        mode=chosen,
        trigger="command line",
        sample=config.settings.runs.sample,
        seed=seed,
        resume=resume,
        time_budget=_duration(time_budget),
    )
    written = parsed(wanted, forms=FORMS)
    asked = Asked(domains=tuple(domains), mode=mode, keys=keys, form=form, written=written, with_gate=with_gate)
    with progress_for(quiet=False) as progress:
        return run_async(_run(config, request, progress, asked), next_step=lambda: _again(progress))


def _again(progress: Talk) -> str:
    """What to tell whoever stopped a run."""
    if progress.run_id is None:
        return "`reconciler run` starts it anew"
    return f"`reconciler run --resume {progress.run_id}`: what was finished is kept"


def _duration(text: str | None) -> timedelta | None:
    """A duration like 90s, 30m or 2h."""
    try:
        return None if text is None else parse_duration(text)
    except ValueError:
        raise UsageError("--time-budget", expected="a number with ms, s, m, h or d", got=str(text)) from None


async def _run(config: Configuration, request: RunRequest, progress: Talk, asked: Asked) -> int:
    """Runs, prints, and tells the exit code."""
    async with open_reports(config) as reports, open_stores(config) as stores:
        if asked.keys is not None:
            request = await _with_keys(reports, request, asked.domains, asked.keys)
        if request.resume is not None:
            request = await _resumed(reports, request, asked)
        run = await runs(reports, stores).run(request, progress)
        give_run(await _answered(reports, run, asked), asked.form, asked.written)
        for line in await _threats(reports, run):
            click.echo(line, err=True)
        return exit_code(run)


async def _threats(reports: Reports, run: StoredRun) -> list[str]:
    """What was found in domains that were last seen to read PostgreSQL: there a difference threatens the way back."""
    reads = {change.domain: Reads(change.reads) for change in await reports.store.flag_changes()}
    found = [part.domain for part in run.domains if domain_verdict(part) is Verdict.DIFFS]
    told = (mirrored(reports.configuration.system.domain(name), reads.get(name)) for name in found)
    return [text for text in told if text]


async def _resumed(reports: Reports, request: RunRequest, asked: Asked) -> RunRequest:
    """The request that the interrupted run was started with; domains and mode may be named again, not changed."""
    before = await reports.store.run(request.resume or 0)
    if before.mode is Mode.KEYS:
        raise UsageError(
            f"run {before.id} compared named keys",
            expected="a sample or a scan to resume",
            got="keys",
            next_step="start it anew",
        )
    began_with = [part.domain for part in before.domains]
    if (asked.domains and set(asked.domains) != set(began_with)) or asked.mode not in (None, before.mode.value):
        raise UsageError(
            f"run {before.id} is continued as it began",
            expected=f"{before.mode.value} of {', '.join(began_with)}, or nothing beside --resume",
            got="another mode or other domains",
            next_step=f"`reconciler run --resume {before.id}`",
        )
    return replace(
        request, domains=tuple(reports.configuration.system.domain(name) for name in began_with), mode=before.mode
    )


async def _answered(reports: Reports, run: StoredRun, asked: Asked) -> RunAnswer:
    """The run with what it found, and the gates where they were asked for."""
    if asked.with_gate:
        await reports.flags.look()
    gates = await reports.verdicts.gates([domain.domain for domain in run.domains]) if asked.with_gate else ()
    return await run_answer(reports.store, run, sampled=sampled(asked.form, asked.written), gates=gates)


def give_run(answer: RunAnswer, form: str, written: Sequence[Output]) -> None:
    """Prints and writes a run in every format asked for."""
    run, clusters = answer.run, [one.cluster for one in answer.found]
    give(
        form,
        written,
        {
            "text": lambda: run_text(run, clusters, answer.gates, code=exit_code(run)),
            "json": lambda: json_text(run_document(run, clusters)),
            "junit": lambda: run_junit(answer),
            "markdown": lambda: run_markdown(answer),
            "github": lambda: run_github(answer),
        },
    )
    if form == "github":
        summarize(lambda room: run_markdown(answer, most_bytes=room))


def exit_code(run: StoredRun) -> int:
    """The worst of the domains' codes, in the order that CONTRACT.md gives."""
    codes = {4 if run.status is RunStatus.FAILED else CODES[domain_verdict(domain)] for domain in run.domains}
    return next(code for code in WORST_FIRST if code in codes)


async def _with_keys(reports: Reports, request: RunRequest, domains: Sequence[str], keys: str) -> RunRequest:
    """The request with its keys, by entity."""
    entities = entities_named(request.domains, domains)
    if keys.startswith("run:"):
        of_run = await keys_of_run(reports.store, _run_id(keys), entities)
    else:
        texts = (
            _key_file(keys[1:]) if keys.startswith("@") else [text.strip() for text in keys.split(",") if text.strip()]
        )
        of_run = dict.fromkeys(entities, tuple(texts))
    if not any(of_run.values()):
        raise UsageError("--keys", expected="at least one key", got="none")
    return replace(request, keys=of_run)


def _run_id(text: str) -> int:
    """The number behind `run:`."""
    number = text.removeprefix("run:")
    if not number.isdigit():
        raise UsageError("--keys", expected="run:ID with the number of a run", got=text)
    return int(number)


def _key_file(name: str) -> list[str]:
    """The keys in a file, one a line."""
    try:
        lines = Path(name).read_text(encoding="utf-8").splitlines()
    except OSError as problem:
        raise UsageError(
            f"--keys file {name}", expected="a file with one key a line", got=problem.strerror or "an error"
        ) from None
    return [line.strip() for line in lines if line.strip()]


@click.command(name="check")
@click.argument("entity", metavar="DOMAIN[.ENTITY]", shell_complete=domain_names)
@click.argument("key")
@formats("text", "json")
def check_command(entity: str, key: str, form: str) -> int:
    """Compare one record now, field by field; nothing is stored.

    \b
    Exit codes: 0 equal, 1 different, 3 unreadable, 5 on neither side.
    \b
    Example:
      reconciler check address 64f1c0a2e9b1d3c4a5b6c7d8
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    config = configuration()
    domain_name, _, entity_name = entity.partition(".")
    known_domains(config, [domain_name])
    domain = config.system.domain(domain_name)
    checked = run_async(_check(config, domain, entity_name, key))
    if form == "json":
        print_json(checked.document)
    else:
        say(check_text(checked))
    return checked.exit_code


async def _check(config: Configuration, domain: DomainSpec, entity_name: str, key: str) -> CheckedRecord:
    """One fresh look at the record."""
    async with open_reports(config) as reports, open_stores(config) as stores:
        return await check_record(
            domain, entity_name, key, system=config.system, looker=looker(reports, stores), target=stores.target
        )
