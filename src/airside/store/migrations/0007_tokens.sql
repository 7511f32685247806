-- Signing keys of a tenant. The private part is sealed by the vault; `kid` is the RFC 7638 thumbprint.
create table airside.signing_key (
    tenant_id uuid not null,
    key_id uuid not null,
    kid text not null,
    alg text not null,
    state text not null,
    public_jwk text not null,
    private_sealed bytea,
    created_at timestamptz not null,
    constraint signing_key_pkey primary key (tenant_id, key_id),
    constraint signing_key_kid_key unique (tenant_id, kid),
    constraint signing_key_state_check check (state in ('active', 'retired')),
    constraint signing_key_private_check check ((state = 'active') = (private_sealed is not null))
);

-- A refresh family: one sign-in at one client. What its tokens stand for is written once, here.
create table airside.refresh_family (
    tenant_id uuid not null,
    family_id uuid not null,
    client_id text not null,
    subject text not null,
    session_id text,
    scope text[] not null,
    audience text[] not null,
    auth_time timestamptz,
    acr text,
    amr text[] not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    revoked_because text,
    constraint refresh_family_pkey primary key (tenant_id, family_id),
    constraint refresh_family_revoked_check check ((revoked_at is null) = (revoked_because is null))
);

create index refresh_family_session on airside.refresh_family (tenant_id, session_id) where revoked_at is null;
create index refresh_family_subject on airside.refresh_family (tenant_id, subject) where revoked_at is null;
create index refresh_family_client on airside.refresh_family (tenant_id, client_id) where revoked_at is null;
create index refresh_family_expiry on airside.refresh_family (tenant_id, expires_at);

-- Its tokens, as SHA-256 only. A spent one keeps its successor, sealed under a key that only the spent token itself
-- gives, until the successor is first used.
create table airside.refresh_token (
    tenant_id uuid not null,
    token_hash bytea not null,
    family_id uuid not null,
    predecessor_hash bytea,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    spent_at timestamptz,
    successor_hash bytea,
    successor_sealed bytea,
    constraint refresh_token_pkey primary key (tenant_id, token_hash),
    constraint refresh_token_family_fkey foreign key (tenant_id, family_id)
        references airside.refresh_family (tenant_id, family_id),
    constraint refresh_token_spent_check check ((spent_at is null) = (successor_hash is null)),
    constraint refresh_token_sealed_check check (successor_sealed is null or spent_at is not null)
);

create index refresh_token_family on airside.refresh_token (tenant_id, family_id);
