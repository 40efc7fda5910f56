"""What changes prices starts a pricing job: who pays, which tax, from when on sessions are billed."""

from typing import Any

from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from chargebill import pipeline
from chargebill.core.audited import AuditedAdmin, entity_of, in_words
from chargebill.core.models import Job, LegalEntity
from chargebill.core.tables.resource import Outcome
from chargebill.portal.started import say_started
from stations.models import Session


def price_again(request: HttpRequest, entity: LegalEntity, because: str) -> Job | None:
    """Prices an entity's sessions anew in the background and says so. None while there is none to price.

    ``because`` names what changed ("the customer of a token changed"). A job that has not begun yet will see this
    change too, so no second one is queued.
    """
    if not Session.objects.filter(entity=entity).exists():
        return None
    at = timezone.now()
    waiting = Job.objects.filter(
        kind="price", state=Job.State.QUEUED, params__entity=entity.pk, params__start=None, params__end=None
    ).first()
    job = waiting or pipeline.start_pricing(entity=entity, actor=request.user, at=at, key=f"price:{entity.pk}:{at.isoformat()}")
    say_started(request, f"The sessions of {entity} are priced anew, because {because}.", job)
    return job


class RepricingMixin(AuditedAdmin):
    """A form whose ``priced_by`` fields decide what sessions cost: a change of one starts a pricing job."""

    priced_by: tuple[str, ...] = ()
    # On a new row too; rows nothing refers to yet change no price.
    priced_by_new_rows = False

    def prices_follow(self, entity: LegalEntity) -> bool:
        """Whether a change of ``priced_by`` can change a price of this company at all."""
        return True

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        changed = [name for name in form.changed_data if name in self.priced_by]
        entity = entity_of(form.instance)
        if changed and entity and (change or self.priced_by_new_rows) and self.prices_follow(entity):
            label = form.fields[changed[0]].label or changed[0]
            price_again(request, entity, f"the {in_words(str(label))} of {form.instance} changed")

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        entity = entity_of(obj)
        super().delete_model(request, obj)
        if entity and self.priced_by and self.priced_by_new_rows and self.prices_follow(entity):
            price_again(request, entity, f"{obj} was removed")

    def imported(self, request: HttpRequest, outcome: Outcome) -> None:
        """After a table was taken: every company with a changed row that matters."""
        names = {field.column_name for field in self.resource_classes[0].fields.values() if field.attribute in self.priced_by}
        touched = {
            row.company_id
            for row in outcome.effective
            if names & set(row.changes) and (row.state == "changed" or self.priced_by_new_rows)
        }
        for entity in LegalEntity.objects.filter(pk__in=touched):
            if not self.prices_follow(entity):
                continue
            price_again(request, entity, f"{self.opts.verbose_name_plural} were imported")
