"""A mail server that keeps what it is given, and can be told to be difficult."""

import socketserver
import time
from collections import Counter
from email import message_from_bytes
from email.message import Message as Mail
from threading import Thread
from typing import Self


class MailServer(socketserver.ThreadingTCPServer):
    """Speaks just enough SMTP. ``answers``: what it says to the words of a message, by address.

    An answer of ``drop`` takes the words and hangs up without one; ``drop before`` hangs up when
    it hears the address.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, pause: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.port: int = self.server_address[1]
        self.pause = pause
        self.received: list[Mail] = []
        self.answers: dict[str, str] = {}

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def times(self) -> Counter[str]:
        """How often each message came, by its id."""
        return Counter(str(mail["Message-ID"]) for mail in list(self.received))


class _Talk(socketserver.StreamRequestHandler):
    server: MailServer

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())

    def handle(self) -> None:
        answer = ""
        try:
            self.say("220 here")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"RCPT":
                    address = line.split(b"<")[1].split(b">")[0].decode()
                    answer = self.server.answers.get(address, "250 taken")
                    if answer == "drop before":
                        return
                    self.say("550 nobody here" if answer == "550 nobody here" else "250 go on")
                elif verb == b"DATA":
                    self.say("354 go on")
                    if not self.take(answer):
                        return
                elif verb == b"QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 here")
        except OSError:  # whoever talked to us was killed
            return

    def take(self, answer: str) -> bool:
        words = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return False  # it broke off in the middle, so nothing was given
            words.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        time.sleep(self.server.pause)
        if answer.startswith("250") or answer == "drop":
            self.server.received.append(message_from_bytes(b"".join(words)))
        if answer == "drop":
            return False
        self.say(answer)
        return True
