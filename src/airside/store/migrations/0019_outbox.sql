-- What must leave the process once its transaction has committed, as ids only: whatever a message says is read, made
-- and rendered when it is sent, so that no address and no secret stands here. `due_at` is when an item is tried next.
-- Whoever sends one holds it until `claimed_until` and no longer, without a lock. `dead_at`: it is tried no more.
create table airside.outbox (
    tenant_id uuid not null,
    item_id uuid not null,
    kind text not null,
    subject uuid,
    about jsonb not null,
    attempts integer not null,
    created_at timestamptz not null,
    due_at timestamptz not null,
    claimed_until timestamptz,
    dead_at timestamptz,
    constraint outbox_pkey primary key (tenant_id, item_id)
);

create index outbox_due on airside.outbox (tenant_id, due_at) where dead_at is null;
