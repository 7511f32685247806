-- What of one person stands under their tenant's key still, from before it was sealed under theirs (its first byte says
-- so). The timer finds it by these indexes, and when it is done they are empty.
create index totp_factor_secret_unowned on airside.totp_factor (tenant_id, factor_id)
    where user_id is not null and substring(secret_sealed from 1 for 1) = '\x01';
create index passkey_credential_unowned on airside.passkey (tenant_id, passkey_id)
    where user_id is not null and substring(credential_sealed from 1 for 1) = '\x01';
create index passkey_key_unowned on airside.passkey (tenant_id, passkey_id)
    where user_id is not null and substring(key_sealed from 1 for 1) = '\x01';
create index passkey_name_unowned on airside.passkey (tenant_id, passkey_id)
    where user_id is not null and substring(name_sealed from 1 for 1) = '\x01';
create index user_account_email_unowned on airside.user_account (tenant_id, user_id)
    where user_id is not null and substring(email_sealed from 1 for 1) = '\x01';
create index user_account_name_unowned on airside.user_account (tenant_id, user_id)
    where user_id is not null and substring(name_sealed from 1 for 1) = '\x01';
create index user_account_profile_unowned on airside.user_account (tenant_id, user_id)
    where user_id is not null and substring(profile_sealed from 1 for 1) = '\x01';
create index user_session_origin_unowned on airside.user_session (tenant_id, session_id)
    where user_id is not null and substring(origin_sealed from 1 for 1) = '\x01';
create index user_session_agent_unowned on airside.user_session (tenant_id, session_id)
    where user_id is not null and substring(agent_sealed from 1 for 1) = '\x01';
create index known_device_origin_unowned on airside.known_device (tenant_id, user_id, device_id)
    where user_id is not null and substring(origin_sealed from 1 for 1) = '\x01';
create index known_device_agent_unowned on airside.known_device (tenant_id, user_id, device_id)
    where user_id is not null and substring(agent_sealed from 1 for 1) = '\x01';
create index action_link_payload_unowned on airside.action_link (tenant_id, link_id)
    where user_id is not null and substring(payload_sealed from 1 for 1) = '\x01';
create index external_identity_subject_unowned on airside.external_identity (tenant_id, identity_id)
    where user_id is not null and substring(subject_sealed from 1 for 1) = '\x01';
create index federated_session_foreign_unowned on airside.federated_session (tenant_id, session_id, identity_id)
    where user_id is not null and substring(foreign_sealed from 1 for 1) = '\x01';
create index federated_session_hint_unowned on airside.federated_session (tenant_id, session_id, identity_id)
    where user_id is not null and substring(hint_sealed from 1 for 1) = '\x01';
create index scim_user_content_unowned on airside.scim_user (tenant_id, connection_id, user_id)
    where user_id is not null and substring(content_sealed from 1 for 1) = '\x01';
