"""What collections there are, and which indexes help."""

import hashlib
import json
from typing import Any

from bson import json_util
from motor.motor_asyncio import AsyncIOMotorDatabase

from reconciler.adapters.mongo.queries import by_id, key_path
from reconciler.core.spec import EntitySpec

Database = AsyncIOMotorDatabase[dict[str, Any]]


async def problems(database: Database, entity: EntitySpec) -> list[str]:
    """Whether the entity's collection is there and is a plain one, a sentence each."""
    where = f"collection {entity.collection} of entity {entity.name}"
    cursor = await database.list_collections(filter={"name": entity.collection})
    found = await cursor.to_list(length=1)
    if not found:
        return [f"{where} does not exist in the database {database.name}{await _near(database, entity)}"]
    kind = found[0]["type"]
    return [] if kind == "collection" else [f"{where}: expected a collection, got a {kind}"]


async def shape(database: Database, entity: EntitySpec) -> str:
    """A digest of which collection of that name it is, and of its options."""
    cursor = await database.list_collections(filter={"name": entity.collection})
    known = [[str(one["info"].get("uuid", "")), json_util.dumps(one["options"])] for one in await cursor.to_list(None)]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()


async def _near(database: Database, entity: EntitySpec) -> str:
    """A hint at what was meant."""
    names = await database.list_collection_names()
    if not names:
        return ", which is empty or does not exist: check the name at the end of MONGODB_URI"
    twin = next((name for name in sorted(names) if name.lower() == entity.collection.lower()), "")
    return f"; there is {twin}" if twin else ""


async def hints(database: Database, entity: EntitySpec) -> list[str]:
    """The index that re-reading by key would use, where it is missing, a sentence."""
    if by_id(entity) or (entity.embedded and entity.ordered_key[0] == entity.embedded.owner):
        return []
    full = key_path(entity)
    indexes = await database[entity.collection].index_information()
    if any(index["key"][0][0] == full for index in indexes.values()):
        return []
    return [
        f"collection {entity.collection} of entity {entity.name} has no index on {full}: re-reading a key reads it all"
    ]
