"""Make an int8 file of a float32 one: `python quantizer.py FLOAT32.tflite IMAGES.npy INT8.tflite`.

It runs in an environment of its own, which has AI Edge Quantizer; `exports.py` starts it. The recipe is the package's
own for 8-bit weights and activations; the images, float32 `[N, H, W, C]`, calibrate it one by one. What it prints last
is the version of the package.
"""

import sys
from importlib.metadata import version

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from ai_edge_quantizer.quantizer import Quantizer
from ai_edge_quantizer.recipe import static_wi8_ai8

float32, images, int8 = sys.argv[1:]
((signature, ends),) = Interpreter(float32).get_signature_list().items()
(image,) = ends["inputs"]
samples = [{image: each[np.newaxis]} for each in np.load(images)]
quantizer = Quantizer(float32, static_wi8_ai8())
quantizer.quantize(quantizer.calibrate({signature: samples})).export_model(int8)
print(version("ai-edge-quantizer"))
