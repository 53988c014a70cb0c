-- The indexes of the marketplace's tables, made after loading.

create unique index users_legacy on users (legacy_object_id);
create unique index users_email on users (email);
create unique index users_telegram on users (telegram_id);
create unique index refresh_tokens_natural on refresh_tokens (user_id, token_hash);
create index refresh_tokens_expiry on refresh_tokens (expires_at);
create unique index passkeys_natural on passkeys (credential_id);
create index passkeys_user on passkeys (user_id);
create unique index telegram_links_legacy on telegram_links (legacy_object_id);
create unique index telegram_sessions_natural on telegram_sessions (session_key);
create unique index temp_verifications_legacy on temp_verifications (legacy_object_id);

create unique index config_settings_natural on config_settings (key);
create unique index config_setting_history_legacy on config_setting_history (legacy_object_id);
create index config_setting_history_key on config_setting_history (setting_key, changed_at);

create unique index addresses_legacy on addresses (legacy_object_id);
create index addresses_user on addresses (user_id);
create unique index addresses_one_primary on addresses (user_id) where is_primary;

create unique index categories_legacy on categories (legacy_object_id);
create unique index categories_slug on categories (slug);
create unique index level_configs_natural on level_configs (level);
create unique index shop_settings_legacy on shop_settings (legacy_object_id);
create unique index shop_settings_seller on shop_settings (seller_id);
create unique index shop_supported_tokens_natural on shop_supported_tokens (shop_id, position);
create unique index reviews_legacy on reviews (legacy_object_id);
create unique index reviews_once on reviews (reviewer_id, purchase_request_id);
create index reviews_seller on reviews (seller_id, created_at);

create unique index purchase_requests_legacy on purchase_requests (legacy_object_id);
create index purchase_requests_buyer on purchase_requests (buyer_id);
create unique index purchase_request_specs_natural on purchase_request_specs (request_id, position);
create unique index seller_offers_legacy on seller_offers (legacy_object_id);
create index seller_offers_request on seller_offers (purchase_request_id);
create unique index payments_legacy on payments (legacy_object_id);
create index payments_request on payments (purchase_request_id);
create unique index payment_quotes_natural on payment_quotes (payment_id);
create unique index funds_ledger_entries_legacy on funds_ledger_entries (legacy_object_id);
create unique index funds_ledger_entries_idempotency on funds_ledger_entries (idempotency_key);
create index funds_ledger_entries_payment on funds_ledger_entries (payment_id);
create index pg_dualwrite_gaps_open on pg_dualwrite_gaps (domain) where resolved_at is null;
