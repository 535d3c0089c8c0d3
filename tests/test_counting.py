"""The cost of any model against published figures, other counts and TensorFlow's profiler."""

import inspect
import re
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from keras import layers
from small_training import small

from mobilenet_lib import models
from mobilenet_lib.costs import Cost

# Billions of Mult-Adds and millions of parameters, as they were published. What torchvision publishes is another
# implementation of the same network, counted by another program: https://docs.pytorch.org/vision/stable/models.html.
PUBLISHED = {
    "MobileNet": (0.569, 4.2),  # Howard et al. 2017 (arXiv 1704.04861), Table 8
    "MobileNetV2": (0.300, 3.4),  # Sandler et al. 2018 (arXiv 1801.04381), Table 4
    "MobileNetV3Small": (0.056, 2.5),  # Howard et al. 2019 (arXiv 1905.02244), Table 3
    "MobileNetV3Large": (0.219, 5.4),
    "ResNet50": (3.8, 25.6),  # He et al. 2015 (arXiv 1512.03385), Table 1; parameters: torchvision
    "ResNet101": (7.6, 44.5),
    "ResNet152": (11.3, 60.2),
    "VGG16": (15.47, 138.4),  # torchvision
    "VGG19": (19.63, 143.7),
    "DenseNet121": (2.83, 7.98),
    "DenseNet169": (3.36, 14.15),
    "DenseNet201": (4.29, 20.01),
    "InceptionV3": (5.72, 23.8),  # Zoph et al. 2017 (arXiv 1707.07012), Table 2
    "InceptionResNetV2": (13.2, 55.8),
    "Xception": (8.38, 22.8),
    "NASNetLarge": (23.8, 88.9),
    "NASNetMobile": (0.564, 5.3),  # the same, Table 3
    "EfficientNetB0": (0.39, 5.3),  # Tan and Le 2019 (arXiv 1905.11946), Table 2
    "EfficientNetB1": (0.70, 7.8),
    "EfficientNetB2": (1.0, 9.2),
    "EfficientNetB3": (1.83, 12.2),  # torchvision; the paper rounds off more
    "EfficientNetB4": (4.39, 19.3),
    "EfficientNetB5": (10.27, 30.4),
    "EfficientNetB6": (19.07, 43.0),
    "EfficientNetB7": (37.75, 66.3),
    "EfficientNetV2B0": (0.72, 7.1),  # https://github.com/google/automl/tree/master/efficientnetv2
    "EfficientNetV2B1": (1.2, 8.1),
    "EfficientNetV2B2": (1.7, 10.1),
    "EfficientNetV2B3": (3.0, 14.4),
    "EfficientNetV2S": (8.37, 21.5),  # torchvision
    "EfficientNetV2M": (24.58, 54.1),
    "EfficientNetV2L": (56.08, 118.5),
    "ConvNeXtTiny": (4.5, 28.6),  # Liu et al. 2022 (arXiv 2201.03545), Table 1
    "ConvNeXtSmall": (8.7, 50),
    "ConvNeXtBase": (15.4, 89),
    "ConvNeXtLarge": (34.4, 198),
    "ConvNeXtXLarge": (60.9, 350),
}
# Keras moves the strides of these to other layers than their paper does: nobody has published what that costs.
UNPUBLISHED = {"ResNet50V2": 25_613_800, "ResNet101V2": 44_675_560, "ResNet152V2": 60_380_648}


def network(name: str) -> keras.Model:
    size = {"input_shape": (224, 224, 3)} if name.startswith("MobileNetV3") else {}
    return getattr(keras.applications, name)(weights=None, **size)


# The larger ones of each family repeat what the smallest one has: `make fuzz` counts them too.
LARGER = re.compile(
    r"ResNet1|VGG19|DenseNet[^1]|DenseNet169|NASNetLarge|EfficientNetB[^0]|EfficientNetV2(B[^0]|M|L)|ConvNeXt[^T]"
)
NETWORKS = [
    pytest.param(name, marks=pytest.mark.long) if LARGER.match(name) else name
    for name in sorted(PUBLISHED.keys() | UNPUBLISHED.keys())
]


