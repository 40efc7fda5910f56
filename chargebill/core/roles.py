"""Staff roles: declared here, stored as groups, synced after every migrate."""

from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS

VIEW, ADD, CHANGE, DELETE = "view", "add", "change", "delete"
EDIT = (VIEW, ADD, CHANGE)

ADMINISTRATOR = "Administrator"
PRICING_MANAGER = "Pricing manager"
BILLING_CLERK = "Billing clerk"
FINANCE = "Finance"
DISPUTE_AGENT = "Dispute agent"
DISPUTE_SUPERVISOR = "Dispute supervisor"
ANALYST = "Analyst"
AUDITOR = "Auditor"

# Each role's work in a few words, for the people who pick one.
IN_SHORT = {
    ADMINISTRATOR: "everything, people and settings too",
    PRICING_MANAGER: "tariffs and who pays which",
    BILLING_CLERK: "imports, held sessions, documents, payments, places, customers and tokens",
    FINANCE: "companies, tax, documents, payments and the books, second person for held sessions",
    DISPUTE_AGENT: "contested sessions",
    DISPUTE_SUPERVISOR: "contested sessions, with the last word",
    ANALYST: "figures, without personal data",
    AUDITOR: "reads everything, changes nothing",
}

# The books: Finance keeps them, the Auditor reads them, no business of the rest.
BOOKS = (
    "billing.account",
    "billing.accountingperiod",
    "billing.accrual",
    "billing.accruedsession",
    "billing.exportaccount",
    "billing.exportbatch",
    "billing.exportedentry",
    "billing.exportfile",
    "billing.exportsettings",
    "billing.bookscheck",
    "billing.journalbook",
    "billing.journalentry",
    "billing.journalseal",
    "billing.periodchange",
    "billing.periodclosing",
    "billing.posting",
    "billing.signingkey",
    "billing.takeover",
)
# What the bank says: more than customers' money passes an account, so it is read by those who match it.
BANK = (
    "billing.bankaccount",
    "billing.bankfile",
    "billing.bankline",
    "billing.bankstatement",
    "billing.payoutfile",
    "billing.payoutlist",
    "billing.refundbankline",
    "billing.settlementfile",
    "billing.settlementlayout",
    "billing.settlementpayout",
)
# An added file is uploaded, a changed one taken in; an added payment or allocation is booked.
RECEIPTS = {
    **dict.fromkeys(BANK, (VIEW,)),
    "billing.bankfile": EDIT,
    "billing.payment": (VIEW, ADD),
    "billing.paymentallocation": (VIEW, ADD),
    "billing.paymentreversal": (VIEW, ADD),
    "billing.gatewayattempt": (VIEW, ADD),
    # An added due gives back what was paid too much; an added refund was paid by hand, a changed one is paid or failed.
    "billing.refunddue": (VIEW, ADD),
    "billing.refund": EDIT,
    # An added list is prepared, a changed one released by somebody else, or discarded.
    "billing.payoutlist": EDIT,
    "billing.settlementfile": EDIT,
}
# An added case is opened, a changed one moved or given to somebody; an added message is said or noted, an added file comes
# with one. Whoever answers keeps the words for it. An added chargeback is a letter of an acquirer, a changed one moved; added
# funds book what the acquirer took. An added answer is a draft for the acquirer, an added submission the second person's
# word on it.
CASES = {
    "disputes.incomingmail": (VIEW, CHANGE),
    "disputes.case": EDIT,
    "disputes.casemessage": (VIEW, ADD),
    "disputes.casefile": (VIEW, ADD),
    "disputes.replytemplate": (*EDIT, DELETE),
    "disputes.chargeback": EDIT,
    "disputes.chargebackanswer": (VIEW, ADD),
}
# An added incident is proposed, a changed one stopped or taken up again; a confirmation is the second person's word.
INCIDENTS = {"disputes.incident": EDIT, "disputes.incidentconfirmation": (VIEW, ADD)}
# An added request was made by somebody outside, a changed one is about other cases, or answered.
OUTSIDE = {"disputes.outsiderequest": EDIT}
# Every role reads what the work is about. Only the Administrator lets people and programs in.
READ_ALL = ("stations", "memberships", "billing", "disputes", "analytics", "core")
ROLES: dict[str, dict[str, tuple[str, ...]]] = {
    PRICING_MANAGER: {
        "billing.tariff": EDIT,
        "billing.tariffversion": EDIT,
        "billing.assignment": (*EDIT, DELETE),
        "stations.source": (VIEW, CHANGE),
    },
    BILLING_CLERK: {
        "stations.importbatch": EDIT,
        "stations.importprofile": EDIT,
        "stations.quarantinedrow": (VIEW, CHANGE),
        "stations.location": EDIT,
        "stations.evse": EDIT,
        "stations.connector": EDIT,
        "memberships.customer": EDIT,
        "memberships.customergroup": EDIT,
        "memberships.contractprefix": (*EDIT, DELETE),
        "memberships.token": EDIT,
        "billing.helddecision": (VIEW, ADD),
        # An added run issues a month, a changed one is stopped or taken up again.
        "billing.documentrun": EDIT,
        # Added papers are the PDFs of a month.
        "billing.documentpaper": (VIEW, ADD),
        "billing.outgoingmail": (VIEW, ADD),
        **RECEIPTS,
    },
    FINANCE: {
        "core.legalentity": EDIT,
        "billing.taxrule": (*EDIT, DELETE),
        "billing.checksettings": EDIT,
        "billing.decisionconfirmation": (VIEW, ADD),
        "billing.documentrun": EDIT,
        "billing.documentpaper": (VIEW, ADD),
        "billing.outgoingmail": (VIEW, ADD),
        "billing.documentsettings": EDIT,
        **RECEIPTS,
        # An added correction is a credit note.
        "billing.correction": (VIEW, ADD),
        # What changed after it was billed; a confirmation is the second person's word above the limit.
        "billing.differencedecision": (VIEW, ADD),
        "billing.differenceconfirmation": (VIEW, ADD),
        # A confirmation is the second person's word about goodwill above the limit.
        "billing.goodwillgrant": (VIEW, ADD),
        "billing.goodwillconfirmation": (VIEW, ADD),
        # The second person's word about an offer in a case; a changed step is cleared where it is stuck.
        "disputes.offerconfirmation": (VIEW, ADD),
        "disputes.executionstep": (VIEW, CHANGE),
        "disputes.chargeback": (VIEW, CHANGE),
        "disputes.chargebacksubmission": (VIEW, ADD),
        "billing.chargebackfunds": (VIEW, ADD),
        # The second person's word about one fault on many bills, and holding its execution.
        "disputes.incident": (VIEW, CHANGE),
        "disputes.incidentconfirmation": (VIEW, ADD),
        "billing.numberseries": (VIEW, CHANGE),
        # An added entry is an opening balance or a reversal; a changed account has another name or number; an added
        # batch goes to the accountant, changed settings are what accounts are called there, too.
        **dict.fromkeys(BOOKS, (VIEW,)),
        "billing.exportbatch": (VIEW, ADD),
        "billing.exportsettings": (VIEW, CHANGE),
        # A changed book accrues or doesn't.
        "billing.journalbook": (VIEW, CHANGE),
        "billing.account": (VIEW, CHANGE),
        "billing.journalentry": (VIEW, ADD),
        "billing.periodchange": (VIEW, ADD),
        "billing.periodclosing": (VIEW, ADD),
        # An added take-over was signed and booked.
        "billing.takeover": (VIEW, ADD),
    },
    DISPUTE_AGENT: CASES,
    # Changed settings are how the desk works: whoever may change them has the last word on cases, too.
    DISPUTE_SUPERVISOR: {
        **CASES,
        "disputes.chargebacksubmission": (VIEW, ADD),
        "disputes.offerconfirmation": (VIEW, ADD),
        "disputes.disputesettings": EDIT,
        "disputes.holiday": (*EDIT, DELETE),
        **INCIDENTS,
        **OUTSIDE,
    },
    ANALYST: {},
    AUDITOR: {},
}
# Personal data is not part of counting: the Analyst sees sessions and places, not who the customers are, nor who got a
# price of their own or which bill.
# Who and what may come in: managed by the Administrator, looked at by the Auditor, no business of the rest.
ACCESS = ("core.user", "core.apitoken")
# Mail anybody may have written about anything.
RESTRICTED = (*ACCESS, *BOOKS, *BANK, "disputes.incomingmail")
HIDDEN = {
    ANALYST: (
        "memberships.",
        "core.user",
        "core.auditevent",
        "billing.assignment",
        "billing.document",
        "billing.correction",
        "billing.goodwill",
        "billing.billeddifference",
        "billing.decideddifference",
        "billing.differenceconfirmation",
        "billing.differencedecision",
        "billing.settleddifference",
        "billing.chargeback",
        "billing.payment",
        "billing.refund",
        "billing.gatewayattempt",
        "billing.gatewaycustomer",
        "disputes.",
    )
}


