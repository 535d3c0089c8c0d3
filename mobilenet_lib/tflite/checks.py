"""What a model or a file has to be, and what goes into it and comes out: images, their normalization, probabilities."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

NORMALIZATION = (127.5, 127.5)  # mean and standard deviation of `data.normalize`
# What a network does to an image before its first weights if it normalizes by itself.
ARITHMETIC = {"Mul", "Sub", "Add", "AddV2", "Div", "RealDiv", "DivNoNan", "FusedBatchNormV3"}
WEIGHING = {"Conv2D", "DepthwiseConv2dNative", "MatMul", "BatchMatMulV2", "Einsum"}


def model_shape(model: keras.Model) -> tuple[int, int, int]:
    """Height, width and channels of the one image that `model` takes. Raises `ValueError` if it cannot be converted."""
    if not isinstance(model, keras.Model):
        raise ValueError(f"model must be a Keras model, not {model!r}")
    if not model.built:
        raise ValueError(f"model must have been built or called once, to have weights; {model.name!r} has not")
    inputs, outputs = (getattr(model, kind, None) or () for kind in ("inputs", "outputs"))
    if not inputs:  # a class of the reader's own, which knows what it was built for
        shape = (model.get_build_config() or {}).get("input_shape")
        if shape is None or not all(isinstance(size, int) for size in shape[1:]):
            raise ValueError(f"model must take one image of known size; {model.name!r} does not say which it takes")
        inputs = [keras.KerasTensor((1, *shape[1:]))]
        outputs = tf.nest.flatten(model.compute_output_spec(*inputs))
    shapes = ([[None, *each.shape[1:]] for each in ends] for ends in (inputs, outputs))
    return image_shape("model", repr(model.name), *shapes)


def image_shape(name: str, called: str, inputs: list[list], outputs: list[list]) -> tuple[int, int, int]:
    """Height, width and channels of the one image that goes in.

    Raises `ValueError` for the argument `name` unless probabilities come out of it, and perhaps maps.
    """
    if len(inputs) != 1 or len(outputs) not in (1, 2):
        raise ValueError(
            f"{name} must have one input and one output, or a second one for maps; {called} has {len(inputs)} and "
            f"{len(outputs)}"
        )
    (image,) = inputs
    known = all(size not in (None, -1) for size in image[1:])
    known &= all(shape[:1] in ([None], [-1], [1]) for shape in (image, *outputs))  # one image, one answer
    if not known or [len(shape) for shape in (image, *outputs)] != [4, 2, 4][: 1 + len(outputs)]:
        raise ValueError(
            f"{name} must turn an image of known size [1, H, W, C] into probabilities [1, classes]; {called} turns "
            f"{image} into {', '.join(map(str, outputs))}"
        )
    return tuple(image[1:])


def normalization(given: tuple[float, float] | None, traced: Any) -> tuple[float, float]:
    """Mean and standard deviation as `convert` was given them; or those of `data.normalize`, if that can be right."""
    if given is not None:
        try:
            mean, deviation = map(float, given)
        except (TypeError, ValueError):
            mean, deviation = np.nan, np.nan
        least, most = (float(getattr(np.finfo(np.float32), end)) for end in ("tiny", "max"))  # that the file can hold
        if not (abs(mean) <= most and least <= deviation <= most):
            raise ValueError(
                f"normalization must be two numbers of float32, a mean and a deviation above 0, not {given!r}"
            )
        return mean, deviation
    image = {traced.inputs[0].name}  # what is still the image, and has met no weights
    for operation in traced.graph.get_operations():
        if image.isdisjoint(tensor.name for tensor in operation.inputs) or operation.type in WEIGHING:
            continue
        if operation.type in ARITHMETIC:
            raise ValueError(
                "normalization must say what the model takes, for it calculates with pixels before its first layer of "
                f"weights ({operation.name!r}) and may normalize by itself: (0, 1) if it takes pixels as they are, "
                "(127.5, 127.5) if it takes [−1, 1]"
            )
        image |= {tensor.name for tensor in operation.outputs}
    return NORMALIZATION


def span(mean: Any, deviation: Any) -> tuple[float, float]:
    """What a normalization makes of black and of white, of all channels."""
    return float(np.min((0 - mean) / deviation)), float(np.max((255 - mean) / deviation))


def fitting(name: str, images: Any, shape: tuple[int, ...], span: tuple[float, float]) -> np.ndarray:
    """`images` as a float32 array, if they are at least one of `shape` with values in `span`."""
    images, (low, high) = np.asarray(images), span
    wanted = f"{name} must be float images [N, {', '.join(map(str, shape))}] with values in "
    wanted += "[−1, 1], as `data.normalize` returns them" if span == (-1, 1) else f"[{low:g}, {high:g}]"
    if images.dtype.kind != "f":
        raise ValueError(f"{wanted}; these are {images.dtype}")
    if images.ndim != 4 or images.shape[1:] != shape or not len(images):
        raise ValueError(f"{wanted}; the shape of these is {list(images.shape)}")
    if not np.isfinite(images).all():
        raise ValueError(f"{wanted}; in these there is a value that is not a number or infinite")
    rounding = 1e-6 * (high - low)
    if images.min() < low - rounding or images.max() > high + rounding:
        raise ValueError(f"{wanted}; these go from {images.min():g} to {images.max():g}")
    return images.astype(np.float32, copy=False)


def no_probabilities(shares: np.ndarray, each: float = 1 / 256) -> str:
    """What speaks against these being probabilities, and nothing if they are: in int8, `each` is a 256th."""
    total = float(shares.sum())
    if (shares >= 0).all() and abs(total - 1) <= len(shares) * each:
        return ""
    some = ", ".join(f"{share:.3g}" for share in shares[:5]) + (", …" if len(shares) > 5 else "")
    return f"[{some}], of sum {total:.3g}"


def side(shape: tuple[int, int, int]) -> int:
    """How many pixels wide the images of `shape` are. Raises `ValueError` unless they are square and in color."""
    size, *rest = shape
    if rest != [size, 3]:
        raise ValueError(f"the model must take square color images, not {list(shape)}")
    return size
