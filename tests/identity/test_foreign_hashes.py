"""Other systems' hashes: published vectors verify, and everything not exactly a hash of lawful cost is refused."""

import base64
import hashlib
from collections.abc import Callable

import bcrypt
import pytest
from argon2 import PasswordHasher, Type
from argon2.low_level import hash_secret
from hypothesis import given, settings
from hypothesis import strategies as st

from airside.core.errors import InvalidInput
from airside.identity.foreign import MAX_HASH, Argon2, Pbkdf2, Scrypt, read

SALT, KEY = b"sixteen of salt!", b"k" * 32
SALT64, KEY64 = (base64.b64encode(raw).rstrip(b"=").decode() for raw in (SALT, KEY))

PUBLISHED = [
    # jBCrypt's own cases.
    ("", "$2a$08$HqWuK6/Ng6sg9gQzbLrgb.Tl.ZHfXLhvt/SgVyWhQqgqcZ7ZuUtye"),
    ("a", "$2a$10$k87L/MF28Q673VKh8/cPi.SUl7MU/rWuSiIDDFayrKk/1tBsSQu4u"),
    ("abc", "$2a$10$WvvTPHKwdBJ3uk0Z37EMR.hLA2W6N9AEBhEgrAOljy2Ae5MtaSIUi"),
    ("~!@#$%^&*()      ~!@#$%^&*()PNBFRD", "$2a$10$LgfYWkbzEvQ4JakH7rOvHe0y8pHKF9OaFgwUZ2q7W2FFZmZzJYlfS"),
    # passlib's documentation.
    ("toomanysecrets", "$pbkdf2-sha256$29000$N2YMIWQsBWBMae09x1jrPQ$1t8iyB2A.WF/Z5JZv.lfCIhXXN33N23OSgQYThBYRfk"),
    ("password", "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E"),
    # RFC 7914 §12, the third.
    (
        "pleaseletmein",
        "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$"
        "cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw",
    ),
    # The reference implementation's own tests of Argon2.
    ("password", "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ"),
    ("password", "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA"),
    ("password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"),
]


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).rstrip(b"=").decode()


def ab64(raw: bytes) -> str:
    return b64(raw).replace("+", ".")


def made(password: str) -> list[str]:
    """One hash of each spelling, made by the libraries themselves."""
    raw = password.encode()
    scrypt = hashlib.scrypt(raw, salt=SALT, n=2**13, r=8, p=1, dklen=32)
    pbkdf2 = {name: hashlib.pbkdf2_hmac(name, raw, SALT, 10_000) for name in ("sha256", "sha512")}
    django = hashlib.pbkdf2_hmac("sha256", raw, b"djangosalt12", 12_000)
    short = raw[:72]
    return [
        *(bcrypt.hashpw(short, bcrypt.gensalt(8, prefix)).decode() for prefix in (b"2a", b"2b")),
        bcrypt.hashpw(short, bcrypt.gensalt(8, b"2b")).decode().replace("$2b$", "$2y$"),
        f"$scrypt$ln=13,r=8,p=1${SALT64}${b64(scrypt)}",
        f"pbkdf2_sha256$12000$djangosalt12${base64.b64encode(django).decode()}",
        *(f"$pbkdf2-{name}$10000${ab64(SALT)}${ab64(raw)}" for name, raw in pbkdf2.items()),
        *(f"$pbkdf2-{name}$i=10000,l={len(raw)}${SALT64}${b64(raw)}" for name, raw in pbkdf2.items()),
        *(
            PasswordHasher(time_cost=2, memory_cost=8192, parallelism=2, type=kind).hash(password)
            for kind in (Type.I, Type.D, Type.ID)
        ),
        hash_secret(raw, SALT, 2, 8192, 1, 32, Type.ID, version=16).decode(),
    ]


@pytest.mark.parametrize(("password", "stored"), PUBLISHED)
def test_a_published_hash_verifies_and_no_other_password_does(password: str, stored: str) -> None:
    assert read(stored).matches(password.encode())
    assert not read(stored).matches(password.encode() + b"x")


def test_the_functions_beneath_give_the_rfcs_results() -> None:
    """RFC 7914 §§11 and 12: what is too cheap to be taken over still shows that the functions are the right ones."""
    scrypt = "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"  # noqa: E501 - as the RFC prints it
    assert Scrypt(1024, 8, 16, b"NaCl", bytes.fromhex(scrypt)).matches(b"password")
    pbkdf2 = "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d"  # noqa: E501 - as the RFC prints it
    assert Pbkdf2("sha256", 80_000, b"NaCl", bytes.fromhex(pbkdf2)).matches(b"Password")


@pytest.mark.parametrize("password", ["a long enough password", "más que nada", "", "x" * 72])
def test_what_the_libraries_make_verifies(password: str) -> None:
    """Round trip, and another password."""
    for stored in made(password):
        hashed = read(stored)
        assert hashed.matches(password.encode()), stored
        assert not hashed.matches(b"y" + password.encode()), stored


