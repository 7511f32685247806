-- A browser that a person has signed in with: known to them, and to nobody else. `admitted` is one that they may sign
-- in with next, for a while, after they got back in by mail. What it was seen as is sealed.
create table airside.known_device (
    tenant_id uuid not null,
    user_id uuid not null,
    device_id uuid not null,
    state text not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    origin_sealed bytea not null,
    agent_sealed bytea not null,
    constraint known_device_pkey primary key (tenant_id, user_id, device_id),
    constraint known_device_user_fkey foreign key (tenant_id, user_id)
        references airside.user_account (tenant_id, user_id),
    constraint known_device_state_check check (state in ('admitted', 'known'))
);

create index known_device_age on airside.known_device (tenant_id, last_seen_at);

-- The browser that a session was started in; none for sessions from before, and for browsers without its cookie.
alter table airside.user_session add column device_id uuid;
