"""An example of every figure, what is written in one, and what stands in a piece of HTML."""

from functools import cache
from html.parser import HTMLParser
from typing import NamedTuple

import drawings
import numpy as np
from matplotlib.text import Text

from mobilenet_lib import architecture, costs, plots

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
RING = np.ones((7, 4, 4), int)
for hop in range(6):
    RING[hop + 1] = RING[hop]
    for worker in range(4):
        place = (worker + 1) % 4, (worker - hop) % 4
        RING[hop + 1][place] = RING[hop][worker][place[1]] + (RING[hop][place] if hop < 3 else 0)
PARTS, COLORS = {"a": 30, "b": 10}, {"a": "depthwise", "b": "pointwise"}


class Model(NamedTuple):
    alpha: float
    resolution: int
    mult_adds: float
    params: float
    top1: float


MODELS = [Model(1.0, 224, 569, 4.2, 70.9), Model(1.0, 128, 186, 4.2, 65.2)]
MODELS += [Model(0.75, 160, 166, 2.6, 65.3), Model(0.3, 96, 10, 0.6, 45.0)]
FRONT = [model for model in MODELS if model.resolution != 128]
DRAWINGS = {
    **{name: draw for name, draw in drawings.DRAWINGS.items() if name != "reduction"},
    **{
        f"body of {name}": lambda options=options: plots.architecture_body(architecture.mobilenet(**options))
        for name, options in NETWORKS.items()
    },
}
FIGURES = {
    **DRAWINGS,
    "reduction": drawings.reduction,
    "channels": lambda: plots.channels({"input": IMPULSE}),
    "stacked": lambda: plots.stacked({"one": PARTS, "two": {"b": 5}}, colors=COLORS, alt="Two bars with parts to add"),
    "multipliers": lambda: plots.multipliers({"all": (14, 8, costs.Cost(200, 72)), "half": (7, 8, costs.Cost(50, 72))}),
    "tradeoff": lambda: plots.tradeoff(MODELS, front=FRONT, trend=(4.3, 33)),
    "budget": lambda: plots.budget({"float32": (MODELS, 4, MODELS[3]), "none": (MODELS[:1], 4, None)}, 100, 4),
    "lines": lambda: plots.lines(
        {
            "million Mult-Adds": {"old": [(41, 0.498), (150, 0.633)], "old, anew": [(41, 0.5, 0.48, 0.51)]},
            "milliseconds": {"new": [(66, 0.681), (80, 0.7)]},
        },
        alt="Accuracy against what it costs",
        ylabel="accuracy",
        percent=True,
    ),
    "agreement": lambda: plots.agreement([0.1, 0.6, 0.9], {"float16": [0.1, 0.6, 0.9], "int8": [0.2, 0.4, 0.9]}),
    "roofline": lambda: plots.roofline(
        {"depthwise": [(1.1, 12.0), (0.5, 10.0)], "pointwise": [(28.0, 35.0)]}, 45.0, {"memory": 8.0, "cache": 50.0}
    ),
    "differences": lambda: plots.differences(
        {"added": {"crops": ([4.0, 5.0, 6.0], 2.5), "decay": ([-1.0], None)}, "taken": {"crops": ([-3.0], None)}},
        alt="Differences of two changes",
        xlabel="points",
    ),
    "chains": lambda: plots.chains(
        {
            "One": [("input", 14, 64), ("depthwise", 14, 64), ("pointwise", 14, 64)],
            "Other": [("input", 14, 16), ("pointwise", 14, 96), ("depthwise", 14, 96), ("pointwise", 14, 16)],
        },
        shortcut=["Other"],
    ),
    "ring": lambda: plots.ring(RING),
}


@cache
def example(name):
    return FIGURES[name]()


@cache
def file(name):
    return example(name).data()


def texts(picture):
    return [text for text in picture.findobj(Text) if text.get_visible() and text.get_text().strip()]


def words(picture):
    return [text.get_text() for text in texts(picture)]


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
