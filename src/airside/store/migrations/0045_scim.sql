-- What a customer's directory keeps here over SCIM: a bearer token of one connection, stored as SHA-256.
create table airside.scim_token (
    tenant_id uuid not null,
    token_id uuid not null,
    connection_id uuid not null,
    token_hash bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    last_used_at timestamptz,
    constraint scim_token_pkey primary key (tenant_id, token_id),
    constraint scim_token_hash_key unique (tenant_id, token_hash)
);

create index scim_token_connection on airside.scim_token (tenant_id, connection_id);

-- A user as the directory describes them, sealed; what it finds them by is indexed blindly. `made`: the account came into
-- being this way and goes the same way. `deactivated`: it is the directory that disabled it.
create table airside.scim_user (
    tenant_id uuid not null,
    connection_id uuid not null,
    user_id uuid not null,
    user_name_index bytea not null,
    external_id_index bytea,
    content_sealed bytea not null,
    made boolean not null,
    deactivated boolean not null,
    version integer not null,
    created_at timestamptz not null,
    modified_at timestamptz not null,
    constraint scim_user_pkey primary key (tenant_id, connection_id, user_id),
    constraint scim_user_name_key unique (tenant_id, connection_id, user_name_index)
);

create index scim_user_external on airside.scim_user (tenant_id, connection_id, external_id_index);
create index scim_user_user on airside.scim_user (tenant_id, user_id);

create table airside.scim_email (
    tenant_id uuid not null,
    connection_id uuid not null,
    email_index bytea not null,
    user_id uuid not null,
    constraint scim_email_pkey primary key (tenant_id, connection_id, email_index, user_id)
);

create index scim_email_user on airside.scim_email (tenant_id, user_id);

create table airside.scim_group (
    tenant_id uuid not null,
    connection_id uuid not null,
    group_id uuid not null,
    name_index bytea not null,
    external_id_index bytea,
    content_sealed bytea not null,
    version integer not null,
    created_at timestamptz not null,
    modified_at timestamptz not null,
    constraint scim_group_pkey primary key (tenant_id, connection_id, group_id)
);

create index scim_group_name on airside.scim_group (tenant_id, connection_id, name_index);
create index scim_group_external on airside.scim_group (tenant_id, connection_id, external_id_index);

create table airside.scim_member (
    tenant_id uuid not null,
    connection_id uuid not null,
    group_id uuid not null,
    user_id uuid not null,
    constraint scim_member_pkey primary key (tenant_id, connection_id, group_id, user_id)
);

create index scim_member_user on airside.scim_member (tenant_id, user_id);
