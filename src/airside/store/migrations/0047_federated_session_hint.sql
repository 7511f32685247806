-- The ID token that an OpenID Connect provider proved a session by, sealed: what it knows the session by when somebody
-- signs out here. None where there is none, or one too long for an address.
alter table airside.federated_session add column hint_sealed bytea;
