-- A successor is kept for a retry in its own row, not in its predecessor's: spending it forgets it in the same update,
-- so that a rotation touches two rows and not three.
alter table airside.refresh_token add column sealed bytea;

alter table airside.refresh_token no force row level security;
update airside.refresh_token s
set sealed = p.successor_sealed
from airside.refresh_token p
where p.tenant_id = s.tenant_id and p.successor_hash = s.token_hash and s.spent_at is null;
alter table airside.refresh_token force row level security;

alter table airside.refresh_token
    drop constraint refresh_token_sealed_check,
    drop column successor_sealed,
    drop column predecessor_hash,
    add constraint refresh_token_sealed_check check (sealed is null or spent_at is null);

-- Each row is changed once, in place if its page has room: then no index hears of it.
alter table airside.refresh_token set (fillfactor = 50);
