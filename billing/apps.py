from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        # Registers kinds of jobs, and what every worker does beside them.
        from billing.operations import gateway_janitor, journal_seals, mail, papers  # noqa: F401
