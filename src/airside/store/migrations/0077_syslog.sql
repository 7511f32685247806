-- How much of a tenant's log the operator's receiver of syslog has confirmed, and until when whose turn it is to send more.
create table airside.syslog_progress (
    tenant_id uuid not null,
    sent_to bigint not null,
    claimed_until timestamptz,
    constraint syslog_progress_pkey primary key (tenant_id)
);
