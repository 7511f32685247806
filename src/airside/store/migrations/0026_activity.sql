-- What has happened to a person, newest first, for their own page. Only records about people are in it.
create index audit_record_user on airside.audit_record (tenant_id, subject, record_id desc)
    where subject like 'usr\_%';
