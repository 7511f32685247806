-- A tenant's connection to a foreign identity provider. `settings` is JSON in the shape of its kind; what is secret in it
-- (a client secret, our private keys) is sealed in columns of its own. What was proven through it before `active_since`
-- counts for nothing.
create table airside.connection (
    tenant_id uuid not null,
    connection_id uuid not null,
    kind text not null,
    name text not null,
    state text not null,
    settings text not null,
    creates_users boolean not null,
    shown boolean not null,
    secret_sealed bytea,
    keys_sealed bytea,
    created_at timestamptz not null,
    active_since timestamptz not null,
    constraint connection_pkey primary key (tenant_id, connection_id),
    constraint connection_kind_check check (kind in ('saml', 'oidc')),
    constraint connection_state_check check (state in ('active', 'disabled'))
);

-- Who a subject of a connection is here: found by a keyed hash of connection and subject, never by an e-mail address.
create table airside.external_identity (
    tenant_id uuid not null,
    identity_id uuid not null,
    connection_id uuid not null,
    subject_index bytea not null,
    subject_sealed bytea not null,
    user_id uuid not null,
    created_at timestamptz not null,
    last_used_at timestamptz not null,
    constraint external_identity_pkey primary key (tenant_id, identity_id),
    constraint external_identity_subject_key unique (tenant_id, connection_id, subject_index),
    constraint external_identity_connection_fkey foreign key (tenant_id, connection_id)
        references airside.connection (tenant_id, connection_id),
    constraint external_identity_user_fkey foreign key (tenant_id, user_id)
        references airside.user_account (tenant_id, user_id)
);

create index external_identity_user on airside.external_identity (tenant_id, user_id);

-- What a login waits for while its browser is away: found by the SHA-256 of the word that comes back with the answer
-- (`state`, RelayState). What only the answer may know (nonce, PKCE verifier, request id) is sealed. Whoever redeems the
-- answer deletes it.
create table airside.federation_request (
    tenant_id uuid not null,
    word_hash bytea not null,
    request_id uuid not null,
    connection_id uuid not null,
    flow_id uuid not null,
    details_sealed bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint federation_request_pkey primary key (tenant_id, word_hash)
);

create index federation_request_expiry on airside.federation_request (tenant_id, expires_at);
create index federation_request_flow on airside.federation_request (tenant_id, flow_id);

-- What a foreign POST or redirect brought, sealed, until the flow's own page comes for it: one for each request. One that
-- no request asked for (IdP-initiated SAML) has none.
create table airside.federation_answer (
    tenant_id uuid not null,
    word_hash bytea not null,
    answer_id uuid not null,
    request_hash bytea,
    connection_id uuid not null,
    flow_id uuid not null,
    fields_sealed bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint federation_answer_pkey primary key (tenant_id, word_hash),
    constraint federation_answer_request_key unique (tenant_id, request_hash)
);

create index federation_answer_expiry on airside.federation_answer (tenant_id, expires_at);

-- Assertions that have been taken, until they would have expired anyway: the SHA-256 of their id.
create table airside.spent_assertion (
    tenant_id uuid not null,
    connection_id uuid not null,
    assertion_hash bytea not null,
    expires_at timestamptz not null,
    constraint spent_assertion_pkey primary key (tenant_id, connection_id, assertion_hash)
);

create index spent_assertion_expiry on airside.spent_assertion (tenant_id, expires_at);

-- Through which identity a session was proven, and what the provider calls its own (`SessionIndex`, `sid`).
create table airside.federated_session (
    tenant_id uuid not null,
    session_id uuid not null,
    identity_id uuid not null,
    connection_id uuid not null,
    user_id uuid not null,
    foreign_index bytea,
    foreign_sealed bytea,
    created_at timestamptz not null,
    constraint federated_session_pkey primary key (tenant_id, session_id, identity_id),
    constraint federated_session_foreign_check check ((foreign_index is null) = (foreign_sealed is null))
);

create index federated_session_connection on airside.federated_session (tenant_id, connection_id);
create index federated_session_identity on airside.federated_session (tenant_id, identity_id);
create index federated_session_user on airside.federated_session (tenant_id, user_id);

-- A subject that nobody here is yet, verified in a login whose person proves next which account is theirs.
create table airside.pending_link (
    tenant_id uuid not null,
    flow_id uuid not null,
    connection_id uuid not null,
    claims_sealed bytea not null,
    expires_at timestamptz not null,
    constraint pending_link_pkey primary key (tenant_id, flow_id)
);

create index pending_link_expiry on airside.pending_link (tenant_id, expires_at);
