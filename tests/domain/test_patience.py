"""Whoever waits too long is told, in the order in which they began; nobody else is."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from domain.patience import Patience

SHORT = 0.05


@given(ends=st.lists(st.booleans(), max_size=20))
def test_who_does_not_end_is_told_once_and_in_order(ends: list[bool]) -> None:
    async def told() -> list[int]:
        late, patience = list[int](), Patience(0)
        for who, _ in enumerate(ends):
            patience.begin(who, lambda who=who: late.append(who))  # type: ignore[misc]
        for who, ended in enumerate(ends):
            if ended:
                patience.end(who)
        await asyncio.sleep(SHORT / 10)
        return late

    assert asyncio.run(told()) == [who for who, ended in enumerate(ends) if not ended]


async def test_who_begins_later_waits_as_long() -> None:
    late, patience = list[str](), Patience(2 * SHORT)
    patience.begin("first", lambda: late.append("first"))
    await asyncio.sleep(SHORT)
    patience.begin("second", lambda: late.append("second"))
    await asyncio.sleep(1.5 * SHORT)
    assert late == ["first"]
    await asyncio.sleep(SHORT)
    assert late == ["first", "second"]
    patience.begin("third", lambda: late.append("third"))
    await asyncio.sleep(3 * SHORT)
    assert late[-1] == "third"
