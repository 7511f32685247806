-- Address and name sealed as one value, so that a page of people costs one opening for each. Rows from before have them
-- apart until the timer has sealed them anew: a row has the one or the other.
alter table airside.user_account add column profile_sealed bytea;
alter table airside.user_account alter column email_sealed drop not null;
alter table airside.user_account alter column name_sealed drop not null;
alter table airside.user_account add constraint user_account_profile_check check (
    (profile_sealed is null) = (email_sealed is not null) and (profile_sealed is null) = (name_sealed is not null));
