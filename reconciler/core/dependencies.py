"""Which domains a domain depends on: those it names, and those that its references lead into."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.core.spec import DomainSpec


def with_references(domains: Sequence[DomainSpec]) -> tuple[DomainSpec, ...]:
    """The domains, each depending on what it declares and on every other domain that one of its fields refers to.

    Domains of its own flip group are left out: they go together, and their gates are joined by `flip_group`.
    """
    owners = {entity.name: domain for domain in domains for entity in domain.entities}
    return tuple(replace(domain, depends_on=_depends_on(domain, owners)) for domain in domains)


def depths(domains: Sequence[DomainSpec]) -> dict[str, int]:
    """How many domains come before each, one after the other; a circle of references counts each domain in it once."""
    waits = {domain.name: domain.depends_on for domain in domains}
    return {name: _depth(name, waits, above=frozenset()) for name in waits}


def _depends_on(domain: DomainSpec, owners: Mapping[str, DomainSpec]) -> tuple[str, ...]:
    """The names, those that the configuration declares first."""
    referred = [owners[name] for entity in domain.entities for name in entity.referred if name in owners]
    others = [one.name for one in referred if not (domain.flip_group and one.flip_group == domain.flip_group)]
    return tuple(dict.fromkeys((*domain.depends_on, *sorted(set(others) - {domain.name}))))


def _depth(name: str, waits: Mapping[str, Sequence[str]], *, above: frozenset[str]) -> int:
    """The longest way down that does not come back to where it was."""
    below = [other for other in waits.get(name, ()) if other not in above and other != name]
    return max((1 + _depth(other, waits, above=above | {name}) for other in below), default=0)
