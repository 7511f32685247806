-- The terms under which a tuple holds: a condition of the model with values for it, and the moment it ends.
-- An entry of the change log that writes a tuple has the tuple's terms.
alter table airside.permission_tuple
    add column condition_name text not null default '',
    add column condition_context text not null default '',
    add column expires_at timestamptz;

alter table airside.permission_change
    add column condition_name text not null default '',
    add column condition_context text not null default '',
    add column expires_at timestamptz;

create index permission_tuple_expiry on airside.permission_tuple (tenant_id, expires_at)
    where expires_at is not null;