def test_every_network_of_keras_applications_is_among_those_that_are_counted():
    names = {name for name, value in vars(keras.applications).items() if inspect.isfunction(value)}
    assert names == PUBLISHED.keys() | UNPUBLISHED.keys()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_of_keras_applications_costs_what_was_published(name):
    with keras.StatelessScope():  # weights have shapes in it, but no numbers: two billion would take minutes
        model = network(name)
        cost = models.cost(model)
        keras.utils.clear_session()  # forgets that numbers are missing
    if name in PUBLISHED:
        mult_adds, params = PUBLISHED[name]
    else:
        mult_adds, params = profiled(network(name)) / 2e9, UNPUBLISHED[name] / 1e6
    assert cost.mult_adds / 1e9 == pytest.approx(mult_adds, rel=0.02)
    assert cost.params / 1e6 == pytest.approx(params, rel=0.025)
    # Published parameters have bias and normalization in them, which are vectors. All else is matrices.
    assert cost.params == sum(np.prod(weight.shape) for weight in model.weights if len(weight.shape) > 1)


def profiled(model: keras.Model) -> int:
    """Floating-point operations of convolutions and matrices in one inference, as TensorFlow's profiler counts them."""
    import tensorflow as tf

    spec = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32)
    graph = tf.function(lambda x: model(x, training=False)).get_concrete_function(spec).graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    kinds = [tf.compat.v1.profiler.profile(graph, cmd="op", options=options)]  # each kind of operation holds the next
    while kinds[-1].children:
        kinds += kinds[-1].children
    return sum(kind.float_ops for kind in kinds if "Conv2" in kind.name or kind.name == "MatMul")


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(8, 3),
        layers.Conv2D(8, 3, strides=2, padding="same"),
        layers.Conv2D(8, 3, dilation_rate=2),
        layers.DepthwiseConv2D(3, depth_multiplier=2),
        layers.DepthwiseConv2D(3, strides=2, padding="same"),
        layers.SeparableConv2D(8, 3),
        layers.Conv2DTranspose(8, 3, strides=2, padding="same"),
    ],
    ids=["valid", "same, stride 2", "dilated", "depthwise times 2", "depthwise, stride 2", "separable", "transposed"],
)
def test_one_layer_costs_half_the_operations_that_tensorflow_profiles(layer):
    # TensorFlow works on a dilated convolution in 2×2 parts, and pads an odd size: an even one has nothing to pad.
    size = 17 if layer.dilation_rate == (1, 1) else 18
    model = keras.Sequential([keras.Input((size, size, 6)), layer])
    assert models.cost(model).mult_adds * 2 == profiled(model)


def test_a_dense_layer_costs_half_the_operations_that_tensorflow_profiles():
    model = keras.Sequential([keras.Input((50,)), layers.Dense(7)])
    assert models.cost(model) == Cost(350, 350)
    assert profiled(model) == 2 * 350


def test_a_grouped_convolution_costs_its_share():
    model = keras.Sequential([keras.Input((10, 10, 8)), layers.Conv2D(16, 3, groups=4, padding="same")])
    assert models.cost(model) == Cost(100 * 9 * 2 * 16, 9 * 2 * 16)


def test_a_dense_layer_on_a_map_is_paid_at_each_position():
    model = keras.Sequential([keras.Input((4, 4, 3)), layers.Dense(5)])
    assert models.cost(model) == Cost(16 * 15, 15)


def test_models_inside_models_are_counted_at_the_size_they_are_used():
    inner = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(5, 1)])
    outer = keras.Sequential([keras.Input((4, 4, 3)), inner, layers.Flatten(), layers.Dense(2)])
    assert models.cost(outer) == Cost(16 * 15 + 160, 15 + 160)


def test_a_layer_used_twice_works_twice_and_weighs_once():
    left, right = keras.Input((4, 4, 3)), keras.Input((8, 8, 3))
    shared = layers.Conv2D(5, 1)
    pool = layers.GlobalAveragePooling2D()
    model = keras.Model([left, right], pool(shared(left)) + pool(shared(right)))
    assert models.cost(model) == Cost((16 + 64) * 15, 15)


# However the model was built.

MOBILENET = (
    13_314_560  # Mult-Adds of MobileNet with alpha 0.25 for 128×128 pixels and two classes, by Table 1 of the paper
)


