"""Staff sign in with name and password, whatever their role."""

import pytest

from chargebill.core.roles import ADMINISTRATOR, ROLES
from tests.browser.conftest import every_look


@every_look
def test_the_sign_in_page_is_accessible(page, check_access):
    page.goto("/")

    assert page.get_by_role("button", name="Sign in").is_visible()
    check_access()


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_every_role_signs_in(role, page, sign_in_by_form):
    user = sign_in_by_form(role)

    assert page.get_by_label(f"Your account: {user.username}").is_visible()


def test_a_wrong_password_says_so_and_signs_nobody_in(page, staff):
    staff("Finance")
    page.goto("/login/")
    page.get_by_label("Username").fill("finance")
    page.get_by_label("Password").fill("not-the-password")
    page.get_by_role("button", name="Sign in").click()

    page.get_by_role("alert").wait_for()
    page.goto("/")
    assert page.get_by_role("button", name="Sign in").is_visible()
