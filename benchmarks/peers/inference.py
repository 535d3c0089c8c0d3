"""One image through the same networks in LiteRT, ONNX Runtime, OpenVINO and PyTorch, in an environment of their own.

`runtimes.py` starts it and says in JSON which .tflite files there are and which layers they have; it answers with the
milliseconds of each turn. All run on one thread, from an array to an array; none computes in fewer bits than its file.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
import onnxruntime
import openvino
import tf2onnx.convert
import torch
from ai_edge_litert.interpreter import Interpreter
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch.ao import quantization
from training_step import network

Run = Callable[[], np.ndarray]


def litert(path: str, image: np.ndarray) -> Run:
    interpreter = Interpreter(path, num_threads=1)
    interpreter.allocate_tensors()
    (given,), (said,) = interpreter.get_input_details(), interpreter.get_output_details()

    def run() -> np.ndarray:
        interpreter.set_tensor(given["index"], image)
        interpreter.invoke()
        return interpreter.get_tensor(said["index"])

    return run


def onnx(path: str, image: np.ndarray, int8: bool) -> Run:
    """The float32 file, for int8 quantized by ONNX Runtime's own tool: what the int8 file becomes there runs slowly."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        floats, model = f"{folder}/float32.onnx", f"{folder}/model.onnx"
        tf2onnx.convert.from_tflite(path, output_path=floats)
        quant_pre_process(floats, model)
        if int8:
            images = Images(floats, image)
            quantize_static(model, model, images, per_channel=True, activation_type=QuantType.QUInt8)
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    given = {session.get_inputs()[0].name: image}
    return lambda: session.run(None, given)[0]


class Images(CalibrationDataReader):
    """One image, once."""

    def __init__(self, path: str, image: np.ndarray) -> None:
        name = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).get_inputs()[0].name
        self.left = iter([{name: image}])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.left, None)


def open_vino(path: str, image: np.ndarray) -> Run:
    # Without the hint it would calculate float32 files in bfloat16 where the processor has it.
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
    request = openvino.Core().compile_model(path, "CPU", settings).create_infer_request()
    return lambda: request.infer([image])[0]


def pytorch(layers: list[list], image: np.ndarray, int8: bool) -> Run:
    """The same layers with random weights: batch normalization is folded, and int8 is by calibration."""
    channels_first = torch.from_numpy(image).permute(0, 3, 1, 2)  # in memory it stays channels last
    model = network(layers, clip=not int8).to(memory_format=torch.channels_last).eval()
    convolutions = range(0, 3 * (len(layers) - 1), 3)
    parts = [[str(at + part) for part in range(3 if int8 else 2)] for at in convolutions]
    quantization.fuse_modules(model, parts, inplace=True)
    if int8:
        torch.backends.quantized.engine = "x86"
        model = quantization.QuantWrapper(model)
        model.qconfig = quantization.get_default_qconfig("x86")
        quantization.prepare(model, inplace=True)
        model(channels_first)
        quantization.convert(model, inplace=True)
    with torch.no_grad():
        model = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, channels_first)))

    def run() -> np.ndarray:
        with torch.inference_mode():
            return model(channels_first).numpy()

    return run


def turns(runs: dict[str, Run], repeats: int) -> dict[str, list[float]]:
    """Milliseconds of each, in turns; a run warms the caches up for the one that counts."""
    names, order = list(runs), np.random.default_rng(0)
    taken = {name: [] for name in names}
    for turn in range(-repeats // 10, repeats):
        for place in order.permutation(len(names)):
            run = runs[names[place]]
            run()
            start = time.perf_counter()
            run()
            if turn >= 0:
                taken[names[place]].append(1e3 * (time.perf_counter() - start))
    return taken


def main() -> None:
    asked = json.loads(sys.argv[1])
    torch.set_num_threads(1)
    packages = "ai-edge-litert", "onnxruntime", "openvino", "torch", "tf2onnx"
    found = {"versions": {package: version(package) for package in packages}, "milliseconds": {}}
    for name, path in asked["files"].items():
        size, int8 = name.partition(",")[0], name.endswith("int8")
        side = int(size.partition("-")[2])
        image = np.random.default_rng(0).uniform(-1, 1, (1, side, side, 3)).astype(np.float32)
        runs = {
            "LiteRT": litert(path, image),
            "LiteRT again": litert(path, image),
            "ONNX Runtime": onnx(asked["files"][f"{size}, float32"], image, int8),
            "OpenVINO": open_vino(path, image),
            "PyTorch": pytorch(asked["layers"][size], image, int8),
        }
        first, *others = [run() for run in runs.values()][:-1]  # PyTorch has other weights
        assert int8 or all(np.allclose(first, other, rtol=1e-3) for other in others), "not the same network"
        found["milliseconds"][name] = turns(runs, asked["repeats"])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
