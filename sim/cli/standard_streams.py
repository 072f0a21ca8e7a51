"""Standard output and standard error that any program may have closed, filled up, or left without Unicode.

What cannot be printed never stops the work: it is remembered, and told in one line at the end. Characters that the
encoding lacks are replaced, and bytes of a file name that are no UTF-8 come out as they went in.
"""

from __future__ import annotations

import codecs
import errno
import io
import json
import os
import re
import select
import sys
from typing import Any, TextIO

STRICT = "strict", "surrogateescape"
"""Ways to meet a character that does not fit which end in an error; a way that a person chose stays."""


class Sink(io.FileIO):
    """A file descriptor that never fails.

    Attributes
    ----------
    trouble : why something could not be written; None: all was
    """

    trouble: OSError | None = None
    closed_before = False

    def write(self, data: Any) -> int:
        """Write, or note why that is not possible."""
        if self.closed_before:
            self.trouble = OSError(errno.EBADF, "it is closed")
        if self.trouble is None:
            try:
                while (written := super().write(data)) is None:  # its reader asked not to be waited for, and is slow
                    select.select((), (self,), ())
                return written
            except OSError as error:
                self.trouble = error
        return memoryview(data).nbytes


def settle() -> tuple[Sink | None, Sink | None]:
    """Make both streams such that they never fail, and return what they write to; None: a stream is somebody's own."""
    codecs.register_error("openloop", _fitted)
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:  # else the next file that is opened would take its place, and be printed into
            os.open(os.devnull, os.O_RDWR)
    sys.stdout, out = _settled(sys.stdout, sys.__stdout__, 1)
    sys.stderr, err = _settled(sys.stderr, sys.__stderr__, 2)
    return out, err


def _settled(stream: TextIO | None, original: TextIO | None, descriptor: int) -> tuple[TextIO, Sink | None]:
    if stream is not original:
        assert stream is not None
        return stream, None
    encoding, errors, lines = "utf-8", "openloop", descriptor == 2
    if isinstance(stream, io.TextIOWrapper):
        errors = "openloop" if stream.errors in STRICT else str(stream.errors)
        if os.name == "nt" and stream.isatty():  # a console of Windows is no file
            stream.reconfigure(errors=errors)
            return stream, None
        stream.flush()
        encoding, lines = stream.encoding, stream.line_buffering
    sink = Sink(descriptor, "wb", closefd=False)
    sink.closed_before = stream is None
    return io.TextIOWrapper(io.BufferedWriter(sink), encoding, errors, line_buffering=lines), sink


def _fitted(error: UnicodeError) -> tuple[str | bytes, int]:
    """What stands for characters that do not fit: the bytes of a file name, else a question mark."""
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return codecs.lookup_error("replace")(error)


def trouble_with(sink: Sink | None) -> str:
    """Why not everything could be printed, in a line; empty if it could, or if the reader had seen enough."""
    sys.stdout.flush()
    if sink is None or sink.trouble is None or isinstance(sink.trouble, BrokenPipeError):
        return ""
    return f"Not everything could be printed to standard output: {sink.trouble.strerror}. What was written is kept."


def printable_json(text: str) -> str:
    """JSON with escapes in place of the characters that standard output cannot take."""
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    return re.sub("[\ud800-\udfff]" if unicode else r"[^\x00-\x7f]", lambda letter: json.dumps(letter[0])[1:-1], text)
