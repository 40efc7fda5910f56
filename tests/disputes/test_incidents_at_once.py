"""Two people agree to one incident, and two workers carry it out, at the same moment: one word, each bill credited once."""

from decimal import Decimal
from pathlib import Path

import pytest

from billing.book_checks import check_books
from billing.document_models import Document
from chargebill.core.models import Job, User
from disputes.incident_models import Incident, IncidentConfirmation, IncidentLetter
from disputes.operations.incidents import resume_incident
from disputes.outcome_models import Offer
from tests.at_once import AtOnce
from tests.disputes.conftest import opened
from tests.disputes.incidents import AT, approved, carried_out, of_percent, proposed
from tests.documents.conftest import make_operator, session

pytestmark = [pytest.mark.postgresql, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ROUNDS = 3


def test_two_agree_at_once_and_it_happens_once(tmp_path: Path, at_once: AtOnce) -> None:
    operator = make_operator(tmp_path)
    operator.bring(*(session(f"S{n}", energy_kwh=f"{5 + n}.3") for n in range(6)))
    operator.issue()
    case = opened("S0", claimed_amount=Decimal("0.20"))
    supervisor, first, second = (User.objects.create(username=name) for name in ("supervisor", "first", "second"))
    for number in range(1, ROUNDS + 1):
        # Each takes back a tenth more than the one before.
        incident = proposed(operator, supervisor, of_percent(str(10 * number)))
        said = at_once(
            lambda one=incident: approved(one, first),
            lambda one=incident: approved(one, second),
            lambda one=incident: approved(one, supervisor),
        )
        assert said.count("done") == 1
        assert set(said) <= {"done", "already_confirmed", "own_decision"}
        assert IncidentConfirmation.objects.filter(pk=incident.pk).count() == 1
        assert Job.objects.filter(kind="incident", params__incident=incident.pk).count() == 1
        incident = Incident.objects.get(pk=incident.pk)
        # A worker takes the job once; the other finds it taken.
        at_once(lambda one=incident: carried_out(one), lambda one=incident: carried_out(one))
        assert Incident.objects.get(pk=incident.pk).state == "done"
        assert Document.objects.filter(kind="CREDIT_NOTE").count() == 6 * number
        assert IncidentLetter.objects.filter(incident=incident).count() == 6
        # The first gave back all that was claimed; the others only say what they took back besides.
        assert Offer.objects.filter(case=case).count() == 1
        assert case.messages.filter(kind="TO_DRIVER").count() == number
        again = at_once(lambda one=incident: resume_incident(incident=one, actor=first, at=AT))
        assert again == ["incident_not_stopped"]
    assert [one.message for one in check_books().breaks] == []
