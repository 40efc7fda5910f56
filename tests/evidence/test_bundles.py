"""A bundle holds only as it was signed: whatever is changed, hashed anew or not, is refused."""

import io
import json
import zipfile
from random import Random

import pytest

from disputes.evidence import Checked, File, Signed, manifest_of, opened, packed
from disputes.evidence_queries import verified_by
from tests.evidence.conftest import ABOUT, AT, FILES, LATER, Signer, versions


def check(content: bytes, signer: Signer) -> Checked:
    return verified_by(content, signer.public)


def test_a_bundle_as_it_was_signed_holds(bundle: bytes, signer: Signer) -> None:
    found = check(bundle, signer)
    assert (found.problems, found.version, found.items, found.key) == ((), 2, 3, signer.fingerprint)
    assert found.about == ABOUT


def test_the_same_files_make_the_same_bytes_that_any_zip_program_reads(bundle: bytes, signer: Signer) -> None:
    assert packed([*FILES, LATER], versions(signer)) == bundle
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "README.txt", "sessions/1/record-1.json", "messages-1.json", "manifest-1.json", "manifest-1.signature.json",
            "manifest-2.json", "manifest-2.signature.json",
        ]  # fmt: skip


def rehashed(entries: dict[str, bytes], signer: Signer) -> list[Signed]:
    """Both manifests written anew over what is there now, with the old signatures: whoever has no key can do no better."""
    said = json.loads(entries["manifest-1.signature.json"]), json.loads(entries["manifest-2.signature.json"])
    files = [File(path, content) for path, content in entries.items() if not path.startswith("manifest-")]
    first = Signed(manifest_of(files[:2], about=ABOUT, version=1, previous=None, at=AT), said[0]["signature"], said[0]["key"])
    text = manifest_of(files, about=ABOUT, version=2, previous=first, at=AT)
    return [first, Signed(text, said[1]["signature"], said[1]["key"])]


def mutated(content: bytes, signer: Signer, random: Random) -> tuple[str, bytes]:
    """One change of a bundle, with what it was."""
    entries = dict(opened(content))
    kind = random.choice(
        ["bit", "cut", "more", "insert", "content", "rehashed", "left out", "added", "order", "signature", "foreign"]
    )
    if kind == "bit":
        at = random.randrange(len(content))
        return kind, content[:at] + bytes([content[at] ^ (1 << random.randrange(8))]) + content[at + 1 :]
    if kind == "cut":
        return kind, content[: random.randrange(len(content))]
    if kind == "more":
        return kind, content + random.randbytes(random.randrange(1, 50))
    if kind == "insert":
        at = random.randrange(len(content))
        return kind, content[:at] + random.randbytes(random.randrange(1, 20)) + content[at:]
    path = random.choice([*(file.path for file in FILES), LATER.path])
    if kind == "content":
        path = random.choice(list(entries))
        old = entries[path]
        at = random.randrange(len(old))
        entries[path] = old[:at] + bytes([(old[at] + random.randrange(1, 256)) % 256]) + old[at + 1 :]
    elif kind == "rehashed":
        entries[path] += random.randbytes(3)
        again = rehashed(entries, signer)
        return kind, packed([File(p, c) for p, c in entries.items() if not p.startswith("manifest-")], again)
    elif kind == "left out":
        del entries[random.choice(list(entries))]
    elif kind == "added":
        entries[f"more-{random.randrange(100)}.txt"] = b"I was here"
    elif kind == "order":
        names = list(entries)
        one, two = random.sample(range(len(names)), 2)
        names[one], names[two] = names[two], names[one]
        entries = {name: entries[name] for name in names}
    elif kind == "signature":
        name = random.choice(["manifest-1.signature.json", "manifest-2.signature.json"])
        said = json.loads(entries[name])
        said["signature"] = said["signature"].upper() if random.random() < 0.3 else random.randbytes(64).hex()
        entries[name] = (json.dumps(said, indent=1) + "\n").encode()
    else:
        other = Signer()
        return kind, packed([*FILES, File(LATER.path, b"[]")], versions(other, later=File(LATER.path, b"[]")))
    return kind, packed([File(name, held) for name, held in entries.items()], [])


def test_every_change_is_refused_with_a_reason(bundle: bytes, signer: Signer, full_size: bool) -> None:
    random = Random(27)
    seen = set()
    for number in range(5_000 if full_size else 1_000):
        kind, changed = mutated(bundle, signer, random)
        assert changed != bundle, (number, kind)
        found = check(changed, signer)
        assert not found.holds, (number, kind)
        assert all(problem.endswith(".") for problem in found.problems)
        seen.add(kind)
    assert len(seen) == 11


def test_what_was_signed_by_the_right_key_but_left_out_an_earlier_piece_is_refused(signer: Signer) -> None:
    """Even the company itself can't drop what it once signed: the next version has to begin with it."""
    first = versions(signer)[0]
    second = signer.sign(manifest_of([FILES[0], LATER], about=ABOUT, version=2, previous=first, at=AT))
    assert check(packed([FILES[0], LATER], [first, second]), signer).problems == (
        "Version 2 leaves out what an earlier one lists.",
    )


def test_an_earlier_version_that_is_not_the_one_named_is_refused(signer: Signer) -> None:
    second = versions(signer)[1]
    other = signer.sign(manifest_of(FILES, about=ABOUT, version=1, previous=None, at=AT.replace(hour=13)))
    assert check(packed([*FILES, LATER], [other, second]), signer).problems == ("Version 2 does not follow the one before it.",)


def signed_manifest(manifest: bytes, signature: bytes) -> bytes:
    return packed([File("manifest-1.json", manifest), File("manifest-1.signature.json", signature)], [])


NO_ZIP = "It can't be read as a ZIP (BadZipFile)."
NOTHING_SIGNED = "There is no signed manifest in it."
NO_MANIFEST = "Its manifest is not one of a bundle."


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", NO_ZIP),
        (b"<svg onload=alert(1)>", NO_ZIP),
        (packed([], []), NOTHING_SIGNED),
        (packed([File("a.txt", b"a")], []), NOTHING_SIGNED),
        (signed_manifest(b"{", b"{"), "A manifest or a signature in it is no JSON."),
        (signed_manifest(b"[" * 100_000, b"{}"), NO_MANIFEST),
        (packed([File("manifest-7.signature.json", b"{}")], []), NO_MANIFEST),
    ],
)
def test_what_is_no_bundle_is_refused_without_a_crash(content: bytes, problem: str, signer: Signer) -> None:
    assert check(content, signer).problems == (problem,)


def test_a_zip_another_program_packed_is_refused(bundle: bytes, signer: Signer) -> None:
    """With the same files: compressed, it could hide a bomb; with other metadata, a message."""
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            for path, content in opened(bundle):
                archive.writestr(zipfile.ZipInfo(path, (2026, 11, 27, 0, 0, 0)), content, method)
        assert not check(buffer.getvalue(), signer).holds
