"""What an account is found by, and counted under, by its address."""

from airside.core.errors import InvalidInput
from airside.identity.email import MAX_EMAIL, normalise
from airside.vault import Keyset


def email_key(email: str) -> bytes:
    """What an account of `email` is found by; of what is no address at all, what no account can have."""
    try:
        return normalise(email).encode()
    except InvalidInput:
        return b"\0" + email[:MAX_EMAIL].encode("utf-8", "replace")


def email_index(keyset: Keyset, email: str) -> bytes:
    """The blind index that an account of `email` gets."""
    return keyset.blind_index("user_account", "email_index", email_key(email))


def email_indexes(keyset: Keyset, email: str) -> list[bytes]:
    """The blind indexes that an account of `email` may have: the first as `email_index`, the others until those under
    other index keys are computed anew."""
    return keyset.blind_indexes("user_account", "email_index", email_key(email))


def account_word(keyset: Keyset, email: str) -> str:
    """What is counted of an address stands under this word, whichever index key counts."""
    return keyset.keyed_hash("account", email_key(email)).hex()
