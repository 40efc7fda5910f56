"""A demo's year told without a database: the rows of both companies and the plan of what is expected of them."""

from datetime import UTC, datetime

from chargebill.portal.demo.drawn import Drawn
from chargebill.portal.demo.filling import cast, shares
from chargebill.portal.demo.story import Story
from chargebill.portal.demo.telling import Teller, open_story, wanted
from chargebill.portal.demo.usage import year

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)


def told(sessions: int, *, seed: int = 1, at: datetime = AT) -> list[tuple[Story, list[Drawn]]]:
    """Each company's story once it is told, and its rows in the order they were."""
    companies = []
    for company, count, connectors in shares(sessions):
        places, folk, when = cast(company, count, connectors, seed, at)
        story = open_story(company, places, folk, when, seed=seed, count=count)
        rows: list[Drawn] = []
        for _ in year(story.street, count, Teller(story, wanted(story, count), rows.append)):
            pass
        companies.append((story, rows))
    return companies
