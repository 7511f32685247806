-- What is revoked, by id: append-only, so that a later entry can never weaken an earlier one. `before` null means
-- every token of that id, whenever it was issued. Rows are kept until nothing they cover can be in force.
create table airside.revocation (
    tenant_id uuid not null,
    revocation_id uuid not null,
    kind text not null,
    id text not null,
    before timestamptz,
    expires_at timestamptz not null,
    created_at timestamptz not null,
    constraint revocation_pkey primary key (tenant_id, revocation_id),
    constraint revocation_kind_check check (kind in ('jti', 'sid', 'fam', 'sub', 'client', 'key', 'tenant'))
);

create index revocation_expiry on airside.revocation (tenant_id, expires_at);
