"""The bridge: every step against sums made by hand from raw rows, and every gap as the difference they leave."""

import csv
import io
import random
from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.bridge import Bridge, bridge
from billing.models import (
    Cdr,
    Chargeable,
    Correction,
    Document,
    DocumentLine,
    JournalEntry,
    PaymentAllocation,
    Posting,
)
from billing.operations.credits import correct
from billing.operations.journal import post
from billing.payments import open_amounts
from chargebill.core.periods import days
from chargebill.core.roles import ADMINISTRATOR, ANALYST, AUDITOR, BILLING_CLERK, DISPUTE_AGENT, FINANCE, ROLES
from memberships.models import Customer, CustomerKind, Token
from stations.models import Session
from tests.closing.conftest import SEPTEMBER
from tests.documents.conftest import Operator, session
from tests.journal.books import credit, debit
from tests.payments.conftest import of, received

D, ZERO = Decimal, Decimal(0)
PERIOD = days(SEPTEMBER, date(2018, 9, 30))


def found(operator: Operator) -> Bridge:
    made = bridge(entity=operator.entity, period=PERIOD, currency="GBP")
    assert made.breaks == []
    return made


def steps(chain: object) -> dict[str, Decimal]:
    return {step.code: step.amount for step in chain}  # type: ignore[attr-defined]


def gaps(chain: object) -> dict[str, Decimal]:
    """By code; what is 0 left out."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for step in chain:  # type: ignore[attr-defined]
        for gap in step.gaps:
            sums[gap.code] += gap.amount
    return {code: amount for code, amount in sums.items() if amount}


def by_hand(operator: Operator) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Steps and gaps of energy and money from rows alone, one by one."""
    mine = {
        s.pk: s for s in Session.objects.filter(entity=operator.entity) if PERIOD.start <= s.local_end_date < (PERIOD.end or s)
    }
    cdrs = {cdr.pk: cdr for cdr in Cdr.objects.all()}
    step: dict[str, Decimal] = defaultdict(Decimal)
    gap: dict[str, Decimal] = defaultdict(Decimal)
    step["metered"] = sum((s.energy_kwh for s in mine.values()), ZERO)
    current = {}
    for row in Chargeable.objects.filter(pk__in=list(mine)):
        cdr = cdrs.get(row.cdr_id or 0)
        kwh = mine[row.pk].energy_kwh
        if cdr is None:
            gap["unpriced"] -= kwh
            continue
        if cdr.currency != "GBP":
            gap["other_currency"] -= kwh
            continue
        billed = kwh if cdr.energy_kwh is None else cdr.energy_kwh
        gap["reading"] += billed - kwh
        step["priced_kwh"] += billed
        step["priced"] += cdr.net_amount
        current[row.pk] = (row.state, cdr)
        name = {"history": "history", "internal": "free", "decided": "dropped"}.get(row.reason, "")
        name = name if row.state == "DROPPED" else {"HELD": "held", "READY": "ready", "CREDITED": "credited"}.get(row.state, "")
        if row.state == "DOCUMENTED":
            step["billed_kwh"] += billed
        else:
            gap[f"kwh {name}"] -= billed
        if name and name != "credited":
            gap[name] -= cdr.net_amount
    documents = {d.pk: d for d in Document.objects.filter(entity=operator.entity, currency="GBP")}
    holding = set()
    for line in DocumentLine.objects.all():
        document = documents.get(line.document_id)
        if document is None or line.session_id not in mine:
            continue
        if document.kind == "CREDIT_NOTE":
            gap["credit_notes"] -= line.net_amount
            step["credited_gross"] += line.gross_amount
        else:
            holding.add(document.pk)
            step["documented"] += line.net_amount
            step["lines_gross"] += line.gross_amount
    step["net"] = step["documented"] + gap["credit_notes"]
    step["gross"] = step["lines_gross"] - step["credited_gross"]
    whole = sum((documents[pk].gross_amount for pk in holding), ZERO)
    step["documents"] = whole - sum((d.gross_amount for d in documents.values() if d.corrects_id in holding), ZERO)
    gap["given_back"] = sum((c.returned_amount for c in Correction.objects.filter(document__in=holding)), ZERO)
    gap["open"] = -sum(open_amounts(holding).values(), ZERO)
    for part in PaymentAllocation.objects.filter(document__in=holding).select_related("payment"):
        step["collected"] += part.amount
        method = part.payment.method
        gap[{"TERMINAL": "terminals", "GATEWAY": "gateways", "CASH": "cash"}.get(method, "_bank")] -= part.amount
    step["bank"] = -gap.pop("_bank", ZERO)
    for name in ("credited_gross", "lines_gross"):
        step.pop(name, None)
    return dict(step), {name: amount for name, amount in gap.items() if amount}


