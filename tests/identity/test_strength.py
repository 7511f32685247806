"""What may be a password: each refusal says by one word why."""

from collections.abc import Sequence
from time import thread_time
from typing import Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airside.core.entropy import Entropy, SystemEntropy, token
from airside.core.errors import InvalidInput
from airside.core.secret import Secret
from airside.identity import PasswordPolicy
from airside.identity.strength import REASONS, score
from airside.vault import Vault
from tests.identity.kit import PASSWORD, Kit, make_passwords

LENIENT = PasswordPolicy(min_strength=0)
ADA = ("ada.lovelace@analytical.example", "Ada Augusta Lovelace", "Difference Engines")


class Judge(Protocol):
    async def __call__(self, password: str, policy: PasswordPolicy | None = None, words: Sequence[str] = ()) -> str: ...


@pytest.fixture
def judged(kit: Kit, vault: Vault, entropy: Entropy) -> Judge:
    """The weakness of a password under a policy, and "" where there is none."""

    async def judge(password: str, policy: PasswordPolicy | None = None, words: Sequence[str] = ()) -> str:
        passwords = make_passwords(vault, entropy, kit.hashes, policy=policy)
        async with kit.open_ctx(kit.tenant_id) as ctx:
            try:
                await passwords.check(ctx, Secret(password), words)
            except InvalidInput as refusal:
                weakness = str(refusal.data["weakness"])
                assert refusal.data["pointer"] == "password"
                assert weakness in REASONS
                assert len(password) < 6 or password not in f"{refusal} {refusal.data}", "a refusal prints a password"
                return weakness
        return ""

    return judge


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "a long enough password for trips",
        "más que nada",
        "Tr0ub4dor&3-but-longer",
        "пароль которого никто не знает",
        "正しい馬電池ホッチキス",
        "\N{THUMBS UP SIGN}\N{HORSE FACE}\N{BATTERY}\N{PUSHPIN}" * 2 + "x7q",
        pytest.param(token(SystemEntropy(), 1536), id="1536 random bits"),
        pytest.param(token(SystemEntropy()), id="256 random bits"),
        pytest.param(token(SystemEntropy(), 72), id="72 random bits"),
    ],
)
async def test_a_good_password_of_any_script_is_taken(judged: Judge, password: str) -> None:
    assert await judged(password) == ""


@pytest.mark.parametrize(
    ("password", "weakness"),
    [
        ("", "too_short"),
        ("kq7!zp2", "too_short"),
        ("\ufb03\ufb03", "too_short"),
        ("x" * 257, "too_long"),
        ("é" * 129, "too_long"),
        ("pass\ud800word", "not_text"),
        ("password1", "common"),
        ("PassWord1", "common"),
        ("ｐａｓｓｗｏｒｄ１", "common"),
        ("instrument", "common"),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", "guessable"),
        ("abcdefghijkl", "guessable"),
        ("19841984", "guessable"),
        ("password" * 9 + "!", "guessable"),
        ("p@ssw0rd!!", "guessable"),
    ],
)
async def test_a_weak_one_is_refused_and_why(judged: Judge, password: str, weakness: str) -> None:
    assert await judged(password) == weakness


async def test_length_is_counted_in_characters_after_normalisation(judged: Judge) -> None:
    """An astral character is one; a ligature is what it stands for."""
    policy = PasswordPolicy(min_length=12, min_strength=0)
    assert await judged("\N{HORSE FACE}" * 12, policy) == ""
    assert await judged("\N{HORSE FACE}" * 11, policy) == "too_short"
    assert await judged("\ufb03" * 4, policy) == ""


@pytest.mark.parametrize(
    ("password", "classes"),
    [
        ("kwqzxvjpgh", 1),
        ("kwqzxVjpgh", 2),
        ("kwqzxVjp7h", 3),
        ("kwqz Vjp7h", 4),
        ("жщъьэЮя7 л", 4),
        ("馬馬電池電池正解馬電", 1),
    ],
)
async def test_composition_is_asked_for_only_where_a_tenant_insists(judged: Judge, password: str, classes: int) -> None:
    assert await judged(password, LENIENT) == ""
    for demanded in range(5):
        policy = PasswordPolicy(min_strength=0, min_classes=demanded)
        assert await judged(password, policy) == ("" if demanded <= classes else "too_few_classes")


@pytest.mark.parametrize(
    "password",
    [
        "adalovelace",
        "Lovelace1815",
        "LOVELACE.ADA",
        "analytical1",
        "ada.lovelace@analytical.example",
        "differenceengines",
        "augusta-ada-99",
        "adaadaadaada",
    ],
)
async def test_a_password_made_of_own_names_is_refused(judged: Judge, password: str) -> None:
    assert await judged(password, LENIENT, ADA) == "personal"


async def test_what_stands_beside_own_names_has_to_be_strong_by_itself(judged: Judge) -> None:
    assert await judged("lovelace 12345678 12345678", words=ADA) == "guessable"
    assert await judged("lovelace wirkt quer am tonnentuch", words=ADA) == ""


@pytest.mark.parametrize("words", [(), ("",), ("a", "Li", "@"), ("(((", ".*", "[a-z]+", "\\"), ("x" * 100_000,) * 100])
async def test_odd_names_harm_nobody(judged: Judge, words: Sequence[str]) -> None:
    """Too short to mean anything, patterns, far too long."""
    assert await judged(PASSWORD, words=words) == ""


async def test_symbols_alone_are_no_names(judged: Judge) -> None:
    assert await judged("!?%&/()=", LENIENT, ("ada",)) == ""


async def test_strength_is_the_tenants_to_say(judged: Judge) -> None:
    middling = "another password"
    assert score(middling) == 3
    assert [await judged(middling, PasswordPolicy(min_strength=wanted)) for wanted in range(5)] == [""] * 4 + [
        "guessable"
    ]


async def test_a_user_is_refused_a_password_of_their_own_names(kit: Kit) -> None:
    """`set` knows the user's own words; the caller adds the tenant's."""
    user = await kit.user("ada@example.com", "Ada Lovelace")
    for password, words in (("lovelace ada", ()), ("Acme Instruments 9", ("Acme Instruments",))):
        async with kit.open_ctx(kit.tenant_id) as ctx:
            with pytest.raises(InvalidInput) as refused:
                await kit.passwords.set(ctx, user.id, Secret(password), words=words)
        assert refused.value.data["weakness"] == "personal"


@pytest.mark.parametrize(
    "hostile", ["4@8({[</369&#!1/|0$5+7%2/" * 3, "aeiost013457@$!|+" * 5, "4a8b({[c3e69g1!|il0o$5s+7t%x2z" * 3]
)
def test_no_password_takes_seconds_to_judge(hostile: str) -> None:
    """Of an unbounded estimate the first of these takes over two seconds of a core."""
    started = thread_time()
    score(hostile)
    assert thread_time() - started < 0.5


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_given_a_score(text: str) -> None:
    assert score(text) in range(5)
