-- A person's generators of codes (RFC 6238). `last_step` is the newest time step that was spent: neither it nor an
-- older one proves anything again. One that isn't confirmed yet is asked for nothing; a person has one such at most.
create table airside.totp_factor (
    tenant_id uuid not null,
    factor_id uuid not null,
    user_id uuid not null,
    secret_sealed bytea not null,
    last_step bigint not null,
    created_at timestamptz not null,
    confirmed_at timestamptz,
    constraint totp_factor_pkey primary key (tenant_id, factor_id),
    constraint totp_factor_user_fkey foreign key (tenant_id, user_id)
        references airside.user_account (tenant_id, user_id),
    constraint totp_factor_last_step_check check (last_step >= 0)
);

create unique index totp_factor_pending on airside.totp_factor (tenant_id, user_id) where confirmed_at is null;
create index totp_factor_user on airside.totp_factor (tenant_id, user_id);

-- The recovery codes that a person hasn't spent, as keyed hashes only. Spending one deletes its row.
create table airside.recovery_code (
    tenant_id uuid not null,
    user_id uuid not null,
    code_hash bytea not null,
    created_at timestamptz not null,
    constraint recovery_code_pkey primary key (tenant_id, user_id, code_hash),
    constraint recovery_code_user_fkey foreign key (tenant_id, user_id)
        references airside.user_account (tenant_id, user_id)
);

-- A one-time code in the mail, at most one for each flow. The code itself is derived from `code_id` and stands
-- nowhere. Spending it deletes its row.
create table airside.email_code (
    tenant_id uuid not null,
    flow_id uuid not null,
    code_id uuid not null,
    user_id uuid not null,
    tries integer not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint email_code_pkey primary key (tenant_id, flow_id),
    constraint email_code_user_fkey foreign key (tenant_id, user_id)
        references airside.user_account (tenant_id, user_id),
    constraint email_code_tries_check check (tries >= 0)
);

create unique index email_code_id on airside.email_code (tenant_id, code_id);
create index email_code_expiry on airside.email_code (tenant_id, expires_at);
