-- What an administrator keeps together while something is going on, and afterwards.
create table airside.incident (
    tenant_id uuid not null,
    incident_id uuid not null,
    title_sealed bytea not null,
    severity text not null,
    state text not null,
    opened_by text not null,
    opened_at timestamptz not null,
    closed_at timestamptz,
    constraint incident_pkey primary key (tenant_id, incident_id),
    constraint incident_severity_check check (severity in ('low', 'medium', 'high', 'critical')),
    constraint incident_state_check check (state in ('open', 'closed')),
    constraint incident_closed_check check ((state = 'closed') = (closed_at is not null))
);

-- Its timeline: nothing in it is ever changed, and it goes with its tenant alone. `reference` names an alert, a record of the audit log, or what was done.
create table airside.incident_entry (
    tenant_id uuid not null,
    incident_id uuid not null,
    entry_id uuid not null,
    kind text not null,
    written_by text not null,
    written_at timestamptz not null,
    reference text not null,
    text_sealed bytea not null,
    constraint incident_entry_pkey primary key (tenant_id, entry_id),
    constraint incident_entry_incident_fkey foreign key (tenant_id, incident_id)
        references airside.incident (tenant_id, incident_id),
    constraint incident_entry_kind_check check (kind in ('opened', 'note', 'alert', 'record', 'action', 'closed'))
);

create index incident_entry_timeline on airside.incident_entry (tenant_id, incident_id, entry_id);
