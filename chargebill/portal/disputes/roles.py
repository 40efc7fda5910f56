"""In which role of the table a member of staff works on cases."""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from chargebill.core.models import User
from disputes.workflow.states import Role

VIEW, OPEN, WORK = "disputes.view_case", "disputes.add_case", "disputes.change_case"
# Who sets how the desk works has the last word in it.
LAST_WORD = "disputes.change_disputesettings"
SEE_SETTINGS = "disputes.view_disputesettings"
READ_BOOKS = "billing.view_journalentry"


@dataclass(frozen=True, slots=True)
class Worker:
    user: User
    role: Role

    @property
    def is_supervisor(self) -> bool:
        return self.role is Role.SUPERVISOR


def worker_of(request: HttpRequest) -> Worker | None:
    """None for whoever only reads cases."""
    user = request.user
    if not user.has_perm(WORK):
        return None
    return Worker(user, Role.SUPERVISOR if user.has_perm(LAST_WORD) else Role.AGENT)  # type: ignore[arg-type]


def allowed_worker(request: HttpRequest) -> Worker:
    worker = worker_of(request)
    if worker is None:
        raise PermissionDenied
    return worker


def may_compare_people(request: HttpRequest) -> bool:
    """Figures by who looks after a case are for those with the last word on cases, and for those who read the books."""
    return request.user.has_perm(LAST_WORD) or request.user.has_perm(READ_BOOKS)
