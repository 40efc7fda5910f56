"""Whether a bundle is what was signed: by a key from outside, never by one the bundle brings along."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from billing.checks.canonical import canonical
from disputes.evidence.bundle import NoBundle, loaded, manifest_path, opened, packed, signature_path, signature_text
from disputes.evidence.manifest import FORMAT, File, Signed, lines_of

HEX = re.compile(r"[0-9a-f]+")
# (fingerprint of the key the bundle names, the company it is of, signed text, signature) -> why not; "" where it holds.
Judge = Callable[[str, Mapping[str, Any], str, str], str]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found. ``problems`` empty: every byte is what was signed."""

    problems: tuple[str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)
    version: int = 0
    items: int = 0
    key: str = ""

    @property
    def holds(self) -> bool:
        return not self.problems


def verified(content: bytes, judge: Judge) -> Checked:
    """Checks a bundle whole: that it is packed as bundles are, the newest manifest's signature, that it lists exactly what is
    there, and that every earlier version is the one the next one names. Never raises for what it is given."""
    try:
        return _verified(content, judge)
    except NoBundle as problem:
        return Checked((str(problem),))
    except (KeyError, TypeError, AttributeError, IndexError, ValueError):
        return Checked(("Its manifest is not one of a bundle.",))


def _verified(content: bytes, judge: Judge) -> Checked:
    entries = opened(content)
    at = dict(entries)
    version = sum(path.startswith("manifest-") and path.endswith(".signature.json") for path, _ in entries)
    if not version:
        return Checked(("There is no signed manifest in it.",))
    manifests = [_signed(at, number) for number in range(1, version + 1)]
    said = [loaded(one.text.encode()) for one in manifests]
    newest, manifest = manifests[-1], said[-1]
    problems = []
    if refused := judge(newest.key, manifest["about"], newest.text, newest.signature):
        problems.append(refused)
    if any(one["format"] != FORMAT for one in said):
        problems.append("It is of a format this program does not know.")
    own = {path for number in range(1, version + 1) for path in (manifest_path(number), signature_path(number))}
    files = [File(path, held) for path, held in entries if path not in own]
    problems += _lists(manifest["items"], files)
    problems += _follows(manifests, said)
    if not problems and packed(files, manifests) != content:
        problems.append("The order of what is in it was changed.")
    return Checked(tuple(problems), manifest["about"], version, len(files), newest.key)


def _signed(at: Mapping[str, bytes], version: int) -> Signed:
    text, beside = at[manifest_path(version)].decode(), loaded(at[signature_path(version)])
    signed = Signed(text, beside["signature"], beside["key"])
    # Hexadecimal can be written in several ways that mean the same: only one of them is ours.
    if not (HEX.fullmatch(signed.signature) and len(signed.signature) == 128 and HEX.fullmatch(signed.key)):
        raise NoBundle(f"The signature of version {version} is not written as one.")
    if signature_text(signed).encode() != at[signature_path(version)]:
        raise NoBundle(f"The signature of version {version} is not written as one.")
    if canonical(loaded(text.encode())) != text:
        raise NoBundle(f"Version {version} of the manifest is not written as one.")
    return signed


def _lists(listed: list[Any], files: list[File]) -> list[str]:
    if listed == lines_of(files):
        return []
    wanted, there = {line["path"]: line for line in listed}, {file.path: file for file in files}
    found = [f"{path} is listed and is not there." for path in wanted if path not in there]
    found += [f"{path} is there and is not listed." for path in there if path not in wanted]
    found += [f"{path} was changed." for path in wanted if path in there and there[path].sha256 != wanted[path]["sha256"]]
    return found or ["The order or the chain of the files was changed."]


def _follows(manifests: list[Signed], said: list[Any]) -> list[str]:
    """Each version names the one before it and begins with its lines."""
    found = []
    before: Signed | None = None
    for number, (signed, one) in enumerate(zip(manifests, said, strict=True), 1):
        if one["version"] != number or one["previous"] != (before.as_previous if before else None):
            found.append(f"Version {number} does not follow the one before it.")
        if number > 1:
            earlier = said[number - 2]
            if one["items"][: len(earlier["items"])] != earlier["items"] or one["about"] != earlier["about"]:
                found.append(f"Version {number} leaves out what an earlier one lists.")
        before = signed
    return found
