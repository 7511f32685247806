-- What a client pushed (RFC 9126), sealed, until a browser brings its reference: it is deleted by whoever takes it.
create table airside.pushed_request (
    tenant_id uuid not null,
    request_hash bytea not null,
    pushed_id uuid not null,
    client_id uuid not null,
    parameters_sealed bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint pushed_request_pkey primary key (tenant_id, request_hash)
);

create index pushed_request_expiry on airside.pushed_request (tenant_id, expires_at);

-- Confidential clients may be registered as going without PKCE; what they were hinted of a user is personal.
alter table airside.authorization_request alter column code_challenge drop not null;
alter table airside.authorization_request add column login_hint_sealed bytea;
alter table airside.authorization_code alter column code_challenge drop not null;
alter table airside.signin_flow add column login_hint_sealed bytea;
