"""Cuts a JSON document of any size into its records without reading it whole."""

import re
from collections.abc import Iterator

from stations.ingest.rows import FileRefused

# OCPI needs eight levels; more than these are an attack or another kind of file.
MAX_DEPTH = 40

_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_ANY = re.compile(rf'{_STRING}|["{{}}\[\],:]', re.DOTALL)
_NESTED = re.compile(rf'{_STRING}|["{{}}\[\]]', re.DOTALL)
_CLOSES = {"{": "}", "[": "]"}


def elements(pieces: Iterator[str], *, max_bytes: int) -> Iterator[str]:
    """The text of each record: of the objects of a list, of a list under the key "data", or of a single object.

    Holds one record at a time, at most ``max_bytes`` long. What is between the brackets is not checked here. Raises
    FileRefused ``bad_json`` where brackets don't match, ``json_too_deep``, ``record_too_long``.
    """
    source = _Source(pieces, max_bytes)
    opening = source.token(_ANY)
    if opening == "[" and source.only_blank_before():
        yield from _items(source)
    elif opening == "{" and source.only_blank_before():
        yield from _object_or_envelope(source)
    else:
        raise source.refused("bad_json", "The file does not begin with a JSON object or list.")
    if source.token(_ANY) is not None or not source.only_blank_left():
        raise source.refused("bad_json", "There is more after the end of the JSON document.")


class _Source:
    """The text, and a place in it that moves from token to token. Text before ``keep`` may be forgotten."""

    def __init__(self, pieces: Iterator[str], max_bytes: int) -> None:
        self._pieces, self._max_bytes = pieces, max_bytes
        self._text, self._lines, self._ended = "", 1, False
        self._token_at = 0
        self.at, self.keep = 0, 0
        self.records = 0

    def token(self, pattern: re.Pattern[str]) -> str | None:
        """The next bracket, comma, colon or string; None at the end of the text."""
        while True:
            match = pattern.search(self._text, self.at)
            # A lone quotation mark is the beginning of a string that goes on in the next piece.
            if match is not None and match[0] != '"':
                self._token_at, self.at = match.start(), match.end()
                return match[0]
            if match is not None and self._ended:
                raise self.refused("bad_json", "A text is opened and never closed.")
            if not self._more(match.start() if match is not None else len(self._text)):
                return None

    def _more(self, resume: int) -> bool:
        if self._ended:
            return False
        piece = next(self._pieces, None)
        if piece is None:
            self._ended = True
            return True
        if len(self._text) - self.keep > self._max_bytes:
            raise self.refused(
                "record_too_long", f"Record {self.records + 1} is longer than {self._max_bytes:,} bytes. A CDR never is."
            )
        self._lines += self._text.count("\n", 0, self.keep)
        self._text = self._text[self.keep :] + piece
        self.at, self._token_at = resume - self.keep, self._token_at - self.keep
        self.keep = 0
        return True

    def taken(self) -> str:
        """The text from ``keep`` up to the last token, without it."""
        return self._text[self.keep : self._token_at].strip()

    def whole(self) -> str:
        """The text from ``keep`` up to and with the last token."""
        return self._text[self.keep : self.at].strip()

    def forget(self) -> None:
        """Nothing before the current place is needed any more."""
        self.keep = self.at

    def only_blank_before(self) -> bool:
        return not self._text[: self._token_at].strip("\ufeff \t\r\n")

    def only_blank_left(self) -> bool:
        return not self._text[self.at :].strip()

    def refused(self, code: str, message: str) -> FileRefused:
        line = self._lines + self._text.count("\n", 0, self.at)
        return FileRefused(code, f"{message} This is in line {line}. Nothing was imported.", f"line {line}")

    def skip_value(self, opening: str) -> None:
        """Moves behind the bracket that closes ``opening``."""
        open_brackets = [_CLOSES[opening]]
        while open_brackets:
            token = self.token(_NESTED)
            if token is None:
                raise self.refused("bad_json", f"The file ends in the middle of record {self.records + 1}.")
            if token in _CLOSES:
                open_brackets.append(_CLOSES[token])
                if len(open_brackets) > MAX_DEPTH:
                    raise self.refused("json_too_deep", f"Values are nested more than {MAX_DEPTH} deep.")
            elif token in "}]" and token != open_brackets.pop():
                raise self.refused("bad_json", f"The brackets of record {self.records + 1} do not match.")


def _items(source: _Source) -> Iterator[str]:
    """The items of a list whose opening bracket was just read; reads its closing bracket."""
    source.forget()
    first = True
    while True:
        token = source.token(_ANY)
        if token is None or token == "}":
            raise source.refused("bad_json", f"The list does not end as it should, at record {source.records + 1}.")
        if token in _CLOSES:
            source.skip_value(token)
        elif token in ",]":
            item = source.taken()
            if not item and (token == "," or not first):
                raise source.refused("bad_json", f"There is nothing between two commas at record {source.records + 1}.")
            source.forget()
            if item:
                source.records += 1
                yield item
            if token == "]":
                return
            first = False


def _object_or_envelope(source: _Source) -> Iterator[str]:
    """The object that was just opened, or where it is OCPI's envelope, what is under "data"."""
    key, enveloped = "", False
    while True:
        token = source.token(_ANY)
        if token is None or token == "]":
            raise source.refused("bad_json", "The file ends in the middle of an object.")
        if token == "}":
            break
        if token == ":" and key == '"data"' and not enveloped:
            enveloped = True
            source.forget()
            opening = source.token(_ANY)
            if opening == "[":
                yield from _items(source)
            elif opening == "{":
                source.skip_value(opening)
                item = source.whole()
                source.records += 1
                yield item
            elif opening == "}":
                return
        elif token in _CLOSES:
            source.skip_value(token)
        if enveloped:
            source.forget()
        key = token
    if not enveloped:
        source.records += 1
        yield source.whole()
    source.forget()
