"""Draft entities to domains: what refers to each other in a circle flips together, the rest waits in order."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.core.drafting.draft import DraftDomain, DraftEntity
from reconciler.core.drafting.names import entity_name, free_name

NO_TABLE = "no PostgreSQL table for it was found"


def domains_of(entities: Sequence[DraftEntity], lonely: Mapping[str, str]) -> tuple[DraftDomain, ...]:
    """The domains; `lonely` are collections without a table, each with the reason."""
    groups = _groups(_told_apart(entities))
    homes: dict[str, str] = {}
    for group in groups:
        name = free_name(_head(group).name, set(homes.values()))
        homes |= {entity.name: name for entity in group}
    domains = [_domain(homes[group[0].name], group, homes) for group in groups]
    taken = set(homes.values())
    for collection, why in sorted(lonely.items()):
        name = free_name(entity_name(collection), taken)
        taken.add(name)
        domains.append(DraftDomain(name=name, title=_title(collection), not_comparable=why, collections=(collection,)))
    return tuple(domains)


def _told_apart(entities: Sequence[DraftEntity]) -> list[DraftEntity]:
    """The entities, their invariants with names that no other bears."""
    taken: set[str] = set()
    found = []
    for entity in entities:
        unique = []
        for item in entity.unique:
            name = free_name(item.name, taken)
            taken.add(name)
            unique.append(replace(item, name=name))
        found.append(replace(entity, unique=tuple(unique)))
    return found


def _groups(entities: Sequence[DraftEntity]) -> list[list[DraftEntity]]:
    """Entities that can be reached from each other, embedded ones and those of one collection among them."""
    ways = {entity.name: set(entity.refers_to) for entity in entities}
    for entity in entities:
        for other in entities:
            if other.collection == entity.collection:
                ways[entity.name].add(other.name)
    reach = {name: _reached(name, ways) for name in ways}
    groups: list[list[DraftEntity]] = []
    for entity in entities:
        home = next(
            (one for one in groups if entity.name in reach[one[0].name] and one[0].name in reach[entity.name]), None
        )
        if home is None:
            groups.append([entity])
        else:
            home.append(entity)
    return groups


def _reached(start: str, ways: Mapping[str, set[str]]) -> set[str]:
    """Everything that can be reached."""
    found, open_ends = {start}, [start]
    while open_ends:
        new = ways.get(open_ends.pop(), set()) - found
        found |= new
        open_ends += new
    return found


def _head(group: Sequence[DraftEntity]) -> DraftEntity:
    """The entity that a group is named after: the one that most of the others refer to or hang on."""

    def followers(entity: DraftEntity) -> int:
        return sum(entity.name in (*other.refers_to, other.owner) for other in group if other is not entity)

    return max(group, key=lambda entity: (not entity.embedded, followers(entity), -group.index(entity)))


def _domain(name: str, group: Sequence[DraftEntity], homes: Mapping[str, str]) -> DraftDomain:
    """A group as a domain that waits for those it refers to."""
    waits = {homes[other] for entity in group for other in entity.refers_to if other in homes}
    return DraftDomain(
        name=name, title=_title(_head(group).table), entities=tuple(group), depends_on=tuple(sorted(waits - {name}))
    )


def _title(name: str) -> str:
    """A name as a title."""
    text = "".join(letter if letter.isalnum() else " " for letter in name.rpartition(".")[2]).strip()
    return (text[:1].upper() + text[1:]) or "Domain"