def compare(operator: Operator) -> None:
    made = found(operator)
    step, gap = by_hand(operator)
    assert {**steps(made.energy), **steps(made.money)} == {name: step.get(name, ZERO) for name in ORDER}
    money, energy = gaps(made.money), gaps(made.energy)
    for name, amount in gap.items():
        assert (energy[name[4:]] if name.startswith("kwh ") else {**energy, **money}[name]) == amount, name


ORDER = (
    "metered", "priced_kwh", "billed_kwh", "priced", "documented", "net", "gross", "documents", "collected", "bank",
)  # fmt: skip


def test_a_month_worked_out_by_hand(month: Operator) -> None:
    month.issue()
    month.bring(session("R1", energy_kwh="5"), session("W1", end="10:03", energy_kwh="90"))
    month.bring(session("H1", energy_kwh="2"), mode="history")
    received(month, "5.07", (of("Ada"), "5.07"))
    received(month, "3.00", (of("Brewery"), "2.00"), method="CASH")
    made = found(month)

    # 10 + 7.5 + 12.34 + 0.33 + 3.31 + 8.07 + 20 and 5, 90, 2.
    assert steps(made.energy) == {"metered": D("158.55"), "priced_kwh": D("158.55"), "billed_kwh": D("61.55")}
    assert gaps(made.energy) == {"ready": D(-5), "held": D(-90), "history": D(-2)}
    assert steps(made.money) == {
        "priced": D("52.86"), "documented": D("20.52"), "net": D("20.52"), "gross": D("24.62"), "documents": D("24.62"),
        "collected": D("7.07"), "bank": D("5.07"),
    }  # fmt: skip
    # Prices of 2.00, 36.00 and 0.80 incl. 20 %.
    assert gaps(made.money) == {
        "ready": D("-1.67"), "held": D("-30.00"), "history": D("-0.67"), "tax": D("4.10"), "open": D("-17.55"),
        "cash": D("-2.00"),
    }  # fmt: skip
    compare(month)


def test_sessions_of_other_days_on_the_same_invoice_and_what_was_taken_back(month: Operator) -> None:
    month.bring(session("OLD", day="2018-08-30", token="T-Ada", energy_kwh="10"))
    month.issue()
    received(month, "6.00", (of("Ada"), "6.00"))
    correct(document=of("Ada"), key="1", amounts=None, reason="Wrong meter", returned_to="CREDIT", actor=None, at=timezone.now())
    made = found(month)
    assert gaps(made.money)["credit_notes"] == D("-4.23")
    # 9.07 on the invoice, 3.07 of it open: taken off; 6.00 were paid.
    assert gaps(made.money)["given_back"] == D("6.00")
    assert gaps(made.energy)["credited"] == D("-12.67")
    compare(month)


@pytest.mark.parametrize("seed", range(3))
def test_random_months_agree_with_their_rows(operator: Operator, seed: int) -> None:
    chance = random.Random(seed)
    free = Customer.objects.create(entity=operator.entity, kind=CustomerKind.INTERNAL, name="Us", number="C-U")
    Token.objects.create(entity=operator.entity, uid="T-Us", customer=free)
    tokens = ["", "", "T-Ada", "T-Brewery", "T-Us"]

    def rows(prefix: str, count: int) -> list[str]:
        made = []
        for n in range(count):
            day, doubtful = date(2018, 9, 1).toordinal() + chance.randint(-6, 35), chance.random() < 0.1
            kwh = "90" if doubtful else f"{chance.randint(1, 4000) / 100}"
            cells = {"day": date.fromordinal(day).isoformat(), "end": "10:03" if doubtful else "12:30", "energy_kwh": kwh}
            made.append(session(f"{prefix}{n}", token=chance.choice(tokens), **cells))
        return made

    operator.bring(*rows("B", 25))
    operator.bring(*rows("H", 5), mode="history")
    amounts = [row + f"{chance.randint(100, 900) / 100},GBP" for row in (r.rsplit(",", 2)[0] + "," for r in rows("C", 6))]
    operator.bring(*amounts, mode="collected")
    operator.issue()
    operator.bring(*rows("L", 6))
    for document in Document.objects.order_by("pk"):
        still = open_amounts([document.pk])[document.pk]
        if still > 1 and chance.random() < 0.6:
            part = still if chance.random() < 0.5 else (still / 3).quantize(D("0.01"))
            method = chance.choice(["BANK", "CASH", "GATEWAY"])
            card = {"gateway": "card", "gateway_reference": f"ch_{document.pk}"} if method == "GATEWAY" else {}
            received(operator, part, (document, part), method=method, **card)
        if chance.random() < 0.3:
            line = document.lines.first()
            side = line.net_amount if document.anchor == "NET" else line.gross_amount
            wanted = {line.pk: (side / 2).quantize(D("0.01"))} if side > 1 else None
            to = "CREDIT" if document.customer_id else "REFUND"
            correct(document=document, key="1", amounts=wanted, reason="Because", returned_to=to, actor=None, at=timezone.now())
    assert PaymentAllocation.objects.count() > 5
    assert Correction.objects.count() > 1
    compare(operator)


