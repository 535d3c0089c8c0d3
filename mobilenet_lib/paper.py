"""What was published about MobileNet v1, as printed, slips included.

Two sources:

- the paper: Howard et al. 2017, *MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
  Applications*, https://arxiv.org/abs/1704.04861;
- the checkpoint list: the README of the authors' public ImageNet models in TF-Slim,
  https://github.com/tensorflow/models/blob/master/research/slim/nets/mobilenet_v1.md.

Mult-Adds and parameters are in millions, accuracies in percent.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LATER_LIST = "https://github.com/tensorflow/models/blob/master/research/slim/nets/mobilenet/README.md"


@dataclass(frozen=True)
class Row:
    """A row of Table 1: `kind` is that of `architecture.Layer`, `filter` and `input` are shapes as printed."""

    kind: str
    stride: int
    filter: tuple[int, ...]
    input: tuple[int, ...]


def _table_1() -> tuple[Row, ...]:
    rows = [Row("standard", 2, (3, 3, 3, 32), (224, 224, 3))]
    # Depthwise stride, input channels and size, output channels and size, as the rows give them.
    blocks = [
        (1, 32, 112, 64, 112),
        (2, 64, 112, 128, 56),
        (1, 128, 56, 128, 56),
        (2, 128, 56, 256, 28),
        (1, 256, 28, 256, 28),
        (2, 256, 28, 512, 14),
        *[(1, 512, 14, 512, 14)] * 5,
        (2, 512, 14, 1024, 7),
        (2, 1024, 7, 1024, 7),  # the erratum
    ]
    for stride, in_channels, in_size, out_channels, out_size in blocks:
        rows.append(Row("depthwise", stride, (3, 3, in_channels), (in_size, in_size, in_channels)))
        rows.append(Row("pointwise", 1, (1, 1, in_channels, out_channels), (out_size, out_size, in_channels)))
    rows.append(Row("dense", 1, (1024, 1000), (1, 1, 1024)))
    return tuple(rows)


#: The rows of Table 1 with weights; average pooling and softmax stand before and after the last one.
TABLE_1 = _table_1()


@dataclass(frozen=True)
class Share:
    """A row of Table 2: what share of the whole a kind of layer has, in percent."""

    mult_adds: float
    params: float


#: Table 2, by kind of layer.
TABLE_2 = {
    "pointwise": Share(94.86, 74.59),
    "depthwise": Share(3.06, 1.06),
    "standard": Share(1.19, 0.02),
    "dense": Share(0.18, 24.33),
}


@dataclass(frozen=True)
class OneLayer:
    """A row of Table 3: one layer inside the network, with the shape that its multipliers give it."""

    name: str
    separable: bool
    size: int
    in_channels: int
    out_channels: int
    mult_adds: float
    params: float


#: Table 3: one layer in four forms.
TABLE_3 = (
    OneLayer("Convolution", False, 14, 512, 512, 462, 2.36),
    OneLayer("Depthwise separable convolution", True, 14, 512, 512, 52.3, 0.27),
    OneLayer("α = 0.75", True, 14, 384, 384, 29.6, 0.15),
    OneLayer("ρ = 0.714", True, 10, 384, 384, 15.1, 0.15),
)


@dataclass(frozen=True)
class Network:
    """A MobileNet of Tables 4 to 9: `arguments` are those of `architecture.mobilenet`."""

    name: str
    tables: tuple[int, ...]
    top1: float
    mult_adds: float
    params: float
    arguments: Mapping[str, Any]


#: The MobileNets of Tables 4 to 9.
NETWORKS = (
    Network("Conv MobileNet", (4,), 71.7, 4866, 29.3, {"separable": False}),
    Network("1.0 MobileNet-224", (4, 6, 7, 8), 70.6, 569, 4.2, {}),
    Network("0.75 MobileNet-224", (5, 6), 68.4, 325, 2.6, {"alpha": 0.75}),
    Network("Shallow MobileNet", (5,), 65.3, 307, 2.9, {"shallow": True}),
    Network("0.5 MobileNet-224", (6,), 63.7, 149, 1.3, {"alpha": 0.5}),
    Network("0.25 MobileNet-224", (6,), 50.6, 41, 0.5, {"alpha": 0.25}),
    Network("1.0 MobileNet-192", (7,), 69.1, 418, 4.2, {"resolution": 192}),
    Network("1.0 MobileNet-160", (7,), 67.2, 290, 4.2, {"resolution": 160}),
    Network("1.0 MobileNet-128", (7,), 64.4, 186, 4.2, {"resolution": 128}),
    Network("0.50 MobileNet-160", (9,), 60.2, 76, 1.32, {"alpha": 0.5, "resolution": 160}),
)


@dataclass(frozen=True)
class Other:
    """A network of others that Tables 8 and 9 compare with."""

    name: str
    table: int
    top1: float
    mult_adds: float
    params: float


#: The networks of others that Tables 8 and 9 compare with.
OTHERS = (
    Other("GoogLeNet", 8, 69.8, 1550, 6.8),
    Other("VGG 16", 8, 71.5, 15300, 138),
    Other("SqueezeNet", 9, 57.5, 1700, 1.25),
    Other("AlexNet", 9, 57.2, 720, 60),
)


@dataclass(frozen=True)
class Checkpoint:
    """A public ImageNet model of the checkpoint list; accuracies of the float and of the quantized file."""

    alpha: float
    resolution: int
    mult_adds: float
    params: float
    top1: float
    top5: float
    quantized_top1: float
    quantized_top5: float


#: The sixteen networks that Google published, with the accuracies of its list, in percent.
CHECKPOINTS = (
    Checkpoint(1.0, 224, 569, 4.24, 70.9, 89.9, 69.7, 89.5),
    Checkpoint(1.0, 192, 418, 4.24, 70.0, 89.2, 69.0, 88.9),
    Checkpoint(1.0, 160, 291, 4.24, 68.0, 87.7, 67.3, 87.7),
    Checkpoint(1.0, 128, 186, 4.24, 65.2, 85.8, 64.0, 85.5),
    Checkpoint(0.75, 224, 317, 2.59, 68.4, 88.2, 67.9, 88.1),
    Checkpoint(0.75, 192, 233, 2.59, 67.2, 87.3, 66.2, 87.1),
    Checkpoint(0.75, 160, 162, 2.59, 65.3, 86.0, 63.9, 85.5),
    Checkpoint(0.75, 128, 104, 2.59, 62.1, 83.9, 59.8, 82.8),
    Checkpoint(0.5, 224, 150, 1.34, 63.3, 84.9, 62.2, 84.5),
    Checkpoint(0.5, 192, 110, 1.34, 61.7, 83.6, 60.4, 83.2),
    Checkpoint(0.5, 160, 77, 1.34, 59.1, 81.9, 57.7, 81.3),
    Checkpoint(0.5, 128, 49, 1.34, 56.3, 79.4, 54.9, 78.9),
    Checkpoint(0.25, 224, 41, 0.47, 49.8, 74.2, 48.2, 73.8),
    Checkpoint(0.25, 192, 34, 0.47, 47.7, 72.3, 45.8, 71.9),
    Checkpoint(0.25, 160, 21, 0.47, 45.5, 70.3, 43.5, 69.1),
    Checkpoint(0.25, 128, 14, 0.47, 41.5, 66.3, 39.9, 65.8),
)


@dataclass(frozen=True)
class Successor:
    """A network that came after: what its authors published, at 224×224 pixels. `source` is where."""

    name: str
    year: int
    top1: float
    mult_adds: float
    params: float
    source: str


#: Networks that came after MobileNet, by year. Each was trained in its authors' way, for longer the later it came.
SUCCESSORS = (
    Successor("MobileNetV2", 2018, 71.8, 300, 3.47, LATER_LIST),
    # Table 3, in the last version of the paper; its first one and the checkpoint list say 66 and 2.9 million of Small.
    Successor("MobileNetV3-Small", 2019, 67.4, 56, 2.5, "https://arxiv.org/abs/1905.02244v5"),
    Successor("MobileNetV3-Large", 2019, 75.2, 219, 5.4, "https://arxiv.org/abs/1905.02244v5"),
    Successor("EfficientNet-B0", 2019, 77.1, 390, 5.3, "https://arxiv.org/abs/1905.11946"),
    Successor("MobileNetV4-Conv-S", 2024, 73.8, 200, 3.8, "https://arxiv.org/abs/2404.10518"),
)

#: Top-1 accuracy of networks that others trained anew in 2024, at 224×224 pixels, for 3,600 epochs of ImageNet, as told
#: in https://huggingface.co/blog/rwightman/mobilenet-baselines; V3-Large: "trained with MNV4 Small recipe", README of
#: https://github.com/huggingface/pytorch-image-models, September 2024. Their shape is the same, their training is not.
RETRAINED = {"MobileNet": 75.4, "MobileNetV3-Large": 76.3, "EfficientNet-B0": 78.6}


@dataclass(frozen=True)
class Erratum:
    """A number in print that is not the book's count: where it stands, what it says, what we count, and why.

    `kind` is "slip" if the source contradicts itself, "another rule" if a rule that can be named gives the printed
    number, and "unexplained" if none of those that were tried does.
    """

    kind: str
    where: str
    printed: str
    correct: str
    why: str


#: Numbers in print that are not the book's count, slips first.
ERRATA = tuple(Erratum(**each) for each in json.loads(Path(__file__).with_name("errata.json").read_text("utf8")))
