"""The commonest passwords are nobody's: every one that the packaged lists rank first is refused."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from airside.core.entropy import Entropy
from airside.core.errors import InvalidInput
from airside.core.secret import Secret
from airside.identity import PasswordPolicy
from airside.vault import Vault
from tests.identity.kit import Kit, hashes, kit, make_passwords, revocations

__all__ = ["hashes", "kit", "revocations"]


@pytest.mark.gauntlet
async def test_each_of_the_three_thousand_commonest_passwords_is_refused_as_common(
    data: Callable[[str], Path],
    kit: Kit,
    vault: Vault,
    entropy: Entropy,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As they stand in the list, and as people vary them to get past one: in capitals, and in other widths."""
    passwords = (data("passwords") / "top3000_min8_zxcvbn_rank.txt").read_text("utf-8").splitlines()
    lenient = make_passwords(vault, entropy, kit.hashes, policy=PasswordPolicy(min_strength=0))
    said: Counter[str] = Counter()
    async with kit.open_ctx(kit.tenant_id) as ctx:
        for password in passwords:
            for spelling in (password, password.upper(), "".join(map(_wide, password))):
                with pytest.raises(InvalidInput) as refused:
                    await lenient.check(ctx, Secret(spelling))
                said[str(refused.value.data["weakness"])] += 1
    with capsys.disabled():
        print(f"\nCommon passwords: {len(passwords)} in three spellings, refused as {dict(said)}")
    assert said == {"common": 3 * 3000}


def _wide(character: str) -> str:
    """The full-width form of an ASCII character (NFKC makes it plain again)."""
    return chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character
