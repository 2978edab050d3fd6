"""Bytes of a file: unpacked, in the one encoding that holds for all of it, cut at line ends.

A file is read twice: once to hash it and to decide the encoding on the whole of it, once to hand it on in blocks of
UTF-8, so that memory does not grow with the file.
"""

import codecs
import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PIECE_BYTES = 16 << 20
_BOM = codecs.BOM_UTF8
_GZIP_MAGIC = b"\x1f\x8b"


class FileRefused(Exception):
    """A file that cannot be read at all; the message is the sentence for the user."""


@dataclass(frozen=True)
class Source:
    """A file that can be read: where it is, the hash of its bytes as they lie there, and its encoding."""

    path: Path
    sha256: str
    encoding: str


def inspect(path: Path, largest_bytes: int) -> Source:
    """Hash ``path`` and decide its encoding on the whole file.

    Raises
    ------
    FileRefused
        If it cannot be opened or unpacked, holds nothing, unpacks to more than ``largest_bytes``, or is in neither
        UTF-8 nor GB18030.
    """
    start, sha256 = _hash(path)
    packed = path.suffix == ".gz"
    if packed != start.startswith(_GZIP_MAGIC) and start:
        kind = "is not a gzip file in spite of its name" if packed else "is a gzip file; name it .csv.gz"
        raise FileRefused(f"{path.name}: {kind}")
    if _decodes(path, "utf-8", largest_bytes):
        has_bom = next(_pieces(path), b"").startswith(_BOM)
        return Source(path, sha256, "utf-8-sig" if has_bom else "utf-8")
    if not next(_pieces(path), b"").startswith(_BOM) and _decodes(path, "gb18030", largest_bytes):
        return Source(path, sha256, "gb18030")
    raise FileRefused(f"{path.name}: is in neither UTF-8 nor GB18030; save it as CSV UTF-8")


def utf8_blocks(source: Source) -> Iterator[bytes]:
    """Yield the file as UTF-8 without BOM, in blocks of whole physical lines, each ending in a newline.

    Raises
    ------
    FileRefused
        If a line is longer than a block, which no line of a CSV file is.
    """
    rest = b""
    for piece in _utf8_pieces(source):
        cut = piece.rfind(b"\n") + 1
        if not cut and len(rest) > PIECE_BYTES:
            raise FileRefused(
                f"{source.path.name}: has a line of more than {PIECE_BYTES >> 20} MB; this is no CSV file"
            )
        if cut:
            yield rest + piece[:cut]
            rest = piece[cut:]
        else:
            rest += piece
    if rest:
        yield rest + b"\n"


def _hash(path: Path) -> tuple[bytes, str]:
    """Return the first bytes and the sha256 of the file as it lies on disk."""
    digest, start = hashlib.sha256(), b""
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                start = start or piece[:2]
                digest.update(piece)
    except OSError as error:
        raise FileRefused(f"{path.name}: cannot be read ({error.strerror})") from error
    if not start:
        raise FileRefused(f"{path.name}: is empty and has no header; delete it or write its header line")
    return start, digest.hexdigest()


def _pieces(path: Path) -> Iterator[bytes]:
    """Yield the unpacked bytes."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                yield piece
    except EOFError as error:
        raise FileRefused(f"{path.name}: the gzip file is truncated; copy it again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise FileRefused(f"{path.name}: the gzip file is damaged ({error}); copy it again") from error
    except OSError as error:
        raise FileRefused(f"{path.name}: cannot be read ({error.strerror})") from error


def _decodes(path: Path, encoding: str, largest_bytes: int) -> bool:
    """Say whether the whole file is valid in ``encoding``."""
    decoder, size = codecs.getincrementaldecoder(encoding)(), 0
    try:
        for piece in _pieces(path):
            size += len(piece)
            if size > largest_bytes:
                raise FileRefused(
                    f"{path.name}: is larger than {largest_bytes >> 20} MB unpacked (import.largest_file_mb); split it"
                )
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _utf8_pieces(source: Source) -> Iterable[bytes]:
    pieces = _pieces(source.path)
    if source.encoding == "gb18030":
        return _recoded(pieces, source.encoding)
    return _without_bom(pieces) if source.encoding == "utf-8-sig" else pieces


def _without_bom(pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield next(pieces).removeprefix(_BOM)
    yield from pieces


def _recoded(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    for piece in pieces:
        yield decoder.decode(piece).encode()
    yield decoder.decode(b"", final=True).encode()
