"""A report database as large as a big system leaves behind, through the store's own statements and triggers."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlite_utils import Database

from reconciler.adapters.code_version import code_version
from reconciler.adapters.config_files import Configuration, load_configuration
from reconciler.adapters.report_store import deciding, recording, sighting
from reconciler.adapters.report_store.opening import connect_writer, prepare
from reconciler.adapters.report_store.runs import SealedParts, read_history
from reconciler.app.ports import RunStart
from reconciler.core.access import Actor, Means, Role
from reconciler.core.audit import BEGINNING, Act, AuditAction, Chain
from reconciler.core.evidence import digest_of, evidence_text, gather
from reconciler.core.gate_values import DataFacts, GateFacts
from reconciler.core.model import (
    ClusterKey,
    DiffKind,
    DiffState,
    EntitySummary,
    Mode,
    Outcome,
    ReportedDiff,
    ReportedField,
    RunStatus,
)
from reconciler.core.spec import DomainSpec
from reconciler.core.summary import no_outcomes

BENCHMARK = "benchmark"
NIGHTS = 14
DIFFERING_NIGHTS = 3
CAUSES = 20
DECISIONS = 40  # of each domain
LONG_AGO = timedelta(days=13, hours=18)  # everything stands on the fourteen days that the overview shows
DOMAIN_FILE = """\
domain = "{name}"
title = "Domain {name}"
flag = "{flag}_STORE"

[entity.{name}_record]
collection = "{name}"
table = "{name}"

[entity.{name}_record.fields]
{fields}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How many domains, runs and differences there are."""

    domains: int
    runs: int
    diffs: int


FULL = Scale(domains=60, runs=10_000, diffs=1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is being written, and where."""

    db: Database
    configuration: Configuration
    scale: Scale
    began: datetime

    @property
    def domains(self) -> Sequence[DomainSpec]:
        """The domains, in the order of their names."""
        return self.configuration.system.domains

    def at(self, number: int) -> datetime:
        """When a run starts: all of them evenly over the days."""
        return self.began + LONG_AGO * (number / self.scale.runs)


def configure(folder: Path, scale: Scale) -> None:
    """Writes a configuration of so many domains, each with one entity, beside the settings of the service."""
    (folder / "domains").mkdir(parents=True)
    shutil.copy(Path("config") / "service.toml", folder / "service.toml")
    fields = "\n".join(f'field{number} = {{ kind = "text", sensitivity = "plain" }}' for number in range(CAUSES))
    for number in range(scale.domains):
        name = f"domain_{number:02d}"
        text = DOMAIN_FILE.format(name=name, flag=name.upper(), fields=fields)
        (folder / "domains" / f"{name}.toml").write_text(text, encoding="utf-8")


def fill(reports: Path, config: Path, scale: Scale) -> None:
    """Writes the history: a scan of everything each night, samples of single domains between, decisions beside them."""
    configuration = load_configuration(folder=config, environ={}, overrides={"reports": str(reports)})
    with closing(connect_writer(prepare(reports))) as db:
        history = History(db=db, configuration=configuration, scale=scale, began=datetime.now(UTC) - LONG_AGO)
        db.execute("BEGIN IMMEDIATE")
        for number in range(scale.runs):
            _write_run(history, number)
        for domain in history.domains:
            _decide(history, domain)
        db.execute("COMMIT")


def _write_run(history: History, number: int) -> None:
    """One completed run: of every domain at night, else of one."""
    between = history.scale.runs // NIGHTS
    night = number // between if number % between == 0 else None
    domains = history.domains if night is not None else [history.domains[number % len(history.domains)]]
    at = history.at(number)
    start = RunStart(
        mode=Mode.SAMPLE if night is None else Mode.SCAN,
        domains=tuple(domain.name for domain in domains),
        seed=7,
        started_at=at,
        config_digest=history.configuration.digest,
        config_digests={domain.name: domain.config_digest for domain in domains},
        policy_digests={domain.name: domain.policy_digest for domain in domains},
        code_version=code_version(),
        trigger=BENCHMARK,
    )
    run_id = recording.start_run(history.db, start, process=BENCHMARK)
    for domain in domains:
        _write_domain(history, run_id, domain, night, at)
    recording.seal(history.db, run_id, status=RunStatus.COMPLETED, identities={}, at=at)


