"""What the log never holds: the secret part of a link that opens something by itself."""

import logging
import re


# Of an address that holds a secret, all that follows its name, however it was mangled on the way.
SECRET = re.compile(
    r"((?:/|%2f)(?:invitation|messages(?:/|%2f)stop)(?:/|%2f))[^\"'\n]+", re.IGNORECASE
)


def without_secrets(text: str) -> str:
    """Return a text without the secrets of links in it."""
    return SECRET.sub(r"\1[hidden]", text)


class WithoutSecrets(logging.Filter):
    """Takes secrets of links out of a line, of what is put into it, and of its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line through, without them."""
        record.msg, record.args = without_secrets(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = without_secrets(record.exc_text)
        return True
