-- Which claims about its user a sign-in was asked for by name (OpenID Connect Core §5.5), sealed: the values that its
-- client expects may be somebody's address. Of sign-ins that asked for none there is no row.
create table airside.claims_request (
    tenant_id uuid not null,
    family_id uuid not null,
    claims_sealed bytea not null,
    expires_at timestamptz not null,
    constraint claims_request_pkey primary key (tenant_id, family_id)
);

create index claims_request_expiry on airside.claims_request (tenant_id, expires_at);

-- An opaque access token, as SHA-256 only, with the claims that a signed one would carry.
create table airside.opaque_token (
    tenant_id uuid not null,
    token_hash bytea not null,
    claims text not null,
    expires_at timestamptz not null,
    constraint opaque_token_pkey primary key (tenant_id, token_hash)
);

create index opaque_token_expiry on airside.opaque_token (tenant_id, expires_at);

-- From when on a key signs nothing any more. Its private half is destroyed soon after, its public half published until
-- the last token that it signed has ended.
alter table airside.signing_key add column retires_at timestamptz;
alter table airside.signing_key add constraint signing_key_retires_check
    check (state = 'active' or retires_at is not null);
