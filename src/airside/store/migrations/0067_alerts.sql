-- A raised hand: which rule found whom. What it was found by (ids, counts, addresses) is sealed.
create table airside.alert (
    tenant_id uuid not null,
    alert_id uuid not null,
    rule text not null,
    subject text not null,
    severity text not null,
    state text not null,
    first_seen timestamptz not null,
    last_seen timestamptz not null,
    count bigint not null,
    evidence_sealed bytea not null,
    changed_at timestamptz not null,
    changed_by text not null,
    constraint alert_pkey primary key (tenant_id, alert_id),
    constraint alert_severity_check check (severity in ('low', 'medium', 'high')),
    constraint alert_state_check check (state in ('open', 'acknowledged', 'closed'))
);

create index alert_subject on airside.alert (tenant_id, subject, rule, alert_id);

-- What rules look at: a record that means something, or a minute's counts of one process. It is judged once, and kept
-- for a day to count with. `members` are keyed hashes of 8 bytes, one after another.
create table airside.alert_fact (
    tenant_id uuid not null,
    fact_id uuid not null,
    kind text not null,
    subject text not null,
    at timestamptz not null,
    count bigint not null,
    asked bigint not null,
    members bytea not null,
    record_id uuid,
    about_sealed bytea,
    judged boolean not null,
    constraint alert_fact_pkey primary key (tenant_id, fact_id)
);

create index alert_fact_kind on airside.alert_fact (tenant_id, kind, at);
create index alert_fact_waiting on airside.alert_fact (tenant_id, fact_id) where not judged;

-- By what a subject is known: the networks that a key comes from.
create table airside.alert_known (
    tenant_id uuid not null,
    kind text not null,
    subject text not null,
    member bytea not null,
    first_seen timestamptz not null,
    last_seen timestamptz not null,
    constraint alert_known_pkey primary key (tenant_id, kind, subject, member)
);

-- How far the log was read, and the head that it agreed with last.
create table airside.alert_progress (
    tenant_id uuid not null,
    read_to bigint not null,
    head_size bigint not null,
    head_root bytea not null,
    constraint alert_progress_pkey primary key (tenant_id)
);