def test_takings_by_the_books(operator: Operator) -> None:
    """100 taken, 60 paid out less 2 of fees, 10 of them not arrived; another month's are not looked at."""
    at = timezone.now()
    lines = [
        (date(2018, 9, 3), [debit("1055", "100", "GBP"), credit("1100", "80", "GBP"), credit("2090", "20", "GBP")]),
        (date(2018, 9, 9), [debit("1000", "48", "GBP"), debit("6000", "2", "GBP"), credit("1055", "50", "GBP")]),
        (date(2018, 9, 20), [debit("1060", "10", "GBP"), credit("1055", "10", "GBP")]),
        (date(2018, 9, 21), [debit("1050-card", "30", "GBP"), credit("1100", "30", "GBP")]),
        (date(2018, 9, 22), [debit("2050", "5", "GBP"), credit("1050-card", "5", "GBP")]),
        (date(2018, 9, 23), [debit("1000", "7", "GBP"), credit("1100", "7", "GBP")]),
        (date(2018, 10, 1), [debit("1000", "40", "GBP"), credit("1055", "40", "GBP")]),
    ]
    for n, (day, legs) in enumerate(lines):
        source = {"source_type": "t", "source_id": "1", "description": "x"}
        post(entity=operator.entity, key=f"t:{n}:1", effective_date=day, legs=legs, **source, actor=None, at=at)
    made = found(operator)
    assert steps(made.takings) == {"taken": D(130), "paid_out": D(58), "arrived": D(48)}
    assert gaps(made.takings) == {"fees": D(-2), "lies": D(-65), "other": D(-5), "in_transit": D(-10)}
    assert JournalEntry.objects.count() == 7
    assert Posting.objects.filter(account__code="1055").count() == 4


def test_the_page_leads_to_its_lists_and_the_csv_says_the_same(complete: Operator, client_of) -> None:
    complete.bring(session("R1"), session("W1", end="10:03", energy_kwh="90"))
    client = client_of(ADMINISTRATOR)
    address = "?from=2018-09-01&to=2018-09-30"
    page = client.get(f"/bridge/{address}")
    rows = [row for *_, steps in page.context["chains"] for step in steps for row in (step, *step["gaps"])]
    links = {row["link"] for row in rows if row["link"]}
    assert len(links) >= 8
    assert {client.get(link).status_code for link in links} == {200}
    held = next(row for row in rows if row["code"] == "held")
    assert client.get(held["link"]).context["page"].count == held["count"] == 1
    said = list(csv.DictReader(io.StringIO(b"".join(client.get(f"/bridge/bridge.csv{address}")).decode())))
    made = found(complete)
    of_steps = {r["code"]: D(r["amount"]) for r in said if r["row"] == "step" and r["chain"] != "takings"}
    assert of_steps == {**steps(made.energy), **steps(made.money)}
    documents = client.get(f"/bridge/documents/{address}")
    assert documents.context["page"].paginator.count == 5


def test_who_sees_it_and_what_it_says_without_anything(operator: Operator, client_of) -> None:
    for name in ("", "documents/", "bridge.csv"):
        opened = {role for role in (ADMINISTRATOR, *ROLES) if client_of(role).get(f"/bridge/{name}").status_code == 200}
        assert {ADMINISTRATOR, FINANCE, AUDITOR, BILLING_CLERK, DISPUTE_AGENT} <= opened
        assert ANALYST not in opened
    clerk = client_of(BILLING_CLERK)
    assert "Nothing happened in these days" in clerk.get("/bridge/").content.decode()
    assert "Give both dates" in clerk.get("/bridge/?from=soon").content.decode()
    assert "No session of these days stands on a document" in clerk.get("/bridge/documents/").content.decode()
    assert "No document is open" in clerk.get("/bridge/documents/?only=open").content.decode()


def test_the_same_queries_for_few_and_many(operator: Operator) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            found(operator)
        return len(captured)

    operator.bring(session("A0"))
    few = queries()
    operator.bring(*(session(f"A{n}") for n in range(1, 30)))
    operator.issue()
    assert queries() == few == 7
