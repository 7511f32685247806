-- A platform table: leads from what a key begins with to its tenant, and holds nothing else.
create table airside.api_key_lookup (
    lookup_id text not null,
    tenant_id uuid not null,
    constraint api_key_lookup_pkey primary key (lookup_id)
);

create index api_key_lookup_tenant on airside.api_key_lookup (tenant_id);

-- A program of the tenant's, that owns keys and has roles.
create table airside.service_account (
    tenant_id uuid not null,
    account_id uuid not null,
    name text not null,
    state text not null,
    created_at timestamptz not null,
    constraint service_account_pkey primary key (tenant_id, account_id),
    constraint service_account_state_check check (state in ('active', 'disabled'))
);

-- A key, stored as SHA-256. It belongs to a user or to a service account. Without stores it reaches all of them, without
-- networks it comes from anywhere.
create table airside.api_key (
    tenant_id uuid not null,
    key_id uuid not null,
    lookup_id text not null,
    key_hash bytea not null,
    kind text not null,
    mode text not null,
    user_id uuid,
    account_id uuid,
    name text not null,
    scopes text[] not null,
    stores text[],
    networks text[],
    per_minute integer not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    rotated_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    constraint api_key_pkey primary key (tenant_id, key_id),
    constraint api_key_lookup_key unique (tenant_id, lookup_id),
    constraint api_key_kind_check check (kind in ('secret', 'publishable')),
    constraint api_key_mode_check check (mode in ('live', 'test')),
    constraint api_key_owner_check check ((user_id is null) <> (account_id is null))
);

create index api_key_user on airside.api_key (tenant_id, user_id);
create index api_key_account on airside.api_key (tenant_id, account_id);