def test_bcrypt_sees_72_bytes_as_it_did_where_the_hash_was_made() -> None:
    stored = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(8)).decode()
    assert read(stored).matches(b"x" * 72 + b"whatever follows")
    assert not read(stored).matches(b"x" * 71)


@pytest.mark.parametrize("guess", ["secret\0", "secret\0more", "\0secret", "\0"])
def test_a_zero_byte_makes_no_guess_right(guess: str) -> None:
    """N38: what a C string would drop, or HMAC would add, makes another password."""
    for password in ("secret", ""):
        for stored in made(password):
            assert not read(stored).matches(guess.encode()), stored


SCRYPT = f"$scrypt$ln=14,r=8,p=1${SALT64}${KEY64}"
DJANGO = f"pbkdf2_sha256$600000$saltsaltsalt${base64.b64encode(KEY).decode()}"
PASSLIB = f"$pbkdf2-sha256$29000${SALT64}${KEY64}"
PHC = f"$pbkdf2-sha512$i=210000,l=64${SALT64}${b64(KEY * 2)}"
ARGON2 = f"$argon2id$v=19$m=19456,t=2,p=1${SALT64}${KEY64}"
BCRYPT = "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"
GOOD = [SCRYPT, DJANGO, PASSLIB, PHC, ARGON2, BCRYPT]


@pytest.mark.parametrize("stored", GOOD)
def test_the_hashes_that_are_spoilt_below_are_good(stored: str) -> None:
    read(stored)


