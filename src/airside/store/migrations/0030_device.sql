-- A device that waits for somebody to say yes to it in a browser (RFC 8628). The device's own code is 256 random bits,
-- stored as SHA-256; the code that people type is short, so that only a keyed hash of it is stored. `next_poll_at` and
-- `wait_seconds` hold the device to its pace, and `hasty` says whether it last came too soon. The spent row stays, to
-- recognise a second use and revoke the family that the first one started.
create table airside.device_authorization (
    tenant_id uuid not null,
    device_hash bytea not null,
    user_code_hash bytea not null,
    client_id uuid not null,
    scopes text[] not null,
    details text not null,
    state text not null,
    wait_seconds integer not null,
    next_poll_at timestamptz not null,
    hasty boolean not null,
    user_id uuid,
    session_id uuid,
    family_id uuid,
    auth_time timestamptz,
    acr text,
    amr text[],
    created_at timestamptz not null,
    expires_at timestamptz not null,
    spent_at timestamptz,
    constraint device_authorization_pkey primary key (tenant_id, device_hash),
    constraint device_authorization_user_code_key unique (tenant_id, user_code_hash),
    constraint device_authorization_state_check check (state in ('pending', 'approved', 'denied')),
    constraint device_authorization_approved_check check (
        (state = 'approved') = (user_id is not null)
        and (user_id is null) = (session_id is null)
        and (user_id is null) = (family_id is null)
        and (user_id is null) = (auth_time is null)
        and (user_id is null) = (acr is null)
        and (user_id is null) = (amr is null)
    ),
    constraint device_authorization_spent_check check (spent_at is null or state = 'approved')
);

create index device_authorization_expiry on airside.device_authorization (tenant_id, expires_at);
create index device_authorization_client on airside.device_authorization (tenant_id, client_id);
