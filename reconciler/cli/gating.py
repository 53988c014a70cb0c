"""The command `gate`: whether domains may flip, in every format, and waiting until they may."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import click

from reconciler.adapters.config.values import parse_duration
from reconciler.app.documents import gate_document, group_document
from reconciler.app.gate_tokens import gate_claims, nonce_of
from reconciler.app.renderings.answers import GateAnswer, gate_answer
from reconciler.app.renderings.github import gate_github
from reconciler.app.renderings.junit import gate_junit
from reconciler.app.renderings.markdown import gate_markdown
from reconciler.app.verdicts import group_members
from reconciler.cli.context import configuration, formats, known_domains, run_async
from reconciler.cli.gate_tokens import verified
from reconciler.cli.outputs import Output, give, json_text, jsonl_text, outputs, parsed, sampled, summarize
from reconciler.cli.suggesting import Word, domain_names
from reconciler.cli.texts import gate_line, gate_text, gates_tally, group_line
from reconciler.core.gate import exit_code
from reconciler.core.gate_values import Gate, Requirement
from reconciler.core.groups import group_gate
from reconciler.errors import UsageError
from reconciler.wiring import open_reports, open_signer

WORST_FIRST = (4, 1, 3, 5, 0)
FORMS = ("text", "json", "jsonl", "junit", "markdown", "github", "jwt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked: the domains (all of a flip group where one is named), what is enough, and the formats."""

    domains: tuple[str, ...]
    group: str
    required: Requirement
    form: str
    written: tuple[Output, ...]
    explain: bool
    nonce: str | None

    def code(self, gates: Sequence[Gate]) -> int:
        """The worst of the gates that count: those named, else those with a flag."""
        counted = (gate for gate in gates if gate.domain in self.domains or gate.flip)
        codes = {exit_code(gate, require=self.required) for gate in counted}
        return next((code for code in WORST_FIRST if code in codes), 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for enough, and how often to look, in seconds."""

    timeout: float
    interval: float


@click.command(name="gate")
@click.argument("domains", nargs=-1, metavar="[DOMAIN]…", shell_complete=domain_names)
@click.option(
    "--require",
    type=Word([one.value for one in Requirement]),
    default=Requirement.GO.value,
    show_default=True,
    help="The least that exits 0.",
)
@click.option("--group", default=None, metavar="NAME", help="All domains of this flip group, judged as one.")
@click.option("--explain", is_flag=True, help="Every check of every gate.")
@click.option("--wait", is_flag=True, help="Look again until --require is met or --timeout is over.")
@click.option("--timeout", default="30m", show_default=True, metavar="DURATION", help="How long --wait waits.")
@click.option("--interval", default="10s", show_default=True, metavar="DURATION", help="How often --wait looks.")
@click.option("--nonce", default=None, metavar="WORD", help="A word of yours, signed into --format jwt against replay.")
@click.option("--public-key", is_flag=True, help="Print the key that proves signed answers, as a JWK Set, and end.")
@click.option(
    "--verify", default=None, metavar="PATH", help="Judge a signed answer from a file, or - for standard input."
)
@click.option(
    "--trust", default=None, metavar="PATH", help="The JWK Set that --verify trusts.  [default: this install's]"
)
@outputs
@formats(*FORMS)
def gate_command(  # noqa: PLR0913, PLR0917 - click passes each option by name
    domains: Sequence[str],
    require: str,
    group: str | None,
    explain: bool,  # noqa: FBT001 - a flag
    wait: bool,  # noqa: FBT001 - a flag
    timeout: str,
    interval: str,
    nonce: str | None,
    public_key: bool,  # noqa: FBT001 - a flag
    verify: str | None,
    trust: str | None,
    wanted: Sequence[str],
    form: str,
) -> int:
    """Whether domains may flip, from what is stored; it answers while a store is down.

    \b
    Exit codes: 0 at least what --require asks (flipped counts as go), 1 no_go, 3 any other verdict. Over several
      domains the worst counts; without names, of those that have a flag. --wait goes on at a no_go as well, since a
      later run can turn it, and ends with the code of the last look.
    \b
    Examples:
      reconciler gate
      reconciler gate address --explain
      reconciler gate address --require ready --format json
      reconciler gate --group reference
      reconciler gate address --output gate.xml --output markdown:gate.txt
      reconciler gate address --wait --timeout 2h
      reconciler gate address --format jwt --nonce build-512 --output gate.jwt
      reconciler gate address --verify gate.jwt --nonce build-512
    """  # noqa: D301 - \b is click's mark for a paragraph left as it is
    if public_key:
        click.echo(json_text(open_signer(configuration()).public_keys()))
        return 0
    if verify is not None:
        return verified(verify, trust=trust, domains=domains, required=Requirement(require), nonce=nonce_of(nonce))
    known_domains(configuration(), domains)
    asked = Asked(
        domains=_members(group, domains) if group is not None else tuple(domains),
        group=group or "",
        required=Requirement(require),
        form=form,
        written=parsed(wanted, forms=FORMS),
        explain=explain,
        nonce=nonce_of(nonce),
    )
    _require_one(asked)
    patience = Patience(timeout=_seconds("--timeout", timeout), interval=_seconds("--interval", interval))
    answer = run_async(_waited(asked, patience) if wait else _answer(asked))
    _give(answer, asked)
    for gate in answer.gates:
        if gate.alarm:
            click.echo(f"{gate.domain}: {gate.alarm}", err=True)
    return asked.code(answer.gates)


def _tally(answer: GateAnswer, asked: Asked) -> list[str]:
    """The last lines of an answer about several domains."""
    return [gates_tally(answer.gates, code=asked.code(answer.gates))] if len(answer.gates) > 1 else []


def _members(group: str, domains: Sequence[str]) -> tuple[str, ...]:
    """The domains of a flip group, which is named instead of them."""
    if domains:
        raise UsageError("--group", expected="a group, or domains", got="both")
    return tuple(domain.name for domain in group_members(configuration().system, group))


def _seconds(option: str, text: str) -> float:
    """A duration like 10s or 30m, above nothing."""
    try:
        length = parse_duration(text)
    except ValueError:
        length = timedelta(0)
    if length <= timedelta(0):
        raise UsageError(option, expected="a number above 0 with ms, s, m, h or d", got=text)
    return length.total_seconds()


def _require_one(asked: Asked) -> None:
    """A signed answer is about one domain."""
    forms = {asked.form, *(one.form for one in asked.written)}
    if "jwt" in forms and len(asked.domains) != 1:
        raise UsageError("a signed answer", expected="one domain", got=f"{len(asked.domains)} named")
    if asked.nonce is not None and "jwt" not in forms:
        raise UsageError("--nonce", expected="--format jwt, or --verify", got=f"--format {asked.form}")


async def _answer(asked: Asked) -> GateAnswer:
    """The gates as of now: configuration, plans and reports are read anew."""
    async with open_reports(configuration()) as reports:
        asked_at = reports.clock.now()
        await reports.note_configuration()
        await reports.flags.look()
        gates = await reports.verdicts.gates(asked.domains)
        if not sampled(asked.form, asked.written):
            return GateAnswer(asked_at=asked_at, gates=gates)
        return await gate_answer(reports.store, gates, asked_at=asked_at)


async def _waited(asked: Asked, patience: Patience) -> GateAnswer:
    """The first answer that is enough, or the last one before the time is over."""
    ends_at = time.monotonic() + patience.timeout
    said: list[str] = []
    while True:
        answer = await _answer(asked)
        lines = [gate_line(gate) for gate in answer.gates if gate.domain in asked.domains or gate.flip]
        left = ends_at - time.monotonic()
        if asked.code(answer.gates) == 0 or left <= 0:
            return answer
        if lines != said:
            click.echo("\n".join([*lines, f"waiting for {asked.required.value}, {left:.0f} s left"]), err=True)
            said = lines
        await asyncio.sleep(min(patience.interval, left))


def _give(answer: GateAnswer, asked: Asked) -> None:
    """Prints and writes every format asked for."""
    documents = [gate_document(gate) for gate in answer.gates]
    told = gate_text if asked.explain or len(asked.domains) == 1 else gate_line
    group = group_gate(asked.group, answer.gates) if asked.group else None
    head = [group_line(group)] if group else []
    whole = group_document(group) if group else documents[0] if len(asked.domains) == 1 else documents
    give(
        asked.form,
        asked.written,
        {
            "text": lambda: "\n".join([*head, *(told(gate) for gate in answer.gates), *_tally(answer, asked)]),
            "json": lambda: json_text(whole),
            "jsonl": lambda: jsonl_text(documents),
            "junit": lambda: gate_junit(answer),
            "markdown": lambda: gate_markdown(answer),
            "github": lambda: gate_github(answer),
            "jwt": lambda: open_signer(configuration()).signed(
                gate_claims(answer.gates[0], asked_at=answer.asked_at, nonce=asked.nonce)
            ),
        },
    )
    if asked.form == "github":
        summarize(lambda room: gate_markdown(answer, most_bytes=room))
