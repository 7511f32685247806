-- Domains of e-mail addresses that a tenant says are its own. In clear: a domain stands in everybody's DNS, and so does
-- what proves it. `verified_at` is null until it is proven, and again once its record was gone for days.
create table airside.tenant_domain (
    tenant_id uuid not null,
    domain_id uuid not null,
    domain text not null,
    challenge text not null,
    connection_id uuid,
    enforced boolean not null,
    created_at timestamptz not null,
    verified_at timestamptz,
    seen_at timestamptz,
    checked_at timestamptz,
    missed_at timestamptz,
    constraint tenant_domain_pkey primary key (tenant_id, domain_id),
    constraint tenant_domain_domain_key unique (tenant_id, domain),
    constraint tenant_domain_connection_fkey foreign key (tenant_id, connection_id)
        references airside.connection (tenant_id, connection_id),
    constraint tenant_domain_enforced_check check (not enforced or connection_id is not null),
    constraint tenant_domain_seen_check check (verified_at is null or seen_at is not null)
);

create index tenant_domain_connection on airside.tenant_domain (tenant_id, connection_id);

-- Who may sign in by their own means although their domain signs in only through its connection.
create table airside.break_glass (
    tenant_id uuid not null,
    user_id uuid not null,
    created_at timestamptz not null,
    constraint break_glass_pkey primary key (tenant_id, user_id),
    constraint break_glass_user_fkey foreign key (tenant_id, user_id)
        references airside.user_account (tenant_id, user_id)
);

-- What a tenant makes of what a connection's provider says, and who decided it.
create table airside.connection_mapping (
    tenant_id uuid not null,
    connection_id uuid not null,
    rules text not null,
    author text not null,
    saved_at timestamptz not null,
    constraint connection_mapping_pkey primary key (tenant_id, connection_id),
    constraint connection_mapping_connection_fkey foreign key (tenant_id, connection_id)
        references airside.connection (tenant_id, connection_id)
);

-- What the provider said last, sealed, for whoever writes the mapping to try it on.
create table airside.connection_sample (
    tenant_id uuid not null,
    connection_id uuid not null,
    claims_sealed bytea not null,
    received_at timestamptz not null,
    expires_at timestamptz not null,
    constraint connection_sample_pkey primary key (tenant_id, connection_id)
);

create index connection_sample_expiry on airside.connection_sample (tenant_id, expires_at);

-- Which roles somebody has only because a connection's mapping gave them.
create table airside.mapped_role (
    tenant_id uuid not null,
    connection_id uuid not null,
    user_id uuid not null,
    role text not null,
    created_at timestamptz not null,
    constraint mapped_role_pkey primary key (tenant_id, connection_id, user_id, role)
);

create index mapped_role_user on airside.mapped_role (tenant_id, user_id);
