"""A figure without content: its alternative text, its size, its file, its colors."""

from itertools import combinations

import numpy as np
import pytest
from figures import Elements
from matplotlib.colors import to_rgb

from mobilenet_lib import plots


def test_a_figure_without_alternative_text_is_refused():
    for alt in ("", "  ", None):
        with pytest.raises(ValueError, match=r"alt must say in words what the figure shows"):
            plots.figure(alt=alt)


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


def test_the_numbers_of_an_axis_do_not_overlap_however_far_it_reaches():
    picture = plots.by_depth({"signal": [3.0, 2e-9]}, ["dw 1", "dw 2"], ylabel="std", alt="Signal by depth")
    picture.draw_without_rendering()
    labels = picture.axes[0].get_yticklabels()
    boxes = [label.get_window_extent() for label in labels]
    assert len(boxes) > 3 and not any(one.overlaps(other) for one, other in combinations(boxes, 2))