@pytest.mark.parametrize("batch", [None, 1, 8])
def test_a_model_costs_what_its_one_image_costs_whatever_the_size_of_its_batch(batch):
    image = keras.Input((128, 128, 3), batch_size=batch)
    assert models.cost(keras.Model(image, models.mobilenet(0.25, 128, 2)(image))).mult_adds == MOBILENET
    theirs = keras.applications.MobileNet((128, 128, 3), 0.25, weights=None, classes=2, input_tensor=image)
    assert models.cost(theirs).mult_adds == MOBILENET
    if batch != 1:
        image = keras.Input((128, 128, 3))
        assert models.cost(keras.Model(image, theirs(image))).mult_adds == MOBILENET


@pytest.mark.parametrize("batch", [1, 3])
def test_a_sequential_model_without_an_input_costs_what_it_did_when_it_was_called(batch):
    model = keras.Sequential([layers.Conv2D(5, 3), layers.Flatten(), layers.Dense(2)])
    model(np.zeros((batch, 8, 8, 3)))
    assert models.cost(model) == Cost(36 * 27 * 5 + 36 * 5 * 2, 27 * 5 + 36 * 5 * 2)


def test_a_size_that_is_the_same_inside_and_outside_is_counted():
    inner = models.mobilenet(0.25, 128, 2)
    image = keras.Input((128, 128, 3), batch_size=1)
    middle = keras.Model(image, inner(image))
    outer = keras.Sequential([keras.Input((128, 128, 3), batch_size=1), keras.Sequential([middle])])
    assert models.cost(outer).mult_adds == MOBILENET


def test_inputs_and_outputs_may_have_names_and_an_order():
    image, number = keras.Input((4, 4, 3), name="image"), keras.Input((6,), name="number")
    outputs = {"map": layers.Conv2D(5, 1)(image), "value": layers.Dense(2)(number)}
    for inputs in ({"number": number, "image": image}, [number, image], (image, number)):
        assert models.cost(keras.Model(inputs, outputs)) == Cost(16 * 15 + 12, 15 + 12)


class Block(layers.Layer):
    """Two convolutions, kept in a list."""

    def __init__(self, channels):
        super().__init__()
        self.convolutions = [layers.Conv2D(channels, 3, padding="same") for _ in range(2)]
        self.normalization = layers.BatchNormalization()

    def call(self, x, training=False):
        for convolution in self.convolutions:
            x = convolution(x)
        return self.normalization(x, training=training)

    def compute_output_shape(self, shape):
        return (*shape[:-1], 4)


class Network(keras.Model):
    """Layers in attributes, in a dictionary, in layers and in models; one layer is used twice."""

    def __init__(self):
        super().__init__()
        self.block = Block(4)
        self.heads = {"first": layers.Dense(4), "second": keras.Sequential([layers.Dense(2)])}

    def call(self, x):
        x = keras.ops.mean(self.block(x), axis=(1, 2))
        return self.heads["second"](self.heads["first"](self.heads["first"](x)))


BLOCK = 9 * 3 * 4 + 9 * 4 * 4
NETWORK = Cost(64 * BLOCK + 2 * 16 + 8, BLOCK + 16 + 8)


@pytest.mark.parametrize("images", [np.zeros((5, 8, 8, 3)), keras.Input((8, 8, 3))], ids=["on images", "on shapes"])
def test_a_model_written_as_a_class_costs_what_its_code_does(images):
    model = Network()
    model(images)
    assert models.cost(model) == NETWORK


def test_a_class_inside_a_model_inside_a_model_is_counted():
    outer, inner = keras.Input((8, 8, 3), batch_size=2), keras.Input((8, 8, 3))
    assert models.cost(keras.Model(outer, keras.Model(inner, Network()(inner))(outer))) == NETWORK


def test_the_code_of_a_functional_model_of_ones_own_is_followed():
    class Twice(keras.Model):
        def __init__(self):
            inputs = keras.Input((4,))
            super().__init__(inputs, layers.Dense(4)(inputs))

        def call(self, x):
            return super().call(super().call(x))

    assert models.cost(Twice()) == Cost(32, 16)


def test_code_in_functions_of_tensorflow_is_followed():
    import tensorflow as tf

    class Graph(keras.Model):
        def __init__(self):
            super().__init__()
            self.convolution = layers.Conv2D(4, 3)

        @tf.function
        def call(self, x):
            return tf.nn.relu(self.convolution(x))

    model = Graph()
    model(np.zeros((2, 8, 8, 3), "float32"))
    assert models.cost(model) == Cost(36 * 108, 108)


