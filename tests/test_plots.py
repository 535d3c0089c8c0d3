"""Figures and tables: what they say in words, what they draw, and that every machine makes the same ones."""

import subprocess
import sys
from html.parser import HTMLParser
from itertools import combinations
from typing import NamedTuple
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from mobilenet_lib import architecture, costs, paper, plots

NETWORKS = {
    "the paper's network": {},
    "a thin one": {"alpha": 0.25, "resolution": 128, "classes": 2},
    "a wide one": {"alpha": 2.0, "resolution": 320},
    "full convolutions": {"separable": False},
    "the shallow one": {"shallow": True, "alpha": 1.4},
    "the least there is": {"alpha": 0.01, "resolution": 32, "classes": 1},
}
IMPULSE = np.zeros((5, 5, 3))
IMPULSE[2, 2, 1] = 1.0
PARTS, COLORS = {"a": 30, "b": 10}, {"a": "depthwise", "b": "pointwise"}
HISTORY = {"loss": [0.7, 0.5], "val_loss": [0.6, 0.4], "accuracy": [0.5, 0.75], "val_accuracy": [0.625, 0.875]}


class Model(NamedTuple):
    alpha: float
    resolution: int
    mult_adds: float
    params: float
    megabytes: float
    top1: float


class Taken(NamedTuple):
    median: float
    quartiles: tuple[float, float]


MODELS = [Model(1.0, 224, 569, 4.2, 16.8, 70.9), Model(1.0, 128, 186, 4.2, 16.8, 65.2)]
MODELS += [Model(0.75, 160, 166, 2.6, 10.3, 65.3), Model(0.3, 96, 10, 0.6, 2.4, 45.0)]
TIMES = [Taken(20.0, (19, 22)), Taken(6.0, (5.5, 7)), Taken(7.0, (6.5, 8))]  # the third has least and is not fastest
FRONT = [model for model in MODELS if model.resolution != 128]

DRAWINGS = {
    **{f"standard step {step}": lambda step=step: plots.standard_convolution(step) for step in (None, 1, 2, 3, 4)},
    **{f"depthwise step {step}": lambda step=step: plots.depthwise_convolution(step) for step in (None, 1, 2, 3)},
    **{f"pointwise step {step}": lambda step=step: plots.pointwise_convolution(step) for step in (None, 1, 2, 3)},
    "convolutions": plots.convolutions,
    "block": plots.block,
    **{
        f"body of {name}": lambda options=options: plots.architecture_body(architecture.mobilenet(**options))
        for name, options in NETWORKS.items()
    },
}
FIGURES = {
    **DRAWINGS,
    "reduction": plots.reduction,
    "channels": lambda: plots.channels({"input": IMPULSE}),
    "curves": lambda: plots.curves({"this page": HISTORY, "recorded": HISTORY}, live="this page"),
    "confusion": lambda: plots.confusion([[90, 10], [5, 95]], ["cat", "dog"]),
    "stacked": lambda: plots.stacked({"one": PARTS, "two": {"b": 5}}, colors=COLORS, alt="Two bars with parts to add"),
    "saving": lambda: plots.saving(architecture.mobilenet(separable=False), architecture.mobilenet()),
    "multipliers": lambda: plots.multipliers({"all": (14, 8, costs.Cost(200, 72)), "half": (7, 8, costs.Cost(50, 72))}),
    "scaling": lambda: plots.scaling(
        {x: architecture.total(architecture.mobilenet(x)) for x in (1, 0.5, 0.25)},
        {x / 224: architecture.total(architecture.mobilenet(resolution=x)) for x in (224, 128)},
    ),
    "tradeoff": lambda: plots.tradeoff({"ImageNet": MODELS}, front=FRONT, trend=(4.3, 33)),
    "tradeoff by size": lambda: plots.tradeoff({"One": MODELS, "Two": MODELS[:1]}, "params", others=paper.OTHERS),
    "budget": lambda: plots.budget({"float32": (MODELS, MODELS[3]), "none": (MODELS[:1], None)}, 100, 4),
    "number lines": lambda: plots.number_lines({"fine": ([0.5, -1.0], 0.25), "coarse": ([0.5, -1.0], 0.8)}),
    "spread": lambda: plots.spread({"dw_1": [1.0, 2.0, 4.0], "dw_2": [0.0, 0.1, 10.0]}),
    "agreement": lambda: plots.agreement([0.1, 0.6, 0.9], {"float16": [0.1, 0.6, 0.9], "int8": [0.2, 0.4, 0.9]}),
    "durations": lambda: plots.durations({"float32": Taken(2.0, (1.5, 2.5)), "int8": Taken(0.75, (0.7, 0.9))}),
    "time against": lambda: plots.time_against(
        MODELS[:3], TIMES, {"million Mult-Adds": [569, 186, 166], "million parameters": [4.2, 4.2, 2.6]}
    ),
    "roofline": lambda: plots.roofline(
        {"depthwise": [(1.1, 12.0), (0.5, 10.0)], "pointwise": [(28.0, 35.0)]}, 45.0, {"memory": 8.0, "cache": 50.0}
    ),
    "by count": lambda: plots.by_count(
        {"plain": {1: 0.4, 10: 0.2}, "corrected": {1: 0.3, 10: 0.1}}, alt="Error by images", xlabel="n", ylabel="error"
    ),
}


