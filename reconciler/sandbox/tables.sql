-- The PostgreSQL side of the marketplace: one table for each entity or child list, without indexes, so that loading is fast.

create table users (
  id uuid primary key, legacy_object_id varchar(24),
  email text not null, password_hash text, first_name text, last_name text, role text, status text,
  is_email_verified boolean, telegram_id bigint, avatar_url text, bio text, phone text, wallet_address text,
  preferences jsonb, referred_by uuid, last_login_at timestamptz, deleted_at timestamptz,
  created_at timestamptz, updated_at timestamptz
);
create table refresh_tokens (
  id uuid primary key, user_id uuid not null, token_hash text not null, user_agent text,
  created_at timestamptz, expires_at timestamptz
);
create table passkeys (
  id uuid primary key, user_id uuid not null, credential_id text not null, public_key bytea, counter bigint,
  transports text[], device_type text, created_at timestamptz
);
create table telegram_links (
  id uuid primary key, legacy_object_id varchar(24),
  user_id uuid, telegram_id bigint, username text, linked_at timestamptz
);
create table telegram_sessions (
  id uuid primary key, session_key text not null, data jsonb, expires_at timestamptz
);
create table temp_verifications (
  id uuid primary key, legacy_object_id varchar(24),
  email text, code text, kind text, attempts integer, payload jsonb, expires_at timestamptz, created_at timestamptz
);

create table config_settings (
  id uuid primary key, key text not null, value jsonb, description text, version integer, updated_by uuid,
  updated_at timestamptz
);
create table config_setting_history (
  id uuid primary key, legacy_object_id varchar(24),
  setting_key text, old_value jsonb, new_value jsonb, changed_by uuid, reason text, changed_at timestamptz
);

create table addresses (
  id uuid primary key, legacy_object_id varchar(24),
  user_id uuid, label text, recipient_name text, line1 text, line2 text, city text, region text, postal_code text,
  country char(2), phone text, is_primary boolean, lng double precision, lat double precision,
  created_at timestamptz, updated_at timestamptz
);

create table categories (
  id uuid primary key, legacy_object_id varchar(24),
  name text, slug text, description text, icon text, parent_id uuid, sort_order integer, is_active boolean,
  names jsonb, aliases text[], created_at timestamptz, updated_at timestamptz
);
create table level_configs (
  id uuid primary key, legacy_object_id varchar(24),
  level integer not null, name text, min_points integer, max_points integer, discount_percent numeric(5,2),
  benefits jsonb, color text
);
create table shop_settings (
  id uuid primary key, legacy_object_id varchar(24),
  seller_id uuid, shop_name text, description text, reviews_enabled boolean, payment_rails jsonb,
  created_at timestamptz, updated_at timestamptz
);
create table shop_supported_tokens (
  shop_id uuid not null, position integer not null, chain_id integer, token_address text, symbol text
);
create table reviews (
  id uuid primary key, legacy_object_id varchar(24),
  seller_id uuid, reviewer_id uuid, purchase_request_id uuid, rating smallint, comment text, is_anonymous boolean,
  response_text text, responded_at timestamptz, created_at timestamptz, updated_at timestamptz
);

create table purchase_requests (
  id uuid primary key, legacy_object_id varchar(24),
  buyer_id uuid, category_id uuid, title text, description text, status text,
  budget_min numeric(18,2), budget_max numeric(18,2), budget_currency text,
  selected_offer_id uuid, delivery_address_id uuid, attachments jsonb, created_at timestamptz, updated_at timestamptz
);
create table purchase_request_specs (
  request_id uuid not null, position integer not null, name text, value text
);
create table seller_offers (
  id uuid primary key, legacy_object_id varchar(24),
  purchase_request_id uuid, seller_id uuid, price numeric(18,2), currency text, delivery_days integer, message text,
  status text, created_at timestamptz, updated_at timestamptz
);
create table payments (
  id uuid primary key, legacy_object_id varchar(24),
  buyer_id uuid, seller_id uuid, purchase_request_id uuid, seller_offer_id uuid, amount numeric(38,18), currency text,
  status text, provider text, tx_hash text, chain_id integer, escrow_state text, escrow_released_at timestamptz,
  metadata jsonb, created_at timestamptz, updated_at timestamptz
);
create table payment_quotes (
  id uuid primary key, payment_id uuid, base_currency text, quote_currency text, rate numeric(38,18),
  base_amount numeric(38,18), quote_amount numeric(38,18), oracle text, quoted_at timestamptz, expires_at timestamptz
);
create table funds_ledger_entries (
  id uuid primary key, legacy_object_id varchar(24),
  payment_id uuid, type text, amount numeric(38,18), currency text, idempotency_key text, created_at timestamptz
);
create table pg_dualwrite_gaps (
  id bigserial primary key, domain text not null, legacy_object_id varchar(24), reason text,
  created_at timestamptz not null, resolved_at timestamptz
);
