"""Makes the small reference data: configuration with its history, categories, and levels."""

from collections.abc import Iterator
from random import Random
from typing import Any

from bson import Int64

from reconciler.sandbox import values, words
from reconciler.sandbox.plan import CATEGORIES
from reconciler.sandbox.world import Document, Made, Row, World

SCOPE = "confirmation_threshold."
_CHAINS = ("btc", "eth", "tron", "bsc", "polygon", "ton")
_TOKENS = ("usdt", "usdc", "native", "نمونه")
_IN_SCOPE = tuple(f"{SCOPE}{chain}.{token}" for chain in _CHAINS for token in _TOKENS)
_OUT_OF_SCOPE = (
    "confirmation_thresholds.btc",
    "confirmation_thresholdXusdt",
    "Confirmation_threshold.usdt",
    "fees.buyer",
    "fees.seller",
    "ui.theme",
    "ui.banner",
    "maintenance",
)
_LIMITS = {"min": 1, "max": 2.5, "by": {"usdt": 6, "usdc": 6.0}}
_SETTING_VALUES: tuple[Any, ...] = (3, 12, 12.5, "12", "true", True, False, 0, "", Int64(2**60), 2.0, _LIMITS, [1, 2])
_CHANGES_PER_SETTING = 3
_LEVELS = (
    ("Starter", 0),
    ("Bronze", 100),
    ("Silver", 250),
    ("Gold", 500),
    ("Platin", 1_000),
    ("الماس", 2_500),
    ("افسانه", 5_000),
    ("👑", 10_000),
)
_DISCOUNTS = (0, 1, 2.5, 5.0, 7.25, 10, 0.1 + 0.2 + 12, 99.99)
_ROW_IDS_OF_SEED_STEP = 1_000


def config_settings(world: World) -> Iterator[Made]:
    """Yield the settings: thresholds in both stores, the rest in Mongo, and one stray row that is out of scope too."""
    dice = world.dice("settings")
    for number, key in enumerate(_IN_SCOPE + _OUT_OF_SCOPE):
        in_scope = key.startswith(SCOPE)
        document, row = _setting(world, dice, number=number, key=key)
        yield Made(
            collection="configsettings",
            document=document,
            rows=(("config_settings", row),) if in_scope or key == "ui.theme" else (),
            matched=("config_setting",) if in_scope else (),
            out_of_scope=() if in_scope else ("config_setting",),
        )


