"""Try it: in the browser the book's files say what they say in Python, whatever picture comes, and however."""

import base64
import json
import re
import struct
import zlib

import numpy as np
import pytest
from browsers import ROOT, SITE, colors_of, in_both, violations
from bs4 import BeautifulSoup
from PIL import Image

from mobilenet_lib import data, drawn, tflite, training
from mobilenet_lib.architecture import mobilenet
from mobilenet_lib.tflite import __main__ as command

pytestmark = pytest.mark.usefixtures("built_book")
PAGE = "book/try-it.html"
RECORD = json.loads((tflite.EXPORTS / "flagship.json").read_text("utf8"))
SIZE = RECORD["resolution"]
FILES = {"float32": training.MODELS / "cats-dogs.tflite", "int8": training.MODELS / "cats-dogs-int8.tflite"}
CLOSE = {"float32": 1e-5, "int8": 2e-2}
LOADED = re.compile(r"litert|wasm|\.tflite")


class TryIt:
    """The page, and what a reader does with it."""

    def __init__(self, page, address):
        self.page = page
        self.requests, self.complaints = [], []
        page.set_default_timeout(60_000)
        page.set_viewport_size({"width": 1400, "height": 900})
        page.emulate_media(color_scheme="light")
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda line: line.type in ("error", "warning") and self.complaints.append(line.text))
        page.goto(f"{address}/{PAGE}", wait_until="load")

    def after(self, action):
        """What the page says once it is done with what `action` started."""
        self.page.locator(".try-it .result").evaluate("node => node.setAttribute('aria-busy', 'not yet')")
        action()
        self.page.wait_for_selector(".try-it .result[aria-busy=false]", state="attached")
        return self.notice or self.answer

    def choose(self, path):
        return self.after(lambda: self.page.get_by_label("Choose a photo").set_input_files(path))

    def press(self, name):
        return self.after(self.page.get_by_role("button", name=name, exact=True).click)

    @property
    def notice(self):
        return self.page.locator(".try-it [role=alert]").inner_text()

    @property
    def answer(self):
        return self.page.locator(".try-it .answer[role=status]").inner_text()

    @property
    def probabilities(self):
        """By file, `[2]` each."""
        cells = "all => all.map(cell => [cell.dataset.file, Number(cell.querySelector('data').value)])"
        shown = self.page.locator(".try-it td[data-cell=cat], .try-it td[data-cell=dog]").evaluate_all(cells)
        return {name: np.array([share for file, share in shown if file == name]) for name in FILES}

    def heat(self, name):
        """The colors over the photo, RGBA `[S / 32, S / 32, 4]`."""
        pixels = self.page.locator(f"[data-file={name}] .heat").evaluate(
            "node => [...node.getContext('2d').getImageData(0, 0, node.width, node.height).data]"
        )
        return np.array(pixels).reshape(SIZE // 32, SIZE // 32, 4)


@pytest.fixture
def opened(page, address):
    return TryIt(page, address)


@pytest.fixture(scope="module")
def seen(browser, address):
    """A page that has loaded the network and shows what it says to a drawn dog."""
    page = browser.new_page()
    try_it = TryIt(page, address)
    try_it.press("A drawn dog")
    yield try_it
    page.close()


def in_python(path):
    image = data.normalize(data.read(path, SIZE))[np.newaxis]
    return {name: tflite.predict(file, image)[0] for name, file in FILES.items()}


def assert_agrees(try_it, path):
    said = try_it.choose(path)
    assert not try_it.notice, said
    for name, expected in in_python(path).items():
        np.testing.assert_allclose(try_it.probabilities[name], expected, rtol=0, atol=CLOSE[name], err_msg=name)


# The same picture, the same answer


@pytest.mark.parametrize("kind", ["png", "jpg"])
@in_both
def test_on_drawings_it_says_what_python_says(seen, tmp_path, kind):
    for number in range(2000, 2006):
        drawn.picture(number).save(tmp_path / f"{number}.{kind}")
        assert_agrees(seen, tmp_path / f"{number}.{kind}")


@in_both
def test_on_24_photos_it_says_what_python_says(seen, photos):
    paths = sorted(photos.rglob("test_set/*/*.jpg"))[::80]
    assert len(paths) >= 20
    for path in paths:
        assert_agrees(seen, path)


def test_on_photos_in_their_original_size_it_says_what_python_says(seen):
    paths = sorted((ROOT.parent / "shared" / "cats-dogs-originals").rglob("*.jpg"))[::12]
    if not paths:
        pytest.skip("the photos are not at hand in their original size")
    for path in paths:
        assert_agrees(seen, path)


def turned(orientation):
    exif = Image.Exif()
    exif[0x112] = orientation
    return {"exif": exif}


DOG = drawn.picture(2001)
FADED = DOG.convert("RGBA")
FADED.putalpha(Image.linear_gradient("L").resize(DOG.size))
GRAY16 = Image.fromarray(np.asarray(DOG.convert("L")).astype(np.uint16) * 256 + 200)
LITTLE_ENDIAN = b"II*\0\x08\0\0\0" + struct.pack("<HHHIHHI", 1, 0x112, 3, 1, 6, 0, 0)
FRAMES = {"save_all": True, "append_images": [drawn.picture(2000)], "duration": 50}
ODD = {
    **{f"turned {turn}.jpg": (DOG.crop((0, 60, 384, 300)), turned(turn)) for turn in (5, 6)},  # browsers do it
    **{f"turned {turn}.webp": (DOG.crop((0, 60, 384, 299)), turned(turn)) for turn in range(2, 9)},
    "turned, transparent.webp": (FADED.crop((0, 60, 384, 299)), turned(8)),
    "turned, little-endian.webp": (DOG.crop((0, 60, 384, 299)), {"exif": LITTLE_ENDIAN}),
    "turned, large.webp": (DOG.resize((1201, 900)), turned(7)),
    "turned to nowhere.webp": (DOG, turned(9)),
    "with half of its EXIF data.webp": (DOG, {"exif": LITTLE_ENDIAN[:12]}),
    "turned.png": (DOG.crop((0, 60, 384, 300)), turned(6)),
    "transparent.png": (FADED, {}),
    "transparent, turned.png": (FADED.crop((0, 60, 384, 300)), turned(6)),
    "transparent, gray.png": (FADED.convert("LA"), {}),
    "transparent palette.png": (DOG.quantize(64), {"transparency": bytes(range(0, 256, 4))}),
    "transparent, animated.png": (FADED, FRAMES),
    "transparent.webp": (FADED, {}),
    "transparent, lossless.webp": (FADED, {"lossless": True}),
    "transparent, animated.webp": (FADED, FRAMES),
    "palette.png": (DOG.quantize(64), {"transparency": 3}),
    "grayscale.jpg": (DOG.convert("L"), {}),
    "16 bits.png": (GRAY16, {}),
    "cmyk.jpg": (DOG.convert("CMYK"), {}),
    "animated.gif": (DOG, FRAMES),
    "animated.png": (DOG, FRAMES),
    "animated.webp": (DOG, FRAMES),
    "bitmap.bmp": (DOG, {}),
    "one pixel.png": (Image.new("RGB", (1, 1), (200, 100, 50)), {}),
    "thin.png": (DOG.resize((3, 500)), {}),
    "at size.png": (DOG.resize((SIZE, SIZE)), {}),
    "nearly at size.png": (DOG.resize((127, 130)), {}),
    "12 megapixels.jpg": (DOG.resize((4000, 3000)), {}),
}


# What Firefox does in its own way, and the page lets it.
ITS_OWN_WAY = {
    "16 bits.png": "it rounds 16 bits of gray to 8 otherwise, by up to 0.0001 of a probability",
    "truncated.gif": "it shows what there is of a GIF that breaks off",
}


@pytest.fixture
def same(request):
    """For a picture that Firefox reads in its own way, the test may say so."""
    name, browser = (request.node.callspec.params[key] for key in ("name", "browser"))
    if browser == "firefox" and name in ITS_OWN_WAY:
        request.applymarker(pytest.mark.xfail(strict=True, reason=ITS_OWN_WAY[name]))


@pytest.mark.usefixtures("same")
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("name", ODD)
@in_both
def test_on_odd_pictures_it_says_what_python_says(seen, tmp_path, name):
    image, options = ODD[name]
    image.save(tmp_path / name, **options)
    assert_agrees(seen, tmp_path / name)


@pytest.mark.parametrize("kind", ["jpg", "webp"])
def test_what_is_turned_is_shown_upright(seen, tmp_path, kind):
    image, options = ODD[f"turned 6.{kind}"]
    image.save(tmp_path / f"turned.{kind}", **options)
    seen.choose(tmp_path / f"turned.{kind}")
    pixels = seen.page.locator("[data-file=int8] .photo").evaluate(
        "node => [...node.getContext('2d').getImageData(0, 0, 512, 512).data]"
    )
    shown = Image.fromarray(np.array(pixels, np.uint8).reshape(512, 512, 4)).convert("RGB").resize((32, 32))
    expected = data.read(tmp_path / f"turned.{kind}", 32)
    assert np.abs(np.asarray(shown, int) - expected).mean() < 3


@in_both
def test_a_color_profile_changes_nothing(seen, tmp_path):
    # A profile of the kind that cameras write, whose red and blue are those of sRGB exchanged.
    from PIL import ImageCms

    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    DOG.save(tmp_path / "profile.jpg", icc_profile=bytes(profile))
    assert_agrees(seen, tmp_path / "profile.jpg")


def test_with_the_older_vector_instructions_it_says_the_same(page, address, tmp_path):
    page.add_init_script("""
        const instantiate = WebAssembly.instantiate;
        WebAssembly.instantiate = (bytes, ...more) =>
            bytes.length < 100 ? Promise.reject(new Error("not here")) : instantiate(bytes, ...more);
    """)
    try_it = TryIt(page, address)
    DOG.save(tmp_path / "dog.png")
    assert_agrees(try_it, tmp_path / "dog.png")
    assert any("compat" in url for url in try_it.requests)


def as_png(header, pixels):
    chunks = {b"IHDR": header, b"IDAT": zlib.compress(pixels), b"IEND": b""}
    parts = ((struct.pack(">I", len(part)), kind + part) for kind, part in chunks.items())
    return b"\x89PNG\r\n\x1a\n" + b"".join(size + body + struct.pack(">I", zlib.crc32(body)) for size, body in parts)


PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
# What Pillow does not write: the picture, its bits a color, its kind of colors, its passes.
WRITTEN = {
    "16 bits": (DOG, 16, 2, [(0, 0, 1, 1)]),
    "half transparent, 16 bits": (FADED, 16, 6, [(0, 0, 1, 1)]),
    "half transparent, in seven passes": (FADED.crop((0, 0, 301, 299)), 8, 6, PASSES),
}


@pytest.mark.parametrize(("image", "bits", "kind", "passes"), WRITTEN.values(), ids=WRITTEN)
@in_both
def test_on_a_png_that_few_programs_write_it_says_what_python_says(seen, tmp_path, image, bits, kind, passes):
    pixels = np.asarray(image).astype(np.uint16) * 257 if bits == 16 else np.asarray(image)
    rows = b"".join(b"\0" + row.tobytes() for x, y, dx, dy in passes for row in pixels[y::dy, x::dx])
    header = struct.pack(">IIBBBBB", *image.size, bits, kind, 0, 0, len(passes) > 1)
    (tmp_path / "written.png").write_bytes(as_png(header, rows))
    assert_agrees(seen, tmp_path / "written.png")


@in_both
@pytest.mark.parametrize("kind", ["jpg", "png"])
def test_what_stands_behind_a_photo_changes_nothing(seen, tmp_path, kind):
    path = tmp_path / f"with a film.{kind}"
    DOG.save(path)
    path.write_bytes(path.read_bytes() + b"\xff\xda and the film of a moving photo")
    assert_agrees(seen, path)


# What is no picture


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A folder with a file of each kind that must be refused."""
    folder = tmp_path_factory.mktemp("broken")
    DOG.save(folder / "whole.jpg")
    (folder / "truncated.jpg").write_bytes((folder / "whole.jpg").read_bytes()[:6000])
    DOG.save(folder / "whole.png")
    (folder / "truncated.png").write_bytes((folder / "whole.png").read_bytes()[:2000])
    (folder / "notes.jpg").write_text("no photo")
    (folder / "empty.jpg").touch()
    for kind in ("avif", "ico", "tiff", "webp", "gif"):
        DOG.save(folder / f"whole.{kind}")
    (folder / "misnamed.jpg").write_bytes((folder / "whole.avif").read_bytes())
    for kind in ("webp", "gif"):
        (folder / f"truncated.{kind}").write_bytes((folder / f"whole.{kind}").read_bytes()[:2000])
    (folder / "drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>')
    (folder / "phone.heif").write_bytes(b"\0\0\0\x18ftypmif1" + bytes(200))
    header = struct.pack(">IIBBBBB", 40_000, 30_000, 8, 2, 0, 0, 0)
    (folder / "claims much.png").write_bytes(as_png(header, b""))
    DOG.save(folder / "claims much.jpg", comment=b"\xff\xc0\x00\x11\x08 is how a frame begins")
    jpeg = bytearray((folder / "claims much.jpg").read_bytes())
    frame = jpeg.rindex(b"\xff\xc0\x00\x11\x08")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 15_000, 20_000)
    (folder / "claims much.jpg").write_bytes(jpeg[: frame + 40])
    (folder / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(200))
    Image.new("L", (9000, 8000)).save(folder / "too large.png")
    return folder


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("truncated.jpg", "or it is damaged. JPEG, PNG, GIF, WebP and BMP work."),
        ("truncated.png", "or it is damaged"),
        ("notes.jpg", "is not a picture that this browser can read"),
        ("empty.jpg", "is empty."),
        ("phone.heic", "Few browsers read HEIC: export it as JPEG."),
        ("phone.heif", "Few browsers read HEIC: export it as JPEG."),
        ("too large.png", "has 72,000,000 pixels; at most 67,108,864 are allowed."),
        ("claims much.png", "has 1,200,000,000 pixels; at most 67,108,864 are allowed."),
        ("claims much.jpg", "has 300,000,000 pixels; at most 67,108,864 are allowed."),
        ("truncated.gif", "or it is damaged"),
        ("truncated.webp", "or it is damaged"),
        ("drawing.svg", "is not a picture that this browser can read"),
        ("whole.tiff", "is not a picture that this browser can read"),
        ("whole.ico", "is a picture, but of a format that this page does not read."),
    ],
)
@pytest.mark.usefixtures("same")
@in_both
def test_what_is_no_picture_gets_a_clear_sentence_here_and_on_the_command_line(seen, broken, capfd, name, says):
    said = seen.choose(broken / name)
    assert said.startswith(f"“{name}” ") and says in said
    assert not seen.page.locator(".try-it .result").is_visible() and not seen.answer
    assert command.main([str(broken / name)]) == 1
    assert capfd.readouterr().err.startswith(f"{broken / name}: ")
    assert "A dog: " in seen.choose(broken / "whole.jpg"), "and the next picture is welcome"


@pytest.mark.parametrize("name", ["whole.avif", "misnamed.jpg"])
def test_avif_which_browsers_do_not_read_alike_gets_a_clear_sentence(seen, broken, name):
    assert "is a picture, but of a format that this page does not read." in seen.choose(broken / name)


def test_it_reads_the_formats_that_every_browser_reads_as_python_does(seen, broken):
    formats = {"JPEG", "PNG", "GIF", "WEBP", "BMP"}
    listed = re.search(r"(\S[^.]+) work\.$", seen.choose(broken / "notes.jpg").split("damaged. ")[1])[1]
    assert set(listed.upper().replace(" AND ", ", ").split(", ")) == formats
    for format in formats:
        DOG.save(broken / "picture", format)
        seen.choose(broken / "picture")
        assert not seen.notice, format


# Where it looked


@in_both
def test_the_colors_are_the_class_activation_maps(seen, tmp_path):
    DOG.save(tmp_path / "dog.png")
    seen.choose(tmp_path / "dog.png")
    for name, file in FILES.items():
        cat, dog = np.moveaxis(tflite.maps(file, data.normalize(data.read(tmp_path / "dog.png", SIZE))[None])[0], -1, 0)
        evidence = dog - cat
        red, _, blue, alpha = np.moveaxis(seen.heat(name), -1, 0)
        clear = alpha > 10
        assert clear.sum() > 4 and ((red > blue) == (evidence > 0))[clear].all()
        np.testing.assert_allclose(alpha / alpha.max(), np.abs(evidence) / np.abs(evidence).max(), atol=0.02)


def test_it_says_in_words_where_it_looked(seen, tmp_path):
    DOG.save(tmp_path / "dog.png")
    said = seen.choose(tmp_path / "dog.png")
    maps = tflite.maps(FILES["float32"], data.normalize(data.read(tmp_path / "dog.png", SIZE))[None])[0]
    row, column = np.unravel_index((maps[..., 1] - maps[..., 0]).argmax(), maps.shape[:2])
    words = ("top", "top", "middle", "bottom", "bottom")[row], ("left", "left", "middle", "right", "right")[column]
    place = "in the middle" if words == ("middle", "middle") else f"at the {' '.join(words)}"
    assert said.endswith(f"It looked mostly {place}.")
    assert seen.page.locator(".stack[data-file=float32]").get_attribute("aria-label").endswith(f"{place}.")


def test_the_colors_can_be_taken_away(seen):
    seen.press("A drawn cat")
    heat = seen.page.locator(".stack[data-file=int8] .heat")
    box = seen.page.get_by_label("Show where it looked")
    assert heat.is_visible()
    box.uncheck()
    assert not heat.is_visible()
    box.check()


# What it shows


def test_it_says_which_class_with_which_probability_and_how_long_each_file_took(seen):
    said = seen.press("A drawn dog")
    share = {name: f"{100 * shares.max():.1f}%" for name, shares in seen.probabilities.items()}
    kinds = {name: ("a cat", "a dog")[shares.argmax()] for name, shares in seen.probabilities.items()}
    assert kinds["float32"] == kinds["int8"]
    assert said.startswith(
        f"{kinds['int8'].capitalize()}: {share['float32']} in float32, {share['int8']} in int8. It looked "
    )
    for name in FILES:
        assert re.fullmatch(r"\d+\.\d ms", seen.page.locator(f"[data-cell=time][data-file={name}]").inner_text())


def test_where_the_files_disagree_it_names_both(seen, tmp_path):
    drawn.picture(2093).save(tmp_path / "undecided.png")
    assert {name: shares.argmax() for name, shares in in_python(tmp_path / "undecided.png").items()} == {
        "float32": 1,
        "int8": 0,
    }
    said = seen.choose(tmp_path / "undecided.png")
    assert re.match(r"float32 says a dog \(5\d\.\d%\), int8 says a cat \(5\d\.\d%\)\. It looked ", said)


def test_the_lines_below_the_heads_of_the_columns_are_one(seen):
    seen.press("A drawn dog")
    heads = seen.page.locator("article thead tr > *")
    lines = heads.evaluate_all(
        "all => all.map(getComputedStyle).map(({ borderTop, borderBottom }) => borderTop + borderBottom)"
    )
    assert len(lines) == 3 and len(set(lines)) == 1


def test_sizes_and_accuracies_are_those_of_the_record(seen):
    for name, entry in zip(FILES, RECORD["kept"], strict=True):
        assert FILES[name].name == entry["file"]
        cell = seen.page.locator(f"[data-cell=accuracy][data-file={name}]")
        assert cell.inner_text() == f"{entry['accuracy']:.2%}"
        assert seen.page.locator(f"[data-cell=file][data-file={name}]").inner_text() == f"{entry['bytes'] / 1e6:.1f} MB"


def test_the_text_is_right_about_photos_and_drawings():
    text = " ".join(BeautifulSoup((SITE / PAGE).read_text("utf8"), "html.parser").find("article").get_text(" ").split())
    run = training.load_runs()["flagship"]
    assert f"right on {100 * run.test['accuracy']:.0f} of 100 photos" in text
    assert f"trained from scratch on {run.data['counts']['train']:,} photos" in text
    jump, sees = 1, 1
    for layer in mobilenet(run.settings["alpha"], SIZE, 2)[:-1]:
        sees += (layer.kernel - 1) * jump
        jump *= layer.stride
    assert f"sees {sees} pixels across" in text
    numbers = [number for kind in drawn.NUMBERS["test"] for number in kind]
    pictures = (drawn.picture(number).resize((SIZE, SIZE), Image.Resampling.BILINEAR) for number in numbers)
    images = data.normalize(np.stack([*pictures]))
    right = tflite.predict(tflite.MODEL, images, threads=2).argmax(axis=1) == np.array(numbers) % 2
    assert f"right on {100 * right.mean():.0f} of 100 that this book draws" in text


# Ways to give a picture

AS_FILES = """([name, type, content]) => {
    const transfer = new DataTransfer();
    const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, {type}));
    return transfer;
}"""


@pytest.fixture
def transfer(seen, tmp_path):
    DOG.save(tmp_path / "dog.png")
    content = base64.b64encode((tmp_path / "dog.png").read_bytes()).decode()
    return seen.page.evaluate_handle(AS_FILES, ["dog.png", "image/png", content])


@in_both
def test_a_photo_can_be_dropped_anywhere(seen, transfer, tmp_path):
    drop = "transfer => document.querySelector('h1').dispatchEvent(new DragEvent('drop', {dataTransfer: transfer, %s}))"
    said = seen.after(lambda: seen.page.evaluate(drop % "bubbles: true, cancelable: true", transfer))
    assert "dog" in said
    np.testing.assert_allclose(seen.probabilities["float32"], in_python(tmp_path / "dog.png")["float32"], atol=1e-5)


def test_a_photo_can_be_pasted(seen, transfer, tmp_path):
    paste = (
        "transfer => document.body.dispatchEvent(new ClipboardEvent('paste', {clipboardData: transfer, bubbles: true}))"
    )
    seen.after(lambda: seen.page.evaluate(paste, transfer))
    np.testing.assert_allclose(seen.probabilities["float32"], in_python(tmp_path / "dog.png")["float32"], atol=1e-5)


def test_dropping_something_else_is_answered_and_keeps_the_result(seen):
    said = seen.press("A drawn cat")
    drop = """() => {
        const transfer = new DataTransfer();
        transfer.setData("text/plain", "https://example.org/cat.jpg");
        const event = new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true});
        document.body.dispatchEvent(event);
        return event.defaultPrevented;
    }"""
    assert seen.page.evaluate(drop), "the browser must not leave the page"
    assert seen.notice == "There is no picture in that. Save it as a file and choose it."
    assert seen.answer == said and seen.page.locator(".try-it .result").is_visible()
    seen.press("A drawn cat")
    assert not seen.notice


DROP = """files => {
    const transfer = new DataTransfer();
    for (const [name, type, content] of files) {
        const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
        transfer.items.add(new File([bytes], name, {type}));
    }
    document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true}));
}"""
PASTE_TEXT = """() => {
    const transfer = new DataTransfer();
    transfer.setData("text/plain", "a cat");
    document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true}));
}"""


def test_of_several_files_it_takes_the_first_picture_and_says_so(seen, tmp_path):
    files = [["notes.txt", "text/plain", base64.b64encode(b"a dog").decode()]]
    for number in (2001, 2000):
        drawn.picture(number).save(tmp_path / f"{number}.png")
        content = base64.b64encode((tmp_path / f"{number}.png").read_bytes()).decode()
        files.append([f"{number}.png", "image/png", content])
    said = seen.after(lambda: seen.page.evaluate(DROP, files))
    assert said.endswith(" It looked only at the first of 2 pictures.")
    np.testing.assert_allclose(seen.probabilities["float32"], in_python(tmp_path / "2001.png")["float32"], atol=1e-5)
    assert "first of" not in seen.after(lambda: seen.page.evaluate(DROP, files[:2]))
    assert seen.after(lambda: seen.page.evaluate(DROP, files[:1])).startswith("“notes.txt” is not a picture")


def test_pasting_text_changes_nothing(seen):
    said = seen.press("A drawn cat")
    seen.page.evaluate(PASTE_TEXT)
    assert not seen.notice and seen.answer == said and seen.page.locator(".try-it .result").is_visible()


def test_no_notice_stays_above_a_later_answer(opened):
    def cat_then_nothing():
        opened.page.get_by_role("button", name="A drawn cat").click()
        opened.page.evaluate(DROP, [])
        assert opened.notice

    assert "in float32" in opened.after(cat_then_nothing) and not opened.notice


def test_a_photo_can_be_taken(page, address):
    page.add_init_script("""navigator.mediaDevices.getUserMedia = async () => {
        const canvas = Object.assign(document.createElement("canvas"), {width: 320, height: 240});
        const context = canvas.getContext("2d");
        window.painting = setInterval(() => context.fillRect(0, 0, 320, 240), 50);
        return window.stream = canvas.captureStream();
    }""")
    try_it = TryIt(page, address)
    page.get_by_role("button", name="Take a photo").click()
    page.get_by_role("button", name="Take it").wait_for()
    page.locator("[data-way=shoot]:focus").wait_for()
    said = try_it.press("Take it")
    black = data.normalize(np.zeros((1, SIZE, SIZE, 3), np.uint8))
    np.testing.assert_allclose(try_it.probabilities["float32"], tflite.predict(tflite.MODEL, black)[0], atol=1e-5)
    assert "in float32" in said and not page.locator(".camera").is_visible()
    assert page.evaluate("window.stream.getTracks().map(track => track.readyState)") == ["ended"]


@pytest.fixture
def filmed(page, address):
    """The page; `window.streams` has every stream that the camera ever gave."""
    page.add_init_script("""
        const devices = navigator.mediaDevices, ask = devices.getUserMedia.bind(devices);
        window.streams = [];
        devices.getUserMedia = async wish => {
            const stream = await ask(wish);
            window.streams.push(stream);
            return stream;
        };
    """)
    return TryIt(page, address)


TRACKS = "window.streams.flatMap(stream => stream.getTracks()).map(track => track.readyState)"


@in_both
def test_taken_by_a_camera_of_the_browser_a_photo_gets_an_answer(filmed):
    filmed.page.get_by_role("button", name="Take a photo").click()
    # The picture of the browser's camera moves: now and then the two files disagree about it.
    said = filmed.press("Take it")
    assert re.search(r"in float32|float32 says a (cat|dog)", said) and not filmed.notice
    assert filmed.page.evaluate(TRACKS) == ["ended"]


@pytest.mark.parametrize("press", ["slowly", "fast"])
def test_a_camera_opened_twice_is_closed_by_one_press(filmed, press):
    page = filmed.page
    for count in (1, 2):
        page.get_by_role("button", name="Take a photo").click()
        if press == "slowly" or count == 2:
            come = f"async () => {{ while (window.streams.length < {count}) await new Promise(requestAnimationFrame) }}"
            page.evaluate(come)
            page.locator("[data-way=shoot]:focus").wait_for()
    page.get_by_role("button", name="Close the camera").click()
    assert page.evaluate(TRACKS) == ["ended", "ended"]
    assert not page.locator(".camera").is_visible() and not filmed.notice


def test_another_picture_closes_the_camera(filmed):
    filmed.page.get_by_role("button", name="Take a photo").click()
    filmed.page.locator("[data-way=shoot]:focus").wait_for()
    assert "in float32" in filmed.press("A drawn cat")
    assert filmed.page.evaluate(TRACKS) == ["ended"] and not filmed.page.locator(".camera").is_visible()


def test_before_the_camera_shows_something_no_photo_can_be_taken(page, address):
    page.add_init_script("""navigator.mediaDevices.getUserMedia = async () => {
        const canvas = Object.assign(document.createElement("canvas"), {width: 320, height: 240});
        window.paint = () => canvas.getContext("2d").fillRect(0, 0, 320, 240);
        return canvas.captureStream();
    }""")
    try_it = TryIt(page, address)
    page.get_by_role("button", name="Take a photo").click()
    take = page.get_by_role("button", name="Take it")
    take.wait_for()
    assert take.is_disabled() and page.get_by_role("button", name="Close the camera").is_enabled()
    page.evaluate("window.painting = setInterval(window.paint, 50)")
    assert "in float32" in try_it.press("Take it")


@pytest.mark.parametrize(
    ("error", "says"), [("NotAllowedError", "it is not allowed to this page"), ("NotFoundError", "there is none")]
)
def test_without_a_camera_it_says_so(page, address, error, says):
    page.add_init_script(
        f"navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('', '{error}') }}"
    )
    try_it = TryIt(page, address)
    page.get_by_role("button", name="Take a photo").click()
    page.wait_for_function("() => document.querySelector('.try-it .notice').textContent")
    assert try_it.notice.startswith("The camera cannot be used: ") and says in try_it.notice


def test_on_a_phone_its_own_camera_takes_the_photo(page, address):
    page.add_init_script("""
        const match = matchMedia;
        self.matchMedia = query => query === "(pointer: coarse)" ? {matches: true} : match(query);
    """)
    TryIt(page, address)
    assert page.locator("label:visible", has_text="Take a photo").locator("input[capture=environment]").count() == 1
    assert not page.locator("[data-way=camera]").is_visible()


@in_both
def test_the_keyboard_is_enough(opened):
    page = opened.page
    page.get_by_label("Choose a photo").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "A drawn cat"
    assert "in float32" in opened.after(lambda: page.keyboard.press("Enter"))


def test_the_latest_picture_wins(seen, tmp_path):
    drawn.picture(2000).save(tmp_path / "cat.png")
    DOG.resize((3000, 3000)).save(tmp_path / "large.jpg")

    def both():
        for name in ("large.jpg", "cat.png"):
            seen.page.get_by_label("Choose a photo").set_input_files(tmp_path / name)

    seen.after(both)
    seen.page.wait_for_timeout(1000)
    expected = in_python(tmp_path / "cat.png")["float32"]
    np.testing.assert_allclose(seen.probabilities["float32"], expected, atol=1e-5)


# Loading


@in_both
def test_nothing_is_loaded_before_the_first_photo_and_all_of_it_once(opened):
    assert [url for url in opened.requests if re.search(r"litert|wasm|\.tflite|\.png", url)] == []
    opened.press("A drawn cat")
    opened.press("A drawn dog")
    loaded = [url.rsplit("/", 1)[1] for url in opened.requests if LOADED.search(url)]
    assert len(loaded) == len(set(loaded)) and {"cats-dogs.tflite", "cats-dogs-int8.tflite"} < set(loaded)


def test_what_it_loads_lies_in_one_folder_that_has_a_version_and_the_drawings_do_too(opened):
    opened.press("A drawn cat")
    loaded = [url for url in opened.requests if re.search(r"litert|wasm|\.tflite|try-it\.js|cat-\d+\.png", url)]
    folders = {url.rsplit("/", 2)[1] for url in loaded}
    assert len(loaded) > 6 and len(folders) == 1 and re.fullmatch(r"try-it-[0-9a-f]{8}", *folders)


@in_both
def test_loading_shows_how_far_it_is(opened):
    opened.page.evaluate("""() => {
        const [bar, text] = document.querySelectorAll(".loading progress, .loading span");
        window.states = [];
        new MutationObserver(() => window.states.push([bar.value, text.textContent])).observe(text, {childList: true});
    }""")
    opened.press("A drawn cat")
    states = opened.page.evaluate("window.states")
    shares = [share for share, _ in states]
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1) and len(states) > 3
    assert re.fullmatch(r"(\d+\.\d) of \1 MB", states[-1][1])
    assert not opened.page.locator(".loading").is_visible()


@in_both
def test_a_load_that_fails_is_named_and_the_next_photo_tries_again(opened):
    opened.page.route("**/*.tflite", lambda route: route.abort(), times=1)
    assert opened.press("A drawn cat").startswith("The network could not be loaded (")
    assert "in float32" in opened.press("A drawn cat") and not opened.notice


@pytest.mark.parametrize(
    "file", ["litert.js", "litert_wasm_internal.js", "litert_wasm_internal.wasm", "cats-dogs-int8.tflite"]
)
def test_a_file_that_cannot_be_fetched_is_named(opened, file):
    opened.page.route(f"**/{file}", lambda route: route.abort(), times=1)
    said = opened.press("A drawn cat")
    assert file in said and "fetch" in said and "object" not in said


@pytest.mark.parametrize("file", ["litert_wasm_internal.js", "litert_wasm_internal.wasm", "cats-dogs.tflite"])
def test_after_a_file_that_is_not_what_it_should_be_the_next_photo_loads_that_file_again_and_no_other(opened, file):
    opened.page.route(f"**/{file}", lambda route: route.fulfill(body="Sign in, please."), times=1)
    assert opened.press("A drawn cat").endswith(" The next photo tries again.")
    opened.page.wait_for_load_state("networkidle")
    assert "in float32" in opened.press("A drawn cat") and not opened.notice
    loaded = [url.rsplit("/", 1)[1] for url in opened.requests if LOADED.search(url)]
    assert [name for name in set(loaded) if loaded.count(name) > 1] == [file]


def test_where_no_photo_could_try_again_it_says_what_helps(page, address):
    page.add_init_script("WebAssembly.instantiate = () => Promise.reject(new Error('out of memory'));")
    try_it = TryIt(page, address)
    for _ in range(2):
        said = try_it.press("A drawn cat")
        assert said == "The network could not be loaded (out of memory). Reload the page."


@in_both
def test_it_asks_no_other_host_complains_of_nothing_and_keeps_to_a_strict_policy(page, address):
    policy = (
        "default-src 'none'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'"
    )
    html = (SITE / PAGE).read_text("utf8")
    head = {"Content-Security-Policy": policy, "Content-Type": "text/html"}
    page.route(f"**/{PAGE}", lambda route: route.fulfill(body=html, headers=head))
    try_it = TryIt(page, address)
    try_it.press("A drawn cat")
    assert try_it.complaints == [] and not try_it.notice
    assert [url for url in try_it.requests if not url.startswith((address, "data:", "blob:"))] == []


def test_it_gets_along_with_a_loader_of_scripts(page, address):
    page.add_init_script("self.define = () => { throw new Error('taken') }; self.define.amd = {};")
    try_it = TryIt(page, address)
    assert "in float32" in try_it.press("A drawn cat") and not try_it.notice
    assert page.evaluate("Boolean(self.define.amd)")


@in_both
def test_opened_as_a_file_it_says_what_to_do(page):
    page.goto((SITE / PAGE).as_uri())
    page.get_by_label("Choose a photo").set_input_files(next(SITE.glob("_static/try-it-*/cat-2000.png")))
    page.wait_for_function("() => document.querySelector('.try-it .notice').textContent.includes('make serve')")


# For everybody


@pytest.mark.parametrize("look", ["light 390", "light 1400", "dark 390", "dark 1400"])
def test_it_is_accessible_and_fits_the_screen(seen, look):
    scheme, width = look.split()
    page = seen.page
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": int(width), "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= int(width)
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_forced_colors_cat_and_dog_keep_theirs(page, address, scheme):
    page.emulate_media(forced_colors="active")
    try_it = TryIt(page, address)
    page.emulate_media(color_scheme=scheme)
    try_it.press("A drawn dog")
    legend = page.locator(".legend [data-class]").evaluate_all(
        "all => all.map(kind => getComputedStyle(kind, '::before').backgroundColor)"
    )
    assert legend == ["rgb(0, 110, 255)", "rgb(255, 120, 0)"], "those over the photo"
    for kind, color in (("cat", (0, 110, 255)), ("dog", (255, 120, 0))):
        assert color in colors_of(page.locator(f"[data-cell={kind}][data-file=float32] meter"))


def test_without_a_script_it_says_what_would_be_here_and_gives_the_command():
    soup = BeautifulSoup((SITE / PAGE).read_text("utf8"), "html.parser")
    assert soup.find(class_="try-it").has_attr("hidden")
    text = soup.find("article").noscript.get_text()
    assert "JavaScript" in text and "python -m mobilenet_lib.tflite photo.jpg" in text
