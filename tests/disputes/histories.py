"""Random small histories of cases, lived through the product's own operations, workers included."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from billing.models import RefundDue
from billing.operations.refund_moves import pay_by_hand
from chargebill import case_execution
from chargebill.core.models import User
from disputes.facts import Said
from disputes.models import Case, CaseMessage
from disputes.offers import open_items
from disputes.operations.clock_steps import ring_clocks
from disputes.operations.moves import move
from disputes.operations.offers import Terms, accept_offer, answer, decline_offer
from disputes.operations.thread import add_message, assign, sort_case
from disputes.workflow.states import Role, State
from tests.disputes.conftest import line_of, opened
from tests.documents.conftest import Operator, session
from tests.payments.conftest import received

PLACES = ("Hub", "Quay", "Mill")
FIRST = datetime(2018, 10, 3, 7, tzinfo=UTC)


def network(operator: Operator, drivers: int = 22) -> list[str]:
    """Receipts and invoices of September at three places, some in euros; numbers of their sessions."""
    rows, euros, numbers = [], [], []
    for n in range(drivers):
        number, day = f"S{n:02}", f"2018-09-{3 + n % 20:02}"
        more = {"location": PLACES[n % 3], "energy_kwh": f"{5 + n}.5", "day": day}
        if n % 4 == 3:
            euros.append(session(number, **more, amount="6.40", currency="EUR"))
        else:
            rows.append(session(number, **more, **({"token": "T-Ada"} if n % 3 == 0 else {})))
        numbers.append(number)
    operator.bring(*rows)
    operator.bring(*euros, mode="collected")
    operator.issue()
    return numbers


class Life:
    """One case and its own clock, always on whole minutes. Before each thing a person does the workers ring what is due."""

    def __init__(self, chance: Random, agent: User, supervisor: User, number: str, at: datetime, **more: object) -> None:
        self.chance, self.agent, self.supervisor, self.at = chance, agent, supervisor, at
        self.case = opened(number, actor=agent, at=at, **more)

    def later(self, most_hours: int = 60) -> datetime:
        self.at += timedelta(minutes=self.chance.randint(1, most_hours * 60))
        self.ring()
        return self.at

    def ring(self) -> None:
        self.case = Case.objects.get(pk=self.case.pk)
        while self.case.wake_at and self.case.wake_at <= self.at:
            at = self.case.wake_at
            ring_clocks(case=self.case, at=at)
            self.case = Case.objects.get(pk=self.case.pk)
            if self.case.wake_at == at:
                break

    def worked_on(self) -> None:
        assign(cases=[self.case], assignee=self.agent, role=Role.AGENT, actor=self.agent, at=self.later())
        self.case = Case.objects.get(pk=self.case.pk)
        self.case = move(case=self.case, target=State.INVESTIGATING, role=Role.AGENT, actor=self.agent, at=self.later())

    def says(self) -> None:
        kind = CaseMessage.Kind.TO_DRIVER
        add_message(case=self.case, kind=kind, body="We look.", role=Role.AGENT, actor=self.agent, at=self.later())

    def offer(self, amount: str, **more: str) -> None:
        """An amount for its first item, or "" for nothing, or "all" conceded in full."""
        (first, *_) = open_items(self.case)
        wanted = Decimal(amount) if amount not in ("", "all") else None
        if amount == "all":
            wanted = self.case.claimed_amount or first.left_gross
            sort_case(
                case=self.case, cause=self.case.cause, claimed_amount=wanted, role=Role.AGENT, actor=self.agent, at=self.later()
            )
        given = {
            "kind": "CONCESSION" if amount == "all" else "OFFER", "letter": "Here.", "reason": "meter",
            "amounts": {first.item.pk: wanted} if wanted else {}, **more,
        }  # fmt: skip
        offer = answer(case=self.case, terms=Terms(**given), role=Role.SUPERVISOR, actor=self.supervisor, at=self.later())
        if amount != "all":
            accept_offer(case=self.case, version=offer.version, at=self.later())

    def put_right(self) -> None:
        """Executed, and what is owed paid at the desk; the case is resolved then."""
        case_execution.execute(case=Case.objects.get(pk=self.case.pk), at=self.later())
        for due in RefundDue.objects.filter(refunds__isnull=True):
            day = self.at.date()
            pay_by_hand(
                due=due, key=f"d{due.pk}", amount=due.amount, method="CASH", paid_on=day, actor=self.agent, at=self.later()
            )
        self.case = case_execution.execute(case=Case.objects.get(pk=self.case.pk), at=self.later())


def _open(life: Life) -> None:
    life.later()


def _answered(life: Life) -> None:
    life.worked_on()
    life.says()


def _withdrawn(life: Life) -> None:
    if life.chance.random() < 0.5:
        _answered(life)
    move(case=life.case, target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=life.later(), said=Said(text="Never mind."))


def _inadmissible(life: Life) -> None:
    said = Said(text="Not ours.", code="not_ours")
    move(case=life.case, target=State.INADMISSIBLE, role=Role.SUPERVISOR, actor=life.supervisor, at=life.later(), said=said)


def _agreed(amount: str, **more: str) -> Callable[[Life], None]:
    def live(life: Life) -> None:
        life.worked_on()
        if life.chance.random() < 0.5:
            life.says()
        life.offer(amount, **more)
        life.put_right()
        if life.chance.random() < 0.3:
            # Closed after fourteen days of silence.
            life.at += timedelta(days=20)
            life.ring()

    return live


def _declined(life: Life) -> None:
    life.worked_on()
    offer = answer(
        case=life.case, terms=Terms(kind="OFFER", amounts={}, letter="No.", reason="fine"), role=Role.AGENT, actor=life.agent,
        at=life.later(),
    )  # fmt: skip
    decline_offer(case=life.case, version=offer.version, text="No!", at=life.later())
    life.at += timedelta(days=31)
    life.ring()


def _reopened(life: Life) -> None:
    _agreed("0.50")(life)
    said = Said(text="The station's log shows a fault.")
    at = life.later(4)
    life.case = Case.objects.get(pk=life.case.pk)
    life.case = move(case=life.case, target=State.INVESTIGATING, role=Role.SUPERVISOR, actor=life.supervisor, at=at, said=said)
    life.offer("0.30")
    life.put_right()


WAYS: tuple[Callable[[Life], None], ...] = (
    _open, _answered, _withdrawn, _inadmissible, _agreed("0.50"), _agreed("all"), _agreed(""), _agreed("0.70", way="GOODWILL"),
    _declined, _reopened,
)  # fmt: skip


def lived(chance: Random, operator: Operator, agent: User, supervisor: User, numbers: list[str]) -> None:
    """Each session gets a case with a history of its own, every way at least once where there are enough; two are merged."""
    left = list(numbers)
    chance.shuffle(left)
    _paid(operator, left)
    ways = [*WAYS, *(chance.choice(WAYS) for _ in left)]
    causes, channels = ("ENERGY", "IDLE", "PRICE"), ("PHONE", "EMAIL", "LETTER")
    mine: list[Life] = []
    for number in left:
        at = FIRST + timedelta(minutes=chance.randint(0, 120 * 24 * 60))
        if line_of(number).document.customer_id and len(mine) % 2:
            at = mine[-1].at + timedelta(minutes=chance.randint(1, 4000))
        more = {"cause": chance.choice(causes), "channel": chance.choice(channels)}
        if chance.random() < 0.3:
            more["claimed_amount"] = Decimal("0.50")
        life = Life(chance, agent, supervisor, number, at, **more)
        if life.case.customer_id:
            mine.append(life)
            if len(mine) % 2 == 0:
                _merge(mine[-1], mine[-2])
                continue
            life.ring()
            continue
        ways.pop(0)(life)


def _merge(one: Life, other: Life) -> None:
    """The later of two of one customer into the earlier, or the other way round, while both are new."""
    first, second = sorted((one, other), key=lambda life: life.at)
    source, target = (first, second) if one.chance.random() < 0.5 else (second, first)
    at = second.at + timedelta(minutes=one.chance.randint(1, 600))
    if source.case.state != State.NEW or target.case.state != State.NEW:
        return
    said = Said(into=target.case)
    move(case=source.case, target=State.MERGED, role=Role.AGENT, actor=one.agent, at=at, said=said)
    target.at = at
    target.ring()
    _agreed("0.50")(target) if one.chance.random() < 0.5 else _answered(target)


def _paid(operator: Operator, numbers: list[str]) -> None:
    """Every third receipt was paid by bank, so that what is given back of it is owed."""
    for number in numbers[::3]:
        document = line_of(number).document
        if document.currency == "GBP" and document.customer_id is None:
            received(operator, document.gross_amount, (document, document.gross_amount))
