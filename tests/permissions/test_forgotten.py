"""What no longer holds goes little by little, and goes in the end."""

import time

from airside.permissions.forgotten import LET_GO, Forgotten


def test_what_is_forgotten_is_all_given_back() -> None:
    forgotten = Forgotten()
    forgotten.add({})
    assert len(forgotten) == 0
    forgotten.add(dict.fromkeys(range(LET_GO)))
    forgotten.add(dict.fromkeys(range(2 * LET_GO + 1)))
    for left in (2 * LET_GO + 1, LET_GO + 1, LET_GO, 0, 0):
        forgotten.let_go()
        assert len(forgotten) == left


def test_no_step_takes_long_however_much_there_is() -> None:
    forgotten = Forgotten()
    forgotten.add({number: (number, str(number)) for number in range(200_000)})
    longest = 0.0
    for _ in range(2_000):
        begun = time.process_time()
        forgotten.let_go()
        longest = max(longest, time.process_time() - begun)
    assert len(forgotten) == 200_000 - 2_000 * LET_GO
    assert longest < 0.005
