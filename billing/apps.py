from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        # Registers what every worker does beside its jobs.
        from billing.operations import journal_seals  # noqa: F401
