-- A login under way in one browser: what has been proven, where it goes on. The destination may carry a login
-- hint, so it is sealed.
create table airside.signin_flow (
    tenant_id uuid not null,
    flow_id uuid not null,
    browser_hash bytea not null,
    continue_sealed bytea not null,
    proofs jsonb not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    spent_at timestamptz,
    constraint signin_flow_pkey primary key (tenant_id, flow_id)
);

create index signin_flow_expiry on airside.signin_flow (tenant_id, expires_at);
