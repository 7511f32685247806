-- From here on a hash is sealed with the tenant's data key; rows that are a plain Argon2id string are read until their
-- user signs in. A change may be demanded whatever the password's age.
alter table airside.password_credential add column change_demanded boolean not null default false;

-- Hashes of former passwords, sealed, as many as the tenant refuses.
create table airside.password_history (
    tenant_id uuid not null,
    history_id uuid not null,
    user_id uuid not null,
    hash bytea not null,
    constraint password_history_pkey primary key (tenant_id, history_id),
    constraint password_history_user_fkey foreign key (tenant_id, user_id)
        references airside.user_account (tenant_id, user_id)
);

create index password_history_user on airside.password_history (tenant_id, user_id, history_id);
