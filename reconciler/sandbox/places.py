"""Makes the address domain: a few addresses for most users, exactly one of them primary."""

from collections.abc import Iterator
from random import Random

from reconciler.sandbox import values, words
from reconciler.sandbox.world import Document, Made, Row, World

_LABELS = ("home", "work", "خانه", "مكتب", "家")


def addresses(world: World) -> Iterator[Made]:
    """Yield every address, grouped by user; every fifth user has none."""
    dice = world.dice("addresses")
    number = user = 0
    while number < world.plan.addresses:
        remaining = world.plan.addresses - number
        least = -(-remaining // max(1, (world.plan.users - user) * 4 // 5))
        count = max(least, min(dice.choice((1, 1, 2, 3)), remaining))
        primary = dice.randrange(count)
        for index in range(count):
            yield _address(world, dice, number=number + index, user=user, primary=index == primary)
        number += count
        user += 2 if user % 5 == 3 else 1


def _address(world: World, dice: Random, *, number: int, user: int, primary: bool) -> Made:
    key, place = world.object_id("address", number), dice.choice(words.PLACES)
    floor = dice.choice(("Floor", "طبقه", "الطابق"))
    document: Document = {
        "_id": key,
        "userId": world.object_id("user", user),
        "city": place.city,
        "line1": f"{dice.choice(words.STREETS)} {dice.randrange(1, 900)}, {floor} {dice.randrange(20)}",
        "isPrimary": primary,
        "country": place.country,
        "__v": 0,
    }
    row: Row = {
        "id": world.uuid("address", number),
        "legacy_object_id": str(key),
        "user_id": world.uuid("user", user),
        "city": place.city,
        "line1": document["line1"],
        "is_primary": primary,
        "country": place.country.strip(),
    }
    row |= _optionals(dice, document, place) | _position(dice, document, place) | _times(dice, document)
    return Made(collection="addresses", document=document, rows=(("addresses", row),), matched=("address",))


def _optionals(dice: Random, document: Document, place: words.Place) -> Row:
    postal = f"{dice.choice((0, 0, 0, 1, 5, 9))}{dice.randrange(10**4):04d}"
    return {
        "label": values.sparse(dice, document, "label", dice.choice(_LABELS)),
        "recipient_name": values.sparse(dice, document, "recipientName", dice.choice(words.NATIVE_NAMES)),
        "line2": values.sparse(dice, document, "line2", dice.choice(("", "Unit 4", "واحد ۴", "Rückgebäude"))),
        "region": values.sparse(dice, document, "region", place.region),
        "postal_code": values.sparse(dice, document, "postalCode", postal, filled=0.9),
        "phone": values.sparse(dice, document, "phone", f"0098{dice.randrange(10**9):09d}"),
    }


def _position(dice: Random, document: Document, place: words.Place) -> Row:
    """Set the GeoJSON point; whole degrees arrive as int, and minus zero as zero."""
    lng, lat = (value + dice.randrange(-(10**6), 10**6) * 1e-9 if value else value for value in (place.lng, place.lat))
    if dice.random() < 0.05:
        lng, lat = round(lng), round(lat)
    point = {"type": "Point", "coordinates": [lng, lat]}
    stored = values.sparse(dice, document, "location", point, filled=0.85)
    return {"lng": float(lng) + 0.0 if stored else None, "lat": float(lat) + 0.0 if stored else None}


def _times(dice: Random, document: Document) -> Row:
    created, updated = values.moment(dice), values.moment(dice)
    document |= {"createdAt": created, "updatedAt": updated}
    return {"created_at": values.instant(dice, created), "updated_at": values.instant(dice, updated)}
