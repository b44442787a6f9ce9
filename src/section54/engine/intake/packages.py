"""Zip and gzip, unpacked with a counter running: a small file may not become a huge one."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from itertools import pairwise

from section54.engine.intake.limits import MEGABYTE, Limits, in_words
from section54.engine.intake.refusal import NotALedger, refuse, shown_name


CHUNK = 1 << 18
RATIO_FROM = 10 * MEGABYTE
AGAIN = "download or export it again"
_END = b"PK\x05\x06"
_CENTRAL = b"PK\x01\x02"
_LOCAL = struct.Struct("<4s5H3I2H")
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 0x1 | 0x40 | 0x2000
# Kept for a writer that pads its files; anything else after the end may be a second file.
_PADDING = b"\x00\r\n\t \x1a"


@dataclass(slots=True)
class Budget:
    """Counts every byte unpacked from one file, through all its levels."""

    name: str
    given: int
    limits: Limits
    inflated: int = 0

    def spend(self, count: int) -> None:
        """Count some unpacked bytes.

        Raises:
            NotALedger: they are too many in all, or out of proportion to the file.
        """
        self.inflated += count
        if self.inflated > self.limits.inflated_bytes:
            raise refuse(
                self.name,
                f"unpacks to more than {in_words(self.limits.inflated_bytes)}",
                "give its ledgers as separate, smaller files",
            )
        if self.inflated > max(RATIO_FROM, self.limits.ratio * self.given):
            raise refuse(
                self.name,
                f"unpacks to more than {self.limits.ratio:,} times its size, as no ledger does",
                "give the ledger as a plain .csv file",
            )


@dataclass(slots=True)
class Member:
    """One file in a zip: its name as stored, where its bytes are, and what they should become."""

    name: str
    start: int
    packed: int
    size: int
    crc: int
    method: int
    encrypted: bool
    folder: bool

    @property
    def shown(self) -> str:
        """The name made safe to show."""
        return shown_name(self.name)

    @property
    def key(self) -> str:
        """The name as workbook readers compare it."""
        return self.name.replace("\\", "/").lower()


@dataclass(slots=True)
class Package:
    """A zip whose directory has been checked: nothing overlaps, nothing is hidden."""

    name: str
    data: bytes = field(repr=False)
    budget: Budget
    members: list[Member]

    def find(self, key: str) -> Member | None:
        """Return the member whose name is ``key`` (lower case, forward slashes)."""
        return next((member for member in self.members if member.key == key), None)

    def chunks(self, member: Member, *, counted: bool = True) -> Iterator[bytes]:
        """Yield a member's bytes, counting them; ``counted=False`` for a second look at the same.

        Raises:
            NotALedger: too much, encrypted, or not what the directory says.
        """
        if member.encrypted:
            raise password(f"{self.name}")
        if member.method not in (_STORED, _DEFLATED):
            raise refuse(
                self.name, "is packed in a way we do not read", "unpack it and zip it again"
            )
        packed = memoryview(self.data)[member.start : member.start + member.packed]
        pieces = _stored(packed) if member.method == _STORED else self._inflated(packed, member)
        size = crc = 0
        for piece in pieces:
            if counted:
                self.budget.spend(len(piece))
            size += len(piece)
            crc = zlib.crc32(piece, crc)
            if size > member.size:
                raise self._lies(member)
            yield piece
        if size != member.size or crc != member.crc:
            raise self._lies(member)

    def read(self, member: Member, *, counted: bool = True) -> bytes:
        """Return all of a member's bytes; the same limits as ``chunks``."""
        whole = BytesIO()
        for piece in self.chunks(member, counted=counted):
            whole.write(piece)
        return whole.getvalue()

    def _inflated(self, packed: memoryview, member: Member) -> Iterator[bytes]:
        inflater = zlib.decompressobj(-15)
        try:
            for at in range(0, len(packed), CHUNK):
                waiting: bytes | memoryview = packed[at : at + CHUNK]
                while len(waiting):
                    piece = inflater.decompress(waiting, CHUNK)
                    waiting = inflater.unconsumed_tail
                    if piece:
                        yield piece
                    if inflater.eof and (inflater.unused_data or at + CHUNK < len(packed)):
                        raise self._lies(member)
            while piece := inflater.decompress(inflater.unconsumed_tail, CHUNK):
                yield piece
        except zlib.error as error:
            raise self._lies(member) from error
        if not inflater.eof:
            raise self._lies(member)

    def _lies(self, member: Member) -> NotALedger:
        return refuse(
            self.name,
            f"is damaged (its part {member.shown} is not what the file says it is)",
            AGAIN,
        )


def _stored(packed: memoryview) -> Iterator[bytes]:
    for at in range(0, len(packed), CHUNK):
        yield bytes(packed[at : at + CHUNK])


