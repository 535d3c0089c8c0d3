"""A sweep on a cluster of Ray that has two nodes, one of which is killed: every run ends as if nothing had happened.

Ray reads RAY_DEDUP_LOGS when it is imported, and must not leave out lines that look alike: `make cluster` sets it to 0.
"""

import re
import time
from threading import Thread

import pytest
import ray
from ray.cluster_utils import Cluster

from mobilenet_lib import training
from mobilenet_lib.training import experiments, sweep

EPOCHS = 60
TINY = {"alpha": 0.1, "resolution": 32, "epochs": EPOCHS, "limit": 8, "batch_size": 4, "test": False}


@pytest.fixture
def tiny(monkeypatch):
    arms = {"one": {"momentum": 0.9}, "other": {"momentum": 0.99}}
    monkeypatch.setitem(experiments.EXPERIMENTS, "tiny", experiments.Experiment("Does it run?", TINY, arms, seeds=1))


@pytest.fixture
def cluster():
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def metrics(folder, name):
    epochs = training.load_run(folder / f"{name}.json").epochs
    return [{key: value for key, value in epoch.items() if "seconds" not in key} for epoch in epochs]


def test_a_killed_node_costs_no_run_and_no_finished_epoch(tiny, cluster, tmp_path, capfd):
    second = cluster.add_node(num_cpus=1)
    killed, whole = tmp_path / "killed", tmp_path / "whole"

    def kill():
        while len(list(killed.glob(".tiny-*.npz"))) < 2:
            time.sleep(0.1)
        cluster.remove_node(second, allow_graceful=False)

    killer = Thread(target=kill, daemon=True)
    killer.start()
    sweep.main(["tiny", "--ray", cluster.address, "--data", "drawn", "--runs", str(killed)])
    said = capfd.readouterr()
    told = said.out + said.err
    assert not killer.is_alive()
    assert len(set(re.findall(r"pid=(\d+).*epoch", told))) == 3, "two runs, and one of them again"
    assert len(re.findall(rf"epoch 1/{EPOCHS} ", told)) == 2
    assert re.search(r"tiny-\w+-0: recorded, 0 to go", said.out) and "validation after the last epoch" in said.out

    sweep.main(["tiny", "--jobs", "2", "--data", "drawn", "--runs", str(whole)])
    for name in ("tiny-one-0", "tiny-other-0"):
        assert metrics(killed, name) == metrics(whole, name)
        assert len(metrics(whole, name)) == EPOCHS
