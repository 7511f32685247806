-- How a client is spoken with beyond its grants and scopes, as JSON; a client that said nothing has the defaults.
alter table airside.oauth_client add column settings text not null default '{}';

-- What an authorization request says besides, as JSON, until its code is spent.
alter table airside.authorization_request add column details text not null default '{}';
alter table airside.authorization_code add column details text not null default '{}';
