-- A store of permission models and tuples. Its row is the lock of its writers: `revision` grows under it, so that
-- the order of revisions is the order of commits. `model_id` is the latest model, empty before the first.
create table airside.permission_store (
    tenant_id uuid not null,
    store_id text not null,
    name text not null,
    system boolean not null,
    revision bigint not null,
    model_id text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    constraint permission_store_pkey primary key (tenant_id, store_id)
);

-- Models are never changed: a new one takes over.
create table airside.permission_model (
    tenant_id uuid not null,
    store_id text not null,
    model_id text not null,
    body text not null,
    created_at timestamptz not null,
    constraint permission_model_pkey primary key (tenant_id, store_id, model_id)
);

-- `subject_relation` is empty unless the subject is a userset; `subject_id` is * for everybody of the type.
create table airside.permission_tuple (
    tenant_id uuid not null,
    store_id text not null,
    object_type text not null,
    object_id text not null,
    relation text not null,
    subject_type text not null,
    subject_id text not null,
    subject_relation text not null,
    created_at timestamptz not null,
    constraint permission_tuple_pkey primary key (
        tenant_id, store_id, object_type, object_id, relation, subject_type, subject_id, subject_relation
    )
);

create index permission_tuple_subject on airside.permission_tuple (
    tenant_id, store_id, subject_type, subject_id, object_type
);

-- What happened to a store, in commit order, without a gap. Append-only.
create table airside.permission_change (
    tenant_id uuid not null,
    store_id text not null,
    revision bigint not null,
    operation text not null,
    object_type text not null,
    object_id text not null,
    relation text not null,
    subject_type text not null,
    subject_id text not null,
    subject_relation text not null,
    model_id text not null,
    created_at timestamptz not null,
    constraint permission_change_pkey primary key (tenant_id, store_id, revision),
    constraint permission_change_operation_check check (operation in ('write', 'delete', 'model', 'drop'))
);
