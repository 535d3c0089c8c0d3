"""MobileNet as a Keras model, built from `architecture`. (`cost`, of any Keras model, is in `counting`.)

With the default options the model equals `keras.applications.MobileNet`: the same weights in the same order, so
`ours.set_weights(theirs.get_weights())` gives the same function.
"""

from math import prod

import keras
from keras import layers

from mobilenet_lib import architecture, weights
from mobilenet_lib.costs import is_number
from mobilenet_lib.counting import cost as cost

EPSILON = 1e-3  #: batch normalization's, in TF-Slim and Keras
# Said of each layer, so that the settings of a reader's own `keras.json` do not make another network.
DTYPE = "float32"
KIND = {"data_format": "channels_last", "dtype": DTYPE}  # of layers that know rows, columns and channels


def conv_block(
    x: keras.KerasTensor, out_channels: int, kernel: int = 3, stride: int = 1, *, name: str, momentum: float = 0.99
) -> keras.KerasTensor:
    """A convolution without bias, batch normalization, ReLU6 (section 3.2, figure 3 left).

    `[B, H, W, C]` to `[B, H / stride, W / stride, out_channels]`, rounded up.
    """
    x = layers.Conv2D(out_channels, kernel, stride, padding="same", use_bias=False, name=name, **KIND)(x)
    return _normalize(x, name, momentum)


def depthwise_block(
    x: keras.KerasTensor,
    stride: int = 1,
    *,
    name: str,
    momentum: float = 0.99,
    initializer: str | keras.initializers.Initializer = "glorot_uniform",
) -> keras.KerasTensor:
    """A 3×3 depthwise convolution without bias, batch normalization, ReLU6 (section 3.2, figure 3 right).

    `[B, H, W, C]` to `[B, H / stride, W / stride, C]`, rounded up.
    """
    x = layers.DepthwiseConv2D(
        3, stride, padding="same", use_bias=False, depthwise_initializer=initializer, name=name, **KIND
    )(x)
    return _normalize(x, name, momentum)


def separable_block(
    x: keras.KerasTensor,
    out_channels: int,
    stride: int = 1,
    *,
    number: int | str = 1,
    momentum: float = 0.99,
    depthwise_initializer: str | keras.initializers.Initializer = "glorot_uniform",
) -> keras.KerasTensor:
    """A depthwise separable convolution: `depthwise_block`, then a pointwise `conv_block` (figure 3 right).

    `[B, H, W, C]` to `[B, H / stride, W / stride, out_channels]`, rounded up. `number` ends the layers' names.
    """
    x = depthwise_block(x, stride, name=f"conv_dw_{number}", momentum=momentum, initializer=depthwise_initializer)
    return conv_block(x, out_channels, kernel=1, name=f"conv_pw_{number}", momentum=momentum)


def mobilenet(
    alpha: float = 1.0,
    resolution: int = 224,
    classes: int = 1000,
    *,
    separable: bool = True,
    shallow: bool = False,
    dropout: float = 1e-3,
    momentum: float = 0.99,
    depthwise_initializer: str | keras.initializers.Initializer = "glorot_uniform",
) -> keras.Model:
    """The network of `architecture.mobilenet` with the same arguments, from images to probabilities.

    Input `[B, resolution, resolution, 3]` in [−1, 1], output `[B, classes]`, each row summing to 1. `momentum` is
    that of batch normalization; the defaults of it, `dropout` and `depthwise_initializer` are those of
    `keras.applications`. Raises `ValueError` for what `architecture.mobilenet` refuses, and unless
    `dropout` and `momentum` are from 0 to below 1.
    """
    stem, *body, classifier = architecture.mobilenet(alpha, resolution, classes, separable=separable, shallow=shallow)
    for name, value in (("dropout", dropout), ("momentum", momentum)):
        if not is_number(value) or not 0 <= value < 1:
            raise ValueError(f"{name} must be from 0 to below 1, not {value!r}")
    inputs = keras.Input((resolution, resolution, 3), name="image", dtype=DTYPE)
    x = conv_block(inputs, stem.out_channels, stem.kernel, stem.stride, name=stem.name, momentum=momentum)
    for layer in body:
        if layer.kind == "depthwise":
            x = depthwise_block(x, layer.stride, name=layer.name, momentum=momentum, initializer=depthwise_initializer)
        else:
            x = conv_block(x, layer.out_channels, layer.kernel, layer.stride, name=layer.name, momentum=momentum)
    x = layers.GlobalAveragePooling2D(keepdims=True, name="pool", **KIND)(x)
    x = layers.Dropout(dropout, name="dropout", dtype=DTYPE)(x)
    # On a 1×1 map a fully connected layer is a 1×1 convolution; Keras writes it so.
    x = layers.Conv2D(classifier.out_channels, 1, name=classifier.name, **KIND)(x)
    x = layers.Reshape((classes,), name="logits", dtype=DTYPE)(x)
    x = layers.Softmax(name="probabilities", dtype=DTYPE)(x)
    return keras.Model(inputs, x, name=f"mobilenet_{float(alpha):g}_{resolution}".replace(".", "_"))


