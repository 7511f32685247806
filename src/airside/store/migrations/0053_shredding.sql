-- Where a tenant stands on its way out: `leaving` has no keys any more and is being emptied, `gone` is a name that is
-- never given again.
alter table airside.tenant_address add column state text not null default 'here';
alter table airside.tenant_address add constraint tenant_address_state_check check (state in ('here', 'leaving', 'gone'));

-- That a tenant is to be shredded, since when it is, and what was signed about it.
create table airside.tenant_shredding (
    tenant_id uuid not null,
    requested_at timestamptz not null,
    requested_by text not null,
    due_at timestamptz not null,
    state text not null,
    certificate text,
    constraint tenant_shredding_pkey primary key (tenant_id),
    constraint tenant_shredding_state_check check (state in ('waiting', 'closing', 'destroyed', 'finished')),
    constraint tenant_shredding_certificate_check check ((state in ('destroyed', 'finished')) = (certificate is not null))
);
