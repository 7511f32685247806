-- The log by who, to whom, what and how it ended; always newest first, for ids begin with their time.
create index audit_record_actor on airside.audit_record (tenant_id, actor, record_id desc);
create index audit_record_subject on airside.audit_record (tenant_id, subject, record_id desc);
create index audit_record_event on airside.audit_record (tenant_id, event, record_id desc);
create index audit_record_outcome on airside.audit_record (tenant_id, outcome, record_id desc)
    where outcome <> 'success';
drop index airside.audit_record_user;