def texts(picture):
    return [text for text in picture.findobj(Text) if text.get_visible() and text.get_text().strip()]


def words(picture):
    return [text.get_text() for text in texts(picture)]


@pytest.fixture(scope="module", params=FIGURES)
def picture(request):
    return FIGURES[request.param]()


@pytest.fixture(scope="module")
def svg(picture):
    return picture.data()


# What every figure has


def test_a_figure_without_alternative_text_is_refused():
    for alt in ("", "  ", None):
        with pytest.raises(ValueError, match=r"alt must say in words what the figure shows"):
            plots.figure(alt=alt)


def test_the_alternative_text_is_a_description(picture):
    assert len(picture.alt.split()) >= 10
    assert "\n" not in picture.alt and "$" not in picture.alt and "nan" not in picture.alt.split()


@pytest.mark.parametrize(
    ("name", "conclusion"),
    [
        ("convolutions", "the channels stay apart"),
        ("block", "One convolution has become two"),
        ("body of the paper's network", "The maps shrink while their channels grow"),
        ("reduction", "7.9 to 8.9 times less"),  # the paper's "between 8 to 9 times", section 3.1
        ("channels", "input: channel 2"),
        ("curves", "recorded: accuracy goes from 0.625 to 0.875 in 2 epochs"),
        ("confusion", "All in all 92.5% are right"),
        ("saving", "from 7.89 to 8.92"),
        ("stacked", "one: a 30, b 10; two: b 5."),
        ("multipliers", "half, 7×7×8: 0.0 million Mult-Adds (25%), 72 parameters (100%)"),
        ("scaling", "alpha = 0.25 leaves 7.21% of the Mult-Adds, 11% of the parameters"),
        ("scaling", "rho = 0.571 leaves 32.8% of the Mult-Adds, 100% of the parameters"),
        ("tradeoff", "from 45.0% at 10 to 70.9% at 569 million Mult-Adds; 1 of 4 are beaten by another: 1.0-128."),
        ("tradeoff", "rises by 4.3 points per doubling"),
        ("tradeoff by size", "AlexNet with 57.2% at 60 million parameters"),
        ("budget", "float32: 1 of 4 fit, 0.3-96 is the best with 45.0%. none: 0 of 1 fit."),
        ("number lines", "fine: errors up to 0.0% of the largest weight; coarse: errors up to 30.0% of"),
        ("spread", "by a factor of 4 to 100 (dw_2)"),
        ("agreement", "Images whose answer changes: float16 0, int8 1."),
        ("durations", "medians: float32 2 ms, int8 0.75 ms"),
        ("time against", "million Mult-Adds: of 3 pairs, in 1 the one with less takes longer"),
        ("roofline", "depthwise: 0.8 Mult-Adds per byte, 11 billion per second"),
        ("roofline", "At most 45 billion Mult-Adds per second; memory 8 GB/s, cache 50 GB/s."),
        ("by count", "plain: 0.4 with 1, 0.2 with 10; corrected: 0.3 with 1, 0.1 with 10."),
        ("standard step 4", "D_K times D_K times M times N times D_F times D_F"),
    ],
)
def test_the_alternative_text_has_the_conclusion(name, conclusion):
    assert conclusion in FIGURES[name]().alt


