"""An episode ends with the consent it rests on, and with nothing less."""

from uuid import UUID, uuid4

import pytest
from asyncpg import Connection

from domain.consents import store as consents
from domain.consents.model import ConsentAnswer, Scope
from domain.db import begin
from domain.studies import enrolments
from tests.people import make_notice, make_resident, make_study, publish


async def joined(
    admin: Connection, conn: Connection, *, past_only: bool = False
) -> tuple[UUID, UUID, UUID, UUID]:
    """A resident in a study with a required item and an optional one, both permitted."""
    resident, study = await make_resident(admin), await make_study(admin)
    needed, optional = uuid4(), uuid4()
    notice = await make_notice(admin, study)
    await publish(admin, notice, 1, {needed: ["heart", "sleep"], optional: ["activity"]})
    await admin.execute("UPDATE consent_item SET required = item_id = $1", needed)
    async with begin(conn, resident=resident):
        for item in (needed, optional):
            future = not (past_only and item == needed)
            answer = ConsentAnswer(
                item_id=item, notice_version=1, language="en", decision="permit", future=future,
                seen_seq=await consents.seq(conn, resident),
            )  # fmt: skip
            await consents.record(conn, resident, [answer], resident)
        await enrolments.enrol(conn, resident, study)
    return resident, study, needed, optional


async def live(admin: Connection) -> bool:
    found: bool = await admin.fetchval("SELECT ended_at IS NULL FROM enrolment")
    return found


async def withdraw(conn: Connection, resident: UUID, scope: Scope, effect: str = "stop") -> None:
    async with begin(conn, resident=resident):
        await consents.close(conn, resident, "withdraw", scope, resident, effect=effect)  # type: ignore[arg-type]
        await enrolments.end(conn, resident, scope)


@pytest.mark.parametrize("effect", ["stop", "no-further-use", "erase"])
async def test_withdrawing_a_required_item_ends_it(
    admin: Connection, conn: Connection, effect: str
) -> None:
    resident, _, needed, _ = await joined(admin, conn)
    await withdraw(conn, resident, Scope(scope="item", item_id=needed), effect)
    assert not await live(admin)


async def test_withdrawing_an_optional_item_does_not(admin: Connection, conn: Connection) -> None:
    resident, _, _, optional = await joined(admin, conn)
    await withdraw(conn, resident, Scope(scope="item", item_id=optional))
    assert await live(admin)


async def test_a_required_item_stands_while_one_of_its_categories_does(
    admin: Connection, conn: Connection
) -> None:
    resident, *_ = await joined(admin, conn)
    await withdraw(conn, resident, Scope(scope="category", category="heart"))
    assert await live(admin)
    await withdraw(conn, resident, Scope(scope="category", category="sleep"))
    assert not await live(admin)


async def test_a_required_item_over_past_data_alone_is_not_ended_by_another_withdrawal(
    admin: Connection, conn: Connection
) -> None:
    resident, _, _, optional = await joined(admin, conn, past_only=True)
    await withdraw(conn, resident, Scope(scope="item", item_id=optional))
    assert await live(admin)


async def test_withdrawing_from_the_study_or_from_all_ends_it(
    admin: Connection, conn: Connection
) -> None:
    resident, study, *_ = await joined(admin, conn)
    await withdraw(conn, resident, Scope(scope="study", study_id=uuid4()))
    assert await live(admin)
    await withdraw(conn, resident, Scope(scope="study", study_id=study))
    assert not await live(admin)


async def test_which_study_would_be_left_is_told_beforehand(
    admin: Connection, conn: Connection
) -> None:
    resident, study, needed, optional = await joined(admin, conn)
    leaves = {
        Scope(scope="item", item_id=needed): [study],
        Scope(scope="item", item_id=optional): [],
        Scope(scope="category", category="heart"): [],
        Scope(scope="study", study_id=study): [study],
        Scope(scope="everything"): [study],
    }
    async with begin(conn, resident=resident):
        for scope, left in leaves.items():
            assert await enrolments.leaving(conn, resident, scope) == left


async def test_a_code_says_nothing_of_the_resident_or_the_time(
    admin: Connection, conn: Connection
) -> None:
    resident, study, *_ = await joined(admin, conn)
    async with begin(conn, study=study):
        (code,) = (await enrolments.codes(conn, study, [resident])).values()
        assert await enrolments.participants(conn, study, None, 10) == [(code, resident)]
    assert code.version == 4
    async with begin(conn, study=uuid4()):
        assert await enrolments.participants(conn, study, None, 10) == []
