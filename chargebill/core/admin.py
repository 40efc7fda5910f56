"""Bases of every admin class: the portal's defaults, and rows nobody may touch."""

from typing import Any

from django.contrib.admin import ModelAdmin as DjangoModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from chargebill.core.changelists import PersonalListMixin


class PortalAdmin(PersonalListMixin, ModelAdmin):
    """A list, with saved views and chosen columns, and a form, with the portal's defaults."""

    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = True
    list_filter_sheet = True
    list_fullwidth = True
    warn_unsaved_form = True
    actions_on_top = True
    empty_value_display = "–"
    save_on_top = False
    change_list_template = "portal/change_list.html"
    # Said where a list is empty: what would be here, and where it comes from.
    empty_sentence = ""
    # Django's own: the theme's checkbox carries a kilobyte of class names, fifty times a page.
    action_checkbox = DjangoModelAdmin.action_checkbox

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        # Asked before the row is looked for: whoever may not see rows can't tell which are there.
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)


class ReadOnlyAdmin(PortalAdmin):
    """Rows that are never added, changed or deleted by hand, whatever a role allows: "delete selected" included."""

    warn_unsaved_form = False
    list_disable_select_all = True

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        # What never changes has no history to show.
        return super().changeform_view(request, object_id, form_url, {"show_history": False, **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions


class ReadOnlyInline(TabularInline):
    """Rows shown on their owner's page, never added, changed or deleted there."""

    extra = 0
    can_delete = False
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