def test_no_text_is_smaller_than_nine_points(picture):
    assert min(text.get_size() for text in texts(picture)) >= 9


def test_a_figure_is_not_wider_than_a_page(picture):
    assert picture.get_figwidth() <= plots.WIDTH


# Keys of a matplotlibrc, as readers have them for figures of their own.
THEIRS = {"text.usetex": True, "font.size": 30, "font.family": "serif", "axes.unicode_minus": False, "savefig.dpi": 30}
THEIRS |= {"axes.formatter.limits": (-1, 1), "axes.xmargin": 0.4, "savefig.bbox": "tight", "savefig.transparent": True}
THEIRS |= {"figure.constrained_layout.h_pad": 1.0, "image.cmap": "gray", "path.sketch": (9, 9, 9), "hatch.linewidth": 5}


@pytest.mark.fault("Settings of your own, for pip, Jupyter and others")
@pytest.mark.parametrize("name", FIGURES)
def test_the_settings_of_a_reader_for_matplotlib_change_no_figure_of_the_book_and_stay_as_they_are(name):
    expected = FIGURES[name]().data()
    with matplotlib.rc_context(THEIRS):
        assert FIGURES[name]().data() == expected
        assert matplotlib.rcParams["text.usetex"] and matplotlib.rcParams["font.size"] == 30


@pytest.mark.parametrize("name", DRAWINGS)
def test_labels_neither_overlap_nor_leave_the_drawing(name):
    picture = DRAWINGS[name]()
    renderer = FigureCanvasAgg(picture).get_renderer()
    with matplotlib.rc_context(plots.STYLE):
        boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts(picture)]
    for text, box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= picture.bbox.x1 and box.y1 <= picture.bbox.y1, text
    for (one, first), (other, second) in combinations(boxes, 2):
        assert not first.overlaps(second), (one, other)


def test_the_numbers_of_an_axis_do_not_overlap_however_far_it_reaches():
    picture = plots.by_depth({"signal": [3.0, 2e-9]}, ["dw 1", "dw 2"], ylabel="std", alt="Signal by depth")
    picture.draw_without_rendering()
    labels = picture.axes[0].get_yticklabels()
    boxes = [label.get_window_extent() for label in labels]
    assert len(boxes) > 3 and not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_the_svg_is_well_formed_and_asks_nobody_for_anything(picture, svg):
    assert picture.format == "svg"
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    for element in root.iter():
        assert not element.tag.endswith(("script", "text"))  # letters are outlines
        for name, value in element.attrib.items():
            assert not name.endswith("href") or value.startswith(("#", "data:")), value


def test_what_the_svg_refers_to_is_in_it(svg):
    root = ElementTree.fromstring(svg)
    names = {element.get("id") for element in root.iter()}
    used = [value for element in root.iter() for key, value in element.attrib.items() if key.endswith("href")]
    used += [element.get("clip-path")[4:-1] for element in root.iter() if element.get("clip-path")]
    assert {name.lstrip("#") for name in used if not name.startswith("data:")} <= names


