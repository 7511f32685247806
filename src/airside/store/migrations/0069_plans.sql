-- Plans are the operator's: what each gives a tenant, as JSON, by the names of `limits/allowances.py`. A platform table,
-- for every tenant's context reads it; it holds nothing of any tenant.
create table airside.plan (
    name text not null,
    amounts text not null,
    changed_at timestamptz not null,
    constraint plan_pkey primary key (name)
);

-- Which plan a tenant is on. A tenant without a row has no bounds but the server's own.
create table airside.tenant_plan (
    tenant_id uuid not null,
    plan text not null,
    assigned_at timestamptz not null,
    assigned_by text not null,
    constraint tenant_plan_pkey primary key (tenant_id)
);
