"""Feed the library with thousands of broken files: `make fuzz`.

Every file is a good one with bytes changed, cut, doubled or spliced, by a seed. Whatever it has become, reading it
gives an image or an `OSError`, loading it a model or a `ValueError`, in bounded time and memory; anything else ends the
run, with the number of the file that did it.
"""

import argparse
import faulthandler
import io
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from contextlib import suppress
from functools import partial
from pathlib import Path

import keras
import numpy as np
from PIL import Image, features

from mobilenet_lib import data, drawn, models, tflite, training

NAMES = ("jpg", "png", "gif", "webp", "bmp", "avif", "jfif", "heic")
BATCH = 40  # files in a folder that `check` and `load` go through
LIMIT = 60  # seconds that one file may take
PAGE = os.sysconf("SC_PAGE_SIZE")


def pictures() -> list[bytes]:
    """Drawn cats and dogs in every format and in the variants that cameras and programs make of it."""
    exif = Image.Exif()
    exif[274], exif[271], exif[34665] = 6, "camera", {36867: "2026:01:01 00:00:00"}
    variants = {
        "JPEG": [{}, {"progressive": True}, {"exif": exif}, {"mode": "CMYK"}, {"mode": "L"}],
        "PNG": [{}, {"mode": "RGBA"}, {"mode": "P"}, {"mode": "I;16"}, {"mode": "1"}, {"exif": exif}],
        "GIF": [{}, {"save_all": True}],
        "WEBP": [{}, {"lossless": True}, {"mode": "RGBA"}],
        "BMP": [{}, {"mode": "P"}, {"mode": "1"}],
    }
    if "avif" in features.get_supported():
        variants["AVIF"] = [{}, {"mode": "RGBA"}, {"exif": exif}]
    found = []
    for kind, options in variants.items():
        for number, option in enumerate(options):
            image = drawn.picture(number).resize((61, 47))
            mode = option.pop("mode", "RGB")
            image = image.convert("L").convert("I").convert(mode) if mode == "I;16" else image.convert(mode)
            content = io.BytesIO()
            image.save(content, kind, **option)
            found.append(content.getvalue())
    return found


def mutated(chance: random.Random, originals: list[bytes]) -> bytes:
    """One of `originals`, broken in one to four ways."""
    content = bytearray(chance.choice(originals))
    for _ in range(chance.randint(1, 4)):
        start, length = chance.randrange(len(content) + 1), chance.choice([1, 2, 4, 16, 200])
        if chance.random() < 0.5:  # headers and tables stand at the ends
            start = chance.choice([start % 200, max(0, len(content) - 1 - start % 200)])
        change = chance.randrange(7)
        if change == 0:
            content[start : start + 1] = chance.randbytes(1)
        elif change == 1:
            content[start : start + length] = chance.choice([b"\0", b"\xff", b"\x7f", b"\x80"]) * length
        elif change == 2:
            del content[start : start + length]
        elif change == 3:
            content[start:start] = content[start : start + length]
        elif change == 4:
            content[start:] = b""
        elif change == 5:
            other = chance.choice(originals)
            content[start:] = other[chance.randrange(len(other)) :]
        else:
            content[start : start + length] = chance.randbytes(length)
    return bytes(content)


def try_pictures(numbers: range, originals: list[bytes], counts: Counter) -> None:
    """Read a folder of mutated pictures one by one, check it, and load it."""
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place, split, name) for split in ("training_set", "test_set") for name in ("cats", "dogs")]
        for folder in folders:
            folder.mkdir(parents=True)
            for number in range(8):  # so that no split is without any
                (folder / f"good.{number}.png").write_bytes(originals[5])
        for number in numbers:
            faulthandler.dump_traceback_later(LIMIT, exit=True)
            chance = random.Random(number)
            path = folders[number % 4] / f"{number}.{chance.choice(NAMES)}"
            path.write_bytes(mutated(chance, originals))
            try:
                image = data.read(path, 32)
                assert image.shape == (32, 32, 3) and image.dtype == np.uint8
                counts["pictures read"] += 1
            except OSError:
                counts["pictures refused"] += 1
        faulthandler.dump_traceback_later(LIMIT, exit=True)
        report = data.check(place)
        assert sum(report.counts.values()) == len(numbers) + 32
        photos = data.load(32, source=place, validation=0.5)
        assert sum(photos.counts.values()) + len(photos.skipped) == len(numbers) + 32
        bad = [name for kind in ("unreadable", "not_images", "not_installed") for name in report.found[kind]]
        assert {*bad} == {*photos.skipped}
        faulthandler.cancel_dump_traceback_later()


def try_in_a_child(kind: str, number: int, originals: list[bytes], attempt) -> str:
    """What `attempt` made of one mutated file, in a process of its own, because LiteRT could take down this one."""
    child = os.fork()
    if child == 0:
        code = 3
        try:
            signal.alarm(LIMIT)
            attempt(mutated(random.Random(number), originals))
            code = 0
        except (ValueError, OSError):
            code = 1
        except BaseException as error:
            print(f"{kind} {number}: {type(error).__name__}: {error}", file=sys.stderr)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return {0: "read", 1: "refused"}.get(code, f"crashed ({code}), for example number {number}")


def use(content: bytes, image: np.ndarray) -> None:
    """All that can be done with a .tflite file; whether it counts as refused, `predict` says."""
    for function in (tflite.labels, tflite.operators, partial(tflite.resized, resolution=32)):
        with suppress(ValueError):
            function(content)
    tflite.predict(content, image)


def resident() -> float:
    """Megabytes that this process has in memory."""
    return int(Path("/proc/self/statm").read_text("utf8").split()[1]) * PAGE / 2**20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=4000)
    parser.add_argument("--tflite", type=int, default=2000)
    parser.add_argument("--keras", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0, help="of the first file; the next one has the next number")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    # Enough for TensorFlow, and little enough that a file which asks for gigabytes shows.
    resource.setrlimit(resource.RLIMIT_DATA, (4 * 2**30, 4 * 2**30))
    counts, started = Counter(), time.monotonic()

    originals, warm = pictures(), 0.0
    for start in range(args.seed, args.seed + args.pictures, BATCH):
        try_pictures(range(start, min(start + BATCH, args.seed + args.pictures)), originals, counts)
        warm = warm or (resident() if start >= args.seed + 4 * BATCH else 0.0)
    grown = resident() - warm if warm else 0.0

    model, image = models.mobilenet(0.1, 32, 2), np.zeros((1, 32, 32, 3), np.float32)
    files = [tflite.convert(model, mode, image, labels=("cat", "dog")) for mode in ("float32", "int8")]
    for number in range(args.seed, args.seed + args.tflite):
        outcome = try_in_a_child("tflite", number, files, partial(use, image=image))
        counts[f".tflite files {outcome}"] += 1

    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "model.keras")
        tiny = keras.Input((4, 4, 3))
        training.save_model(keras.Model(tiny, keras.layers.Conv2D(2, 1)(tiny)), path)
        whole = [path.read_bytes()]
        for number in range(args.seed, args.seed + args.keras):

            def attempt(content: bytes) -> None:
                path.write_bytes(content)
                training.load_model(path)

            counts[f".keras files {try_in_a_child('keras', number, whole, attempt)}"] += 1

    print(json.dumps({**counts, "minutes": round((time.monotonic() - started) / 60, 1), "MB grown": round(grown)}))
    return 1 if grown > 100 or any("crashed" in outcome for outcome in counts) else 0


if __name__ == "__main__":
    sys.exit(main())
