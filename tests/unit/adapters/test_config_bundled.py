"""The bundled configuration describes the marketplace's migration as its operators know it."""

import re
import shutil
import tomllib
from pathlib import Path

import jsonschema
import pytest

from reconciler.adapters.config.schema import config_schema
from reconciler.adapters.config_files import Configuration, load_configuration
from reconciler.adapters.rollback_plans import load_plan
from reconciler.core.model import Sensitivity, Side
from reconciler.core.spec import Embedded, FieldKind, FieldSpec, InvariantKind, NumberType, Scope

pytestmark = pytest.mark.unit

CONFIG = Path(__file__).resolve().parents[3] / "config"

FLAGS = {
    "auth": "AUTH_STORE",
    "config": "CONFIG_STORE",
    "address": "ADDRESS_STORE",
    "category": "CATEGORY_STORE",
    "level_config": "LEVEL_CONFIG_STORE",
    "shop_settings": "SHOP_SETTINGS_STORE",
    "review": "REVIEW_STORE",
}
ENTITIES = {
    "auth": {"user", "refresh_token", "passkey", "telegram_link", "telegram_session", "temp_verification"},
    "config": {"config_setting", "config_setting_history"},
    "address": {"address"},
    "category": {"category"},
    "level_config": {"level_config"},
    "shop_settings": {"shop_settings"},
    "review": {"review"},
    "quote": {"quote"},
    "marketplace": {"purchase_request", "seller_offer"},
    "payment": {"payment"},
    "funds_ledger": {"funds_ledger_entry"},
}
NOT_COMPARABLE = {
    "request_template",
    "derived_destination",
    "points",
    "chat",
    "notification",
    "dispute",
    "blog",
    "content",
    "runtime_config",
}
SECRET = {
    ("user", "passwordHash"),
    ("refresh_token", "tokenHash"),
    ("passkey", "publicKey"),
    ("telegram_session", "data"),
    ("temp_verification", "code"),
}


@pytest.fixture(scope="module")
def bundled() -> Configuration:
    return load_configuration(folder=CONFIG, environ={})


def all_fields(bundled: Configuration) -> list[tuple[str, FieldSpec]]:
    return [
        (entity.name, field)
        for domain in bundled.system.domains
        for entity in domain.entities
        for field in entity.fields
    ]


def test_every_domain_is_there_with_its_entities(bundled: Configuration) -> None:
    comparable = {domain.name: {entity.name for entity in domain.entities} for domain in bundled.system.comparable}
    assert comparable == ENTITIES
    silent = {domain.name for domain in bundled.system.domains if not domain.comparable}
    assert silent == NOT_COMPARABLE
    assert all(bundled.system.domain(name).not_comparable for name in silent)


def test_flags_turn_reads_there_and_back(bundled: Configuration) -> None:
    live = {domain.name: (domain.flip, domain.rollback) for domain in bundled.system.domains if domain.flip}
    assert live == {name: (f"{flag}=postgres", f"{flag}=mongo") for name, flag in FLAGS.items()}
    assert bundled.system.domain("level_config").flag_aliases == ("LEVEL_STORE",)


def test_the_reference_group_flips_together(bundled: Configuration) -> None:
    group = {domain.name for domain in bundled.system.domains if domain.flip_group == "reference"}
    assert group == {"category", "level_config", "shop_settings", "review"}


def test_a_domain_stands_after_those_it_waits_for(bundled: Configuration) -> None:
    order = [domain.name for domain in bundled.system.domains]
    for domain in bundled.system.domains:
        assert all(order.index(other) < order.index(domain.name) for other in domain.depends_on)
    assert bundled.system.domain("address").depends_on == ("auth",)


def test_only_what_is_meant_to_be_secret_is_secret(bundled: Configuration) -> None:
    secret = {(name, field.path) for name, field in all_fields(bundled) if field.sensitivity is Sensitivity.SECRET}
    assert secret == SECRET
    children = [child for _, field in all_fields(bundled) if field.children for child in field.children.fields]
    assert {child.sensitivity for child in children} == {Sensitivity.PLAIN}


