-- Applications that ask for tokens. Secrets are 256 random bits, stored as SHA-256 only, two live at most, so that
-- one can be replaced without an outage.
create table airside.oauth_client (
    tenant_id uuid not null,
    client_id uuid not null,
    name text not null,
    public boolean not null,
    redirect_uris text[] not null,
    grants text[] not null,
    scopes text[] not null,
    audiences text[] not null,
    secret_hashes bytea[] not null,
    secrets_created_at timestamptz[] not null,
    secrets_expire_at timestamptz[] not null,
    state text not null,
    created_at timestamptz not null,
    constraint oauth_client_pkey primary key (tenant_id, client_id),
    constraint oauth_client_state_check check (state in ('active', 'disabled')),
    constraint oauth_client_secrets_check check (
        cardinality(secret_hashes) <= 2
        and cardinality(secrets_created_at) = cardinality(secret_hashes)
        and cardinality(secrets_expire_at) = cardinality(secret_hashes)
        and (not public or cardinality(secret_hashes) = 0)
    )
);

-- An authorization request that waits for its user to sign in, bound to the browser that brought it.
create table airside.authorization_request (
    tenant_id uuid not null,
    request_hash bytea not null,
    browser_hash bytea not null,
    client_id uuid not null,
    redirect_uri text not null,
    scopes text[] not null,
    state text,
    nonce text,
    code_challenge text not null,
    prompt text,
    max_age integer,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    spent_at timestamptz,
    constraint authorization_request_pkey primary key (tenant_id, request_hash)
);

create index authorization_request_expiry on airside.authorization_request (tenant_id, expires_at);

-- An authorization code: single use, one minute. The spent row stays, to recognise a second use and revoke the
-- family that the first one started.
create table airside.authorization_code (
    tenant_id uuid not null,
    code_hash bytea not null,
    client_id uuid not null,
    user_id uuid not null,
    session_id uuid not null,
    family_id uuid not null,
    redirect_uri text not null,
    code_challenge text not null,
    nonce text,
    scopes text[] not null,
    auth_time timestamptz not null,
    acr text not null,
    amr text[] not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    spent_at timestamptz,
    constraint authorization_code_pkey primary key (tenant_id, code_hash)
);

create index authorization_code_expiry on airside.authorization_code (tenant_id, expires_at);