def test_two_processes_draw_the_same_bytes():
    code = (
        "import hashlib, numpy; from mobilenet_lib import plots; "
        "noise = numpy.random.default_rng(0).integers(0, 255, (2, 32, 32, 3), dtype='uint8'); "
        "pictures = plots.convolutions(), plots.reduction(), plots.photos(noise, ['a', 'b'], alt='Noise'); "
        "print(*(hashlib.sha256(picture.data()).hexdigest() for picture in pictures))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        )
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout != ""


def test_drawing_it_again_gives_the_same_bytes(picture, svg):
    assert picture.data() == svg


def test_a_notebook_shows_an_image_as_wide_as_intended_that_shrinks_on_a_phone():
    picture, _ = plots.figure(5.0, alt='A "small" <figure> & its text')
    html = picture._repr_html_()
    (image,) = Elements(html).found("img")
    assert image["alt"] == 'A "small" <figure> & its text'
    assert image["width"] == "480"
    assert image["style"] == "max-width:100%;height:auto"
    assert image["src"].startswith("data:image/svg+xml;base64,")


def test_a_caption_stands_below_the_image_and_in_the_text_form():
    picture, _ = plots.figure(5.0, alt="A figure")
    assert "figcaption" not in picture._repr_html_()
    html = picture.captioned("Measured on <one> machine")._repr_html_()
    assert html.startswith("<figure") and "<figcaption>Measured on &lt;one&gt; machine</figcaption>" in html
    assert repr(picture) == "Figure: A figure Measured on <one> machine"


def test_the_text_form_is_the_alternative_text():
    assert repr(plots.block()) == f"Figure: {plots.block().alt}"


def test_photos_are_kept_as_webp_at_double_size():
    noise = np.random.default_rng(0).integers(0, 255, (12, 64, 64, 3), dtype=np.uint8)
    picture = plots.photos(noise, [f"photo {number}" for number in range(12)], alt="Noise")
    data = picture.data()
    assert (data[:4], data[8:12]) == (b"RIFF", b"WEBP")
    assert 'src="data:image/webp;base64,' in picture._repr_html_()
    assert int.from_bytes(data[26:28], "little") & 0x3FFF == round(2 * 96 * plots.WIDTH)  # the width in the VP8 header


def test_making_figures_leaves_matplotlib_as_it_was():
    before = {key: matplotlib.rcParams[key] for key in plots.STYLE}
    plots.reduction().data()
    assert {key: matplotlib.rcParams[key] for key in plots.STYLE} == before != plots.STYLE


def test_plots_needs_neither_pyplot_nor_tensorflow():
    code = "import sys, mobilenet_lib.plots; print({'matplotlib.pyplot', 'tensorflow', 'keras'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"


@pytest.mark.parametrize(
    ("names", "least"),
    [
        (("standard", "depthwise", "pointwise", "dense", "live", "recorded", "published", "cat", "dog"), 3.0),
        (("ink", "muted", "right", "wrong"), 4.5),
    ],
)
def test_colors_stand_out_from_white(names, least):
    # WCAG 2: 3:1 for graphics, 4.5:1 for text.
    for name in names:
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(plots.COLORS[name])]
        luminance = np.dot((0.2126, 0.7152, 0.0722), parts)
        assert 1.05 / (luminance + 0.05) >= least, name


# Drawings


@pytest.mark.parametrize(
    ("draw", "cost"),
    [
        (plots.standard_convolution, costs.standard(size=6, in_channels=3, out_channels=4)),
        (plots.depthwise_convolution, costs.depthwise(size=6, channels=3)),
        (plots.pointwise_convolution, costs.pointwise(size=6, in_channels=3, out_channels=4)),
    ],
)
def test_the_numbers_in_a_drawing_are_the_cost_of_what_is_drawn(draw, cost):
    assert any(text.endswith(f"= {cost.mult_adds:,}") for text in words(draw()))
    assert any(text.endswith(f"= {cost.mult_adds:,}") for text in words(plots.convolutions()))


@pytest.mark.parametrize(("step", "product"), [(1, 9), (2, 27), (3, 972), (4, 3888)])
def test_each_step_of_the_derivation_brings_its_factor(step, product):
    assert f"{product:,}." in plots.standard_convolution(step).alt


@pytest.mark.parametrize("step", [0, 4, -1, 1.5, "2"])
def test_there_is_no_other_step(step):
    with pytest.raises(ValueError, match=rf"step must be None or a whole number from 1 to 3, not {step!r}"):
        plots.depthwise_convolution(step)


