"""Reads the configuration folder as a whole: the system and settings it means, or all mistakes of all files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.adapters.config.build import domain_spec
from reconciler.adapters.config.cutover import read_cutover
from reconciler.adapters.config.digests import system_digest
from reconciler.adapters.config.domain_checks import mistakes_of
from reconciler.adapters.config.layers import (
    OIDC_SECRET,
    PROXY_KEY,
    TOKEN,
    Layer,
    Source,
    environment_layer,
    file_layer,
    flag_layer,
    merged,
    source_of,
)
from reconciler.adapters.config.mistakes import mistake, read_toml, validated
from reconciler.adapters.config.notify import Notify, read_notify
from reconciler.adapters.config.raw import DomainFile, names_in
from reconciler.adapters.config.shapes import DomainShape, GateShape, ScheduleShape, Shape
from reconciler.adapters.settings import Settings, folder_named, policy, read_settings, schedule, sources
from reconciler.core.cutover import Phase
from reconciler.core.dependencies import depths, with_references
from reconciler.core.spec import DomainSpec, Schedule, System
from reconciler.errors import ConfigurationError, InvalidSpec

SERVICE_FILE = "service.toml"
DOMAINS = "domains"
NOT_OURS = frozenset({"README.md"})
REPORTS = "reports"
ENVIRONMENT_ONLY = {
    "config": ("RECONCILER_CONFIG",),
    REPORTS: ("RECONCILER_REPORTS",),
    "mongodb_uri": ("MONGODB_URI", "MONGODB_URI_FILE"),
    "pg_url": ("PG_URL", "PG_URL_FILE"),
    "token": (TOKEN, f"{TOKEN}_FILE"),
    "proxy_key": (PROXY_KEY, f"{PROXY_KEY}_FILE"),
    "oidc_secret": (OIDC_SECRET, f"{OIDC_SECRET}_FILE"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The system under reconciliation, the service's settings, and where each setting came from (by dotted key).

    `digest` covers mapping and rules of all domains. `cutover` is the order in which domains move, empty where none is
    declared; `notify` says who is told of what. A domain's overrides stand in `sources` as
    `domains.<domain>.gate.<key>`.
    """

    system: System
    settings: Settings
    sources: Mapping[str, Source]
    digest: str
    cutover: tuple[Phase, ...] = ()
    notify: Notify = field(default_factory=Notify)


def load_configuration(
    *, folder: Path, environ: Mapping[str, str], overrides: Mapping[str, object] | None = None
) -> Configuration:
    """What the folder, the environment and the flags mean together; ConfigurationError with all mistakes.

    `overrides` are flags by dotted key (`server.port`, `reports`); None stands for a flag that was not given.
    """
    if not folder.is_dir():
        raise ConfigurationError((_no_folder(folder),))
    problems: list[str] = []
    flags = dict(overrides or {})
    reports = flags.pop(REPORTS, None)
    layers = _layers(folder, environ, flags, problems)
    files = _domain_files(folder / DOMAINS, problems)
    problems += mistakes_of(files)
    names = [file.domain for file in files]
    cutover = read_cutover(folder, domains=names, problems=problems)
    notify = read_notify(folder, domains=names, environ=environ, problems=problems)
    settings = read_settings(
        config=folder, reports=_reports(reports, environ), environ=environ, layers=layers, problems=problems
    )
    if problems:
        raise ConfigurationError(_by_file(problems))
    system = _system(files, layers, settings)
    return Configuration(
        system=system,
        settings=settings,
        sources=_sources(files, layers, environ, flagged_reports=reports is not None),
        digest=system_digest({domain.name: domain.config_digest for domain in system.domains}),
        cutover=cutover,
        notify=notify,
    )


