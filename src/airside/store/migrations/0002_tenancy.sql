-- What a tenant is. The slug that leads to it stands in airside.tenant_address.
create table airside.tenant (
    tenant_id uuid not null,
    name_sealed bytea not null,
    state text not null,
    system_store_id text not null,
    default_store_id text not null,
    created_at timestamptz not null,
    constraint tenant_pkey primary key (tenant_id),
    constraint tenant_state_check check (state in ('active', 'suspended'))
);
