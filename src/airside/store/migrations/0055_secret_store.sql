-- What is sealed is found by its primary key, and stands in the place that it names.
alter table airside.app_key_version drop constraint app_key_version_pkey;
alter table airside.app_key_version drop constraint app_key_version_id_key;
alter table airside.app_key_version add constraint app_key_version_pkey primary key (tenant_id, version_id);
alter table airside.app_key_version add constraint app_key_version_number_key unique (tenant_id, key_id, version);

-- Secrets of applications by path. `version` is the youngest that was ever written: whoever writes names it.
create table airside.app_secret (
    tenant_id uuid not null,
    secret_id uuid not null,
    path text not null,
    version integer not null,
    metadata_sealed bytea not null,
    rotate_days integer,
    rotate_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint app_secret_pkey primary key (tenant_id, secret_id),
    constraint app_secret_path_key unique (tenant_id, path),
    constraint app_secret_rotation_check check ((rotate_days is null) = (rotate_at is null))
);

create index app_secret_rotation on airside.app_secret (tenant_id, rotate_at) where rotate_at is not null;

-- Their values. A deleted one can be brought back, of a destroyed one only the number is left.
create table airside.app_secret_version (
    tenant_id uuid not null,
    secret_id uuid not null,
    version integer not null,
    version_id uuid not null,
    value_sealed bytea,
    state text not null,
    created_at timestamptz not null,
    constraint app_secret_version_pkey primary key (tenant_id, version_id),
    constraint app_secret_version_number_key unique (tenant_id, secret_id, version),
    constraint app_secret_version_secret_fkey foreign key (tenant_id, secret_id)
        references airside.app_secret (tenant_id, secret_id),
    constraint app_secret_version_state_check check (state in ('active', 'deleted', 'destroyed')),
    constraint app_secret_version_destroyed_check check ((state = 'destroyed') = (value_sealed is null))
);

-- Who was told which version until when; a version that somebody holds isn't tidied away.
create table airside.app_secret_lease (
    tenant_id uuid not null,
    lease_id uuid not null,
    secret_id uuid not null,
    version integer not null,
    holder text not null,
    expires_at timestamptz not null,
    ends_at timestamptz not null,
    constraint app_secret_lease_pkey primary key (tenant_id, lease_id)
);

create index app_secret_lease_version on airside.app_secret_lease (tenant_id, secret_id, version);
