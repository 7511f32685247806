-- What the refresh tokens of a family are bound to: the `cnf` claim as JSON, or null where their client proves itself.
alter table airside.refresh_family add column confirmation text;

-- Proofs and assertions that have been used, each once: a hash of who signed it and its `jti`, until it would be
-- refused for its age.
create table airside.spent_proof (
    tenant_id uuid not null,
    kind text not null,
    proof_hash bytea not null,
    expires_at timestamptz not null,
    constraint spent_proof_pkey primary key (tenant_id, kind, proof_hash)
);

create index spent_proof_expiry on airside.spent_proof (tenant_id, expires_at);

-- Clients whose self-signed certificates the listener for certificates has to know.
create index oauth_client_self_signed on airside.oauth_client (tenant_id)
    where state = 'active' and position('self_signed_tls_client_auth' in settings) > 0;
