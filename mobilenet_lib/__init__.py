"""The library of the book «MobileNet, from cost to phone».

One idea a module; each imports only modules above it:

    costs         what one layer costs
    architecture  which layers a MobileNet has
    paper         what was published
    models        the same network in Keras
    data          cats and dogs
    training      train, evaluate, record
    tflite        export and run
    plots         every figure of the book
"""

import os

# TensorFlow reads this when it is imported; without it, it greets every reader with a page of device messages.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# By itself it takes oneDNN's kernels only on newer processors. On older ones, too, training is faster with them.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