def test_the_body_is_labeled_as_table_1_prints_it():
    labels = words(plots.architecture_body(architecture.mobilenet()))
    assert [label for label in labels if label.endswith("²")] == ["224²", "112²", "56²", "28²", "14²", "7²", "1²"]
    for channels in ("32–64", "64–128", "128–256", "256–512", "512–1,024", "1,000"):
        assert channels in labels


def test_another_alpha_and_resolution_change_the_labels():
    labels = words(plots.architecture_body(architecture.mobilenet(0.25, 128, 2)))
    for label in ("128²", "64²", "4²", "8–16", "128–256", "2"):
        assert label in labels
    assert "224²" not in labels and "1,000" not in labels


@pytest.mark.parametrize("options", NETWORKS.values(), ids=NETWORKS)
def test_the_shares_of_the_body_add_up(options):
    shares = [
        float(word[:-1]) for word in words(plots.architecture_body(architecture.mobilenet(**options))) if "%" in word
    ]
    assert sum(shares) == pytest.approx(100, abs=0.3)


@pytest.mark.parametrize("options", NETWORKS.values(), ids=NETWORKS)
def test_the_body_is_to_scale(options):
    layers = architecture.mobilenet(**options)
    (axes,) = plots.architecture_body(layers).axes
    fronts = [patch.get_xy() for patch in axes.patches][2::3][1:]  # top, side and front of each map; the image first
    widths, heights = np.array([np.ptp(front, axis=0) for front in fronts]).T
    assert len(fronts) == len(layers)
    assert np.allclose(widths / widths[0], [layer.out_channels / layers[0].out_channels for layer in layers])
    assert np.allclose(heights / heights[0], [layer.out_size / layers[0].out_size for layer in layers])


def test_every_stride_of_two_is_marked():
    for options in NETWORKS.values():
        layers = architecture.mobilenet(**options)
        (axes,) = plots.architecture_body(layers).axes
        marks = [line for line in axes.lines if line.get_marker() == "^"]
        assert len(marks) - 1 == sum(layer.stride == 2 for layer in layers) == 5  # one more in the legend


def test_the_legend_names_the_kinds_of_layers_there_are():
    assert "depthwise" in words(plots.architecture_body(architecture.mobilenet()))
    assert "depthwise" not in words(plots.architecture_body(architecture.mobilenet(separable=False)))


def test_a_body_without_layers_is_refused():
    with pytest.raises(ValueError, match=r"layers must hold at least one layer"):
        plots.architecture_body([])


def test_the_blocks_are_those_of_figure_3():
    labels = [label for label in words(plots.block()) if "channels" not in label and r"\cdot" not in label]
    assert labels == [
        *("Standard block", r"$D_K \times D_K$ convolution", "batch norm", "ReLU"),
        *("Depthwise separable block", r"$D_K \times D_K$ depthwise", "batch norm", "ReLU"),
        *(r"$1 \times 1$ convolution", "batch norm", "ReLU"),
    ]


# Feature maps, curves, confusion, photos


def test_channels_tells_which_channels_hold_something():
    alt = plots.channels({"one": IMPULSE, "all": IMPULSE + 1, "nothing": 0 * IMPULSE}).alt
    assert alt.endswith("one: channel 2; all: every channel; nothing: none.")


def test_an_empty_channel_is_marked_as_zero():
    assert words(plots.channels({"one": IMPULSE})).count("0") == 2


@pytest.mark.parametrize("maps", [{}, {"flat": np.zeros((5, 5))}, {"none": np.zeros((5, 5, 0))}])
def test_channels_wants_feature_maps(maps):
    with pytest.raises(ValueError, match=r"maps must"):
        plots.channels(maps)


def test_curves_draw_every_metric_of_every_run():
    picture = plots.curves({"this page": HISTORY, "recorded": HISTORY}, live="this page")
    for axes, metric in zip(picture.axes, ("loss", "accuracy"), strict=True):
        drawn = [tuple(line.get_ydata()) for line in axes.lines if len(line.get_ydata())]
        assert drawn.count(tuple(HISTORY[metric])) == drawn.count(tuple(HISTORY[f"val_{metric}"])) == 2


