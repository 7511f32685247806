-- Whether whoever is invited may have the provider's directory keep accounts, and which domains they have added.
alter table airside.setup_invitation add column provisions boolean not null default false;
alter table airside.setup_invitation add column domain_ids uuid[] not null default '{}';
alter table airside.setup_invitation add constraint setup_invitation_domains_check check (cardinality(domain_ids) <= 5);