def _write_domain(history: History, run_id: int, domain: DomainSpec, night: int | None, at: datetime) -> None:
    """A domain's part of a run; each of the first nights finds other differences, the second finds the first's gone."""
    entity, found = domain.entities[0].name, list(_diffs(history, domain, night))
    if found:
        sighting.record(history.db, run_id, domain=domain.name, entity=entity, diffs=found, at=at)
    if night == 1:
        sighting.resolve(history.db, run_id, domain=domain.name, entity=entity, locators=None, at=at)
    recording.write_entity(history.db, run_id, domain=domain.name, summary=_summary(entity, len(found)), at=at)
    recording.finish_domain(
        history.db, run_id, domain=domain.name, notes=(), gaps=None, canaries=(9, 9), error="", at=at
    )


def _summary(entity: str, mismatched: int) -> EntitySummary:
    """Counts that add up."""
    outcomes = no_outcomes() | {Outcome.MATCHED: 1000, Outcome.FIELD_MISMATCH: mismatched}
    total = sum(outcomes.values())
    return EntitySummary(
        entity=entity, source_records=total, target_records=total, seen=total, compared=total, outcomes=outcomes,
        cleared=0, unconfirmed=0, coverage=1.0, method="stream", complete=True,
    )  # fmt: skip


def _diffs(history: History, domain: DomainSpec, night: int | None) -> Iterator[ReportedDiff]:
    """The confirmed differences that a night finds in a domain, of all causes in turn."""
    if night is None or night >= DIFFERING_NIGHTS:
        return
    count = history.scale.diffs // (len(history.domains) * DIFFERING_NIGHTS)
    for number in range(count):
        cluster = ClusterKey(
            domain=domain.name, entity=domain.entities[0].name, path=f"field{number % CAUSES}", kind="value",
            types="string, string", cause="trailing whitespace",
        )  # fmt: skip
        field = ReportedField(
            path=f"field{number % CAUSES}", kind=DiffKind.VALUE, source="01234", target="1234", redacted=None,
            cluster=cluster,
        )  # fmt: skip
        key = f"{65 + night}{number:022x}"
        yield ReportedDiff(
            locator=key, key=key, outcome=Outcome.FIELD_MISMATCH, state=DiffState.CONFIRMED, fields=(field,),
            cluster=None,
        )  # fmt: skip


def _decide(history: History, domain: DomainSpec) -> None:
    """Refusals with their evidence, which fill the audit log too; each on evidence of its own, so that none holds."""
    evidence = _evidence(history, domain)
    for number in range(DECISIONS):
        text = json.dumps(evidence | {"number": number})
        act = Act(
            actor=Actor(name=BENCHMARK, role=Role.ADMIN, means=Means.ACCOUNT),
            action=AuditAction.REJECT,
            at=history.began + number * timedelta(hours=8),
            domain=domain.name,
            verdict="no_go",
            evidence_digest=digest_of(text),
            comment="differences that nobody has explained yet",
        )
        deciding.decide(history.db, act, evidence=text, follows=None)


def _evidence(history: History, domain: DomainSpec) -> dict[str, object]:
    """What a decision on the domain would stand on today."""
    data = DataFacts(
        spec=domain,
        now=datetime.now(UTC),
        history=read_history(history.db, SealedParts(), domain, history.began),
        code_version=code_version(),
        gaps_watched=False,
    )
    facts = GateFacts(data=data, chain=Chain(entries=0, head=BEGINNING), plan=None, flag=None, rolled_back_at=None)
    return dict(json.loads(evidence_text(facts, gather(data))))
