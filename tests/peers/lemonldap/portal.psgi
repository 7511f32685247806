# LemonLDAP::NG's portal with its own pictures and scripts beside.
use Plack::Builder;
use Lemonldap::NG::Portal::Main;

builder {
    enable 'Static',
      path => sub { s{^/(static/)}{$1} },
      root => '/usr/share/lemonldap-ng/portal/htdocs/';
    enable 'Static',
      path => sub { s{^/javascript/}{} },
      root => '/usr/share/javascript/';
    Lemonldap::NG::Portal::Main->run( {} );
};
