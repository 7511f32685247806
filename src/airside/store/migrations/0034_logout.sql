-- Which applications took part in a session, of those that want to hear of its end. A row goes when they are told.
create table airside.session_client (
    tenant_id uuid not null,
    session_id uuid not null,
    client_id uuid not null,
    user_id uuid not null,
    joined_at timestamptz not null,
    constraint session_client_pkey primary key (tenant_id, session_id, client_id)
);

create index session_client_client on airside.session_client (tenant_id, client_id);
create index session_client_user on airside.session_client (tenant_id, user_id);

-- What an application asked for when it sent its user to sign out, until the page has done it.
create table airside.logout_request (
    tenant_id uuid not null,
    request_hash bytea not null,
    client_id uuid,
    hinted boolean not null,
    session_id uuid,
    redirect_uri text,
    state text,
    ui_locales text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint logout_request_pkey primary key (tenant_id, request_hash),
    constraint logout_request_redirect_check check (redirect_uri is null or client_id is not null)
);

create index logout_request_expiry on airside.logout_request (tenant_id, expires_at);

-- By which way an item leaves: each has a consumer of its own.
alter table airside.outbox add column way text not null default 'mail';
drop index airside.outbox_due;
create index outbox_due on airside.outbox (tenant_id, way, due_at) where dead_at is null;
