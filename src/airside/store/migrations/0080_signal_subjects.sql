-- Of whom a stream is told (Shared Signals Framework 1.0 §8.1.3): of everybody, or of nobody, but for the subjects that
-- are named beside it.
alter table airside.signal_stream add column default_subjects text not null default 'ALL';
alter table airside.signal_stream add constraint signal_stream_default_subjects_check
    check (default_subjects in ('ALL', 'NONE'));

-- By what the client knows somebody by, and by their id where that is the same: a pairwise subject leads to nobody. No
-- foreign key to the user: nobody is told who is there.
create table airside.signal_subject (
    tenant_id uuid not null,
    stream_id uuid not null,
    subject text not null,
    user_id uuid,
    constraint signal_subject_pkey primary key (tenant_id, stream_id, subject)
);

create index signal_subject_user on airside.signal_subject (tenant_id, user_id);
