-- What a tenant's own roles are called. What they may, and who has them, are tuples of the tenant's system store.
create table airside.tenant_role (
    tenant_id uuid not null,
    role_id uuid not null,
    name text not null,
    description text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint tenant_role_pkey primary key (tenant_id, role_id),
    constraint tenant_role_name_key unique (tenant_id, name)
);
