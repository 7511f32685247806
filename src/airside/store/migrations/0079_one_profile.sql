-- Rows whose address and name stood apart, and those without an index of their domain, have been sealed anew by the timer
-- of builds before. Where one has not, nothing is lost: this fails, and such a build has to run a while first.
alter table airside.user_account alter column profile_sealed set not null;
alter table airside.user_account alter column email_domain_index set not null;
alter table airside.user_account drop constraint user_account_profile_check;
alter table airside.user_account drop column email_sealed;
alter table airside.user_account drop column name_sealed;
