-- The tenant of a transaction. A statement of its own, and SET LOCAL inside it: a distributed PostgreSQL hands
-- SET LOCAL to its workers, but not set_config().
create function airside.set_tenant(tenant uuid) returns void
language plpgsql as $$
begin
    execute format('set local airside.tenant_id = %L', tenant);
end
$$;

-- A platform table: leads from a slug to its tenant, and holds nothing else.
create table airside.tenant_address (
    slug text not null,
    tenant_id uuid not null,
    constraint tenant_address_pkey primary key (slug),
    constraint tenant_address_tenant_key unique (tenant_id),
    constraint tenant_address_slug_check check (slug ~ '^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$')
);
