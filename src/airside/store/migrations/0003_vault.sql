-- A tenant's keys, each wrapped by the key encryption key, which never enters the database.
create table airside.tenant_key (
    tenant_id uuid not null,
    key_id uuid not null,
    purpose text not null,
    wrapped bytea not null,
    kek_id text not null,
    created_at timestamptz not null,
    state text not null,
    constraint tenant_key_pkey primary key (tenant_id, key_id),
    constraint tenant_key_purpose_check check (purpose in ('data', 'index', 'derive')),
    constraint tenant_key_state_check check (state in ('active', 'retired'))
);

-- One key of each purpose seals at any time.
create unique index tenant_key_active_key on airside.tenant_key (tenant_id, purpose) where state = 'active';
