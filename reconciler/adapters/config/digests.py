"""Digests of what a domain compares and of what its gate asks, equal whenever the meaning is equal."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from decimal import Decimal

from reconciler.core.spec import EntitySpec, GatePolicy, InvariantSpec, Method

FORM = 1
"""Raised when the form below changes, so that no digest of an older form can be met by chance."""


def mapping_digest(domain: str, entities: Sequence[EntitySpec], invariants: Sequence[InvariantSpec]) -> str:
    """`sha256:…` over mapping and rules; the order in which a file lists entities, fields and invariants is nothing."""
    return _digest(
        {
            "domain": domain,
            "entities": _by("name", [_entity(entity) for entity in entities]),
            "invariants": _by("name", [asdict(item) for item in invariants]),
        }
    )


def policy_digest(policy: GatePolicy) -> str:
    """`sha256:…` over the policy that is in force for a domain."""
    return _digest({"policy": asdict(policy)})


def system_digest(config_digests: Mapping[str, str]) -> str:
    """`sha256:…` over the digests of all domains."""
    return _digest({"domains": dict(config_digests)})


def _entity(entity: EntitySpec) -> dict[str, object]:
    """An entity with its fields, theirs, and its rules in order of their paths; how it is scanned changes no proof."""
    tree = asdict(replace(entity, method=Method.AUTO))
    for field in tree["fields"]:
        if field["children"]:
            field["children"]["fields"] = _by("path", field["children"]["fields"])
    return tree | {"fields": _by("path", tree["fields"]), "rules": _by("path", tree["rules"])}


def _by(key: str, items: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """The items in order of that key."""
    return sorted(items, key=lambda item: str(item[key]))


def _digest(tree: Mapping[str, object]) -> str:
    """The digest of the one spelling that equal trees share."""
    text = json.dumps({"form": FORM, **tree}, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_told)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _told(value: object) -> int | str:
    """Durations as whole microseconds, dates and decimals as text."""
    match value:
        case timedelta():
            return value // timedelta(microseconds=1)
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value.normalize():f}"
    raise TypeError(f"a digest of {type(value).__name__} is not defined")
