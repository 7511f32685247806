"""A maker is believed in a chain to a trusted root, for the model that its certificate names; nobody else is."""

from collections.abc import Callable
from uuid import UUID

import pytest

from airside.protocols.webauthn import Reason
from tests.authenticator import MODEL, Authenticator, Maker, Twist
from tests.makers_of_authenticators import Authority, authority
from tests.protocols.webauthn.kit import refused, registered

OTHER = UUID("11111111-2222-3333-4444-555555555555")


@pytest.fixture(scope="module")
def root() -> Authority:
    return authority()


def test_maker_under_a_trusted_root_is_believed(root: Authority) -> None:
    made = registered(Authenticator(maker=root.maker()), roots=(authority("Another").pem, root.pem))
    assert made.attested
    assert made.aaguid == MODEL


def test_certificate_that_names_no_model_is_believed_for_any_of_the_makers(root: Authority) -> None:
    """WebAuthn §8.2: the extension is for makers of several models."""
    assert registered(Authenticator(maker=root.maker(model=None)), roots=(root.pem,)).attested


def test_without_roots_nobody_is_believed(root: Authority) -> None:
    """N04: an unset trust is no trust; anybody can make a certificate."""
    assert not registered(Authenticator(maker=root.maker())).attested


def test_stranger_under_the_makers_name_is_not_believed(root: Authority) -> None:
    forged = authority()
    assert not registered(Authenticator(maker=forged.maker()), roots=(root.pem,)).attested


def test_strangers_certificate_beside_the_makers_own_is_not_believed(root: Authority) -> None:
    stranger = authority().maker()
    chain = (*stranger.chain, root.certificate)
    assert not registered(Authenticator(maker=Maker(stranger.key, chain)), roots=(root.pem,)).attested


def test_expired_certificate_is_not_believed(root: Authority) -> None:
    assert not registered(Authenticator(maker=root.maker(days=-1)), roots=(root.pem,)).attested


def test_self_attestation_is_nobodys_word(root: Authority) -> None:
    device = Authenticator()

    def own(tree: dict[str, object]) -> dict[str, object]:
        data = tree["authData"]
        assert isinstance(data, bytes)
        return {**tree, "fmt": "packed", "attStmt": {"alg": -7, "sig": device.sign(data + device.client_hash)}}

    made = registered(device, Twist(attested=own), (root.pem,))
    assert not made.attested


def test_statement_signed_by_another_key_is_refused(root: Authority) -> None:
    """The certificate is the maker's, the statement isn't."""
    stranger = authority().maker()
    maker = Maker(stranger.key, root.maker().chain)
    assert refused(lambda: registered(Authenticator(maker=maker), roots=(root.pem,))) is Reason.ATTESTATION


def test_certificate_of_another_model_is_refused(root: Authority) -> None:
    """A cheap authenticator's key can't vouch for a dear one of the same maker."""
    device = Authenticator(maker=root.maker(model=OTHER))
    assert refused(lambda: registered(device, roots=(root.pem,))) is Reason.ATTESTATION
    assert refused(lambda: registered(device)) is Reason.ATTESTATION


MAKERS: dict[str, Callable[[Authority], Maker]] = {
    "another unit": lambda root: root.maker(unit="Something Else"),
    "an authority": lambda root: root.maker(ca=True),
    "critical": lambda root: root.maker(critical=True),
    "the root itself": lambda root: Maker(root.key, (root.certificate,)),
}


@pytest.mark.parametrize("fault", MAKERS)
def test_certificate_that_isnt_for_attestation_is_refused(fault: str, root: Authority) -> None:
    """WebAuthn §8.2.1."""
    device = Authenticator(maker=MAKERS[fault](root))
    assert refused(lambda: registered(device, roots=(root.pem,))) is Reason.ATTESTATION


def test_chain_over_its_cap_is_refused(root: Authority) -> None:
    maker = root.maker()
    long = Maker(maker.key, maker.chain * 7)
    assert refused(lambda: registered(Authenticator(maker=long), roots=(root.pem,))) is Reason.ATTESTATION


def test_model_changed_after_signing_is_refused(root: Authority) -> None:
    """Corrupted."""
    device = Authenticator(maker=root.maker())

    def renamed(tree: dict[str, object]) -> dict[str, object]:
        data = tree["authData"]
        assert isinstance(data, bytes)
        return {**tree, "authData": data[:37] + OTHER.bytes + data[53:]}

    assert refused(lambda: registered(device, Twist(attested=renamed), (root.pem,))) is Reason.ATTESTATION
