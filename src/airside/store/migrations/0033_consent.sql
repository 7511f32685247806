-- What a user has allowed another's application: asked again only when it wants more.
create table airside.oauth_consent (
    tenant_id uuid not null,
    user_id uuid not null,
    client_id uuid not null,
    scopes text[] not null,
    granted_at timestamptz not null,
    changed_at timestamptz not null,
    constraint oauth_consent_pkey primary key (tenant_id, user_id, client_id),
    constraint oauth_consent_user_fkey foreign key (tenant_id, user_id)
        references airside.user_account (tenant_id, user_id),
    constraint oauth_consent_client_fkey foreign key (tenant_id, client_id)
        references airside.oauth_client (tenant_id, client_id)
);

create index oauth_consent_client on airside.oauth_consent (tenant_id, client_id);

-- What was said to a waiting request on the page that asks, and by whom.
alter table airside.authorization_request add column answer text;
alter table airside.authorization_request add column answered_by uuid;
alter table airside.authorization_request add constraint authorization_request_answer_check
    check ((answer is null) = (answered_by is null) and answer in ('allowed', 'denied'));