def test_a_model_that_was_trained_costs_what_it_did_before():
    model = small(side=16)
    before = models.cost(model)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(np.zeros((2, 16, 16, 3)), np.zeros(2), verbose=0)
    assert models.cost(model) == before


def test_a_layer_that_is_wrapped_is_counted_as_often_as_it_works():
    film = keras.Sequential([keras.Input((5, 8, 8, 3)), layers.TimeDistributed(layers.Conv2D(4, 3))])
    assert models.cost(film) == Cost(5 * 36 * 108, 108)
    photo = keras.Sequential([keras.Input((8, 8, 3)), layers.SpectralNormalization(layers.Conv2D(4, 3))])
    assert models.cost(photo) == Cost(36 * 108, 108)


def test_channels_may_come_first():
    layer = layers.Conv2D(6, 3, groups=3, data_format="channels_first")
    assert models.cost(keras.Sequential([keras.Input((3, 8, 8)), layer])) == Cost(36 * 54, 54)


# Layers that were changed.


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.quantize("int8"),
        lambda model: model.quantize("int4"),
        lambda model: model.quantize("float8"),
        lambda model: model.layers[0].enable_lora(4),
        lambda model: (model.layers[0].enable_lora(4), model.quantize("int8")),
    ],
    ids=["int8", "int4", "float8", "LoRA", "LoRA, int8"],
)
def test_neither_quantization_nor_lora_changes_what_a_layer_costs(change):
    model = keras.Sequential([keras.Input((48,)), layers.Dense(48)])
    try:
        change(model)
    except ValueError as error:
        pytest.skip(f"Keras {keras.__version__}: {error}")
    assert models.cost(model) == Cost(48 * 48, 48 * 48)


def test_lora_does_not_change_what_a_convolution_costs():
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3)])
    model.layers[0].enable_lora(2)
    assert models.cost(model) == Cost(36 * 108, 108)


@pytest.mark.parametrize(
    "layer",
    [layers.BatchNormalization(), layers.LayerNormalization(), layers.GroupNormalization(3), layers.PReLU()],
    ids=lambda layer: type(layer).__name__,
)
def test_bias_normalization_and_activation_are_left_out(layer):
    model = keras.Sequential([keras.Input((4, 4, 3)), layers.Conv2D(3, 1), layer])
    assert models.cost(model) == Cost(16 * 9, 9)


# What is refused.


class Scaled(layers.Dense):
    def build(self, shape):
        super().build(shape)
        self.scale = self.add_weight(name="scale", shape=(self.units,))


class Scale(layers.Layer):
    def build(self, shape):
        self.scale = self.add_weight(name="scale", shape=(shape[-1],))

    def call(self, x):
        return x * self.scale


@pytest.mark.parametrize(
    ("layer", "named"),
    [
        (layers.Embedding(3, 4, name="words"), "'words' of type Embedding"),
        (layers.EinsumDense("abc,cd->abd", (None, 5), name="product"), "'product' of type EinsumDense"),
        (Scale(name="own"), "'own' of type Scale"),
        (Scaled(2, name="own"), "'own' of type Scaled"),
        (layers.LSTM(2), "of type LSTM"),
        (layers.TimeDistributed(Scale(name="own")), "'own' of type Scale"),
    ],
    ids=["embedding", "einsum", "own", "derived", "recurrent", "wrapped"],
)
def test_an_unknown_layer_with_weights_is_named(layer, named):
    model = keras.Sequential([keras.Input((4,) if isinstance(layer, layers.Embedding) else (4, 3)), layer])
    with pytest.raises(ValueError, match=f"{named}, which cannot be counted; only standard"):
        models.cost(model)


@pytest.mark.parametrize("layer", [layers.Attention(name="product"), layers.Dot(1, name="product")])
def test_a_layer_that_multiplies_without_weights_is_named(layer):
    inputs = keras.Input((4, 3))
    with pytest.raises(ValueError, match=r"'product' of type (Attention|Dot), which cannot be counted"):
        models.cost(keras.Model(inputs, layer([inputs, inputs])))


