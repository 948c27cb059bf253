"""The access log: newest first, in the resident's language, without what the law delays."""

from uuid import UUID

from tests.api.region import Region, open_study

LOG = "/v1/me/access-log"


async def used(region: Region, resident_id: UUID, samples: int, visible: str = "now()") -> None:
    sql = f"""
        INSERT INTO access (resident_id, study_id, purpose, categories, samples, grant_seqs, visible_from)
        SELECT $1, study_id, 'research', '{{heart}}', $2, '{{1}}', {visible} FROM study
    """  # noqa: S608 - a test's own words
    await region.admin.execute(sql, resident_id, samples)


async def test_it_is_read_newest_first_page_by_page(region: Region) -> None:
    await open_study(region)
    anna = await region.resident("anna")
    for samples in range(5):
        await used(region, anna, samples)
    seen, query = [], "?limit=2"
    while query:
        page = (await region.get("anna", LOG + query)).json()
        seen += [one["samples"] for one in page["items"]]
        query = f"?limit=2&cursor={page['next']}" if page["next"] else ""
    assert seen == [4, 3, 2, 1, 0]


async def test_it_leaves_out_what_the_law_delays(region: Region) -> None:
    await open_study(region)
    anna = await region.resident("anna")
    await used(region, anna, 1, "now() + interval '1 day'")
    await used(region, anna, 2, "now() - interval '1 day'")
    page = (await region.get("anna", LOG)).json()
    assert [one["samples"] for one in page["items"]] == [2]


async def test_studies_are_named_in_the_resident_s_language(region: Region) -> None:
    await open_study(region)
    anna = await region.resident("anna")
    await used(region, anna, 1)
    await region.admin.execute("UPDATE resident SET language = 'sv-x-easy'")
    (entry,) = (await region.get("anna", LOG)).json()["items"]
    assert entry["study_title"] == "Hjärtat"


async def test_nobody_reads_another_s(region: Region) -> None:
    await open_study(region)
    await used(region, await region.resident("anna"), 1)
    await region.resident("bo")
    assert (await region.get("bo", LOG)).json()["items"] == []
