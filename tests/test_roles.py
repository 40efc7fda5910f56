"""Roles: stored as declared, given by Administrators only, and never all taken away."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from chargebill.core.models import AuditEvent, User
from chargebill.core.roles import ADMINISTRATOR, ANALYST, AUDITOR, IN_SHORT, ROLES, permissions_of
from tests.rows import company

EVERY_ROLE = (ADMINISTRATOR, *ROLES)


def stored(role: str) -> set[str]:
    rows = Permission.objects.filter(group__name=role).values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in rows}


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_what_a_role_may_do_is_stored_as_declared(db: None, role: str) -> None:
    assert stored(role) == permissions_of(role)


def test_migrating_again_puts_a_changed_role_right(db: None) -> None:
    Group.objects.get(name=AUDITOR).permissions.add(*Permission.objects.filter(codename="change_session"))
    Group.objects.get(name=ADMINISTRATOR).permissions.clear()
    call_command("migrate", verbosity=0)
    assert stored(AUDITOR) == permissions_of(AUDITOR)
    assert stored(ADMINISTRATOR) == permissions_of(ADMINISTRATOR)


def test_the_auditor_reads_everything_and_changes_nothing() -> None:
    names = permissions_of(AUDITOR)
    assert {name.split(".")[1].split("_")[0] for name in names} == {"view"}
    assert names == {name for name in permissions_of(ADMINISTRATOR) if ".view_" in name}


def test_the_analyst_sees_no_personal_data() -> None:
    assert not [name for name in permissions_of(ANALYST) if name.startswith("memberships.") or "user" in name]
    assert "stations.view_session" in permissions_of(ANALYST)


def test_only_the_administrator_lets_people_in() -> None:
    verbs = {role: {n for n in permissions_of(role) if n.endswith("_user")} for role in EVERY_ROLE}
    assert {role for role, names in verbs.items() if names - {"core.view_user"}} == {ADMINISTRATOR}
    assert {role for role, names in verbs.items() if names} == {ADMINISTRATOR, AUDITOR}


def test_every_role_says_what_it_is_for() -> None:
    assert set(IN_SHORT) == set(EVERY_ROLE)


def test_nobody_can_change_roles_themselves_or_look_at_the_task_queue() -> None:
    labels = {model._meta.label for model in admin.site._registry}
    assert not labels & {"auth.Group", "auth.Permission", "django_tasks_database.DBTaskResult"}


@pytest.fixture
def administrator(client: Client, staff: Callable[[str], User]) -> Client:
    client.force_login(staff(ADMINISTRATOR))
    return client


def role_pk(name: str) -> str:
    return str(Group.objects.get(name=name).pk)


def test_a_new_person_gets_a_role_and_can_do_its_work(administrator: Client) -> None:
    data = {
        "username": "petra",
        "password1": "a-long-enough-word",
        "password2": "a-long-enough-word",
        "groups": role_pk("Finance"),
    }
    administrator.post(reverse("admin:core_user_add"), data)
    petra = User.objects.get(username="petra")
    assert (petra.is_staff, petra.is_superuser, [g.name for g in petra.groups.all()]) == (True, False, ["Finance"])
    assert petra.has_perm("core.change_legalentity")
    event = AuditEvent.objects.get(action="user.add")
    assert event.changes == {
        "username": [None, "petra"],
        "password": ["(not shown)", "(not shown)"],
        "roles": [None, ["Finance"]],
    }
    assert "a-long-enough-word" not in str(AuditEvent.objects.values_list("changes", flat=True))


def person(user: User, **other: object) -> dict[str, object]:
    roles = [str(pk) for pk in user.groups.values_list("pk", flat=True)]
    return {"username": user.username, "email": user.email, "is_active": "on", "groups": roles, **other}


def test_a_changed_role_is_kept_with_old_and_new(administrator: Client, staff: Callable[[str], User]) -> None:
    clerk = staff("Billing clerk")
    administrator.post(reverse("admin:core_user_change", args=[clerk.pk]), person(clerk, groups=[role_pk("Finance")]))
    assert [group.name for group in clerk.groups.all()] == ["Finance"]
    assert AuditEvent.objects.get(action="user.change").changes == {"roles": [["Billing clerk"], ["Finance"]]}


def test_a_new_password_leaves_an_event_without_the_password(administrator: Client, staff: Callable[[str], User]) -> None:
    clerk = staff("Billing clerk")
    data = {"password1": "another-long-word", "password2": "another-long-word"}
    administrator.post(reverse("admin:auth_user_password_change", args=[clerk.pk]), data)
    clerk.refresh_from_db()
    assert clerk.check_password("another-long-word")
    assert AuditEvent.objects.get(action="user.change").changes == {"password": ["(not shown)", "(not shown)"]}


@pytest.mark.parametrize("loses", ["role", "access"])
def test_the_last_administrator_stays_one(administrator: Client, staff: Callable[[str], User], loses: str) -> None:
    me = staff(ADMINISTRATOR)
    less = {"groups": []} if loses == "role" else {"is_active": ""}
    url = reverse("admin:core_user_change", args=[me.pk])
    page = administrator.post(url, person(me, **less))
    assert "This is the last Administrator" in str(page.context["errors"])
    me.refresh_from_db()
    assert me.is_active
    assert me.groups.filter(name=ADMINISTRATOR).exists()

    second = User.objects.create(username="second", is_staff=True)
    second.groups.add(Group.objects.get(name=ADMINISTRATOR))
    administrator.post(url, person(me, **less))
    me.refresh_from_db()
    assert not (me.is_active and me.groups.filter(name=ADMINISTRATOR).exists())


@pytest.mark.parametrize("role", list(ROLES))
def test_nobody_else_gives_roles(client: Client, staff: Callable[[str], User], role: str) -> None:
    me = staff(role)
    client.force_login(me)
    response = client.post(reverse("admin:core_user_change", args=[me.pk]), person(me, groups=[role_pk(ADMINISTRATOR)]))
    assert response.status_code == 403
    assert client.post(reverse("admin:core_user_add"), {"username": "x"}).status_code == 403
    assert client.post(reverse("admin:auth_user_password_change", args=[me.pk]), {}).status_code == 403
    assert [group.name for group in me.groups.all()] == [role]


def test_the_form_of_a_person_cant_make_a_superuser(administrator: Client, staff: Callable[[str], User]) -> None:
    clerk = staff("Billing clerk")
    administrator.post(
        reverse("admin:core_user_change", args=[clerk.pk]),
        person(clerk, is_superuser="on", user_permissions=["1"]),
    )
    clerk.refresh_from_db()
    assert not clerk.is_superuser
    assert not clerk.user_permissions.exists()


def test_a_person_who_did_something_is_not_deleted(administrator: Client, staff: Callable[[str], User]) -> None:
    clerk = staff("Billing clerk")
    clerk_client = Client()
    clerk_client.force_login(clerk)
    entity = company()
    clerk_client.post(reverse("admin:memberships_customergroup_add"), {"entity": entity.pk, "name": "Fleet"})
    page = administrator.post(reverse("admin:core_user_delete", args=[clerk.pk]), {"post": "yes"}, follow=True)
    said = " ".join(map(str, page.context["messages"]))
    assert "billing-clerk can't be deleted: audit events belong to it. Nothing was changed." in said
    assert User.objects.filter(pk=clerk.pk).exists()


def test_the_roles_page_shows_the_declaration(client: Client, staff: Callable[[str], User]) -> None:
    client.force_login(staff(AUDITOR))
    page = client.get(reverse("admin:roles"))
    shown = {role.name: {row.kind for row in role.may} for role in page.context["roles"]}
    assert shown["Pricing manager"] >= {"assignments", "tariffs", "tariff versions", "sources"}
    assert "sessions" not in shown[ADMINISTRATOR]
    assert {"people", "companies", "locations"} <= shown[ADMINISTRATOR]
    assert shown[AUDITOR] == set()
    client.force_login(staff("Finance"))
    assert client.get(reverse("admin:roles")).status_code == 403
