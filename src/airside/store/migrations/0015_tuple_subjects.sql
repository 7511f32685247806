-- Every column of the key, so that a whole key is found by one row of either index: a plan made before the table was
-- ever analysed, when the planner can't tell the two apart, is as good as any.
drop index airside.permission_tuple_subject;

create index permission_tuple_subject on airside.permission_tuple (
    tenant_id, store_id, subject_type, subject_id, object_type, object_id, relation, subject_relation
);
