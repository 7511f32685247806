-- That a person is to be erased, since when they are, and what was signed about it. It stays when they are gone, so it
-- refers to nobody's row.
create table airside.person_erasure (
    tenant_id uuid not null,
    user_id uuid not null,
    requested_at timestamptz not null,
    requested_by text not null,
    state text not null,
    certificate text,
    constraint person_erasure_pkey primary key (tenant_id, user_id),
    constraint person_erasure_state_check check (state in ('closed', 'erased')),
    constraint person_erasure_certificate_check check ((state = 'erased') = (certificate is not null))
);
