"""Mails as bytes: plain ones to build on, and some two hundred odd, broken and hostile ones by what is odd about them."""

import base64
from collections.abc import Iterator

TO = "disputes+TOKEN@tay.example"


def eml(
    body: str | bytes = "My car took 6 kWh.\n",
    *,
    to: str = TO,
    sender: str = "Ada Lovelace <ada@example.com>",
    message_id: str = "<1@example.com>",
    kind: str = "text/plain; charset=utf-8",
    subject: str = "Re: Your complaint D-00001",
    **more: str,
) -> bytes:
    """A mail; ``more`` headers by name, with underscores for hyphens."""
    headers = {"From": sender, "To": to, "Subject": subject, "Message-ID": message_id, "Date": "Tue, 9 Oct 2018 10:00:00 +0100"}
    headers |= {"MIME-Version": "1.0", "Content-Type": kind}
    headers |= {name.replace("_", "-"): value for name, value in more.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
    content = body.replace("\n", "\r\n").encode() if isinstance(body, str) else body
    return head.encode("utf-8", "surrogateescape") + b"\r\n" + content


def multipart(*parts: str, kind: str = "mixed", more: str = "") -> tuple[str, str]:
    """The body and its content type."""
    inner = "".join(f"--b{kind}\n{part}\n" for part in parts)
    return f"{inner}--b{kind}--\n", f'multipart/{kind}; boundary="b{kind}"{more}'


def bounce(message_id: str, address: str, action: str = "failed", **more: str) -> bytes:
    """What a mail server says that returns a mail of ours."""
    body, kind = multipart(
        "Content-Type: text/plain\n\nYour mail could not be delivered.\n",
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\n"
        f"Final-Recipient: rfc822; ada@example.com\nAction: {action}\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 No such user\n",
        f"Content-Type: text/rfc822-headers\n\nFrom: help@tay.example\nReply-To: {address}\nMessage-ID: {message_id}\n",
        kind="report",
        more="; report-type=delivery-status",
    )
    given = {"sender": "MAILER-DAEMON@mx.example.com", "to": "help@tay.example", "Return_Path": "<>", "subject": "Returned"}
    return eml(body, kind=kind, message_id=f"<b{abs(hash((message_id, action)))}@mx>", **{**given, **more})


def odd() -> Iterator[tuple[str, bytes]]:
    """By what is odd. Every one goes to TOKEN's address where it has a readable one."""
    yield "nothing", b""
    yield "a line break", b"\r\n"
    yield "nothing but NULs", b"\x00" * 5_000
    yield "a picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50
    yield "a page", b"<!doctype html><html><body>hi</body></html>"
    yield "no blank line", b"From: a@b.example\r\nTo: x@y.example"
    yield "only a body", b"\r\n\r\nHello\r\n"
    yield "endless first line", b"A" * 300_000
    yield "headers of a megabyte", eml(**{f"X_{n}": "y" * 900 for n in range(1200)})
    yield "one header of 150 kB", eml(X_Long="y" * 150_000)
    yield "an address list of 100 kB", eml(Cc=", ".join(f"a{n}@example.com" for n in range(5_000)))
    yield "a content type of 20 kB", eml(kind="text/plain; " + "; ".join(f"a{n}=b" for n in range(4_000)))
    yield "ten thousand references", eml(References=" ".join(f"<{n}@example.com>" for n in range(9_000)))
    for name in ("From", "To", "Subject", "Message-ID", "Date", "Content-Type", "MIME-Version", "Reply-To", "References"):
        for what, value in (
            ("NUL", "a\x00b"), ("nothing", " "), ("line break", "a\r\nBcc: all@example.org"), ("half a word", "=?utf-8?q?=C3?="),
            ("unknown charset", "=?nonsense?b?aGFsbG8=?="), ("broken base64", "=?utf-8?b?!!!!?="), ("brackets", "<<<>>>((("),
            ("quotes", '"' * 999), ("8 bit", "J\xfcrgen"), ("emoji", "\U0001f600"), ("commas", "," * 1500),
            ("a bell", "\x07\x1b[31m"),
        ):  # fmt: skip
            yield f"{what} in {name}", eml(**{name.replace("-", "_"): value})
    # fmt: off
    for charset in (
        "utf-7", "utf-16", "utf-32", "hex", "zip", "rot13", "punycode", "idna", "base64", "unicode_escape", "x" * 500, "\x00",
        "ascii", "iso-2022-jp", "mbcs",
    ):
        yield f"charset {charset[:20]!r}", eml(b"\xff\xfe\x00caf\xe9 +ADw-script+AD4-", kind=f"text/plain; charset={charset}")
    # fmt: on
    for encoding in ("base64", "quoted-printable", "x-uuencode", "7bit", "binary", "nonsense", "x" * 900):
        yield f"encoding {encoding[:20]}", eml("====%%%=ZZ=\n", Content_Transfer_Encoding=encoding)
    for what, html in {
        "a script": "<script>alert(1)</script>Hello",
        "unclosed everything": "<div><p><b>" * 20_000 + "Hello",
        "half comments": "<!--" * 40_000,
        "half declarations": "<![" * 30_000,
        "half tags": "<a " * 40_000,
        "attributes without end": '<a href="' + "x" * 200_000,
        "entities": "&amp;" * 50_000 + "&#x110000;&#0;&#xD800;",
        "hidden": '<div style="display:none">secret</div>Hello',
        "blockquotes": "<blockquote>" * 20_000 + "deep",
        "only tags": "<br>" * 1_000,
        "only a script": "<script>alert(1)</script>",
    }.items():
        yield f"HTML with {what}", eml(html, kind="text/html")
    deep = "Content-Type: text/plain\n\nHello\n"
    for n in range(400):
        deep = f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n{deep}\n--b{n}--\n'
    yield "four hundred parts within parts", eml("x", X=" ").replace(b"\r\n\r\nx", b"") + b"\r\n" + deep.encode()
    nested = "Content-Type: text/plain\n\nHello\n"
    for _ in range(60):
        nested = f"Content-Type: message/rfc822\n\n{nested}"
    yield "sixty mails within mails", eml(nested, kind="message/rfc822")
    yield "a hundred thousand parts", eml("--b\n\n\n" * 100_000, kind="multipart/mixed; boundary=b")
    yield "a part that never ends", eml("--b\nContent-Type: text/plain\n\nHello\n", kind="multipart/mixed; boundary=b")
    yield "no boundary", eml("--b\n\nHello\n", kind="multipart/mixed")
    yield "an empty boundary", eml("--\n\nHello\n", kind='multipart/mixed; boundary=""')
    yield "a multipart with nothing", eml("", kind="multipart/mixed; boundary=b")
    yield (
        "a multipart in base64",
        eml("--b\n\nHello\n--b--", kind="multipart/mixed; boundary=b", Content_Transfer_Encoding="base64"),
    )
    bomb = base64.b64encode(b"A" * 3_000_000).decode()
    yield "a text of three megabytes", eml(bomb, Content_Transfer_Encoding="base64")
    for name in ("../../etc/passwd", "a\x00.exe", "x" * 5_000, "=?utf-8?q?=00?=", '"', "CON", "\u202egpj.exe", "a\r\nb"):
        body, kind = multipart(
            "Content-Type: text/plain\n\nSee.\n",
            f'Content-Type: application/octet-stream\nContent-Disposition: attachment; filename="{name}"\n\nAAAA\n',
        )
        yield f"a file called {name[:12]!r}", eml(body, kind=kind)
    for name in ("Auto_Submitted", "Precedence", "Return_Path", "List_Id", "X_Failed_Recipients", "Delivered_To"):
        yield f"a strange {name}", eml(**{name: "\x00<>;;;(((" + "a" * 999})
    yield "an address with quotes", eml(to='"disputes+x y"@tay.example, <@a,@b:c@d>')
    yield "a token of zeros", eml(to="disputes+" + "0" * 13 + "a" * 16 + "@tay.example")
    yield "a key beyond the database", eml(to="disputes+" + "z" * 13 + "a" * 16 + "@tay.example")
    yield "a group", eml(to="undisclosed-recipients:;")
    yield "bare line feeds", eml().replace(b"\r\n", b"\n")
    yield "bare carriage returns", eml().replace(b"\r\n", b"\r")
    yield "a mailbox file", b"From ada@example.com Tue Oct  9 10:00:00 2018\n" + eml().replace(b"\r\n", b"\n")
    yield "a mark of the byte order", b"\xef\xbb\xbf" + eml()
    yield "headers again in the body", eml("To: other@example.org\nBcc: all@example.org\n\nHello\n")
    yield "a lone half of a character", eml("\udce9".encode("utf-8", "surrogatepass"))
    yield "a text of one line of a megabyte", eml("a" * 1_000_000)
    yield "a million line breaks", eml("\n" * 1_000_000 + "Hello")
    for precedence in ("bulk", "junk", "list", "auto_reply", "\x00", "first-class"):
        yield f"precedence {precedence!r}", eml(Precedence=precedence)
    for kind in ("text/calendar", "application/pdf", "image/svg+xml", "text/rtf", "application/x-msdownload", "x", "a/b/c", "/"):
        yield f"nothing but {kind}", eml("content", kind=kind)
    yield "a wall of quotes", eml("> " * 200_000)
    yield "colons", eml("wrote:\n" * 20_000)
    yield "heads without a mail", eml("From:\nSent:\n" * 20_000)
