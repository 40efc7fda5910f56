"""Takes in a mail: into the thread of the case whose address it was sent to, or on the list of those nobody could place.

Every mail is kept as it came, once. The address is all it takes to write into a thread; whom it says it is from is shown,
never trusted. Nothing is ever answered by itself, so that no program and ours write to each other.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from billing.operations.letter_mail import came_back
from billing.paper_models import DocumentSettings
from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.models import User
from disputes.files import CleanFile, Refused, sentence
from disputes.files.limits import MOST_PER_MESSAGE
from disputes.mail.addresses import claims_in, is_signed
from disputes.mail.parsing import MOST_BYTES, Nature, Parsed, Unreadable, headers_of, parse
from disputes.mail_models import CaseMail, IncomingMail
from disputes.models import Case, CaseMessage
from disputes.operations.case_files import FileRefused, Upload, add_clean_files, look_at
from disputes.operations.case_mail import bound_to
from disputes.operations.from_driver import write_as_driver
from disputes.operations.moves import LONGEST_TEXT
from disputes.settings_models import DisputeSettings
from disputes.workflow.states import ENDED, Role, State

MailState, Why = IncomingMail.State, IncomingMail.Why
# Of a mail that is too large so much is kept.
KEPT_OF_LARGE = 200_000
# So many messages a day by mail into one case; whatever comes after waits for a person.
MOST_A_DAY = 50
CUT = {"en": "[The rest was cut: it is in the e-mail.]", "de": "[Der Rest wurde gekürzt: Er steht in der E-Mail.]"}
ATTACHED = {"en": "(See the attachment.)", "de": "(Siehe Anhang.)"}


@dataclass(frozen=True, slots=True)
class Files:
    """What hangs on a mail, looked at before anything is locked: what a case may keep, and why it may not keep the rest."""

    clean: tuple[CleanFile, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Received:
    """What came of a mail; ``is_new`` False: it was there already."""

    mail: IncomingMail
    is_new: bool


def receive(*, raw: bytes, size: int, at: datetime) -> Received:
    """Takes in one mail, once. ``raw`` is all of it, or where ``size`` says that it is longer, its beginning."""
    parsed, problem = _read(raw, size)
    files = Files()
    if parsed.nature is Nature.PERSON and _case_of(claims_in(parsed.recipients)):
        files = _looked_at(parsed)
    body = hashlib.sha256(raw.replace(b"\r\n", b"\n").partition(b"\n\n")[2]).hexdigest()
    name = parsed.message_id or hashlib.sha256(raw).hexdigest()
    keys = [hashlib.sha256(text.encode()).hexdigest() for text in (name, f"{name} {body}")]
    try:
        with transaction.atomic():
            there = {mail.key: mail for mail in IncomingMail.objects.filter(key__in=keys).defer("raw")}
            first, other = there.get(keys[0]), there.get(keys[1])
            if first is not None and (first.body_sha256 == body or other is not None):
                return Received(first if first.body_sha256 == body else other or first, False)
            is_cut = max(size, len(raw)) > MOST_BYTES
            mail = IncomingMail(
                key=keys[0] if first is None else keys[1], received_at=at, header_id=parsed.message_id, sender=parsed.sender,
                sender_name=parsed.sender_name, subject=parsed.subject, recipients="\n".join(parsed.recipients),
                text=parsed.text, attachments=len(parsed.attachments), size=size, is_cut=is_cut,
                raw=raw[:KEPT_OF_LARGE] if is_cut else raw, body_sha256=body, state=MailState.WAITING, wants_look=True,
            )  # fmt: skip
            if first is not None:
                mail.why = Why.SAME_ID
            elif problem:
                mail.why, mail.problem = Why.UNREADABLE, problem
            mail.save(force_insert=True)
            if not mail.why:
                _place(mail, parsed, files, at)
    except IntegrityError:
        # Another worker had it at the same moment.
        return Received(IncomingMail.objects.defer("raw").get(key=keys[0]), False)
    return Received(mail, True)


def _read(raw: bytes, size: int) -> tuple[Parsed, str]:
    """The mail, and why it can't be read: then as much as its headers say."""
    try:
        if size > len(raw):
            raise Unreadable(f"It is larger than {MOST_BYTES // 1_000_000} MB.")
        return parse(raw), ""
    except Unreadable as problem:
        return headers_of(raw), str(problem)


