-- Named keys of applications. A name is never given away again.
create table airside.app_key (
    tenant_id uuid not null,
    key_id uuid not null,
    name text not null,
    purpose text not null,
    created_at timestamptz not null,
    constraint app_key_pkey primary key (tenant_id, key_id),
    constraint app_key_name_key unique (tenant_id, name),
    constraint app_key_purpose_check check (purpose in ('seal', 'token'))
);

-- Their versions, each wrapped by the tenant's data key; of a destroyed one only the number is left.
create table airside.app_key_version (
    tenant_id uuid not null,
    key_id uuid not null,
    version integer not null,
    version_id uuid not null,
    wrapped bytea,
    state text not null,
    created_at timestamptz not null,
    constraint app_key_version_pkey primary key (tenant_id, key_id, version),
    constraint app_key_version_id_key unique (tenant_id, version_id),
    constraint app_key_version_key_fkey foreign key (tenant_id, key_id) references airside.app_key (tenant_id, key_id),
    constraint app_key_version_state_check check (state in ('active', 'retired', 'destroyed')),
    constraint app_key_version_destroyed_check check ((state = 'destroyed') = (wrapped is null))
);

-- One version seals at any time.
create unique index app_key_version_active_key on airside.app_key_version (tenant_id, key_id) where state = 'active';