def with_maps(model: keras.Model) -> keras.Model:
    """`model`, which `mobilenet` built, with a second output: what speaks for each class at each place of the image.

    Behind the average pooling only a linear classifier follows. Before it, the same classifier gives a logit for every
    place, `[B, resolution / 32, resolution / 32, classes]`, and their mean is the logit of the whole image: class
    activation maps (Zhou et al. 2016, arXiv 1512.04150). Raises `ValueError` for a model without these layers.
    """
    try:
        pool, classifier = model.get_layer("pool"), model.get_layer("conv_preds")
    except ValueError as error:
        raise ValueError(f"model must be one that `mobilenet` built, not {model.name!r}: {error}") from error
    return keras.Model(model.input, [model.output, classifier(pool.input)], name=model.name)


def imagenet_backbone(alpha: float = 0.25, resolution: int = 224) -> keras.Model:
    """The network without its classifier, with the weights that Google trained on ImageNet.

    Input `[B, resolution, resolution, 3]` in [−1, 1], output `[B, resolution / 32, resolution / 32, 1024·alpha]`.
    Keras downloads the weights once and keeps them under `KERAS_HOME`. Raises `ValueError` unless `alpha` is one of
    the published 0.25, 0.5, 0.75 and 1 and `resolution` a multiple of 32, `OSError` if the weights are neither
    cached nor to be had.
    """
    model = mobilenet(alpha, resolution)
    path = weights.fetched(alpha)
    backbone = keras.Model(model.input, model.get_layer("pool").input, name=f"{model.name}_backbone")
    try:
        backbone.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise OSError(f"the ImageNet weights in {path} cannot be loaded; delete the file ({error})") from error
    return backbone


def summary(model: keras.Model) -> None:
    """Print layers and parameters, as Keras' `model.summary()`, whose colors are too pale for a white page."""
    rows = [(f"{x.name} ({type(x).__name__})", f"{x.output.shape}", f"{x.count_params():,}") for x in model.layers]
    rows = [("layer (type)", "output shape", "params"), *rows]
    names, shapes, params = (max(map(len, column)) for column in zip(*rows, strict=True))
    for name, shape, count in rows:
        print(f"{name:{names}}  {shape:{shapes}}  {count:>{params}}")
    total, trainable = (sum(prod(weight.shape) for weight in each) for each in (model.weights, model.trainable_weights))
    print(f"\ntotal: {total:,}\ntrainable: {trainable:,}\nnon-trainable: {total - trainable:,}")


def _normalize(x: keras.KerasTensor, name: str, momentum: float) -> keras.KerasTensor:
    x = layers.BatchNormalization(momentum=momentum, epsilon=EPSILON, name=f"{name}_bn", dtype=DTYPE)(x)
    return layers.ReLU(6.0, name=f"{name}_relu", dtype=DTYPE)(x)
