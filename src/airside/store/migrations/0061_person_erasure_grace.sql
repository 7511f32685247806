-- Somebody who is to be erased can wait: out of use until `due_at`, and back in `former_state` if it is cancelled. Rows
-- from before have neither: they were due when they were asked for.
alter table airside.person_erasure add column due_at timestamptz;
alter table airside.person_erasure add column former_state text;
alter table airside.person_erasure drop constraint person_erasure_state_check;
alter table airside.person_erasure add constraint person_erasure_state_check
    check (state in ('waiting', 'closed', 'erased'));
alter table airside.person_erasure add constraint person_erasure_waiting_check check (
    (state = 'waiting') = (former_state is not null) and (state <> 'waiting' or due_at is not null));
alter table airside.person_erasure add constraint person_erasure_former_state_check
    check (former_state in ('active', 'disabled'));

create index person_erasure_due on airside.person_erasure (tenant_id, due_at) where state = 'waiting';
