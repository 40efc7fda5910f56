"""Makes the first account of an empty database: its administrator, who lets everybody else in."""

from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction

from chargebill.core import events, roles
from chargebill.core.errors import UserError
from chargebill.core.models import Installation, User


def create_first_administrator(
    *, username: str, password: str, first_name: str, last_name: str, email: str, at: datetime
) -> User:
    """The first person of this database, with the role Administrator. Raises UserError("has_users") when there is one."""
    with transaction.atomic():
        # Two people may send the form at once: the second waits here, and then finds the first.
        Installation.objects.get_or_create(pk=1, defaults={"is_demo": False, "created_at": at})
        Installation.objects.select_for_update().get(pk=1)
        if User.objects.exists():
            raise UserError(
                "has_users", "There is an account already. Nothing was changed; sign in, or ask its owner to let you in."
            )
        user = User(username=username, first_name=first_name, last_name=last_name, email=email, is_staff=True)
        user.set_password(password)
        user.save()
        user.groups.add(Group.objects.get(name=roles.ADMINISTRATOR))
        events.record(action="user.first", subject=user, summary=f"{username} created the first account", actor=user, at=at)
    return user