@pytest.mark.parametrize(
    ("operation", "named"),
    [
        (lambda x: keras.ops.matmul(x, keras.ops.transpose(x, (0, 2, 1))), "Matmul"),
        (lambda x: layers.Dense(4)(x @ keras.ops.transpose(x, (0, 2, 1))), "Matmul"),
        (lambda x: keras.ops.conv(x, np.ones((3, 8, 5), "float32")), "Conv"),
        (lambda x: keras.ops.einsum("bij,bkj->bik", x, x), "Einsum"),
    ],
    ids=["product", "before a layer", "convolution", "einsum"],
)
@pytest.mark.parametrize("nested", [False, True], ids=["", "in a model in a model"])
def test_an_operation_that_multiplies_and_is_no_layer_is_named(operation, named, nested):
    inputs = keras.Input((8, 8))
    model = keras.Model(inputs, operation(inputs))
    if nested:
        model = keras.Sequential([keras.Input((8, 8)), model])
    with pytest.raises(ValueError, match=f"model has '.*' of type {named}, which cannot be counted; only standard"):
        models.cost(model)


def test_operations_that_multiply_number_by_number_are_left_out_as_activations_are():
    inputs = keras.Input((4, 4, 3))
    x = layers.Conv2D(3, 1)(inputs)
    assert models.cost(keras.Model(inputs, 2 * x * keras.ops.sigmoid(x) - keras.ops.mean(x))) == Cost(16 * 9, 9)


@pytest.mark.parametrize("shape", [(None, None, 3), (224, None, 3)])
def test_a_model_of_unknown_size_is_refused(shape):
    model = keras.Sequential([keras.Input(shape, name="image"), layers.Conv2D(2, 3)], name="open")
    with pytest.raises(ValueError, match="model must have an input of known size; that of 'open' is open"):
        models.cost(model)


@pytest.mark.parametrize("model", [keras.Sequential([layers.Conv2D(2, 3)]), Network()], ids=["sequential", "class"])
def test_a_model_that_was_never_built_is_refused(model):
    with pytest.raises(ValueError, match="known size"):
        models.cost(model)


def test_what_is_no_model_is_refused():
    with pytest.raises(ValueError, match="model must be a Keras model, not 'scratch'"):
        models.cost("scratch")


def test_a_layer_that_was_never_called_is_named():
    model = Network()
    model.spare = layers.Dense(2, name="spare")
    model(np.zeros((1, 8, 8, 3)))
    with pytest.raises(ValueError, match="model has the layer 'spare', which is never called"):
        models.cost(model)
    model.spare.build((None, 3))
    with pytest.raises(ValueError, match="model has the layer 'spare', which is never called"):
        models.cost(model)


def test_a_model_that_does_not_run_on_what_it_was_built_with_is_refused():
    class Sum(keras.Model):
        def call(self, a, b):
            return a + b

    model = Sum(name="sum")
    model(np.zeros((1, 2)), np.zeros((1, 2)))
    with pytest.raises(ValueError, match=r"model 'sum' does not run on its input: (.|\n)*'b'"):
        models.cost(model)


# What is left alone.


def state(model):
    """What there is to see of a model and of the layers inside it."""
    return [
        ({key: id(value) for key, value in vars(layer).items()}, len(layer._inbound_nodes), len(layer._outbound_nodes))
        for layer in model._flatten_layers()
    ]


def test_counting_leaves_the_model_as_it_was():
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, Network()(image))
    before, weights = state(model), model.get_weights()
    models.cost(model)
    assert state(model) == before
    for was, is_ in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(was, is_)


def test_threads_count_one_model_at_once():
    model = models.mobilenet(0.25, 128, 2)
    with ThreadPoolExecutor(4) as threads:
        costs = set(threads.map(lambda _: models.cost(model).mult_adds, range(12)))
    assert costs == {MOBILENET}


class Cell(layers.Layer):
    """A recurrent cell of two dense layers."""

    def __init__(self):
        super().__init__()
        self.state_size, self.new, self.old = 4, layers.Dense(4), layers.Dense(4)

    def build(self, shape):
        self.new.build(shape)
        self.old.build((None, 4))

    def call(self, x, states):
        state = self.new(x) + self.old(states[0])
        return state, [state]


def test_a_recurrent_layer_is_refused_unless_it_is_unrolled_because_only_one_of_its_turns_would_be_seen():
    steps = keras.Input((10, 3))
    unrolled, rolled = (keras.Model(steps, layers.RNN(Cell(), unroll=each)(steps)) for each in (True, False))
    assert models.cost(unrolled).mult_adds == 10 * (3 * 4 + 4 * 4)
    with pytest.raises(ValueError, match="of type RNN, which cannot be counted"):
        models.cost(rolled)
