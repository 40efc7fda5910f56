"""Files of a case, looked at before they are kept: what they are, how large, made harmless. Pure: no Django, no database."""

from disputes.files.cleaning import CleanFile, cleaned
from disputes.files.kinds import IMAGES, FileKind, Refused
from disputes.files.words import ACCEPT, ALLOWED, TOO_MUCH, sentence

__all__ = ["ACCEPT", "ALLOWED", "IMAGES", "TOO_MUCH", "CleanFile", "FileKind", "Refused", "cleaned", "sentence"]
