"""Registers the portal's pages: importing their modules is enough."""

from chargebill.portal import (  # noqa: F401
    audit_trail,
    checklist,
    company,
    import_formats,
    import_upload,
    imports,
    jobs,
    legal_entities,
    members,
    not_shown,
    overview,
    people,
    places,
    quarantine,
    quarantine_row,
    search,
    sessions,
    tariffs,
    tax_checker,
    tax_rules,
)
