"""Refresh tokens as texts and hashes; the seal on a successor."""

from uuid import UUID

import pytest

from airside.core.entropy import SystemEntropy
from airside.core.errors import Inconsistent
from airside.tokens import RefreshUnknown
from airside.tokens.sealing import new_token, open_successor, seal_successor, token_hash

HERE, THERE = UUID(int=1), UUID(int=2)
ENTROPY = SystemEntropy()


def test_round_trip():
    spent, successor = new_token(ENTROPY), new_token(ENTROPY)
    assert open_successor(HERE, spent, seal_successor(HERE, spent, successor, ENTROPY)) == successor


def test_wrong_context_corrupted_and_truncated_seals_do_not_open():
    spent, successor = new_token(ENTROPY), new_token(ENTROPY)
    sealed = seal_successor(HERE, spent, successor, ENTROPY)
    broken = bytes([*sealed[:-1], sealed[-1] ^ 1])
    attempts = [(THERE, spent, sealed), (HERE, new_token(ENTROPY), sealed), (HERE, spent, broken)]
    attempts += [(HERE, spent, sealed[:end]) for end in (0, 5, 12, 20, len(sealed) - 1)]
    for tenant, token, text in attempts:
        with pytest.raises(Inconsistent):
            open_successor(tenant, token, text)


def test_wire_format_has_a_prefix_and_256_bits():
    token = new_token(ENTROPY)
    assert token.startswith("art_")
    assert len(token) == 47
    assert len({new_token(ENTROPY) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "text", ["", "art_", "art_" + "a" * 42, "art_" + "a" * 44, "ART_" + "a" * 43, "art_" + "a" * 42 + "=", "x" * 10**5]
)
def test_text_of_another_shape_is_unknown(text: str):
    """N38, N06"""
    with pytest.raises(RefreshUnknown):
        token_hash(HERE, text)


def test_hash_is_of_tenant_and_exact_spelling():
    """N38: the last letter's stray bits name another token; N20: another tenant finds another hash."""
    token = "art_" + "a" * 42 + "A"
    assert token_hash(HERE, token) != token_hash(HERE, token[:-1] + "B")
    assert token_hash(HERE, token) != token_hash(THERE, token)