def test_personal_data_is_masked(bundled: Configuration) -> None:
    masked = {f"{name}.{field.path}" for name, field in all_fields(bundled) if field.sensitivity is Sensitivity.PII}
    named = "email firstName lastName telegramId profile.phone walletAddress"
    assert masked >= {f"user.{path}" for path in named.split()}
    assert masked >= {f"address.{path}" for path in ("recipientName", "line1", "line2", "phone")}
    assert masked >= {"telegram_link.telegramId", "telegram_link.username", "temp_verification.email"}


def test_records_without_a_natural_key_are_keyed_by_their_object_id(bundled: Configuration) -> None:
    address = bundled.system.entity("address")
    assert address.key == ("_id",)
    assert not address.natural_key
    assert address.fields[0] == FieldSpec(
        path="_id", kind=FieldKind.IDENTITY, column="legacy_object_id", sensitivity=Sensitivity.PLAIN
    )


def test_embedded_records_carry_a_reference_to_their_owner(bundled: Configuration) -> None:
    token = bundled.system.entity("refresh_token")
    assert token.embedded == Embedded(path="refreshTokens", many=True, owner="user", column="user_id")
    owner = token.field("user")
    assert (owner.kind, owner.column, owner.refers_to) == (FieldKind.REFERENCE, "user_id", "user")
    assert token.ordered_key == ("tokenHash", "user")
    quote = bundled.system.entity("quote")
    assert quote.embedded == Embedded(path="quote", many=False, owner="payment", column="payment_id")
    assert (quote.key, quote.ttl) == (("payment",), "")


def test_columns_are_the_path_in_snake_case_unless_named(bundled: Configuration) -> None:
    columns = {(name, field.path): field.column for name, field in all_fields(bundled)}
    assert columns["user", "passwordHash"] == "password_hash"
    assert columns["user", "profile.avatarUrl"] == "avatar_url"
    assert columns["purchase_request", "budget.min"] == "budget_min"
    assert columns["payment", "escrow.releasedAt"] == "escrow_released_at"
    assert (columns["address", "location.coordinates[0]"], columns["address", "location.coordinates[1]"]) == (
        "lng",
        "lat",
    )
    assert columns["telegram_session", "_id"] == "session_key"


def test_child_tables_lie_where_the_backend_puts_them(bundled: Configuration) -> None:
    tokens = bundled.system.entity("shop_settings").field("supportedTokens").children
    assert tokens is not None
    assert (tokens.table, tokens.parent_column, tokens.position_column) == (
        "shop_supported_tokens",
        "shop_id",
        "position",
    )
    assert [(child.path, child.kind, child.column) for child in tokens.fields] == [
        ("chainId", FieldKind.INTEGER, "chain_id"),
        ("tokenAddress", FieldKind.CI, "token_address"),
        ("symbol", FieldKind.TEXT, "symbol"),
    ]


def test_only_thresholds_are_in_scope_of_config(bundled: Configuration) -> None:
    scopes = [entity.scope for entity in bundled.system.domain("config").entities]
    prefix = "confirmation_threshold."
    assert scopes == [Scope(path="key", prefix=prefix), Scope(path="settingKey", prefix=prefix)]


def test_ttl_and_append_only_stand_where_the_backend_has_them(bundled: Configuration) -> None:
    entities = [entity for domain in bundled.system.domains for entity in domain.entities]
    assert {entity.name for entity in entities if entity.ttl} == {
        "refresh_token",
        "telegram_session",
        "temp_verification",
    }
    appended = {entity.name for entity in entities if entity.append_only}
    assert appended == {"config_setting_history", "funds_ledger_entry"}


def test_money_takes_every_spelling_and_discounts_only_numbers(bundled: Configuration) -> None:
    amount = bundled.system.entity("payment").field("amount")
    assert (amount.scale, amount.accepts) == (18, tuple(NumberType))
    discount = bundled.system.entity("level_config").field("discountPercent")
    assert (discount.scale, discount.accepts) == (2, (NumberType.DOUBLE,))


