-- What a login has to reach, the session that it strengthens (whose own proofs count from held_since on), and the
-- device that it runs on.
alter table airside.signin_flow
    add column minimum text not null default 'aal1',
    add column session_id uuid,
    add column held_since timestamptz,
    add column device_id uuid;

alter table airside.signin_flow
    add constraint signin_flow_minimum_check check (minimum in ('aal1', 'aal2', 'aal3')),
    add constraint signin_flow_step_up_check check ((session_id is null) = (held_since is null));

-- What the client asked of the sign-in (OpenID Connect Core §3.1.2.1, acr_values).
alter table airside.authorization_request add column acr text;

alter table airside.authorization_request
    add constraint authorization_request_acr_check check (acr in ('aal1', 'aal2', 'aal3'));
