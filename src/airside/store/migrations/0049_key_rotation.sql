-- A key comes before it seals: every node has to know it first. `since` is when it entered its state. `resealed`: a
-- whole pass over the sealed columns found nothing more that the retired key seals.
alter table airside.tenant_key drop constraint tenant_key_state_check;
alter table airside.tenant_key add constraint tenant_key_state_check check (state in ('coming', 'active', 'retired'));
alter table airside.tenant_key add column since timestamptz not null default now();
alter table airside.tenant_key add column resealed boolean not null default false;
create unique index tenant_key_coming_key on airside.tenant_key (tenant_id, purpose) where state = 'coming';

-- How often a data key may have sealed, at most: each process books a block before it seals with it.
create table airside.seal_block (
    tenant_id uuid not null,
    key_id uuid not null,
    block_id uuid not null,
    seals bigint not null,
    constraint seal_block_pkey primary key (tenant_id, key_id, block_id)
);
