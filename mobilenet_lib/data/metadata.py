"""What a file says about its photo besides the pixels: how it is held is read, the rest is kept from Pillow.

Cameras and programs write EXIF data, color profiles, previews and notes over which Pillow fails, where viewers go on.
"""

import re
import struct

from PIL import ExifTags, Image


def jpeg(content: bytes) -> tuple[bytes, bytes, bytes]:
    """The file without what says more about the photo, its EXIF data, and the rest of that."""
    kept, exif, others, at = [content[:2]], b"", [], 2
    while at + 4 <= len(content) and content[at] == 0xFF and content[at + 1] != 0xDA:  # where the picture begins
        end = at + 1 if content[at + 1] == 0xFF else at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        marker, segment = content[at + 1], content[at:end]
        # APP0 and APP14, if they are whole, tell in which colors the picture is.
        colors = marker not in (*range(0xE0, 0xF0), 0xFE) or (marker in (0xE0, 0xEE) and end - at >= 16)
        (kept if colors else others).append(segment)
        if segment[4:10] == b"Exif\0\0":
            exif = exif or segment[10:]
        at = end
    return b"".join([*kept, content[at:]]), exif, b"".join(others)


def png(content: bytes) -> tuple[bytes, bytes, bytes]:
    """The file without what says more about the photo, its EXIF data, and the rest of that."""
    kept, exif, others, at = [content[:8]], b"", [], 8
    while at + 8 <= len(content):
        end = at + 12 + int.from_bytes(content[at : at + 4], "big")
        kind, chunk = content[at + 4 : at + 8], content[at:end]
        needed = kind[:1].isupper() or kind == b"tRNS"
        (kept if needed else others).append(chunk)
        if kind == b"eXIf":
            exif = chunk[8:-4]
        at = end
    return b"".join(kept), exif, b"".join(others)


def orientation(image: Image.Image) -> int:
    """How the photo is held, 1 to 8 as in EXIF; 1, upright, if nothing says so."""
    if held := _in_exif((image.info.get("exif") or b"").removeprefix(b"Exif\0\0")):
        return held
    in_xmp = re.search(rb'tiff:Orientation(?:="|>)([1-8])', image.info.get("xmp") or b"")
    return int(in_xmp[1]) if in_xmp else 1


def _in_exif(exif: bytes) -> int | None:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None or len(exif) < 8:
        return None
    (start,) = struct.unpack_from(f"{order}I", exif, 4)
    count = int.from_bytes(exif[start : start + 2], "little" if order == "<" else "big")
    for place in range(start + 2, min(start + 2 + 12 * count, len(exif) - 11), 12):
        tag, kind, values = struct.unpack_from(f"{order}HHI", exif, place)
        size = {1: "B", 3: "H", 4: "I"}.get(kind)  # it should be 3, two bytes
        if tag == ExifTags.Base.Orientation and size and values == 1:
            return struct.unpack_from(f"{order}{size}", exif, place + 8)[0]
    return None
