"""`training.workers`: one training by several processes is that of one process which averages what they find."""

import json
import os
import shutil
import socket

import numpy as np
import pytest
from processes import ROOT, run, start, stopped
from small_training import without_times
from test_killed import COMMAND, SIZE

from mobilenet_lib import data, training
from mobilenet_lib.training import __main__ as cli

ONE_THREAD = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


def started(program, *arguments, count=2, places=None):
    """The workers of one cluster, each in a process of its own on this machine; `places` are their folders."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("localhost", 0))
    addresses = [f"localhost:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    configs = [
        json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}})
        for index in range(count)
    ]
    return [
        start(program, *arguments, env=os.environ | ONE_THREAD | {"TF_CONFIG": config}, cwd=place)
        for config, place in zip(configs, places or [None] * count, strict=True)
    ]


def ended(processes, seconds=600):
    """What each has printed, once all have ended."""
    try:
        return [process.communicate(timeout=seconds) for process in processes]
    finally:
        for process in processes:
            process.kill()


# 45 photos in batches of 8: the last one has 5, of which the first worker takes 2 and the second one 3.
PHOTOS = """
    import json, sys
    import numpy as np
    import small_training
    from mobilenet_lib import training
    photos = small_training.easy(count=45)
    model = small_training.small()
    options = {"epochs": 3, "learning_rate": 0.02, "last": True}

    def report(epochs):
        weights = [{"name": weight.path, "value": weight.numpy().ravel().tolist()} for weight in model.weights]
        print(json.dumps({"epochs": epochs, "weights": weights}))
"""
TRAINED = (
    """
    from mobilenet_lib.training.workers import joined
    workers = joined()
"""
    + PHOTOS
    + """
    run = training.train(model, photos, workers=workers, **options)
    report(run.epochs)
    if workers is not None:
        workers.told("done")