def _place(mail: IncomingMail, parsed: Parsed, files: Files, at: datetime) -> None:
    """Decides what becomes of a mail that can be read. In the transaction that keeps it."""
    claims = claims_in(parsed.recipients)
    case = _case_of(claims)
    if parsed.nature is Nature.RETURNED:
        _came_back(mail, parsed)
    elif parsed.nature is Nature.AUTOMATIC:
        mail.case, mail.state, mail.wants_look = case, MailState.AUTOMATIC, False
    elif _is_ours(parsed.sender):
        mail.case, mail.why = case, Why.OURS
    elif case is None:
        mail.why = Why.FORGED if claims else Why.NO_TOKEN
    elif not (parsed.text or parsed.attachments):
        mail.case, mail.why = case, Why.EMPTY
    elif case.incoming_mails.filter(received_at__gt=at - timedelta(days=1), message__isnull=False).count() >= MOST_A_DAY:
        mail.case, mail.why = case, Why.TOO_MANY
    else:
        _into_thread(mail, case, parsed, files, at)
    mail.save()


def _case_of(claims: list[tuple[int, str]]) -> Case | None:
    """The case whose address it was sent to; the first, where it was sent to several."""
    secrets = [str(secret).encode() for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    wanted = [(key, signature) for key, signature in claims[:20] if key < 2**63]
    cases = Case.objects.select_related("entity").in_bulk([key for key, _ in wanted])
    signed = (cases[k] for k, signature in wanted if k in cases and is_signed(signature, k, bound_to(cases[k]), secrets))
    return next(signed, None)


def _is_ours(sender: str) -> bool:
    """Whether a company sends from it, or reads it: such a mail is no driver's, whoever wrote it."""
    if not sender:
        return False
    sends = Q(sender_email__iexact=sender) | Q(contact_email__iexact=sender)
    return (
        DocumentSettings.objects.filter(sends).exists() or DisputeSettings.objects.filter(reply_mailbox__iexact=sender).exists()
    )


def _into_thread(mail: IncomingMail, case: Case, parsed: Parsed, files: Files, at: datetime) -> None:
    while case.merged_into_id:
        case = Case.objects.select_related("entity").get(pk=case.merged_into_id)
    text = parsed.text or ATTACHED[case.language]
    if len(text) > LONGEST_TEXT:
        text = f"{text[: LONGEST_TEXT - 100]}\n\n{CUT[case.language]}"
    was = State(case.state)
    after = case.messages.order_by("-pk").values_list("pk", flat=True).first() or 0
    write_as_driver(case=case, body=text, at=at)
    mail.message = case.messages.filter(kind=CaseMessage.Kind.FROM_DRIVER, pk__gt=after).latest("pk")
    mail.case, mail.state = case, MailState.PLACED
    mail.is_from_elsewhere = parsed.sender.casefold() != case.contact_email.casefold()
    _keep_files(mail, mail.message, files, at)
    # Nobody's turn: without a look at the list nobody would see it.
    mail.wants_look, mail.why = was in ENDED, Why.ENDED if was in ENDED else ""


def _looked_at(parsed: Parsed) -> Files:
    clean: list[CleanFile] = []
    refused: list[str] = []
    for one in parsed.attachments:
        try:
            if len(clean) + len(refused) >= MOST_PER_MESSAGE:
                raise FileRefused(Refused("message_full"), one.name)
            clean += look_at([Upload(one.name, one.content)])
        except FileRefused as problem:
            refused.append(_why(problem))
    return Files(tuple(clean), tuple(refused))


def _why(problem: FileRefused) -> str:
    return sentence("en", problem.refused.code, problem.name, problem.refused.values)


def _keep_files(mail: IncomingMail, message: CaseMessage, files: Files, at: datetime) -> None:
    """Each by itself: one that a case has no room for keeps neither the others nor the words from it."""
    refused = list(files.refused)
    for one in files.clean:
        try:
            add_clean_files(case=message.case, files=[one], role=Role.CUSTOMER, actor=None, at=at, message=message)
        except FileRefused as problem:
            refused.append(_why(problem))
    mail.left_out, mail.problem = len(refused), " ".join(dict.fromkeys(refused))[:300]


def _came_back(mail: IncomingMail, parsed: Parsed) -> None:
    """A mail server returned a mail of ours: it is not sent. Which one is told by its Message-ID and the case's address in it,
    so that nobody who knows the one only can say so."""
    known = {key for key, _ in claims_in((*parsed.returned_addresses, *parsed.recipients))}
    sent = _sent(parsed.returned_ids)
    if sent is None or (sent.mail.reply_to and sent.case_id not in known):
        mail.why = Why.NOT_OURS
        return
    mail.case, mail.mail, mail.problem = sent.case, sent.mail, parsed.reason[:300]
    if parsed.action in ("delayed", "delivered", "relayed", "expanded"):
        mail.state, mail.wants_look = MailState.AUTOMATIC, False
        return
    came_back(mail=sent.mail, why=parsed.reason)
    mail.state, mail.wants_look = MailState.RETURNED, False


def _sent(message_ids: tuple[str, ...]) -> CaseMail | None:
    """The case's mail with one of these Message-IDs."""
    for one in message_ids[:20]:
        number = one.strip("<>").partition("@")[0].rpartition(".")[2]
        if number.isascii() and number.isdigit() and len(number) <= 18:
            found = CaseMail.objects.select_related("mail", "case__entity").filter(mail=int(number)).first()
            if found is not None and found.mail.message_id == one:
                return found
    return None


def attach(*, mail: IncomingMail, case: Case, actor: User, at: datetime) -> IncomingMail:
    """A person puts a mail nobody could place into the thread of a case, as the driver's words.

    Raises UserError, changing nothing: placed (somebody else decided already), empty.
    """
    parsed, _ = _read(bytes(mail.raw), mail.size)
    files = _looked_at(parsed)
    with transaction.atomic():
        found = _locked(mail)
        if not (parsed.text or parsed.attachments):
            raise UserError("empty", "There is nothing in it to put into a thread. Put it away instead. Nothing was changed.")
        _into_thread(found, case, parsed, files, at)
        # Whoever attached it has seen that the case has ended.
        found.wants_look, found.why, found.looked_by, found.looked_at = False, "", actor, at
        found.save()
        events.record(
            action="case.mail_attached",
            subject=found.case or case,
            summary=f"{(found.case or case).number}: a mail of {found.sender or 'nobody named'} put into the thread",
            actor=actor,
            at=at,
            entity=case.entity,
        )
    return found


def put_away(*, mail: IncomingMail, actor: User, at: datetime) -> IncomingMail:
    """A person has seen it, and nothing follows. Raises UserError placed, changing nothing."""
    with transaction.atomic():
        found = _locked(mail)
        if found.state == MailState.WAITING:
            found.state = MailState.PUT_AWAY
        found.wants_look, found.looked_by, found.looked_at = False, actor, at
        found.save(update_fields=["state", "wants_look", "looked_by", "looked_at"])
        events.record(
            action="case.mail_put_away",
            subject=found,
            summary=f"A mail of {found.sender or 'nobody named'} put away",
            actor=actor,
            at=at,
            entity=found.case.entity if found.case else None,
        )
    return found


def _locked(mail: IncomingMail) -> IncomingMail:
    found = IncomingMail.objects.select_for_update(of=("self",)).select_related("case__entity").get(pk=mail.pk)
    if not found.wants_look:
        raise UserError("placed", "Somebody has decided about it already. Nothing was changed: look at the list again.")
    return found