def test_the_live_run_has_its_own_color():
    axes = plots.curves({"recorded": HISTORY, "this page": HISTORY}, live="this page").axes[0]
    colors = {line.get_label(): line.get_color() for line in axes.lines}
    assert colors["this page"] == plots.COLORS["live"] != colors["recorded"]


def test_a_run_may_lack_a_metric():
    alt = plots.curves({"a": {"loss": [1.0]}, "b": HISTORY}).alt
    assert "a: loss goes from 1.000 to 1.000 in 1 epoch;" in alt and "a: accuracy" not in alt


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ({}, {}, "histories must hold at least one run"),
        ({"a": HISTORY}, {"live": "b"}, "live must be one of a, not 'b'"),
        ({"a": HISTORY}, {"metrics": ["f1"]}, "'f1' is in none"),
        ({"a": HISTORY}, {"metrics": []}, "metrics must name at least one metric"),
    ],
)
def test_curves_says_what_is_wrong(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        plots.curves(arguments, **options)


def test_confusion_shows_counts_and_shares():
    labels = words(plots.confusion([[90, 10], [5, 95]], ["cat", "dog"]))
    for label in ("90", "10", "90.0%", "10.0%", "5", "95", "5.0%", "95.0%", "cat", "dog"):
        assert label in labels


@pytest.mark.parametrize("matrix", [[[1, 2]], [[1, 2], [3, -4]], [[0.5, 0.5], [0.1, 0.9]], [[1, 0, 0]] * 3])
def test_confusion_wants_a_square_of_counts(matrix):
    with pytest.raises(ValueError, match=r"matrix must hold 2 × 2 counts"):
        plots.confusion(matrix, ["cat", "dog"])


def test_photos_shows_floats_and_bytes_alike():
    bytes_ = np.full((4, 4, 3), 255, np.uint8)
    floats = np.ones((4, 4, 3), np.float32)
    picture = plots.photos([bytes_, floats], ["a", "b"], alt="Two white squares")
    first, second = (axes.images[0].to_rgba(axes.images[0].get_array()) for axes in picture.axes)
    assert np.allclose(first / first.max(), second / second.max())


def test_photos_says_right_and_wrong_without_color_too():
    picture = plots.photos(np.zeros((2, 4, 4, 3)), ["cat", "dog"], alt="Two guesses", right=[True, False])
    assert words(picture) == ["✓ cat", "✗ dog"]
    assert picture.alt == "Two guesses: ✓ cat, ✗ dog."


@pytest.mark.parametrize(
    ("images", "titles", "options", "message"),
    [
        ([], [], {}, "images must hold at least one image"),
        (np.zeros((2, 4, 4, 3)), ["a"], {}, "titles must be one for each of the 2 images, not 1"),
        (np.zeros((2, 4, 4, 3)), ["a", "b"], {"right": [True]}, "right must be one for each"),
        (np.zeros((2, 4, 4, 1)), ["a", "b"], {}, r"shape \[height, width, 3\], not \(4, 4, 1\)"),
        (np.zeros((2, 4, 4, 3)), ["a", "b"], {"columns": 0}, "columns must be a positive whole number, not 0"),
    ],
)
def test_photos_says_what_is_wrong(images, titles, options, message):
    with pytest.raises(ValueError, match=message):
        plots.photos(images, titles, alt="Pictures", **options)


# Tables


class Elements(HTMLParser):
    """The elements of a piece of HTML: name, attributes, text."""

    def __init__(self, html):
        super().__init__()
        self.all = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.all.append([tag, dict(attributes), ""])

    def handle_data(self, data):
        self.all[-1][2] += data

    def found(self, tag):
        return [attributes for name, attributes, _ in self.all if name == tag]

    def texts(self, tag):
        return [text.strip() for name, _, text in self.all if name == tag]


ROWS = [
    {"layer": "conv <1×1>", "Mult-Adds": 568_740_352, "share": 0.94857, "top-1": None},
    {"layer": "dense", "Mult-Adds": 1_024_000, "share": 0.0018, "top-1": 70.6},
]


def example():
    return plots.table(ROWS, caption="Costs & shares", formats={"share": ".2%"})


def test_a_table_has_a_caption_and_headings_for_rows_and_columns():
    elements = Elements(example()._repr_html_())
    assert elements.texts("caption") == ["Costs & shares"]
    assert elements.texts("th") == ["layer", "Mult-Adds", "share", "top-1", "conv <1×1>", "dense"]
    assert [heading["scope"] for heading in elements.found("th")] == ["col"] * 4 + ["row"] * 2


def test_numbers_are_set_right_and_their_thousands_apart():
    elements = Elements(example()._repr_html_())
    assert elements.texts("td") == ["568,740,352", "94.86%", "–", "1,024,000", "0.18%", "70.6"]
    assert all("text-align:right" in cell["style"] for cell in elements.found("td"))
    assert [("right" in heading["style"]) for heading in elements.found("th")[:4]] == [False, True, True, True]


def test_a_wide_table_scrolls_inside_itself_with_the_keyboard_too():
    box = Elements(example()._repr_html_()).found("div")[0]
    assert box["style"] == "overflow-x:auto" and box["tabindex"] == "0" and box["aria-label"] == "Costs & shares"


def test_a_table_reads_as_text():
    assert repr(example()).splitlines() == [
        "Costs & shares",
        "",
        "layer         Mult-Adds   share  top-1",
        "----------  -----------  ------  -----",
        "conv <1×1>  568,740,352  94.86%      –",
        "dense         1,024,000   0.18%   70.6",
    ]


def test_rows_may_be_sequences():
    table = plots.table([("a", 1), ("b", 2)], columns=["name", "count"], caption="Counts")
    assert Elements(table._repr_html_()).texts("td") == ["1", "2"]


def test_truth_values_are_words():
    table = plots.table([("a", True), ("b", False)], columns=["name", "bias"], caption="Biases")
    assert Elements(table._repr_html_()).texts("td") == ["yes", "no"]


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([], {"caption": "c"}, "rows must hold at least one row"),
        (ROWS, {"caption": " "}, "caption must say in words what the table shows, not ' '"),
        ([(1, 2)], {"caption": "c"}, "columns must be given unless rows are mappings"),
        ([(1, 2, 3)], {"caption": "c", "columns": ["a", "b"]}, r"columns a, b; this one does not: \(1, 2, 3\)"),
        ([{"a": 1}, {"b": 2}], {"caption": "c"}, "columns a; this one does not: {'b': 2}"),
        ([{"a": 1}], {"caption": "c", "formats": {"b": ".1f"}}, r"formats must name columns \(a\), not 'b'"),
    ],
)
def test_a_table_says_what_is_wrong(rows, options, message):
    with pytest.raises(ValueError, match=message):
        plots.table(rows, **options)