def _by_file(problems: Sequence[str]) -> tuple[str, ...]:
    """Each mistake once, those of a file together."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda line: line.partition(": ")[0]))


def _layers(folder: Path, environ: Mapping[str, str], flags: Mapping[str, object], problems: list[str]) -> list[Layer]:
    """File, environment and flags, the strongest last."""
    path = folder / SERVICE_FILE
    tree = read_toml(path, str(path), problems)
    return [
        file_layer(tree or {}, str(path), problems),
        environment_layer(environ, problems),
        flag_layer(flags, problems),
    ]


def _domain_files(folder: Path, problems: list[str]) -> list[DomainFile]:
    """Every domain's file in order of its name; whatever else lies there is a mistake, as it may be meant as one."""
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    files = []
    for path in paths:
        if path.name.startswith(".") or path.name in NOT_OURS:
            continue
        if path.suffix != ".toml" or not path.is_file():
            problems.append(mistake(str(path), "", expected="a file <domain>.toml", got="something else"))
        else:
            files.append(_domain_file(path, problems))
    if not files:
        problems.append(mistake(str(folder), "", expected="a file <domain>.toml for each domain", got="none"))
    return files


def _domain_file(path: Path, problems: list[str]) -> DomainFile:
    """One domain's file, with its mistakes of shape told."""
    where = str(path)
    tree = read_toml(path, where, problems)
    shape = None if tree is None else validated(DomainShape, tree, where, problems)
    return DomainFile(where=where, stem=path.stem, tree=names_in(path) if tree is None else tree, shape=shape)


def _system(files: Sequence[DomainFile], layers: Sequence[Layer], settings: Settings) -> System:
    """The system that files without a mistake mean: what nothing waits for first, what cannot be compared last."""
    shapes = {file.shape.domain: file.shape for file in files if file.shape}
    try:
        domains = with_references([_domain(shape, layers) for shape in shapes.values()])
        depth = depths(domains)
        ordered = sorted(domains, key=lambda domain: (not domain.comparable, depth[domain.name], domain.name))
        return System(domains=tuple(ordered), gaps_table=settings.gaps.table or "")
    except InvalidSpec as error:
        raise ConfigurationError((str(error),)) from error


def _domain(shape: DomainShape, layers: Sequence[Layer]) -> DomainSpec:
    """One domain with the policy and schedule in force for it: its own file is above service.toml, below the rest."""
    gate = merged(GateShape(), *_over(layers, "gate", shape.gate))
    times = merged(ScheduleShape(), *_over(layers, "schedule", shape.schedule))
    return domain_spec(shape, policy=policy(gate), schedule=Schedule() if shape.not_comparable else schedule(times))


def _over(layers: Sequence[Layer], section: str, own: Shape) -> list[Shape]:
    """The section as each layer has it, with the domain's own above the file's."""
    file, *stronger = (layer.section(section) for layer in layers)
    return [file, own, *stronger]


def _sources(
    files: Sequence[DomainFile], layers: Sequence[Layer], environ: Mapping[str, str], *, flagged_reports: bool
) -> dict[str, Source]:
    """Where every setting came from."""
    found = sources(layers)
    stronger = layers[1:]
    for file in files:
        for section in ("gate", "schedule") if file.shape else ():
            own: Shape = getattr(file.shape, section)
            for key in sorted(own.model_fields_set):
                over: list[tuple[Source, Shape]] = [(layer.source, layer.section(section)) for layer in stronger]
                found[f"domains.{file.domain}.{section}.{key}"] = source_of(key, [("file", own), *over])
    for key, names in ENVIRONMENT_ONLY.items():
        found[key] = "environment" if any(environ.get(name) for name in names) else "default"
    return found | ({REPORTS: "flag"} if flagged_reports else {})


def _reports(flag: object, environ: Mapping[str, str]) -> Path:
    """The folder of the report database."""
    return folder_named("RECONCILER_REPORTS", environ) if flag is None else Path(str(flag))


def _no_folder(folder: Path) -> str:
    """What to say where there is no configuration at all."""
    way_out = "name another with RECONCILER_CONFIG, or write one with `reconciler init`"
    expected = f"a folder with {SERVICE_FILE} and {DOMAINS}/ ({way_out})"
    return mistake(str(folder), "", expected=expected, got="a file" if folder.exists() else "nothing there")
