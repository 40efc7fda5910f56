"""The copy an import reads is whole or not there, also after a crash and beside another import of the same file."""

import hashlib
from pathlib import Path

import pytest
from django.conf import settings

from stations.imports import keep_copy


def test_a_crash_while_copying_leaves_no_half_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Path(settings.MEDIA_ROOT)
    file = tmp_path / "export.csv"
    file.write_bytes(b"session_id,location\n" * 1000 + tmp_path.name.encode())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()

    with monkeypatch.context() as crashing:
        crashing.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            keep_copy(file)
    assert not (kept / "imports" / digest[:2] / digest).exists()

    name, sha256 = keep_copy(file)
    assert (name, sha256) == (f"imports/{digest[:2]}/{digest}", digest)
    assert (kept / name).read_bytes() == file.read_bytes()


def test_the_same_content_is_kept_once(tmp_path: Path) -> None:
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_bytes(f"the same content {tmp_path.name}".encode())
    two.write_bytes(one.read_bytes())

    assert keep_copy(one) == keep_copy(two)