def test_every_invariant_of_the_system_is_declared(bundled: Configuration) -> None:
    declared = {
        (item.entity, item.kind, item.fields) for domain in bundled.system.domains for item in domain.invariants
    }
    assert declared == {
        ("user", InvariantKind.UNIQUE, ("email",)),
        ("user", InvariantKind.UNIQUE, ("telegramId",)),
        ("address", InvariantKind.EXACTLY_ONE, ()),
        ("category", InvariantKind.UNIQUE, ("slug",)),
        ("category", InvariantKind.EXACTLY_ONE, ()),
        ("category", InvariantKind.NO_CYCLES, ("parentId",)),
        ("level_config", InvariantKind.CONTIGUOUS, ("level", "minPoints", "maxPoints")),
        ("shop_settings", InvariantKind.UNIQUE, ("sellerId",)),
        ("review", InvariantKind.RANGE, ("rating",)),
        ("review", InvariantKind.UNIQUE, ("reviewerId", "purchaseRequestId")),
        ("review", InvariantKind.EXISTS, ("reviewerId",)),
        ("purchase_request", InvariantKind.BELONGS_TO, ("selectedOfferId", "purchaseRequestId")),
        ("seller_offer", InvariantKind.AT_MOST_ONE, ()),
        ("funds_ledger_entry", InvariantKind.UNIQUE, ("idempotencyKey",)),
        ("funds_ledger_entry", InvariantKind.SUM_EQUAL, ("amount",)),
    }
    (primary,) = bundled.system.domain("address").invariants
    assert (primary.group, primary.where) == (("userId",), (("isPrimary", True),))
    assert primary.sides == (Side.SOURCE, Side.TARGET)
    mirror = next(item for item in bundled.system.domain("review").invariants if item.kind is InvariantKind.EXISTS)
    assert mirror.sides == (Side.SOURCE,)


def test_dual_write_gaps_are_looked_for(bundled: Configuration) -> None:
    assert bundled.system.gaps_table == "pg_dualwrite_gaps"


def test_what_can_be_flipped_has_a_whole_rollback_plan(bundled: Configuration) -> None:
    for name in FLAGS:
        plan = load_plan(CONFIG, bundled.system.domain(name))
        assert plan is not None, name
        assert plan.problems == (), name


def test_the_files_fit_the_schema_that_editors_get() -> None:
    schema = config_schema()
    for path in sorted((CONFIG / "domains").glob("*.toml")):
        jsonschema.validate(tomllib.loads(path.read_text(encoding="utf-8")), schema["domain"])
    service = tomllib.loads((CONFIG / "service.toml").read_text(encoding="utf-8"))
    jsonschema.validate(service, schema["service"])
    with pytest.raises(jsonschema.ValidationError, match="soak_window"):
        jsonschema.validate(service | {"gate": {"soak_window": "three days"}}, schema["service"])


def test_every_setting_is_written_out_with_the_default_it_has_anyway(bundled: Configuration, tmp_path: Path) -> None:
    shutil.copytree(CONFIG, tmp_path, dirs_exist_ok=True)
    (tmp_path / "service.toml").write_text('gaps.table = "pg_dualwrite_gaps"\n', encoding="utf-8")
    silent = load_configuration(folder=tmp_path, environ={})
    for name in ("stores", "backend", "gate", "runs", "schedule", "gaps", "server", "dashboard"):
        assert getattr(silent.settings, name) == getattr(bundled.settings, name), name
    service_keys = {key for key in bundled.sources if "." in key and not key.startswith("domains.")}
    assert {bundled.sources[key] for key in service_keys} == {"file"}


def test_the_example_of_the_readme_is_a_domain(tmp_path: Path) -> None:
    shutil.copytree(CONFIG, tmp_path, dirs_exist_ok=True)
    example = re.search(r"```toml\n(.*?)```", (CONFIG / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    (tmp_path / "domains" / "wishlist.toml").write_text(example[1], encoding="utf-8")
    wishlist = load_configuration(folder=tmp_path, environ={}).system.domain("wishlist")
    assert wishlist.flip == "WISHLIST_STORE=postgres"
    assert wishlist.entity("wish").field("price.max").column == "price_max"
