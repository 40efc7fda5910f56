"""Two people submit an answer at once: one counts."""

from typing import Any

import pytest

from chargebill.core.models import User
from disputes.answer_models import ChargebackSubmission
from tests.at_once import AtOnce
from tests.disputes.test_chargeback_answers import media, staged, submitted
from tests.disputes.test_chargebacks import Document, ada, clean, written

__all__ = ["ada", "media"]
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_an_answer_is_submitted_once(
    at_once: AtOnce, ada: Document, media: None, agent: User, supervisor: User, staff: Any, full_size: bool
) -> None:
    people = [supervisor, staff("Finance"), staff("Administrator"), supervisor]
    for number in range(1, (50 if full_size else 4) + 1):
        made = written(ada, reference=f"CB-{number}")
        answer = staged(made, agent)
        came = at_once(*[lambda by=by: submitted(answer, by) for by in people])  # type: ignore[misc] # noqa: B023
        assert (came.count("done"), came.count("submitted")) == (1, 3), came
        made.refresh_from_db()
        assert (made.status, ChargebackSubmission.objects.count()) == ("UNDER_REVIEW", number)
        assert [event.kind for event in made.events.all()] == ["MOVED", "STAGED", "ANSWERED", "MOVED"]
    assert clean()
