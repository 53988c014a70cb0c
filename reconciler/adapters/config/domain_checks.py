"""Mistakes that show only when a domain's file is seen as a whole, or beside the others."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from reconciler.adapters.config.entity_checks import entity_mistakes
from reconciler.adapters.config.invariant_checks import invariant_mistakes
from reconciler.adapters.config.mistakes import dotted, mistake, suggestion
from reconciler.adapters.config.raw import DomainFile
from reconciler.adapters.config.rule_checks import rule_mistakes
from reconciler.adapters.config.shapes import DomainShape


def mistakes_of(files: Sequence[DomainFile]) -> Iterator[str]:
    """Every mistake of all files, beyond those of shape."""
    entities = frozenset(name for file in files for name in file.entities)
    owners = {name: file for file in files for name in file.entities}
    domains = frozenset(file.domain for file in files)
    for file in files:
        if file.shape:
            yield from _identity(file)
            yield from _comparability(file, file.shape)
            yield from _dependencies(file, file.shape, domains)
            for name, entity in file.shape.entity.items():
                yield from entity_mistakes(file, name, entity, entities=entities)
            yield from invariant_mistakes(file, file.shape, owners)
            yield from rule_mistakes(file, file.shape)
    yield from _doubles(files)
    yield from _cycles(files)


def _identity(file: DomainFile) -> Iterator[str]:
    """A file is named after its domain."""
    if file.domain != file.stem:
        yield mistake(file.where, "domain", expected=f"{file.stem!r}, as the file is called", got=repr(file.domain))


def _comparability(file: DomainFile, shape: DomainShape) -> Iterator[str]:
    """A domain has entities, or a reason why it has none; a live flag has a name."""
    why_not = "not_comparable" in file.tree
    if why_not and "entity" in file.tree:
        yield mistake(file.where, "not_comparable", expected="entities or a reason why there are none", got="both")
    if not why_not and not file.entities:
        yield mistake(
            file.where, "entity", expected="an [entity.…] table, or a reason in not_comparable", got="neither"
        )
    if shape.live_flag and not why_not and "flag" not in file.tree:
        yield mistake(file.where, "flag", expected="the flag's name, or live_flag = false", got="nothing")
    if why_not and file.tree.get("live_flag") is True:
        yield mistake(file.where, "live_flag", expected="false where nothing can be compared", got="true")


def _dependencies(file: DomainFile, shape: DomainShape, domains: frozenset[str]) -> Iterator[str]:
    """A domain depends on others that exist."""
    for name in shape.depends_on:
        if name == file.domain:
            yield mistake(file.where, "depends_on", expected="other domains", got=f"{name!r} itself")
        elif name not in domains:
            yield mistake(file.where, "depends_on", expected=suggestion(name, sorted(domains)), got=repr(name))


def _doubles(files: Sequence[DomainFile]) -> Iterator[str]:
    """Domains, entities and flags have one file each."""
    seen: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for file in files:
        seen["domain", file.domain].append((file.where, "domain"))
        for entity in file.entities:
            seen["entity", entity].append((file.where, dotted(("entity", entity))))
        for flag in _flags(file):
            seen["flag", flag].append((file.where, "flag"))
    for (what, name), places in seen.items():
        first, *others = places
        for where, key in others:
            yield mistake(where, key, expected=f"each {what} once", got=f"{name!r}, which stands in {first[0]} as well")


def _flags(file: DomainFile) -> list[str]:
    """Every name of the domain's flag."""
    names = [file.shape.flag, *file.shape.flag_aliases] if file.shape else []
    return [name for name in names if name]


def _cycles(files: Sequence[DomainFile]) -> Iterator[str]:
    """No domain waits for itself by way of others."""
    waits = {file.domain: tuple(file.shape.depends_on) for file in files if file.shape}
    for file in files:
        around = _way_back(file.domain, waits)
        if around and file.domain == min(around):
            yield mistake(file.where, "depends_on", expected="no circle", got=" → ".join((*around, around[0])))


def _way_back(start: str, waits: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The domains on a way from `start` through others back to it, empty where there is none."""
    ways: list[tuple[str, ...]] = [(start, name) for name in waits.get(start, ()) if name != start]
    visited: set[str] = set()
    while ways:
        way = ways.pop()
        for name in waits.get(way[-1], ()):
            if name == start:
                return way
            if name not in visited:
                visited.add(name)
                ways.append((*way, name))
    return ()
