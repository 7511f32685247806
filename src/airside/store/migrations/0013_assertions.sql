-- What a model is expected to answer: one row a model, its assertions as JSON, always written as a whole.
create table airside.permission_assertion (
    tenant_id uuid not null,
    store_id text not null,
    model_id text not null,
    body text not null,
    updated_at timestamptz not null,
    constraint permission_assertion_pkey primary key (tenant_id, store_id, model_id)
);
