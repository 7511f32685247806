-- People of a tenant. E-mail and name are sealed; the index is a keyed hash of the normalised address.
create table airside.user_account (
    tenant_id uuid not null,
    user_id uuid not null,
    email_sealed bytea not null,
    email_index bytea not null,
    name_sealed bytea not null,
    state text not null,
    created_at timestamptz not null,
    constraint user_account_pkey primary key (tenant_id, user_id),
    constraint user_account_email_key unique (tenant_id, email_index),
    constraint user_account_state_check check (state in ('active', 'disabled'))
);

-- The hash is an Argon2id PHC string.
create table airside.password_credential (
    tenant_id uuid not null,
    user_id uuid not null,
    hash bytea not null,
    changed_at timestamptz not null,
    constraint password_credential_pkey primary key (tenant_id, user_id),
    constraint password_credential_user_fkey foreign key (tenant_id, user_id)
        references airside.user_account (tenant_id, user_id)
);

-- One sign-in of one browser, with the SHA-256 of its two cookies' secrets.
create table airside.user_session (
    tenant_id uuid not null,
    session_id uuid not null,
    user_id uuid not null,
    sso_hash bytea not null,
    account_hash bytea not null,
    acr text not null,
    amr text[] not null,
    auth_time timestamptz not null,
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    idle_expires_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    origin_sealed bytea not null,
    agent_sealed bytea not null,
    constraint user_session_pkey primary key (tenant_id, session_id),
    constraint user_session_sso_key unique (tenant_id, sso_hash),
    constraint user_session_account_key unique (tenant_id, account_hash),
    constraint user_session_user_fkey foreign key (tenant_id, user_id)
        references airside.user_account (tenant_id, user_id),
    constraint user_session_acr_check check (acr in ('aal1', 'aal2', 'aal3'))
);

create index user_session_user on airside.user_session (tenant_id, user_id);