def test_stacked_parts_end_at_their_sum():
    assert {"40", "5"} <= set(words(FIGURES["stacked"]()))


def test_stacked_shares_are_of_their_own_bar():
    bars = plots.stacked({"one": PARTS, "two": {"b": 5}}, colors=COLORS, alt="Shares", percent=True)
    assert "one: a 75.0%, b 25.0%; two: b 100.0%" in bars.alt


@pytest.mark.parametrize(("bars", "message"), [({}, "at least one bar"), ({"one": {"c": 1}}, "'c' has none")])
def test_stacked_says_what_is_wrong(bars, message):
    with pytest.raises(ValueError, match=message):
        plots.stacked(bars, colors=COLORS, alt="Nothing")


def test_saving_wants_the_same_blocks():
    with pytest.raises(ValueError, match="same blocks, not 13 and 8"):
        plots.saving(architecture.mobilenet(separable=False), architecture.mobilenet(shallow=True))


def test_feature_maps_shows_the_image_its_colors_and_each_map():
    picture = plots.feature_maps(np.zeros((8, 8, 3)), {"stem": np.ones((4, 4, 7))}, alt="A gray square", maps=5)
    assert [axes.images[0].get_array().shape for axes in picture.axes] == [(8, 8, 3), *[(8, 8)] * 3, *[(4, 4)] * 5]
    assert picture.format == "webp"


