"""The command that runs what is missing of the experiments.

python -m mobilenet_lib.training sweep --list      what there is and what is missing
python -m mobilenet_lib.training sweep parts       run what is missing of one experiment
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from mobilenet_lib.costs import positive
from mobilenet_lib.locks import alone
from mobilenet_lib.records import RUNS
from mobilenet_lib.training import options
from mobilenet_lib.training.experiments import EXPERIMENTS, chosen, of
from mobilenet_lib.training.fit import duration

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")


def state(name: str, folder: Path) -> str:
    """Whether a run is recorded ("done"), at work ("running"), interrupted ("begun") or not there ("missing")."""
    if (folder / f"{name}.json").exists():
        return "done"
    try:
        with alone(folder / f".{name}.lock", "training it"):
            pass  # a killed run has left the file, which nobody holds any longer
    except BlockingIOError:
        return "running"
    except FileNotFoundError:
        pass
    return "begun" if (folder / f".{name}.npz").exists() else "missing"


def main(arguments: list[str] | None = None) -> None:
    """List the experiments with the state of their runs, then run what is missing."""
    parser = argparse.ArgumentParser(prog="python -m mobilenet_lib.training sweep", description=main.__doc__)
    add = parser.add_argument
    add("experiments", nargs="*", metavar="EXPERIMENT", help=f"of {', '.join(EXPERIMENTS)}; all if none is named")
    add("--list", action="store_true", help="list them, run nothing")
    add("--jobs", type=int, default=os.cpu_count(), help="runs at a time, each on one core")
    add("--ray", metavar="ADDRESS", help="of a cluster of Ray to run them on, or 'auto'; needs ray[default]")
    add("--data", default="auto", metavar="SOURCE", help="folder of the photos, 'drawn' or 'auto'")
    add("--runs", type=Path, default=RUNS, metavar="FOLDER", help="where records go")
    args = parser.parse_args(arguments)
    missing = {}
    try:
        jobs = positive("jobs", args.jobs)
        for experiment in args.experiments or EXPERIMENTS:
            runs = chosen(experiment).runs(experiment)
            states = {name: state(name, args.runs) for name in runs}
            counted = {kind: list(states.values()).count(kind) for kind in ("done", "running", "begun", "missing")}
            print(f"{experiment}: {EXPERIMENTS[experiment].question}")
            print("  " + ", ".join(f"{count} {kind}" for kind, count in counted.items() if count))
            missing |= {name: runs[name] for name, kind in states.items() if kind in ("begun", "missing")}
    except ValueError as error:
        parser.error(str(error))
    if args.list or not missing:
        return

    source = str(Path(args.data).resolve()) if Path(args.data).is_dir() else args.data
    places = ["--data", source, "--runs", str(args.runs.resolve())]
    commands = {name: ["--name", name, *places, *options.words(given)] for name, given in missing.items()}
    started, failed = time.monotonic(), []
    try:
        ended = _here(commands, jobs) if args.ray is None else _on_ray(commands, args.ray)
        for done, (name, recorded) in enumerate(ended, 1):
            left = (time.monotonic() - started) / done * (len(missing) - done)
            how = "recorded" if recorded else "failed"
            print(f"{name}: {how}, {len(missing) - done} to go, {duration(left)} left", flush=True)
            failed += [] if recorded else [name]
        for experiment in args.experiments or EXPERIMENTS:
            print(f"{experiment}, validation after the last epoch:")
            for arm, runs in of(experiment, args.runs).items():
                accuracies = [run.curve("val_accuracy")[-1] for run in runs]
                print(f"  {arm:24}{statistics.mean(accuracies):.2%}  of {len(runs)}")
    except (ImportError, ConnectionError, ValueError) as error:
        parser.error(str(error))
    if failed:
        parser.exit(1, f"not recorded: {', '.join(failed)}; the same command goes on with them\n")


def _here(commands: dict[str, list[str]], jobs: int) -> Iterator[tuple[str, bool]]:
    """Each run as it ends, and whether it is recorded: processes of this machine, so many at a time."""
    env = os.environ | (ONE_THREAD if jobs > 1 else {})

    def run(words: list[str]) -> bool:
        return subprocess.run([sys.executable, "-m", "mobilenet_lib.training", *words], env=env).returncode == 0

    with ThreadPoolExecutor(jobs) as pool:
        names = {pool.submit(run, words): name for name, words in commands.items()}
        yield from ((names[done], done.result()) for done in as_completed(names))


def _on_ray(commands: dict[str, list[str]], address: str) -> Iterator[tuple[str, bool]]:
    """The same on a cluster of Ray: a run whose process or machine has died goes on from its last epoch elsewhere."""
    import ray

    ray.init(address)
    often = {"max_retries": 5, "retry_exceptions": True, "max_calls": 1, "num_cpus": 1}
    remote = ray.remote(**often, runtime_env={"env_vars": ONE_THREAD})(_train)
    names = {remote.remote(words): name for name, words in commands.items()}
    while names:
        (done,), _ = ray.wait(list(names))
        try:
            recorded = ray.get(done) is None
        except ray.exceptions.RayError:
            recorded = False
        yield names.pop(done), recorded


def _train(words: list[str]) -> None:
    """A run in this process: it dies with the one that has started it, as a process of its own would not."""
    from mobilenet_lib.training.__main__ import main as train  # which imports this file

    try:
        train(words)
    except SystemExit as ended:
        raise RuntimeError(f"{words[1]} ended with {ended.code}") from ended
