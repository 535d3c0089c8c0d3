"""What every figure has: what it says in words, what it draws, and that every machine makes the same."""

import hashlib
import subprocess
import sys
from itertools import combinations
from xml.etree import ElementTree

import matplotlib
import pytest
from figures import DRAWINGS, FIGURES, example, file, texts
from matplotlib.backends.backend_agg import FigureCanvasAgg

from mobilenet_lib import plots


@pytest.mark.parametrize("name", FIGURES)
def test_the_alternative_text_is_a_description(name):
    picture = example(name)
    assert len(picture.alt.split()) >= 10
    assert "\n" not in picture.alt and "$" not in picture.alt and "nan" not in picture.alt.split()


@pytest.mark.parametrize(
    ("name", "conclusion"),
    [
        ("separable", "972, then 432, together 1,404"),
        ("block", "One convolution has become two"),
        ("body of the paper's network", "The maps shrink while their channels grow"),
        ("reduction", "7.9 to 8.9 times less"),  # the paper's "between 8 to 9 times", section 3.1
        ("channels", "input: channel 2"),
        ("stacked", "one: a 30, b 10; two: b 5."),
        ("multipliers", "half, 7×7×8: 0.0 million Mult-Adds (25%), 72 parameters (100%)"),
        ("tradeoff", "from 45.0% at 10 to 70.9% at 569 million. 1 of 4 are beaten by another: 1.0-128."),
        ("tradeoff", "rises by 4.3 points per doubling"),
        ("budget", "float32: 1 of 4 fit, 0.3-96 is the best with 45.0%. none: 0 of 1 fit."),
        ("lines", "million Mult-Adds: old 49.8% at 41 to 63.3% at 150, old, anew 50.0% at 41; milliseconds: new"),
        ("agreement", "Images whose answer changes: float16 0, int8 1."),
        ("roofline", "depthwise: 0.8 Mult-Adds per byte, 11 billion per second"),
        ("roofline", "At most 45 billion Mult-Adds per second; memory 8 GB/s, cache 50 GB/s."),
        ("differences", "added: crops +5.0 ± 2.5 (3), decay -1.0 (1); taken: crops -3.0 (1)."),
        ("ring", "of worker 1 piece 2; of worker 2 piece 3; of worker 3 piece 0. After six hops 16 of 16"),
        ("standard-4", "D_K times D_K times M times N times D_F times D_F"),
    ],
)
def test_the_alternative_text_has_the_conclusion(name, conclusion):
    assert conclusion in example(name).alt


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_fits_a_page_and_no_text_in_it_is_smaller_than_nine_points(name):
    assert example(name).get_figwidth() <= plots.WIDTH
    assert min(text.get_size() for text in texts(example(name))) >= 9


@pytest.mark.parametrize("name", DRAWINGS)
def test_labels_neither_overlap_nor_leave_the_drawing(name):
    picture = example(name)
    renderer = FigureCanvasAgg(picture).get_renderer()
    with matplotlib.rc_context(plots.STYLE):
        boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts(picture)]
    for text, box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= picture.bbox.x1 and box.y1 <= picture.bbox.y1, text
    for (one, first), (other, second) in combinations(boxes, 2):
        assert not first.overlaps(second), (one, other)


@pytest.mark.parametrize("name", FIGURES)
def test_the_file_is_an_svg_without_letters_that_holds_all_it_refers_to(name):
    elements = list(ElementTree.fromstring(file(name)).iter())
    assert elements[0].tag == "{http://www.w3.org/2000/svg}svg"
    assert not any(element.tag.endswith(("script", "text")) for element in elements)  # letters are outlines
    used = [value for element in elements for key, value in element.attrib.items() if key.endswith("href")]
    used += [element.get("clip-path")[4:-1] for element in elements if element.get("clip-path")]
    names = {f"#{element.get('id')}" for element in elements}
    assert {name for name in used if not name.startswith("data:")} <= names


# The same on every machine.

# Keys of a matplotlibrc, as readers have them for figures of their own.
THEIRS = {"text.usetex": True, "font.size": 30, "font.family": "serif", "axes.unicode_minus": False, "savefig.dpi": 30}
THEIRS |= {"axes.formatter.limits": (-1, 1), "axes.xmargin": 0.4, "savefig.bbox": "tight", "savefig.transparent": True}
THEIRS |= {"figure.constrained_layout.h_pad": 1.0, "image.cmap": "gray", "path.sketch": (9, 9, 9), "hatch.linewidth": 5}


@pytest.mark.fault("Settings of your own, for pip, Jupyter and others")
@pytest.mark.parametrize("name", [*sorted(FIGURES.keys() - DRAWINGS), "standard-4", "block", "body of a thin one"])
def test_the_settings_of_a_reader_for_matplotlib_change_no_figure_of_the_book_and_stay_as_they_are(name):
    expected = file(name)
    with matplotlib.rc_context(THEIRS):
        assert FIGURES[name]().data() == expected
        assert matplotlib.rcParams["text.usetex"] and matplotlib.rcParams["font.size"] == 30


@pytest.mark.parametrize("name", ["block", "reduction", "tradeoff"])
def test_a_figure_that_is_shown_twice_gives_the_same_bytes(name):
    assert example(name).data() == file(name)


def test_another_process_draws_the_same_bytes_and_loads_neither_pyplot_nor_tensorflow():
    code = (
        "import hashlib, sys; from mobilenet_lib import architecture, costs, plots; "
        "pictures = [plots.architecture_body(architecture.mobilenet())]; "
        "pictures += [plots.multipliers({'all': (14, 8, costs.Cost(200, 72)), 'half': (7, 8, costs.Cost(50, 72))})]; "
        "print({'matplotlib.pyplot', 'tensorflow', 'keras'} & set(sys.modules), "
        "*(hashlib.sha256(picture.data()).hexdigest() for picture in pictures))"
    )
    expected = (
        "set()",
        *(hashlib.sha256(file(name)).hexdigest() for name in ("body of the paper's network", "multipliers")),
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == [*expected]
