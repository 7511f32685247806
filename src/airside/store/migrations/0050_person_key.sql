-- A person's own key, wrapped by their tenant's data key: what is sealed under it (format 2) nobody opens once the row
-- is gone, whoever holds the tenant's keys.
create table airside.person_key (
    tenant_id uuid not null,
    user_id uuid not null,
    wrapped bytea not null,
    created_at timestamptz not null,
    constraint person_key_pkey primary key (tenant_id, user_id),
    constraint person_key_user_fkey foreign key (tenant_id, user_id)
        references airside.user_account (tenant_id, user_id)
);