def password(name: str) -> NotALedger:
    """Return the refusal of a file that only opens with a password."""
    return refuse(name, "is password-protected", "save a copy without a password and try that")


def gunzip(data: bytes, name: str, budget: Budget) -> bytes:
    """Return what a gzip file holds (several gzip streams one after the other are one file).

    Raises:
        NotALedger: cut short, damaged, or too much.
    """
    whole = BytesIO()
    rest = memoryview(data)
    try:
        while len(rest):
            inflater = zlib.decompressobj(31)
            used = 0
            while not inflater.eof:
                waiting = inflater.unconsumed_tail
                if not waiting:
                    if used >= len(rest):
                        raise refuse(
                            name, "is a gzip file that stops in the middle", "download it again"
                        )
                    piece = inflater.decompress(rest[used : used + CHUNK], CHUNK)
                    used += CHUNK
                else:
                    piece = inflater.decompress(waiting, CHUNK)
                budget.spend(len(piece))
                whole.write(piece)
            rest = rest[min(used, len(rest)) - len(inflater.unused_data) :]
            if len(rest) and rest[0] == 0 and not bytes(rest).strip(b"\x00"):
                break  # blocks of zeros, as tapes and some servers pad files
    except zlib.error as error:
        raise refuse(name, "is a damaged gzip file", "download it again") from error
    return whole.getvalue()


def open_package(data: bytes, name: str, budget: Budget, limits: Limits) -> Package:
    """Return a zip's checked directory, without unpacking anything yet.

    Raises:
        NotALedger: cut short, damaged, too many members, or members that share bytes.
    """
    end = data.rfind(_END, max(0, len(data) - 66_000))
    if end < 0 or len(data) < end + 22:
        raise refuse(name, "is a zip or workbook file that stops in the middle", AGAIN)
    comment = int.from_bytes(data[end + 20 : end + 22], "little")
    rest = data[end + 22 + comment :]
    if len(data) < end + 22 + comment or rest.strip(_PADDING):
        raise refuse(name, "is damaged (something follows the end of its zip)", AGAIN)
    directory = int.from_bytes(data[end + 12 : end + 16], "little")
    first = 0 if directory == 0xFFFFFFFF else max(0, end - directory)
    if data.count(_CENTRAL, first, end) > limits.members:
        raise refuse(
            name,
            f"holds more than {limits.members:,} files",
            "give the ledgers in smaller archives or one by one",
        )
    try:
        with zipfile.ZipFile(BytesIO(data[: len(data) - len(rest)])) as archive:
            infos = archive.infolist()
            start_of_directory = archive.start_dir
    except (zipfile.BadZipFile, NotImplementedError, struct.error, ValueError, OverflowError) as e:
        raise refuse(name, "is a damaged zip or workbook file", AGAIN) from e
    members = [_member(info, data, name) for info in infos]
    spans = sorted(
        (info.header_offset, m.start + m.packed) for info, m in zip(infos, members, strict=True)
    )
    if spans and spans[0][0] != 0:
        raise refuse(name, "is damaged (something stands before its zip)", AGAIN)
    spans.append((start_of_directory, start_of_directory))
    if any(stop > begin for (_, stop), (begin, _) in pairwise(spans)):
        raise refuse(
            name,
            "is damaged (its parts overlap, so that it would unpack to far more than it holds)",
            "give the ledger as a plain .csv file",
        )
    return Package(name, data, budget, members)


def _member(info: zipfile.ZipInfo, data: bytes, name: str) -> Member:
    at = info.header_offset
    header = data[at : at + _LOCAL.size] if at >= 0 else b""
    if len(header) < _LOCAL.size or header[:4] != b"PK\x03\x04":
        raise refuse(name, "is a damaged zip or workbook file", AGAIN)
    local = _LOCAL.unpack(header)
    name_length, extra_length = local[9], local[10]
    local_name = data[at + _LOCAL.size : at + _LOCAL.size + name_length]
    # The two places that name a member must agree, or two readers would see two files.
    if local_name not in _spellings(info):
        raise refuse(name, "is damaged (it names its parts in two different ways)", AGAIN)
    return Member(
        name=_read_name(info),
        start=at + _LOCAL.size + name_length + extra_length,
        packed=info.compress_size,
        size=info.file_size,
        crc=info.CRC,
        method=info.compress_type,
        encrypted=bool((info.flag_bits | local[2]) & _ENCRYPTED),
        folder=info.orig_filename.endswith(("/", "\\")),
    )


def _spellings(info: zipfile.ZipInfo) -> set[bytes]:
    name = info.orig_filename
    return {name.encode("utf-8", "replace"), name.encode("cp437", "replace")}


def _read_name(info: zipfile.ZipInfo) -> str:
    name = info.orig_filename
    if info.flag_bits & 0x800:
        return name
    # Many programs write UTF-8 without saying so.
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name
