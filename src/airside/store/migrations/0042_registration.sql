-- Clients that nobody of the tenant registered: by themselves over the protocol, or by the document that their id is the
-- address of. `used_at` is when one was last presented, told to the day.
alter table airside.oauth_client add column origin text not null default 'administrator';
alter table airside.oauth_client add column document_url text;
alter table airside.oauth_client add column document_until timestamptz;
alter table airside.oauth_client add column used_at timestamptz;
alter table airside.oauth_client add constraint oauth_client_origin_check check (
    origin in ('administrator', 'registration', 'document')
    and (origin = 'document') = (document_url is not null)
    and (origin = 'document') = (document_until is not null)
);
alter table airside.oauth_client add constraint oauth_client_document_key unique (tenant_id, document_url);

-- What a client that registered itself manages its registration with: one token at a time, stored as SHA-256.
create table airside.client_registration (
    tenant_id uuid not null,
    client_id uuid not null,
    token_hash bytea not null,
    changed_at timestamptz not null,
    constraint client_registration_pkey primary key (tenant_id, client_id)
);

-- What an administrator gives to whoever may register clients: so many, until then. Stored as SHA-256.
create table airside.registration_token (
    tenant_id uuid not null,
    token_id uuid not null,
    token_hash bytea not null,
    name text not null,
    uses_left integer not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint registration_token_pkey primary key (tenant_id, token_id),
    constraint registration_token_hash_key unique (tenant_id, token_hash),
    constraint registration_token_uses_check check (uses_left >= 0)
);