"""
)
HALVES = (
    PHOTOS
    + """
    import keras
    import tensorflow as tf
    from mobilenet_lib.training.recipe import Recipe, compile_model
    halves = [training.fast(model) for _ in range(2)]
    for half in halves:
        compile_model(half, Recipe(learning_rate=0.02), steps=3 * len(photos.train))

    share = tf.TensorSpec(model.input_shape), tf.TensorSpec([None], tf.int32), tf.TensorSpec([])

    def of(half):
        @tf.function(input_signature=share)
        def gradients(images, labels, size):
            with tf.GradientTape() as tape:
                losses = half.loss(labels, half(images, training=True))
                loss = tf.reduce_sum(losses) / size
            return tape.gradient(loss, half.trainable_variables), tf.reduce_sum(tf.cast(losses, tf.float64))

        @tf.function
        def apply(one, other):
            summed = [a + b for a, b in zip(one, other)]
            half.optimizer.apply_gradients(zip(summed, half.trainable_variables))

        return gradients, apply

    (first, apply_first), (second, apply_second) = map(of, halves)
    epochs = []
    for _ in range(3):
        loss = 0
        for images, labels in photos.train:
            n = len(labels)
            one, some = first(images[: n // 2], labels[: n // 2], float(n))
            other, more = second(images[n // 2 :], labels[n // 2 :], float(n))
            loss += some + more
            apply_first(one, other), apply_second(one, other)
        for a, b in zip(halves[0].non_trainable_variables, halves[1].non_trainable_variables):
            mean = (a.numpy() + b.numpy()) / 2
            a.assign(mean), b.assign(mean)
        epochs.append({"loss": round(float(loss) / 45, 5)})
        model.set_weights(halves[0].get_weights())
        epochs[-1]["val_accuracy"] = round(training.evaluate(model, photos.validation).accuracy, 5)
    report(epochs)
"""
)


@pytest.fixture(scope="module")
def ranks():
    """What two workers that have trained together say."""
    said = ended(started(TRAINED))
    assert all(out for out, _ in said), said
    return [json.loads(out) for out, _ in said]


def weights(said, moving):
    return {weight["name"]: weight["value"] for weight in said["weights"] if ("moving" in weight["name"]) == moving}


@pytest.mark.cluster
def test_two_workers_are_one_process_that_averages_the_two_halves_of_every_batch(ranks):
    done = run(HALVES, env=os.environ | ONE_THREAD)
    assert done.returncode == 0, done.stderr
    halves = json.loads(done.stdout)
    for metric in ("loss", "val_accuracy"):
        assert [epoch[metric] for epoch in ranks[0]["epochs"]] == [epoch[metric] for epoch in halves["epochs"]]
    assert weights(ranks[0], moving=False) == weights(halves, moving=False)
    for name, value in weights(ranks[0], moving=True).items():
        np.testing.assert_allclose(value, weights(halves, moving=True)[name], rtol=0, atol=1e-6, err_msg=name)


@pytest.mark.cluster
def test_afterward_each_worker_has_the_same_network_and_the_same_record(ranks):
    one, other = ranks
    assert one["weights"] == other["weights"]
    without = [[{k: v for k, v in epoch.items() if k != "seconds"} for epoch in rank["epochs"]] for rank in ranks]
    assert without[0] == without[1]


@pytest.mark.cluster
def test_one_worker_trains_as_fit_does():
    (out, _), alone = *ended(started(TRAINED, count=1)), run(TRAINED, env=os.environ | ONE_THREAD)
    one, fitted = json.loads(out), json.loads(alone.stdout)
    for a, b in zip(one["epochs"], fitted["epochs"], strict=True):
        assert a.keys() == b.keys()
        assert [a[metric] for metric in ("accuracy", "val_accuracy")] == [
            b[metric] for metric in ("accuracy", "val_accuracy")
        ]
        np.testing.assert_allclose([a["loss"], a["val_loss"]], [b["loss"], b["val_loss"]], atol=2e-5)
    for name, value in weights(one, moving=False).items():
        np.testing.assert_allclose(value, weights(fitted, moving=False)[name], atol=1e-4, err_msg=name)


LOST = "run: another worker has ended, and so does this one; started again, all go on from the last finished epoch"


@pytest.mark.cluster
@pytest.mark.fault("A worker of a training has ended")
def test_a_killed_worker_ends_the_other_and_both_go_on_from_the_last_epoch_when_started_again(tmp_path, shown):
    def two(folder):
        return started(COMMAND, "--name", "run", "--epochs", "30", "--runs", tmp_path / folder / "runs", *SIZE)

    killed = two("killed")
    for line in killed[0].stdout:
        if "epoch 3/" in line:
            killed[1].kill()
            break
    (_, said), _ = ended(killed, seconds=30)
    assert killed[0].returncode == 1 and said.splitlines()[-1] == LOST and "Traceback" not in said
    shown(said)
    assert sorted(path.name for path in tmp_path.glob("killed/*/*")) == [".run.npz"]

    said = []
    for folder in ("killed", "whole"):
        both = two(folder)
        said.append(ended(both))
        assert [process.returncode for process in both] == [0, 0]
    assert " epoch 1/30 " not in said[0][0][0] and " epoch 1/30 " in said[1][0][0]
    records = [training.load_run(tmp_path / folder / "runs/run.json") for folder in ("killed", "whole")]
    assert without_times(records[0]) == without_times(records[1]) and len(records[0].epochs) == 30
    assert records[0].settings["workers"] == 2 and records[0].settings["batch_normalization"] == "per worker"
    models = [training.load_model(tmp_path / folder / "models/run.keras") for folder in ("killed", "whole")]
    assert all(map(np.array_equal, *(model.get_weights() for model in models)))
    assert sorted(path.name for path in tmp_path.glob("killed/*/*")) == ["run.json", "run.keras"]


REFUSED = """
    from mobilenet_lib.training.workers import joined
    workers = joined()
    import small_training
    from mobilenet_lib import training
    for count, seed, learning_rate in ((41, 0, 0.1), (40, workers.index, [0.1, 0.2][workers.index])):
        try:
            photos = small_training.easy(count=count, seed=seed)
            training.train(small_training.small(), photos, epochs=1, learning_rate=learning_rate, workers=workers)
        except ValueError as error:
            print(error)
    workers.told("done")
"""


@pytest.mark.fault("The workers of a training are not alike")
def test_what_cannot_be_shared_or_is_not_the_same_everywhere_is_refused_by_name(shown):
    said = [out.splitlines() for out, _ in ended(started(REFUSED))]
    assert (
        said[0]
        == said[1]
        == [
            "batch_size must leave each worker a photo of the last batch, and that has 1",
            "worker 1 must train what worker 0 does, and not seed 1 instead of 0; learning_rate 0.2 instead of 0.1",
        ]
    )
    shown(said[0][1])


@pytest.mark.cluster
def test_a_worker_with_another_revision_is_refused_by_name(tmp_path):
    shutil.copytree(ROOT / "mobilenet_lib", tmp_path / "mobilenet_lib", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "mobilenet_lib" / "costs.py").open("a") as file:
        file.write("# another revision\n")
    program = REFUSED.replace("workers.index", "0").replace("41", "40")
    said = [set(out.splitlines()) for out, _ in ended(started(program, places=[ROOT, tmp_path]))]
    assert said[0] == said[1] == {"worker 1 must train what worker 0 does, and not another revision of the library"}


def cluster(count, index, kind="worker"):
    return json.dumps({"cluster": {kind: ["localhost:1"] * count}, "task": {"type": kind, "index": index}})


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ("{", "TF_CONFIG must be JSON, such as "),
        ("worker 1 of 2", "TF_CONFIG must be JSON, such as "),
        ("{}", "TF_CONFIG must name a cluster of workers alone, such as "),
        ("[]", "TF_CONFIG must name a cluster of workers alone, such as "),
        (cluster(0, 0), "TF_CONFIG must name a cluster of workers alone, such as "),
        (cluster(2, 0, "ps"), "TF_CONFIG must name a cluster of workers alone, such as "),
        (cluster(2, 2), "with an index from 0 to 1, not {'type': 'worker', 'index': 2}"),
        (cluster(2, -1), "with an index from 0 to 1, not {'type': 'worker', 'index': -1}"),
        (
            cluster(2, "0"),
            "with an index from 0 to 1, not {'type': 'worker', 'index': '0'}",
        ),
        ('{"cluster": {"worker": ["one:1"]}}', "with an index from 0 to 0, not None"),
    ],
)
@pytest.mark.fault("TF_CONFIG is not what it must be")
def test_a_wrong_cluster_is_refused_before_anything_is_read(tmp_path, monkeypatch, capsys, shown, config, named):
    monkeypatch.setattr(data, "load", lambda *_, **__: pytest.fail("photos were read"))
    monkeypatch.setenv("TF_CONFIG", config)
    said = stopped(cli.main, ["--name", "run", "--data", "drawn", "--runs", str(tmp_path)], capsys, 1)
    assert said.startswith("run: TF_CONFIG must ") and named in said
    shown(said)
    assert list(tmp_path.iterdir()) == []


# What `srun --nodes=2 --ntasks=3` sets for its tasks: https://slurm.schedmd.com/srun.html
SLURM = {"SLURM_STEP_NUM_TASKS": "3", "SLURM_STEP_NODELIST": "gpu[07-08]", "SLURM_STEP_TASKS_PER_NODE": "2,1"}


@pytest.fixture
def in_slurm(monkeypatch):
    def set_(task, node, **variables):
        for name, value in (SLURM | {"SLURM_PROCID": str(task), "SLURMD_NODENAME": node} | variables).items():
            monkeypatch.setenv(name, value)

    monkeypatch.setenv("PATH", "")  # without nvidia-smi
    return set_


@pytest.mark.parametrize(("task", "node"), [(0, "gpu07"), (1, "gpu07"), (2, "gpu08")])
def test_in_slurm_each_task_is_told_who_all_are_and_which_of_them_it_is(in_slurm, capsys, task, node):
    in_slurm(task, node)
    cli.main(["slurm"])
    told = json.loads(capsys.readouterr().out)
    assert told["cluster"] == {"worker": ["gpu07:8888", "gpu07:8889", "gpu08:8888"]}
    assert told["task"] == {"type": "worker", "index": task}


def test_nodes_of_slurm_in_another_order_than_that_of_their_names_are_refused(in_slurm):
    in_slurm(0, "n9", SLURM_STEP_NODELIST="n[9-10]", SLURM_STEP_TASKS_PER_NODE="1(x2)", SLURM_STEP_NUM_TASKS="2")
    with pytest.raises(SystemExit, match="slurm: task 0 must be on n10:8888, not n9: name nodes in their order"):
        cli.main(["slurm"])


def test_without_srun_there_are_no_tasks(monkeypatch):
    monkeypatch.delenv("SLURM_STEP_NUM_TASKS", raising=False)
    with pytest.raises(SystemExit, match="slurm: srun must start it"):
        cli.main(["slurm"])
