-- One counter of one limit: its GCRA state is a single moment. The key is a keyed hash: addresses and accounts
-- don't stand here in clear.
create table airside.limit_state (
    tenant_id uuid not null,
    name text not null,
    key_hash bytea not null,
    tat timestamptz not null,
    expires_at timestamptz not null,
    constraint limit_state_pkey primary key (tenant_id, name, key_hash)
);

create index limit_state_expiry on airside.limit_state (tenant_id, expires_at);
