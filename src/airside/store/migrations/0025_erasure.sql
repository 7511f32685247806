-- Accounts that are closed: nothing hangs on them any more, and they themselves go once the mail that says so is out.
create table airside.user_erasure (
    tenant_id uuid not null,
    user_id uuid not null,
    closed_at timestamptz not null,
    constraint user_erasure_pkey primary key (tenant_id, user_id),
    constraint user_erasure_user_fkey foreign key (tenant_id, user_id)
        references airside.user_account (tenant_id, user_id)
);
