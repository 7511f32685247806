-- A tenant's own scopes: what each allows, in words for the people who are asked, by language (JSON). `offered` ones
-- may be had by clients that nobody of the tenant registered.
create table airside.oauth_scope (
    tenant_id uuid not null,
    name text not null,
    descriptions text not null,
    offered boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint oauth_scope_pkey primary key (tenant_id, name)
);
