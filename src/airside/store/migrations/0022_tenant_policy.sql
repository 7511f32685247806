-- What a tenant demands, whole, as JSON; a tenant without a row has the defaults. `version` grows with every change, so
-- that a change made on what was read before another one is refused.
create table airside.tenant_policy (
    tenant_id uuid not null,
    version bigint not null,
    policy text not null,
    changed_at timestamptz not null,
    changed_by text not null,
    constraint tenant_policy_pkey primary key (tenant_id),
    constraint tenant_policy_version_check check (version > 0)
);
