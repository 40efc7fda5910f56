"""A mail server that speaks as much IMAP over TLS as reading a mailbox takes, on this machine, for a test."""

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Server:
    """Mails by uid, and which of them were marked as read."""

    def __init__(self, mails: dict[int, bytes]) -> None:
        self.mails, self.seen, self.commands = mails, set[int](), list[str]()

    def answer(self, tag: str, line: str) -> bytes:
        self.commands.append(line)
        fetch = re.match(r"UID FETCH (\d+) \((.+)\)", line)
        if line.startswith("UID SEARCH"):
            waiting = " ".join(str(uid) for uid in self.mails if uid not in self.seen)
            return f"* SEARCH {waiting}\r\n{tag} OK done\r\n".encode()
        if line.startswith("UID STORE"):
            self.seen.add(int(line.split()[2]))
        if fetch and fetch[2] == "RFC822.SIZE":
            return f"* 1 FETCH (UID {fetch[1]} RFC822.SIZE {len(self.mails[int(fetch[1])])})\r\n{tag} OK done\r\n".encode()
        if fetch:
            most = re.search(r"<0\.(\d+)>", fetch[2])
            raw = self.mails[int(fetch[1])][: int(most[1]) if most else None]
            return f"* 1 FETCH (UID {fetch[1]} BODY[] {{{len(raw)}}}\r\n".encode() + raw + f")\r\n{tag} OK done\r\n".encode()
        if line.startswith("LOGIN") and "secret" not in line:
            return f"{tag} NO wrong password\r\n".encode()
        return f"* 0 EXISTS\r\n{tag} OK done\r\n".encode()

    def talk(self, connection: ssl.SSLSocket) -> None:
        with connection, connection.makefile("rb") as lines, suppress(OSError):
            connection.sendall(b"* OK ready\r\n")
            for raw in lines:
                tag, _, line = raw.decode().strip().partition(" ")
                connection.sendall(b"* CAPABILITY IMAP4rev1\r\n" if line == "CAPABILITY" else b"")
                connection.sendall(self.answer(tag, line))
                if line == "LOGOUT":
                    return


def _certificate(folder: Path) -> Path:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def serving(mails: dict[int, bytes], folder: Path) -> Iterator[tuple[Server, int, ssl.SSLContext]]:
    """The server, its port, and what trusts it."""
    path, server = _certificate(folder), Server(mails)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with suppress(OSError):
                        server.talk(context.wrap_socket(connection, server_side=True))

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield server, listener.getsockname()[1], ssl.create_default_context(cafile=str(path))
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)
