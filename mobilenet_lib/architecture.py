"""Which layers a MobileNet has: Table 1 of Howard et al. 2017 (arXiv 1704.04861) as data.

This is the only place that knows. Cost tables, Keras models and drawings are derived from it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from mobilenet_lib import costs
from mobilenet_lib.costs import Cost, is_number, positive

STEM = 32  #: output channels of the first layer, a standard convolution with stride 2

#: The 13 blocks after it: (stride of the 3×3 convolution, output channels).
#: The paper prints stride 2 for the last one; with its 7×7 input and output it has to be 1.
BLOCKS = ((1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512), *((1, 512),) * 5, (2, 1024), (1, 1024))
#: The shallow network of Table 5 leaves out the five blocks of 14×14×512.
SHALLOW = (*BLOCKS[:6], *BLOCKS[11:])

REDUCTION = 32  #: five strides of 2: the last feature map is this many times smaller than the image
FULL_RESOLUTION = 224  #: pixels, what ρ = 1 stands for


@dataclass(frozen=True)
class Layer:
    """One layer with weights.

    `kind` is "standard", "depthwise", "pointwise" or "dense". The layer turns
    `[B, in_size, in_size, in_channels]` into `[B, out_size, out_size, out_channels]`.
    """

    name: str
    kind: str
    kernel: int
    stride: int
    in_channels: int
    out_channels: int
    in_size: int
    out_size: int

    @property
    def cost(self) -> Cost:
        """Mult-Adds and parameters, by the rules of `costs`."""
        if self.kind == "depthwise":
            return costs.depthwise(self.out_size, self.in_channels, self.kernel)
        return costs.standard(self.out_size, self.in_channels, self.out_channels, self.kernel)

    def activation_bytes(self, width: int = 4) -> int:
        """What input and output map take together; `width` is the bytes of a number: 4 as float32, 1 as int8.

        Raises `ValueError` if `width` is not a positive whole number.
        """
        return positive("width", width) * (self.in_size**2 * self.in_channels + self.out_size**2 * self.out_channels)

    def bytes_moved(self, width: int = 4) -> int:
        """The least that has to pass between memory and processor: input and weights once in, output once out.

        `width` is as in `activation_bytes`.
        """
        return self.activation_bytes(width) + positive("width", width) * self.cost.params

    def intensity(self, width: int = 4) -> float:
        """Arithmetic intensity: Mult-Adds for each byte moved (Williams, Waterman and Patterson 2009)."""
        return self.cost.mult_adds / self.bytes_moved(width)


def mobilenet(
    alpha: float = 1.0,
    resolution: int = 224,
    classes: int = 1000,
    *,
    separable: bool = True,
    shallow: bool = False,
) -> tuple[Layer, ...]:
    """The layers of a MobileNet that have weights, first to last (Table 1).

    `alpha` is the width multiplier α: each layer has `int(alpha * channels)` channels, at least one, as in
    `keras.applications`. `resolution` is the side of the square image in pixels, which the paper sets through the
    resolution multiplier ρ. `separable=False` gives the network of full convolutions of Table 4, `shallow=True`
    the one of Table 5 without its five 14×14×512 blocks. Pooling and softmax have no weights and no layer here.

    Raises `ValueError` unless 0 < `alpha` ≤ 2, `resolution` is a positive multiple of 32 and `classes` is a
    positive whole number.
    """
    if not is_number(alpha) or not 0 < alpha <= 2:
        raise ValueError(f"alpha must be a number above 0 and at most 2, not {alpha!r}")
    size = positive("resolution", resolution)
    if size % REDUCTION:
        raise ValueError(f"resolution must be a multiple of {REDUCTION}, not {resolution!r}")
    classes = positive("classes", classes)

    layers: list[Layer] = []
    channels = 3

    def add(name: str, kind: str, kernel: int, stride: int, out_channels: int) -> None:
        nonlocal size, channels
        out_size = size // stride
        layers.append(Layer(name, kind, kernel, stride, channels, out_channels, size, out_size))
        size, channels = out_size, out_channels

    def scaled(channels: int) -> int:
        return max(1, int(channels * alpha))

    add("conv1", "standard", 3, 2, scaled(STEM))
    for number, (stride, out_channels) in enumerate(SHALLOW if shallow else BLOCKS, start=1):
        if separable:
            add(f"conv_dw_{number}", "depthwise", 3, stride, channels)
            add(f"conv_pw_{number}", "pointwise", 1, 1, scaled(out_channels))
        else:
            add(f"conv_{number}", "standard", 3, stride, scaled(out_channels))
    size = 1  # average pooling
    add("conv_preds", "dense", 1, 1, classes)
    return tuple(layers)


def total(layers: Iterable[Layer]) -> Cost:
    """The cost of all `layers` together."""
    return sum((layer.cost for layer in layers), Cost())


def peak_activations(layers: Iterable[Layer], width: int = 4) -> int:
    """The most bytes that maps take at a time while one image flows through `layers`, one layer after the other.

    A layer's input may go once its output is there, so that is the largest `activation_bytes`. What a program needs
    besides, for padding or rearranging, is its own. Raises `ValueError` if there is no layer or for a bad `width`.
    """
    layers = tuple(layers)
    if not layers:
        raise ValueError("layers must hold at least one layer, as mobilenet returns them, not none")
    return max(layer.activation_bytes(width) for layer in layers)


def resolution(rho: float) -> int:
    """The image side in pixels for the resolution multiplier ρ (section 3.4): the multiple of 32 nearest to 224·ρ.

    The paper's ρ of 1, 6/7, 5/7 and 4/7 (printed as 0.857, 0.714, 0.571) give 224, 192, 160 and 128.
    Raises `ValueError` unless 0 < `rho` ≤ 1.
    """
    if not is_number(rho) or not 0 < rho <= 1:
        raise ValueError(f"rho must be a number above 0 and at most 1, not {rho!r}")
    return max(1, round(rho * FULL_RESOLUTION / REDUCTION)) * REDUCTION