def config_setting_history(world: World) -> Iterator[Made]:
    """Yield the changes of every setting; those of settings outside the scope stay in Mongo."""
    dice = world.dice("setting history")
    for number in range(_CHANGES_PER_SETTING * len(_IN_SCOPE + _OUT_OF_SCOPE)):
        key = (_IN_SCOPE + _OUT_OF_SCOPE)[number // _CHANGES_PER_SETTING]
        in_scope = key.startswith(SCOPE)
        document, row = _change(world, dice, number=number, key=key)
        yield Made(
            collection="configsettinghistories",
            document=document,
            rows=(("config_setting_history", row),) if in_scope else (),
            matched=("config_setting_history",) if in_scope else (),
            out_of_scope=() if in_scope else ("config_setting_history",),
        )


def categories(world: World) -> Iterator[Made]:
    """Yield a tree of categories without cycles, one of them `general`."""
    dice = world.dice("categories")
    for number in range(CATEGORIES):
        document, row = _category(world, dice, number)
        yield Made(collection="categories", document=document, rows=(("categories", row),), matched=("category",))


def level_configs(world: World) -> Iterator[Made]:
    """Yield levels whose point ranges meet; the ids differ, as the seed step makes rows of its own."""
    dice = world.dice("levels")
    for number, (name, start) in enumerate(_LEVELS):
        end = _LEVELS[number + 1][1] - 1 if number + 1 < len(_LEVELS) else None
        benefits = [words.sentence(dice), "free shipping", {"days": 3, "codes": [1, 2.0]}][: 1 + number % 3]
        document: Document = {
            "_id": world.object_id("level", number),
            "level": values.whole(dice, number + 1),
            "name": name,
            "minPoints": values.whole(dice, start),
            "maxPoints": None if end is None else values.whole(dice, end),
            "discountPercent": _DISCOUNTS[number],
            "benefits": benefits,
        }
        row: Row = {
            "id": world.uuid("level", number),
            "legacy_object_id": str(world.object_id("level", _ROW_IDS_OF_SEED_STEP + number)),
            "level": number + 1,
            "name": name,
            "min_points": start,
            "max_points": end,
            "discount_percent": values.at_scale(values.printed(_DISCOUNTS[number]), 2),
            "benefits": values.json_text(dice, benefits),
            "color": values.sparse(dice, document, "color", f"#{values.hexadecimal(dice, 6)}"),
        }
        yield Made(
            collection="levelconfigs", document=document, rows=(("level_configs", row),), matched=("level_config",)
        )


def _setting(world: World, dice: Random, *, number: int, key: str) -> tuple[Document, Row]:
    version, updated, user = dice.randrange(1, 30), values.moment(dice), world.user("setting", number)
    value = _SETTING_VALUES[number % len(_SETTING_VALUES)]
    document: Document = {"_id": world.object_id("setting", number), "key": key, "value": value}
    document |= {"version": values.whole(dice, version), "updatedAt": updated}
    updater = values.sparse(dice, document, "updatedBy", world.object_id("user", user))
    row: Row = {
        "id": world.uuid("setting", number),
        "key": key,
        "value": values.json_text(dice, value),
        "description": values.sparse(dice, document, "description", words.sentence(dice)),
        "version": version,
        "updated_by": world.uuid("user", user) if updater else None,
        "updated_at": values.instant(dice, updated),
    }
    return document, row


def _change(world: World, dice: Random, *, number: int, key: str) -> tuple[Document, Row]:
    identifier, changed, user = (
        world.object_id("setting change", number),
        values.moment(dice),
        world.user("setting change", number),
    )
    document: Document = {
        "_id": identifier,
        "settingKey": key,
        "newValue": dice.choice(_SETTING_VALUES),
        "changedAt": changed,
    }
    if number % _CHANGES_PER_SETTING:
        document["oldValue"] = dice.choice(_SETTING_VALUES)
    changer = values.sparse(dice, document, "changedBy", world.object_id("user", user))
    row: Row = {
        "id": world.uuid("setting change", number),
        "legacy_object_id": str(identifier),
        "setting_key": key,
        "old_value": values.json_text(dice, document.get("oldValue")),
        "new_value": values.json_text(dice, document["newValue"]),
        "changed_by": world.uuid("user", user) if changer else None,
        "reason": values.sparse(dice, document, "reason", words.sentence(dice)),
        "changed_at": values.instant(dice, changed),
    }
    return document, row


def _category(world: World, dice: Random, number: int) -> tuple[Document, Row]:
    key, created, updated = world.object_id("category", number), values.moment(dice), values.moment(dice)
    name, order, active = f"{dice.choice(words.PRODUCTS)} {number}", dice.randrange(-3, 90), dice.random() < 0.8
    slug = f"category-{number}" if number else "general"
    document: Document = {
        "_id": key,
        "name": name,
        "slug": slug,
        "sortOrder": values.whole(dice, order),
        "isActive": active,
    }
    document |= {"createdAt": created, "updatedAt": updated, "searchBoost": 1.5}
    parent = dice.randrange(number) if number else 0
    child = values.sparse(
        dice, document, "parentId", world.object_id("category", parent), filled=0.6 if number else 0.0
    )
    names = {"en": name, "fa": "دسته", "ar": "فئة", "zh": "类别", "de": "Gerät"}
    row: Row = {
        "id": world.uuid("category", number),
        "legacy_object_id": str(key),
        "name": name,
        "slug": slug,
        "description": values.sparse(dice, document, "description", words.sentence(dice)),
        "icon": values.sparse(dice, document, "icon", "📦"),
        "parent_id": world.uuid("category", parent) if child else None,
        "sort_order": order,
        "is_active": active,
        "names": values.json_text(dice, values.sparse(dice, document, "names", names)),
        "aliases": values.sparse(dice, document, "aliases", dice.sample(words.PRODUCTS, dice.randrange(4))),
        "created_at": values.instant(dice, created),
        "updated_at": values.instant(dice, updated),
    }
    return document, row
