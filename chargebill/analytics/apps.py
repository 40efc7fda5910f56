from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "chargebill.analytics"
    label = "analytics"
    verbose_name = "Analytics"
