"""Makes what has no PostgreSQL side yet, and the dual-write gaps that were repaired long ago."""

from collections.abc import Iterator
from datetime import UTC, datetime

from reconciler.sandbox import values, words
from reconciler.sandbox.world import Made, Row, World

COLLECTIONS = (
    "requesttemplates",
    "deriveddestinations",
    "pointtransactions",
    "referrals",
    "chats",
    "messages",
    "notifications",
    "disputes",
    "blogposts",
    "contents",
)
_REPAIRED = (("quote", "parent missing"), ("quote", "parent missing"), ("address", "timeout"))


def source_only(world: World) -> Iterator[Made]:
    """Yield documents of the collections that nobody compares, ordered by collection."""
    dice = world.dice("elsewhere")
    for place, collection in enumerate(COLLECTIONS):
        for number in range(place, world.plan.elsewhere, len(COLLECTIONS)):
            document = {
                "_id": world.object_id(collection, number),
                "userId": world.object_id("user", world.user(collection, number)),
                "text": words.sentence(dice),
                "createdAt": values.moment(dice),
            }
            yield Made(collection=collection, document=document)


def repaired_gaps(world: World) -> Iterator[Made]:
    """Yield resolved rows of `pg_dualwrite_gaps`."""
    for number, (domain, reason) in enumerate(_REPAIRED):
        row: Row = {
            "domain": domain,
            "legacy_object_id": str(world.object_id("payment" if domain == "quote" else "address", number)),
            "reason": reason,
            "created_at": datetime(2026, 3, 1, 8, number, tzinfo=UTC),
            "resolved_at": datetime(2026, 3, 1, 9, number, tzinfo=UTC),
        }
        yield Made(collection="", document=None, rows=(("pg_dualwrite_gaps", row),))
