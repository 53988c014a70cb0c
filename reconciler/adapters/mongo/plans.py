"""Whether MongoDB's planner reads a collection from end to end where an index should serve, and the index to make."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from motor.motor_asyncio import AsyncIOMotorDatabase

from reconciler.adapters.mongo import queries
from reconciler.adapters.mongo.checksums import Telling
from reconciler.adapters.mongo.invariants import BYTES
from reconciler.adapters.mongo.queries import Stage
from reconciler.app.tellings import Unindexed
from reconciler.core.checksum.words import KeyRange
from reconciler.core.model import RecordKey
from reconciler.core.spec import EntitySpec, FieldKind

COMMENT = "reconciler explain"
WHOLE = "COLLSCAN"
CLUSTERED = {"minRecord", "maxRecord"}  # a collection in the order of its `_id`, read between two of them
Database = AsyncIOMotorDatabase[dict[str, Any]]


def lookup(entity: EntitySpec) -> list[Stage]:
    """A look-up by key."""
    part: str | int = 0 if entity.field(entity.ordered_key[0]).kind is FieldKind.INTEGER else "0" * 24
    return queries.by_keys(entity, [RecordKey(parts=(part,), text=str(part))])


def ranges(entity: EntitySpec, key_range: KeyRange) -> list[list[Stage]]:
    """What a scan asks of a range, and for the end of the next one."""
    telling = Telling(entity, 0)
    return [telling.total(key_range), telling.boundary(key_range.until or key_range.after, 1)]


async def unindexed(
    database: Database, entity: EntitySpec, pipelines: Sequence[Sequence[Stage]], *, max_time_ms: int
) -> list[Unindexed]:
    """The collection, if one of the pipelines reads all of it."""
    for pipeline in pipelines:
        asked = {"aggregate": entity.collection, "pipeline": pipeline, "cursor": {}, "collation": BYTES.document}
        answer = await database.command(
            {"explain": asked, "verbosity": "queryPlanner", "comment": COMMENT, "maxTimeMS": max_time_ms}
        )
        if any(_reads_whole(plan) for plan in _winning(answer)):
            records = await database[entity.collection].estimated_document_count()
            return [Unindexed(name=f"collection {entity.collection}", records=records, create=_create(entity))]
    return []


def _winning(answer: object) -> Iterator[object]:
    """The plans that were chosen, wherever the answer has them."""
    match answer:
        case Mapping():
            if "winningPlan" in answer:
                yield answer["winningPlan"]
            for below in answer.values():
                yield from _winning(below)
        case list():
            for below in answer:
                yield from _winning(below)
        case _:
            return


def _reads_whole(plan: object) -> bool:
    """Whether a plan reads the collection from its first document to its last."""
    match plan:
        case Mapping():
            whole = plan.get("stage") == WHOLE and not CLUSTERED & plan.keys()
            return whole or any(_reads_whole(below) for below in plan.values())
        case list():
            return any(_reads_whole(below) for below in plan)
        case _:
            return False


def _create(entity: EntitySpec) -> str:
    """The command that makes the index; texts are looked up by their bytes, whatever the collection's own order."""
    path = queries.key_path(entity)
    return f"db.{entity.collection}.createIndex({{{json.dumps(path)}: 1}}, {{collation: {{locale: 'simple'}}}})"
