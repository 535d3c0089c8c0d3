"""How long the sixteen MobileNets take on two phones, as Google published it: milliseconds for one image.

The source is TensorFlow's list of hosted models, in two editions of
https://www.tensorflow.org/lite/guide/hosted_models (file `tensorflow/lite/g3doc/guide/hosted_models.md`). Both time
files of float32 numbers and of 8-bit ones (uint8, of networks trained for it) in TensorFlow Lite. Standard library
only.
"""

_SHAPES = tuple((alpha, resolution) for alpha in (0.25, 0.5, 0.75, 1.0) for resolution in (128, 160, 192, 224))


def _by_network(text: str) -> dict[tuple[float, int], float]:
    """Milliseconds by (α, resolution); `text` has them as printed, from 0.25-128 to 1.0-224."""
    return dict(zip(_SHAPES, map(float, text.split()), strict=True))


#: By device, and what of it was used: the milliseconds of each network, by (α, resolution).
MILLISECONDS = {
    "Pixel 2, one core, float32": _by_network(
        "6.2 8.6 12.1 16.2 18.1 26.8 35.6 47.6 34.6 51.3 71.7 95.7 57.4 86.0 118.6 160.1"
    ),
    "Pixel 2, one core, 8 bits": _by_network(
        "3.7 5.5 7.9 10.4 8.8 13.0 18.3 24.7 16.2 24.3 33.8 45.4 24.9 37.4 51.9 70.2"
    ),
    "Pixel 3, four threads, float32": _by_network(
        "1.2 1.7 2.4 3.3 3.0 4.4 6.0 7.9 5.5 8.2 11.0 14.6 9.0 13.4 18.1 24.0"
    ),
    "Pixel 3, four threads, 8 bits": _by_network("0.8 1.3 1.8 2.3 1.7 2.6 3.6 4.7 3.1 4.7 6.4 8.5 4.8 7.3 9.9 13"),
    "Pixel 3, graphics processor": _by_network("1.6 1.7 1.8 1.8 1.7 2.0 2.5 2.8 2.6 3.1 4.5 4.9 4.4 5.0 6.3 6.5"),
}
