-- That a tenant is locked: it is read, and nothing in it is changed. The row goes when it is unlocked.
create table airside.tenant_lock (
    tenant_id uuid not null,
    locked_by text not null,
    locked_at timestamptz not null,
    constraint tenant_lock_pkey primary key (tenant_id)
);

-- A network whose requests a tenant doesn't take, until it ends by itself or is lifted.
create table airside.network_ban (
    tenant_id uuid not null,
    ban_id uuid not null,
    network text not null,
    banned_by text not null,
    banned_at timestamptz not null,
    expires_at timestamptz not null,
    constraint network_ban_pkey primary key (tenant_id, ban_id)
);

-- From when on what a session has proven counts for nothing: its person proves themself anew. Null: it counts.
alter table airside.user_session add column outdated_at timestamptz;
