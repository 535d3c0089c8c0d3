"""What a .tflite file says about images: probabilities, maps, how good it is."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from mobilenet_lib import evaluation
from mobilenet_lib.tflite import checks
from mobilenet_lib.tflite.files import File, called, opened
from mobilenet_lib.tflite.metadata import normalization


def predict(tflite_model: File, images: Any, *, threads: int = 1) -> np.ndarray:
    """Probabilities `[N, classes]`, float32, that the file gives for float32 `images` `[N, H, W, C]` in [−1, 1].

    `tflite_model` is a path or what `convert` returned; if its metadata say another normalization, `images` are in the
    range of that one. Raises `ValueError` if it is not a whole .tflite file of an image classifier, if what it gives
    are no probabilities, or if `images` do not fit it.
    """
    return Network(tflite_model, threads).predict_on_batch(images)


def maps(tflite_model: File, images: Any, *, threads: int = 1) -> np.ndarray:
    """Where the file looked: `[N, h, w, classes]`, float32, what speaks for each class at each place of the images.

    Takes and raises what `predict` does, and `ValueError` if the file was not converted from a model of
    `models.with_maps`.
    """
    network = Network(tflite_model, threads)
    if not network.has_maps:
        raise ValueError(f"tflite_model must give maps as its second output; {network.called} has one output")
    return np.stack([network.outputs(image)[1] for image in network.fitting(images)])


def evaluate(tflite_model: File, dataset: Iterable[tuple[Any, Any]], *, threads: int = 1) -> evaluation.Evaluation:
    """What the file says about every batch `(images, labels)` of `dataset`, as `training.evaluate` for a model."""
    return evaluation.evaluate(Network(tflite_model, threads), dataset)


class Network:
    """A .tflite file in the interpreter: one image in, the probabilities of its classes out, and perhaps maps."""

    def __init__(self, tflite_model: File, threads: int = 1) -> None:
        self.interpreter = opened(tflite_model, threads)
        self.called = called(tflite_model)
        ends = self.interpreter.get_input_details(), self.interpreter.get_output_details()
        inputs = [each["shape_signature"].tolist() for each in ends[0]]
        outputs = [each["shape"].tolist() for each in ends[1]]  # worked out for one image
        self.shape = checks.image_shape("tflite_model", self.called, inputs, outputs)
        (self._input,), self._outputs = ends
        self.classes, self.has_maps = outputs[0][1], len(outputs) == 2
        if self._input["dtype"] != np.float32 and not self._input["quantization"][0]:
            kind = self._input["dtype"].__name__
            raise ValueError(f"tflite_model must take float32, or say its scale; {self.called} takes {kind} without")
        said = normalization(tflite_model)
        self.normalizes, (self.mean, self.deviation) = said is not None, said or map(np.float32, checks.NORMALIZATION)

    def fitting(self, images: Any) -> np.ndarray:
        """`images` as they go in. Raises `ValueError` if they do not fit."""
        return checks.fitting("images", images, self.shape, checks.span(self.mean, self.deviation))

    def predict_on_batch(self, images: Any) -> np.ndarray:
        """As the method of a Keras model, which `evaluation` calls."""
        return np.stack([self(image) for image in self.fitting(images)])

    def __call__(self, image: np.ndarray) -> np.ndarray:
        shares = self.outputs(image)[0]
        if problem := checks.no_probabilities(shares):
            raise ValueError(f"tflite_model must give probabilities; {self.called} gives {problem}")
        return shares

    def outputs(self, image: np.ndarray) -> list[np.ndarray]:
        scale, zero_point = self._input["quantization"]
        if scale:
            kind = np.iinfo(self._input["dtype"])
            image = np.clip(np.round(image / np.float32(scale)) + zero_point, kind.min, kind.max).astype(kind.dtype)
        self.interpreter.set_tensor(self._input["index"], image[np.newaxis])
        self.interpreter.invoke()
        return [self._value(details) for details in self._outputs]

    def _value(self, output: dict[str, Any]) -> np.ndarray:
        value = self.interpreter.get_tensor(output["index"])[0]
        scale, zero_point = output["quantization"]
        return np.float32(scale) * (value.astype(np.float32) - zero_point) if scale else value.astype(np.float32)