def permissions_of(role: str) -> set[str]:
    """Permission names ("app.verb_model") a role holds; the declaration, without the database."""
    wanted: set[str] = set()
    for model in apps.get_models():
        label, app, name = model._meta.label_lower, model._meta.app_label, model._meta.model_name
        if app not in READ_ALL:
            continue
        if role == ADMINISTRATOR:
            verbs: tuple[str, ...] = (VIEW, ADD, CHANGE, DELETE)
        else:
            verbs = ROLES[role].get(label, ())
            if label not in RESTRICTED or role == AUDITOR:
                verbs = (*verbs, VIEW)
            if label.startswith(HIDDEN.get(role, ("\0",))):
                verbs = ()
        wanted |= {f"{app}.{verb}_{name}" for verb in verbs}
    return wanted


def sync_roles(using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Makes the groups equal to the declaration. Runs after migrate, once per app; cheap and idempotent."""
    from django.contrib.auth.models import Group, Permission

    known = {
        f"{p.content_type.app_label}.{p.codename}": p
        for p in Permission.objects.using(using).select_related("content_type").filter(content_type__app_label__in=READ_ALL)
    }
    for role in (ADMINISTRATOR, *ROLES):
        group, _ = Group.objects.using(using).get_or_create(name=role)
        wanted = {known[name].pk for name in permissions_of(role) if name in known}
        if set(group.permissions.values_list("pk", flat=True)) != wanted:
            group.permissions.set(wanted)
