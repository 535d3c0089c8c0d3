"""The same network with layers that TensorFlow trains faster on a processor.

Keras computes batch normalization from moments, in many passes over the maps; TensorFlow has a kernel that does it in
one. And TensorFlow computes the gradient of a 1×1 convolution slowly, where that of a matrix product is fast.
"""

import keras
import tensorflow as tf

from mobilenet_lib.training.kept import functional


class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalization over `[B, H, W, C]` whose training pass is one kernel; the rest is Keras' own."""

    def call(self, inputs, training=None, mask=None):
        if not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, self.gamma, self.beta, epsilon=self.epsilon, is_training=True
        )
        # The kernel divides by n − 1, Keras by n.
        n = tf.cast(tf.size(inputs) // inputs.shape[-1], variance.dtype)
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance * (n - 1) / n)):
            moving.assign(moving * self.momentum + batch * (1 - self.momentum))
        return outputs


class Pointwise(keras.layers.Conv2D):
    """A 1×1 convolution as a matrix product: one row for each place of the maps."""

    def convolution_op(self, inputs, kernel):
        rows = keras.ops.reshape(inputs, (-1, kernel.shape[-2]))
        return keras.ops.reshape(rows @ kernel[0, 0], (*keras.ops.shape(inputs)[:3], kernel.shape[-1]))


def fast(model: keras.Model, *, any_size: bool = False) -> keras.Model:
    """A copy of `model` that computes the same and trains faster; with `any_size`, on images of any size.

    It has weights of its own, in the same order: `model.set_weights(fast(model).get_weights())` brings them back. The
    model itself is returned where it cannot be copied or nothing is to be won: a subclassed one, another backend than
    TensorFlow. Layers in mixed precision stay as they are.
    """
    if keras.backend.backend() != "tensorflow":
        return model
    original, images = model, None
    if any_size:  # Keras 3.4 takes an input of a functional model alone
        original, images = functional(model), keras.Input((None, None, model.input_shape[-1]))
    try:
        copy = keras.models.clone_model(original, input_tensors=images, clone_function=_replaced)
    except ValueError:  # Keras copies no subclassed models
        return model
    copy.set_weights(model.get_weights())
    return copy


def _replaced(layer: keras.Layer) -> keras.Layer:
    kind = type(layer)
    if kind is keras.layers.BatchNormalization and _fusible(layer):
        kind = FusedBatchNormalization
    elif kind is keras.layers.Conv2D and layer.kernel_size == layer.strides == (1, 1) and layer.groups == 1:
        kind = Pointwise if layer.data_format == "channels_last" else kind
    return kind.from_config(layer.get_config())


def _fusible(layer: keras.layers.BatchNormalization) -> bool:
    images = layer.built and layer.input_spec.ndim == 4 and layer.axis in (-1, 3)
    plain = layer.scale and layer.center and not getattr(layer, "renorm", False) and not layer.synchronized
    return bool(images and plain and layer.compute_dtype == "float32")
