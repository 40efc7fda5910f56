"""The navigation by work. An entry shows when its page exists and the user may open it; a section when it has one."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse


@dataclass(frozen=True, slots=True)
class Entry:
    """One page. ``url`` is a URL name; any one of ``permissions`` opens it; ``also`` are path beginnings it stands for."""

    title: str
    url: str
    permissions: tuple[str, ...]
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    icon: str
    entries: tuple[Entry, ...]


def listing(title: str, app: str, model: str, *also: str) -> Entry:
    """The list page of a model."""
    return Entry(title, f"admin:{app}_{model}_changelist", (f"{app}.view_{model}", f"{app}.change_{model}"), also)


OVERVIEW = Section("Overview", "space_dashboard", (Entry("Overview", "admin:index", ("analytics.view_networkday",)),))
BOOKS = ("billing.view_journalentry",)
SECTIONS = (
    OVERVIEW,
    Section(
        "Sessions",
        "bolt",
        (
            listing("Sessions", "stations", "session"),
            Entry("Review queue", "admin:review", ("billing.view_chargeable",)),
            Entry("Silent connectors", "admin:silent", ("stations.view_session",)),
            listing("Imports", "stations", "importbatch", "/imports/"),
            listing("Quarantine", "stations", "quarantinedrow", "/quarantine/"),
            Entry("Parallel month", "admin:parallel", ("billing.view_cdr",)),
        ),
    ),
    Section(
        "Tariffs",
        "sell",
        (
            listing("Tariffs", "billing", "tariff", "/tariffs/"),
            listing("Assignments", "billing", "assignment", "/prices/missing/"),
            Entry("Which price?", "admin:which_price", ("billing.view_assignment",)),
            listing("Tax rules", "billing", "taxrule", "/taxes/"),
        ),
    ),
    Section(
        "Members",
        "group",
        (
            listing("Customers", "memberships", "customer"),
            listing("Groups", "memberships", "customergroup"),
            listing("Tokens", "memberships", "token"),
            listing("Contract prefixes", "memberships", "contractprefix"),
        ),
    ),
    Section(
        "Billing",
        "receipt_long",
        (
            Entry("Bill a month", "admin:document_month", ("billing.view_document",)),
            listing("Documents", "billing", "document"),
            Entry("Changed after billing", "admin:differences", ("billing.view_billeddifference",)),
            Entry("PDFs and mail", "admin:document_papers", ("billing.view_document",)),
            Entry("Open documents", "admin:open_documents", ("billing.view_document",)),
            Entry("Reminders", "admin:reminders", ("billing.view_document",)),
            Entry("Match receipts", "admin:matching", ("billing.view_bankline",)),
            Entry("Payments", "admin:payments", ("billing.view_payment",)),
            Entry("Refunds", "admin:refunds", ("billing.view_refunddue",)),
            Entry("Payout lists", "admin:payouts", ("billing.view_payoutlist",)),
            Entry("Terminal payouts", "admin:settlements", ("billing.view_settlementpayout",)),
            Entry("Bank files", "admin:bank_files", ("billing.view_bankline",)),
            Entry("On documents", "admin:document_settings", ("billing.view_documentsettings",)),
            Entry("Goodwill", "admin:goodwill", ("billing.view_goodwillgrant",)),
            Entry("Numbers", "admin:number_series", ("billing.view_numberseries",)),
        ),
    ),
    Section(
        "Disputes",
        "gavel",
        (
            listing("Cases", "disputes", "case", "/disputes/new/", "/disputes/give/", "/disputes/many/"),
            listing("Chargebacks", "disputes", "chargeback", "/chargebacks/"),
            listing("Outside requests", "disputes", "outsiderequest", "/disputes/outside/"),
            Entry("Mail to look at", "admin:case_mail", ("disputes.view_incomingmail",)),
            Entry("Reply templates", "admin:reply_templates", ("disputes.view_replytemplate",)),
            listing("Incidents", "disputes", "incident", "/disputes/incidents/"),
            Entry("Statistics", "admin:case_statistics", ("disputes.view_case",)),
            Entry("How it works", "admin:dispute_settings", ("disputes.view_disputesettings",)),
        ),
    ),
    Section(
        "Stations",
        "ev_station",
        (
            listing("Locations", "stations", "location"),
            listing("EVSEs", "stations", "evse"),
            listing("Connectors", "stations", "connector"),
            listing("Connector status", "stations", "connectorstatus"),
            listing("Authorizations", "stations", "authorization"),
        ),
    ),
    Section(
        "Accounting",
        "account_balance",
        (
            Entry("Close a month", "admin:close_month", BOOKS),
            Entry("Bridge", "admin:bridge", ("billing.view_payment",)),
            Entry("Journal", "admin:journal", BOOKS),
            Entry("Accounts", "admin:accounts", BOOKS),
            Entry("Periods", "admin:periods", BOOKS),
            Entry("Exports", "admin:exports", ("billing.view_exportbatch",)),
            Entry("Audit packs", "admin:audit_packs", BOOKS),
            Entry("Taking over", "admin:take_over", ("billing.view_takeover",), ("/taken-over/", "/opening-balances/")),
        ),
    ),
    Section(
        "Settings",
        "settings",
        (
            Entry("Checklist", "admin:checklist", ("core.change_legalentity",)),
            listing("Companies", "core", "legalentity"),
            listing("Sources", "stations", "source"),
            listing("People", "core", "user"),
            listing("API tokens", "core", "apitoken"),
            listing("Audit trail", "core", "auditevent"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class ShownEntry:
    title: str
    link: str
    active: bool


@dataclass(frozen=True, slots=True)
class ShownSection:
    title: str
    icon: str
    entries: tuple[ShownEntry, ...]

    @property
    def active(self) -> bool:
        return any(entry.active for entry in self.entries)


def shown(request: HttpRequest, sections: Iterable[Section] = SECTIONS) -> list[ShownSection]:
    """The sections this user sees on this page, in order."""
    result = []
    for section in sections:
        entries = []
        for entry in section.entries:
            if not any(request.user.has_perm(permission) for permission in entry.permissions):
                continue
            try:
                link = reverse(entry.url)
            except NoReverseMatch:
                continue
            begins = (link, *entry.also)
            active = request.path == link if link == "/" else request.path.startswith(begins)
            entries.append(ShownEntry(entry.title, link, active))
        if entries:
            result.append(ShownSection(section.title, section.icon, tuple(entries)))
    return result