@pytest.mark.parametrize(
    "stored",
    [
        *("", "$", "plain text", "5f4dcc3b5aa765d61d8327deb882cf99", "{SSHA}c2FsdHNhbHQ", "$1$salt$hash", "$6$salt$x"),
        *(BCRYPT.replace("2b", other) for other in ("2", "2x", "2c", "2B")),
        BCRYPT.replace("$12$", "$9$"),
        BCRYPT.replace("$12$", "$012$"),
        BCRYPT.replace("$12$", "$+9$"),
        BCRYPT.replace("kh2O", "kh2P"),
        BCRYPT[:-1] + "X",
        SCRYPT.replace("ln=14", "N=16384"),
        SCRYPT.replace("ln=14,r=8", "r=8,ln=14"),
        SCRYPT.replace("ln=14", "ln=014"),
        SCRYPT.replace("ln=14", "ln=-14"),
        SCRYPT.replace("ln=14", "ln=٤"),
        SCRYPT.replace("p=1", "p=1,x=2"),
        SCRYPT + "=",
        SCRYPT.replace(KEY64, KEY64[:-1] + "t"),
        SCRYPT.replace("$scrypt", "$SCRYPT"),
        PASSLIB.replace("29000", "2_9000"),
        PASSLIB.replace("29000", "29e3"),
        PASSLIB.replace("sha256", "sha1"),
        PASSLIB.replace("sha256", "sha512"),
        PASSLIB.replace("$29000", "$rounds=29000"),
        PASSLIB.replace(KEY64, KEY64[:22]),
        DJANGO[:-1],
        DJANGO + "=",
        DJANGO.replace("sha256", "sha1"),
        DJANGO.replace("sha256", "md5"),
        DJANGO.replace("saltsaltsalt", "salt salt salt"),
        DJANGO.replace("saltsaltsalt", "sält" * 3),
        DJANGO.replace("saltsaltsalt", ""),
        PHC.replace("l=64", "l=32"),
        PHC.replace("l=64", "l=064"),
        PHC.replace("i=210000,l=64", "l=64,i=210000"),
        PHC.replace("i=210000,l=64", "i=210000"),
        ARGON2.replace("v=19", "v=18"),
        ARGON2.replace("v=19", "v=0x13"),
        ARGON2.replace("argon2id", "argon2"),
        ARGON2.replace("argon2id", "argon2di"),
        ARGON2.replace("m=19456,t=2", "t=2,m=19456"),
        ARGON2.replace("p=1", "p=1,keyid=Zm9v"),
        ARGON2.replace(SALT64, SALT64 + "=="),
        ARGON2.replace(SALT64, SALT64[:-1] + "R"),
        ARGON2.replace(SALT64, SALT64[:-1]),
        ARGON2.replace(KEY64, KEY64.replace("a", "-", 1)),
        *(good + tail for good in GOOD for tail in ("\n", " ", "$", "$x", "\0")),
        *(head + good for good in GOOD for head in ("\n", " ", "$", "argon2:")),
        *(good[: len(good) // 2] for good in GOOD),
        *(good.replace("$", "\uff04") for good in GOOD),
        "$argon2id$" + "x" * 100_000,
        "$" * 100_000,
    ],
)
def test_what_is_not_exactly_a_hash_is_refused(stored: str) -> None:
    """N38: wire format, corrupted, truncated, extended, oversized."""
    with pytest.raises(InvalidInput) as refusal:
        read(stored)
    assert refusal.value.data == {"pointer": "hash"}
    assert len(stored) < 9 or stored not in str(refusal.value)


@pytest.mark.parametrize(
    "stored",
    [
        BCRYPT.replace("$12$", "$04$"),
        BCRYPT.replace("$12$", "$07$"),
        SCRYPT.replace("ln=14", "ln=1"),
        SCRYPT.replace("ln=14", "ln=12"),
        PASSLIB.replace("29000", "1"),
        PASSLIB.replace("29000", "9999"),
        DJANGO.replace("600000", "1000"),
        DJANGO.replace("saltsaltsalt", "saltsal"),
        PHC.replace("210000", "5000"),
        ARGON2.replace("m=19456,t=2", "m=8,t=1"),
        ARGON2.replace("m=19456", "m=4095"),
        ARGON2.replace(SALT64, "c2FsdA"),
        ARGON2.replace(KEY64, "a2V5a2V5"),
    ],
)
def test_a_hash_that_protects_nothing_is_refused(stored: str) -> None:
    with pytest.raises(InvalidInput, match="too weak"):
        read(stored)


@pytest.mark.parametrize(
    "stored",
    [
        BCRYPT.replace("$12$", "$14$"),
        BCRYPT.replace("$12$", "$31$"),
        SCRYPT.replace("ln=14", "ln=18"),
        SCRYPT.replace("ln=14", "ln=999999999"),
        SCRYPT.replace("ln=14", "ln=30"),
        SCRYPT.replace("p=1", "p=9"),
        SCRYPT.replace("r=8", "r=999999999"),
        PASSLIB.replace("29000", "2000001"),
        PASSLIB.replace("29000", "999999999"),
        PHC.replace("210000", "1000001"),
        ARGON2.replace("m=19456", "m=131073"),
        ARGON2.replace("m=19456", "m=999999999"),
        ARGON2.replace("t=2", "t=54"),
        ARGON2.replace("t=2", "t=999999999"),
        ARGON2.replace("p=1", "p=9"),
        ARGON2.replace(SALT64, b64(b"s" * 65)),
        ARGON2.replace(KEY64, b64(b"k" * 65)),
    ],
)
def test_a_hash_that_would_cost_too_much_is_refused(stored: str) -> None:
    """Whoever imports it would choose what every guess costs the server."""
    with pytest.raises(InvalidInput, match="too costly"):
        read(stored)


@settings(max_examples=400)
@given(st.text(alphabet=st.sampled_from("$=,./+0123456789aAbBkKmMprtv_-ß"), max_size=MAX_HASH + 10) | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read(text)
    except InvalidInput:
        return


@settings(max_examples=400)
@given(st.sampled_from(GOOD), st.data())
def test_no_two_texts_spell_one_hash(good: str, data: st.DataObject) -> None:
    """N38: a changed character makes another hash or none, never the same in another spelling."""
    place = data.draw(st.integers(0, len(good) - 1))
    character = data.draw(st.characters(exclude_categories=["Cs"]))
    changed = good[:place] + character + good[place + 1 :]
    try:
        found = read(changed)
    except InvalidInput:
        return
    assert changed == good or found != read(good)


bounded = st.integers(1, 999_999_999)


@settings(max_examples=400)
@given(bounded, bounded, bounded, st.binary(min_size=1, max_size=70), st.binary(min_size=1, max_size=70))
def test_whatever_is_taken_is_within_the_bounds(one: int, two: int, three: int, salt: bytes, key: bytes) -> None:
    spellings: list[Callable[[], str]] = [
        lambda: f"$argon2id$v=19$m={one % 200_000},t={two % 80},p={three % 12}${b64(salt)}${b64(key)}",
        lambda: f"$scrypt$ln={one % 24},r={two % 24},p={three % 24}${b64(salt)}${b64(key)}",
        lambda: f"$pbkdf2-sha256$i={one % 4_000_000},l={len(key)}${b64(salt)}${b64(key)}",
    ]
    for spell in spellings:
        try:
            found = read(spell())
        except InvalidInput:
            continue
        if isinstance(found, Argon2):
            assert 8 * found.lanes <= found.memory <= 131_072
            assert 8192 <= found.memory * found.passes <= 1_048_576
        elif isinstance(found, Scrypt):
            assert 128 * found.r * found.n <= 134_217_728
            assert 65_536 <= found.n * found.r * found.p <= 1_048_576
        else:
            assert isinstance(found, Pbkdf2)
            assert 10_000 <= found.iterations <= 2_000_000


def test_a_read_hash_prints_neither_salt_nor_hash() -> None:
    """N37"""
    for stored in GOOD:
        shown = repr(read(stored))
        assert "b'" not in shown, shown
