"""Who holds to terms that have changed materially is told once to read them again."""

import pytest

from domain.db import open_pool
from domain.rights import rounds
from tests.api.region import OpenStudy, Region, consent, notice
from tests.database import Database


@pytest.mark.parametrize(("change", "times"), [("material", 1), ("minor", 0)])
async def test_terms_that_change_materially_are_to_be_read_again(
    region: Region, database: Database, study: OpenStudy, change: str, times: int
) -> None:
    anna = await region.resident("anna")
    await consent(region, anna, study)
    await region.resident("bo")
    terms = notice(study.study_id, study.item_id, supersedes=1, change=change)
    published = await region.post("maker", "/v1/notices", terms)
    assert published.status_code == 201, published.text
    async with await open_pool(database.dsn("worker"), 2) as worker:
        for _ in range(2):
            await rounds.go(worker)
    sql = "SELECT resident_id FROM message WHERE kind = 'consent-to-review'"
    rows = await region.admin.fetch(sql)
    assert [row["resident_id"] for row in rows] == [anna] * times
