-- Passkeys. Found by a keyed hash of the credential id; the id itself, the public key and the name are sealed to
-- their row, so that no row can be given another's key. The counter stands open: it rises in one conditional update.
create table airside.passkey (
    tenant_id uuid not null,
    passkey_id uuid not null,
    user_id uuid not null,
    credential_index bytea not null,
    credential_sealed bytea not null,
    key_sealed bytea not null,
    name_sealed bytea not null,
    sign_count bigint not null,
    aaguid uuid not null,
    transports text[] not null,
    attested boolean not null,
    backup_eligible boolean not null,
    backed_up boolean not null,
    created_at timestamptz not null,
    last_used_at timestamptz,
    constraint passkey_pkey primary key (tenant_id, passkey_id),
    constraint passkey_credential_key unique (tenant_id, credential_index),
    constraint passkey_user_fkey foreign key (tenant_id, user_id)
        references airside.user_account (tenant_id, user_id),
    constraint passkey_sign_count_check check (sign_count between 0 and 4294967295)
);

create index passkey_user on airside.passkey (tenant_id, user_id);

-- The open challenge of one attempt: replaced by the next, deleted by whoever answers it. A registration's is its
-- user's alone.
create table airside.passkey_challenge (
    tenant_id uuid not null,
    purpose text not null,
    attempt_id uuid not null,
    user_id uuid,
    challenge bytea not null,
    expires_at timestamptz not null,
    constraint passkey_challenge_pkey primary key (tenant_id, purpose, attempt_id),
    constraint passkey_challenge_purpose_check check (purpose in ('register', 'prove')),
    constraint passkey_challenge_user_check check ((purpose = 'register') = (user_id is not null))
);
