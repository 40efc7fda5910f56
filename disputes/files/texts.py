"""Plain text: UTF-8 or Windows' Latin letters, without anything a program would take for instructions."""

import re

from disputes.files.kinds import Refused
from disputes.files.limits import MOST_TEXT_BYTES

# Tab, line feed and form feed are all a text needs below the space; C1 controls and what turns the direction of
# writing (a name that reads backwards) are no text either.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# Anywhere in it: some readers look for these further down, and no line of charges has one.
_PROGRAM = re.compile(
    r"<\s*/?\s*(?:!doctype|\?|%|html|head|body|script|svg|iframe|frame|object|embed|applet|img|image|style|link|meta|base|form"
    r"|input|button|a|div|table|title|video|audio|math|xml|x:|template|h1|br|p|pre|marquee)(?:[\s/>:=?]|$)|<\?(?:php|xml|=)"
    r"|javascript:|\bon(?:error|load|click)\s*=",
    re.IGNORECASE,
)


def plain(content: bytes) -> str:
    """The text with line feeds, its byte order mark left away. Raises Refused: text_too_large, text_coding, web_page."""
    if len(content) > MOST_TEXT_BYTES:
        raise Refused("text_too_large")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError:
            raise Refused("unknown") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _CONTROLS.search(text):
        # Zeros between letters are UTF-16; anything else below the space is no text at all.
        raise Refused("text_coding" if content.count(0) < len(content) * 0.7 else "unknown")
    if not text.strip():
        raise Refused("empty")
    if _PROGRAM.search(text):
        raise Refused("web_page")
    return text
