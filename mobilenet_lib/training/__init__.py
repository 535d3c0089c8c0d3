"""Train, evaluate, record.

    recipe        optimizer, learning rate, weight decay, loss
    fast          the same network with layers that train faster
    statistics    of batch normalization, estimated anew
    fit           train and fine-tune
    checkpoints   the state of an unfinished training
    workers       one training by several processes
    kept          models as files
    options       what the command line takes
    experiments   declared: which runs they ask for, and which are recorded
    sweep         what is missing of them, run

`python -m mobilenet_lib.training --help` makes recorded runs: one small JSON each, with the command that repeats it.
"""

from mobilenet_lib.evaluation import Evaluation, evaluate, over_seeds, wilson
from mobilenet_lib.records import DATA, MODELS, RUNS, Run, gpu, load_run, load_runs, machine, versions, write
from mobilenet_lib.training.fast import fast
from mobilenet_lib.training.fit import fine_tune, fit_classifier, imagenet_classifier, train
from mobilenet_lib.training.kept import load_model, save_model
from mobilenet_lib.training.recipe import (
    DEPTHWISE_HE_NORMAL,
    INITIALIZERS,
    LIMITS,
    RECIPES,
    Recipe,
    compile_model,
    decays,
    rate,
)
from mobilenet_lib.training.statistics import recalibrate
