-- Links of invitations to set a connection up.
alter table airside.action_link drop constraint action_link_purpose_check;
alter table airside.action_link add constraint action_link_purpose_check check (
    purpose in ('signup', 'invitation', 'verify_email', 'recovery', 'setup')
);

-- Who was asked to set up which connection, and by whom. Whoever began holds a secret, stored as SHA-256. `connection_id`
-- is promised before there is a connection: a provider wants our addresses before it tells its own.
create table airside.setup_invitation (
    tenant_id uuid not null,
    setup_id uuid not null,
    link_id uuid not null,
    name text not null,
    email_sealed bytea not null,
    inviter text not null,
    creates_users boolean not null,
    state text not null,
    session_hash bytea,
    provider text,
    kind text,
    connection_id uuid,
    test_sealed bytea,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint setup_invitation_pkey primary key (tenant_id, setup_id),
    constraint setup_invitation_session_key unique (tenant_id, session_hash),
    constraint setup_invitation_state_check check (state in ('open', 'started', 'finished', 'revoked')),
    constraint setup_invitation_started_check check ((state = 'started') = (session_hash is not null)),
    constraint setup_invitation_provider_check check (provider in ('entra', 'okta', 'google', 'other')),
    constraint setup_invitation_kind_check check (kind in ('saml', 'oidc')),
    constraint setup_invitation_choice_check check (
        (provider is null) = (kind is null) and (provider is null) = (connection_id is null)
    )
);

create index setup_invitation_expiry on airside.setup_invitation (tenant_id, expires_at);
create index setup_invitation_connection on airside.setup_invitation (tenant_id, connection_id);

-- That somebody was told how soon a certificate of a connection's provider ends: one row for each time, so once.
create table airside.certificate_reminder (
    tenant_id uuid not null,
    connection_id uuid not null,
    certificate_hash bytea not null,
    days integer not null,
    sent_at timestamptz not null,
    constraint certificate_reminder_pkey primary key (tenant_id, connection_id, certificate_hash, days)
);
