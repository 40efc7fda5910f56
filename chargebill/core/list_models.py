"""What people keep of a list: views of it by name, and which columns they want to see."""

from django.db import models
from django.db.models import Q

NAME_MAX = 60
# What the addresses of browsers and servers in between take without trouble.
QUERY_MAX = 2000


class SavedView(models.Model):
    """A named way to look at a list: filters, order and columns. May change. Its owner's alone, or for all who see the list.

    ``listing`` is the label of the model listed, such as stations.session; ``query`` are URL parameters of its page;
    ``columns`` the names of those shown, [] the list's own. It gives nobody a right: the list asks for that as ever.
    """

    listing = models.CharField(max_length=60)
    name = models.CharField(max_length=NAME_MAX)
    owner = models.ForeignKey("core.User", on_delete=models.CASCADE, related_name="saved_views")
    is_shared = models.BooleanField(default=False)
    query = models.CharField(max_length=QUERY_MAX, blank=True)
    columns = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "listing", "name"], name="saved_view_once_per_owner"),
            models.UniqueConstraint(fields=["listing", "name"], condition=Q(is_shared=True), name="saved_view_shared_once"),
        ]

    def __str__(self) -> str:
        return self.name


class ListChoice(models.Model):
    """What one person chose for a list, or for one saved view of it (``view``). May change; no row: as it is given.

    ``columns`` are the names of those shown, [] as given. ``opens_first``: the list opens with this view.
    """

    person = models.ForeignKey("core.User", on_delete=models.CASCADE, related_name="+")
    listing = models.CharField(max_length=60)
    view = models.ForeignKey(SavedView, null=True, on_delete=models.CASCADE, related_name="+")
    columns = models.JSONField(default=list)
    opens_first = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "listing"], condition=Q(view__isnull=True), name="list_choice_once_per_list"
            ),
            models.UniqueConstraint(fields=["person", "view"], condition=Q(view__isnull=False), name="list_choice_once_per_view"),
            models.UniqueConstraint(fields=["person", "listing"], condition=Q(opens_first=True), name="list_choice_one_first"),
            models.CheckConstraint(condition=Q(opens_first=False) | Q(view__isnull=False), name="list_choice_first_is_a_view"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.listing}"