def test_feature_maps_wants_enough_maps():
    with pytest.raises(ValueError, match=r"at least 6 maps .*'stem' does not"):
        plots.feature_maps(np.zeros((8, 8, 3)), {"stem": np.ones((4, 4, 5))}, alt="A gray square")


def filled(picture):
    """The places of the models that are not hollow."""
    lines = [line for axes in picture.axes for line in axes.lines if line.get_marker() in ("o", "s", "v")]
    paper_white = to_rgb(plots.COLORS["paper"])
    return {tuple(line.get_xydata()[0]) for line in lines if to_rgb(line.get_markerfacecolor()) != paper_white}


def test_models_of_the_front_are_filled_and_the_others_hollow():
    assert filled(FIGURES["tradeoff"]()) == {(569, 70.9), (166, 65.3), (10, 45.0)}


def test_without_a_front_every_model_is_filled():
    assert filled(plots.tradeoff({"ImageNet": MODELS})) == {(model.mult_adds, model.top1) for model in MODELS}


def test_every_alpha_is_in_the_legend_and_every_resolution_beside_its_point():
    said = words(FIGURES["tradeoff"]())
    assert {"α = 1", "α = 0.75", "α = 0.3"} <= set(said)
    assert {"224", "128", "160", "96"} <= set(said)


def test_tradeoff_wants_a_cost_it_knows():
    with pytest.raises(ValueError, match="cost must be 'mult_adds' or 'params', not 'seconds'"):
        plots.tradeoff({"ImageNet": MODELS}, "seconds")


@pytest.mark.parametrize("panels", [{}, {"ImageNet": []}])
def test_tradeoff_and_budget_want_models(panels):
    with pytest.raises(ValueError, match="panels must each hold at least one model"):
        plots.tradeoff(panels)
    with pytest.raises(ValueError, match="panels must each hold at least one model"):
        plots.budget({title: (models, None) for title, models in panels.items()}, 100, 4)


def test_scaling_wants_the_whole():
    with pytest.raises(ValueError, match=r"rho must have the cost at 1, not only at 0\.5"):
        plots.scaling({1: costs.Cost(4, 4)}, {0.5: costs.Cost(1, 1)})


def test_multipliers_wants_a_block():
    with pytest.raises(ValueError, match="blocks must hold at least one block"):
        plots.multipliers({})


@pytest.mark.parametrize(
    ("times", "quantities", "message"),
    [
        (TIMES, {}, "quantities must hold at least one, not none"),
        (TIMES[:2], {"Mult-Adds": [1, 2, 3]}, "times must be one for each of the 3 models, not 2"),
        (TIMES, {"Mult-Adds": [1, 2]}, "Mult-Adds must be one for each of the 3 models, not 2"),
    ],
)
def test_time_against_says_what_is_wrong(times, quantities, message):
    with pytest.raises(ValueError, match=message):
        plots.time_against(MODELS[:3], times, quantities)


def test_a_roof_is_flat_from_where_bandwidth_suffices():
    (axes,) = FIGURES["roofline"]().axes
    memory, cache = (line for line in axes.lines if len(line.get_xdata()) == 200)
    for line, bandwidth in ((memory, 8.0), (cache, 50.0)):
        x, y = np.array(line.get_data())
        np.testing.assert_allclose(y, np.where(x < 45 / bandwidth, bandwidth * x, 45))


@pytest.mark.parametrize(
    ("points", "bandwidths", "message"),
    [
        ({}, {"memory": 8.0}, "points must hold at least one layer"),
        ({"depthwise": []}, {"memory": 8.0}, "points must hold at least one layer"),
        ({"depthwise": [(1.0, 1.0)]}, {}, "bandwidths must hold at least one"),
    ],
)
def test_roofline_says_what_is_wrong(points, bandwidths, message):
    with pytest.raises(ValueError, match=message):
        plots.roofline(points, 45.0, bandwidths)
