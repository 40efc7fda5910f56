"""The bridge in a browser: a wrong date first, then figures, gaps and the lists behind them, on every screen."""

from datetime import date
from typing import Any

from playwright.sync_api import Page, expect

from chargebill.core.roles import FINANCE
from tests.browser.conftest import every_look
from tests.closing.conftest import complete, month, operator, session
from tests.documents.conftest import Operator
from tests.payments.conftest import of, received

__all__ = ["complete", "month", "operator"]


@every_look
def test_a_figure_is_followed_to_the_sessions_that_make_the_difference(
    page: Page, sign_in: Any, check_access: Any, complete: Operator
) -> None:
    complete.bring(session("R1"), session("W1", end="10:03", energy_kwh="90"))
    received(complete, "5.07", (of("Ada"), "5.07"), received_on=date(2018, 10, 1))
    sign_in(FINANCE)
    page.goto("/bridge/?from=soon")
    expect(page.get_by_role("alert")).to_contain_text("Give both dates as year-month-day")
    check_access()
    page.goto("/bridge/?from=2018-09-01&to=2018-09-30")
    expect(page.locator("[data-step=metered]")).to_contain_text("161.550 kWh")
    expect(page.locator("[data-step=bank]")).to_contain_text("5.07")
    check_access()
    page.locator("#bridge-money [data-gap=open]").get_by_role("link").press("Enter")
    expect(page.locator("tbody tr")).to_have_count(4)
    check_access()
    page.go_back()
    page.locator("#bridge-money [data-gap=held]").get_by_role("link").press("Enter")
    expect(page.get_by_role("link", name="W1").first).to_be_visible()
    page.goto("/bridge/?from=2031-01-01&to=2031-01-31")
    expect(page.locator(".cb-empty h2")).to_have_text("Nothing happened in these days")
    check_access()
