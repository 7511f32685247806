-- Which invitation made a token, so that it takes its own with it and no administrator's. Null: an administrator did.
-- Of those that are there, an invitation that is under way is taken to have made what its connection has.
alter table airside.scim_token add column setup_id uuid;

alter table airside.scim_token no force row level security;
alter table airside.setup_invitation no force row level security;
update airside.scim_token t
set setup_id = s.setup_id
from airside.setup_invitation s
where s.tenant_id = t.tenant_id and s.connection_id = t.connection_id and s.state = 'started' and s.provisions;
alter table airside.scim_token force row level security;
alter table airside.setup_invitation force row level security;
