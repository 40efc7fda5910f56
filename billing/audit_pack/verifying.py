"""Checks a pack by what is in it alone: files against their list, entries against their hashes, the chain, signatures."""

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from billing.audit_pack.packing import MANIFEST
from chargebill.core.errors import UserError

ENTRIES, CHAIN = "entries.jsonl", "chain.json"
LARGEST = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at, and every sentence about what does not hold; none: the pack is whole."""

    files: int
    entries: int
    signatures: int
    keys: tuple[str, ...]
    problems: tuple[str, ...]


def verify(path: Path) -> Verified:
    """Raises UserError not_a_pack for what is no pack at all."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(one.file_size for one in archive.infolist()) > LARGEST:
                raise UserError("not_a_pack", f"{path} unpacks to more than {LARGEST:,} bytes. Nothing was read.", "--verify")
            files = {name: archive.read(name) for name in archive.namelist()}
        manifest = json.loads(files.pop(MANIFEST))
        listed = {str(one["name"]): str(one["sha256"]) for one in manifest["files"]}
        chain, entries = json.loads(files[CHAIN]), files[ENTRIES].splitlines()
        problems = _files(files, listed)
        problems += _chain(chain, entries)
        problems += _signatures(chain)
        keys = tuple(sorted({str(one["key_fingerprint"]) for one in chain["closings"]}))
        return Verified(len(listed), len(entries), len(chain["closings"]), keys, tuple(problems))
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, NotImplementedError) as problem:
        raise UserError("not_a_pack", f"{path} is no audit pack that can be read: {problem}.", "--verify") from None


def _files(files: dict[str, bytes], listed: dict[str, str]) -> list[str]:
    problems = [f"{name} is not in the list of files." for name in sorted(files.keys() - listed.keys())]
    problems += [f"{name} is missing." for name in sorted(listed.keys() - files.keys())]
    problems += [
        f"{name} is not the file that was packed."
        for name, content in sorted(files.items())
        if name in listed and hashlib.sha256(content).hexdigest() != listed[name]
    ]
    return problems


def _chain(chain: dict[str, Any], entries: list[bytes]) -> list[str]:
    """Each entry's text has its hash, and each seal follows from what it says came before."""
    problems = []
    seals = chain["seals"]
    if len(seals) != len(entries):
        problems.append(f"{len(seals)} seals are of {len(entries)} entries.")
    last: dict[str, Any] | None = None
    for seal, entry in zip(seals, entries, strict=False):
        where = f"Entry {seal['entry_no']}"
        if hashlib.sha256(entry).hexdigest() != seal["entry_hash"]:
            problems.append(f"{where} does not say what was sealed.")
        said = f"{seal['previous']}\n{seal['entry_no']}\n{seal['entry_hash']}"
        if hashlib.sha256(said.encode()).hexdigest() != seal["chain"]:
            problems.append(f"{where} is not linked as its seal says.")
        if last and seal["entry_no"] == last["entry_no"] + 1 and seal["previous"] != last["chain"]:
            problems.append(f"{where} does not follow entry {last['entry_no']}.")
        last = seal
    return problems


def _signatures(chain: dict[str, Any]) -> list[str]:
    """Each closing is signed, and what it says of its month is what the seals say."""
    problems = []
    for one in chain["closings"]:
        where = f"Closing of {one['period']}"
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(one["public_key"]))
            key.verify(bytes.fromhex(one["signature"]), one["statement"].encode())
        except (InvalidSignature, ValueError):
            problems.append(f"{where}: the signature is not that of its text.")
        if hashlib.sha256(bytes.fromhex(one["public_key"])).hexdigest() != one["key_fingerprint"]:
            problems.append(f"{where}: the key is not the one it is named after.")
        signed = json.loads(one["statement"])
        hashes = [seal["entry_hash"] for seal in chain["seals"] if seal["period"] == signed["period"]]
        hashes_then = [
            seal["entry_hash"]
            for seal in chain["seals"]
            if seal["period"] == signed["period"] and seal["entry_no"] <= signed["head_seq"]
        ]
        if hashlib.sha256("".join(f"{one_hash}\n" for one_hash in hashes_then).encode()).hexdigest() != signed["digest"]:
            problems.append(f"{where}: its month holds other entries than were signed.")
        if hashes != hashes_then:
            problems.append(f"{where}: entries came into its month after it was closed.")
        head = next((seal for seal in chain["seals"] if seal["entry_no"] == signed["head_seq"]), None)
        if head is not None and head["chain"] != signed["head"]:
            problems.append(f"{where}: the end of the chain is another one.")
    return problems
