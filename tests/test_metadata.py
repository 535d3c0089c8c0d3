"""`data.metadata`: a photo is turned as its file says, and none is lost over what else is in there."""

import io
import random
import struct
import zlib

import pytest
from pictures import BLUE, GREEN, RED, STORED, WHITE, corners, needs_avif, quarters
from PIL import ExifTags, Image

from mobilenet_lib import data


def test_a_photo_with_a_tag_that_leads_nowhere_is_turned_and_read(tmp_path):
    exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x28\x01\x02\0\x02\0\0\x002\0\0\0\0\0\0\0"
    quarters().transpose(STORED[6]).save(tmp_path / "a.jpg", exif=exif, quality=100)
    assert corners(data.read(tmp_path / "a.jpg", 16)) == [RED, GREEN, BLUE, WHITE]


def test_a_photo_whose_exif_data_are_none_is_read(tmp_path):
    quarters().save(tmp_path / "b.png", exif=b"\0\x08\0\2\1\x12\0\3")
    assert corners(data.read(tmp_path / "b.png", 16)) == [RED, GREEN, BLUE, WHITE]


def odd_exif(chance: random.Random, orientation: int) -> bytes:
    """EXIF data with the orientation among up to twelve tags of any kind, length and place."""
    order = chance.choice("<>")
    tags = [
        struct.pack(f"{order}HHI", chance.choice([270, 271, 282, 296, 305, 34665, 34853]), kind, count)
        + chance.randbytes(4)
        for kind, count in (
            (chance.randrange(20), chance.choice([0, 1, 5, 2**32 - 1])) for _ in range(chance.randrange(12))
        )
    ]
    tags.insert(chance.randrange(len(tags) + 1), struct.pack(f"{order}HHIHH", 274, 3, 1, orientation, 0))
    start = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}IH", 8, len(tags))
    return b"Exif\0\0" + start + b"".join(tags) + chance.randbytes(chance.choice([0, 4, 50]))


@pytest.mark.parametrize(("kind", "options"), [("JPEG", {"quality": 100}), ("PNG", {}), ("WEBP", {"lossless": True})])
def test_a_photo_is_turned_as_its_exif_data_say_whatever_its_other_tags(kind, options):
    for number in range(700):
        chance = random.Random(number)
        held = chance.randrange(1, 9)
        image = quarters().transpose(STORED[held]) if held > 1 else quarters()
        content = io.BytesIO()
        image.save(content, kind, exif=odd_exif(chance, held), **options)
        assert corners(data.read(content, 16)) == [RED, GREEN, BLUE, WHITE], number


SEGMENTS = [b"ICC_PROFILE\0", b"MPF\0II*\0\x08\0\0\0", b"Photoshop 3.0\x008BIM\x03\xed", b"JFIF\0", b"Adobe", b"notes"]

CHUNKS = [b"iCCP", b"cHRM", b"gAMA", b"pHYs", b"sRGB", b"acTL", b"fcTL", b"fdAT", b"zTXt", b"iTXt", b"tIME", b"caBX"]


def test_no_photo_is_lost_over_a_profile_a_preview_or_a_note(tmp_path):
    for kind, start in ("JPEG", 2), ("PNG", 33):
        content = io.BytesIO()
        quarters().save(content, kind, **({"quality": 100} if kind == "JPEG" else {}))
        whole = content.getvalue()
        for number in range(300):
            chance = random.Random(number)
            noise = chance.randbytes(chance.choice([0, 1, 2, 12, 40]))
            if kind == "JPEG":
                noise = chance.choice(SEGMENTS) + noise
                other = struct.pack(">BBH", 0xFF, chance.choice([*range(0xE0, 0xF0), 0xFE]), len(noise) + 2) + noise
            else:
                noise = chance.choice(CHUNKS) + noise
                other = struct.pack(">I", len(noise) - 4) + noise + struct.pack(">I", zlib.crc32(noise))
            image = data.read(io.BytesIO(whole[:start] + other + whole[start:]), 16)
            assert corners(image) == [RED, GREEN, BLUE, WHITE], (kind, number)


def test_the_orientation_in_xmp_counts_where_there_are_no_exif_data(tmp_path):
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    quarters().transpose(STORED[6]).save(tmp_path / "photo.jpg", xmp=xmp, quality=100)
    assert corners(data.read(tmp_path / "photo.jpg", 16)) == [RED, GREEN, BLUE, WHITE]


@needs_avif
def test_avif_with_spoiled_exif_data_is_read(tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Orientation] = "a camera", 6
    content = io.BytesIO()
    quarters().transpose(STORED[6]).save(content, "AVIF", exif=exif, quality=100)
    for spoiled in (b"nothing!", b"MM\0*\xff\xff\xff\xff", b"MM\0*\0\0\0\x09"):
        whole = content.getvalue()
        start = max(whole.find(b"MM\0*"), whole.find(b"II*\0"))
        (tmp_path / "a.avif").write_bytes(whole[:start] + spoiled + whole[start + 8 :])
        assert corners(data.read(tmp_path / "a.avif", 16)) == [RED, GREEN, BLUE, WHITE]
