-- When the user proved that the mailbox is theirs; null for never.
alter table airside.user_account add column email_verified_at timestamptz;

-- One link that a mail carries. Its token is an HMAC over purpose and id: nothing of it is stored. No foreign key to the
-- user: a link for nobody is written the same way, and takes the same time, as one for somebody.
create table airside.action_link (
    tenant_id uuid not null,
    link_id uuid not null,
    purpose text not null,
    user_id uuid,
    payload_sealed bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    spent_at timestamptz,
    revoked_at timestamptz,
    constraint action_link_pkey primary key (tenant_id, link_id),
    constraint action_link_purpose_check check (purpose in ('signup', 'invitation', 'verify_email', 'recovery'))
);

create index action_link_user on airside.action_link (tenant_id, user_id, purpose, link_id);
create index action_link_expiry on airside.action_link (tenant_id, expires_at);

-- Who was asked to join as what, and by whom. Roles are words: those that every tenant has, or ids of its own.
create table airside.invitation (
    tenant_id uuid not null,
    invitation_id uuid not null,
    link_id uuid not null,
    email_sealed bytea not null,
    email_index bytea not null,
    name_sealed bytea not null,
    roles text[] not null,
    inviter text not null,
    state text not null,
    accepted_by uuid,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint invitation_pkey primary key (tenant_id, invitation_id),
    constraint invitation_state_check check (state in ('open', 'accepted', 'revoked')),
    constraint invitation_accepted_check check ((state = 'accepted') = (accepted_by is not null))
);

create index invitation_email on airside.invitation (tenant_id, email_index);
create index invitation_expiry on airside.invitation (tenant_id, expires_at);
