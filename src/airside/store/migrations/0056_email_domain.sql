-- Which domain an address is at, as a short keyed hash: to list a company's people without opening everybody's address.
-- Null in rows from before, until the timer has filled it; empty where the address was released for erasure.
alter table airside.user_account add column email_domain_index bytea;

create index user_account_email_domain on airside.user_account (tenant_id, email_domain_index, user_id);
