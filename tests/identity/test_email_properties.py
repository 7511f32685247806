"""The normal form is a normal form, whatever is typed."""

from hypothesis import given
from hypothesis import strategies as st

from airside.core.errors import InvalidInput
from airside.identity import normalise
from airside.identity.email import MAX_EMAIL, read

ADDRESSES = st.one_of(
    st.text(max_size=40),
    st.builds("{}@{}".format, st.text(max_size=20), st.text(max_size=20)),
    st.builds(
        "{}@{}".format, st.text(max_size=20), st.sampled_from(["example.com", "Müller.example", "ドメイン.テスト"])
    ),
    st.emails(),
)


@given(ADDRESSES)
def test_anything_is_normalised_or_refused_and_normalising_again_changes_nothing(text: str) -> None:
    try:
        mailbox = read(text)
    except InvalidInput:
        return
    assert normalise(mailbox.key) == mailbox.key
    assert normalise(mailbox.address) == mailbox.key
    assert mailbox.key.count("@") == 1
    assert len(mailbox.key) <= MAX_EMAIL
    assert mailbox.key.isprintable()
