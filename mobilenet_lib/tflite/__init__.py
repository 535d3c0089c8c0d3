"""From a Keras model to a .tflite file, the format of LiteRT (once TensorFlow Lite), and running it.

LiteRT is what runs networks on phones, microcontrollers and in browsers; the same file runs here.

    files       its bytes, its tables, and opened
    checks      what a network and its images have to be
    metadata    normalization and labels, which travel along
    names       tensors named after layers
    correction  biases that make up for rounding
    conversion  from Keras to a file
    folding     without batch normalization
    running     what a file says about images
    timing      how long it takes
    parts       files for other sizes, and of single operators; what a file has to do

    python -m mobilenet_lib.tflite photo.jpg      a cat or a dog?
"""

from mobilenet_lib.records import EXPORTS, LATENCY
from mobilenet_lib.tflite.conversion import MODES, convert
from mobilenet_lib.tflite.files import MODEL, File, save
from mobilenet_lib.tflite.folding import folded, silenced
from mobilenet_lib.tflite.metadata import labels
from mobilenet_lib.tflite.parts import operators, resized, work
from mobilenet_lib.tflite.running import evaluate, maps, predict
from mobilenet_lib.tflite.timing import Latency, latency
