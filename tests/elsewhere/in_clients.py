"""Run .tflite files in one client: `python in_clients.py CLIENT FOLDER`. Needs NumPy and that client alone.

The folder has the files; NAME.npy beside each NAME.tflite, the images as the file takes them; and `pixels.npy`, the
same as uint8. What comes is CLIENT/NAME.npy, the first output for each image, or CLIENT/NAME.txt, why there is none.
"""

import sys
from pathlib import Path

import numpy as np


def mediapipe(file, images):
    """It takes pixels, normalizes as the metadata say, and names classes as they do."""
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_path=str(file)), max_results=-1)
    with vision.ImageClassifier.create_from_options(options) as classifier:
        answers = []
        for image in np.load(file.with_name("pixels.npy")):
            found = classifier.classify(mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(image)))
            scores = {category.category_name: category.score for category in found.classifications[0].categories}
            answers.append([scores["cat"], scores["dog"]])
    return np.array(answers)


def metadata(file, images):
    """What MediaPipe's schema finds in the metadata of the file: mean, deviation, and whether it takes RGB."""
    from mediapipe.tasks.metadata import metadata_schema_py_generated as standard
    from tensorflow.lite.tools import flatbuffer_utils

    content = flatbuffer_utils.read_model(str(file))
    (buffer,) = (entry.buffer for entry in content.metadata if entry.name == b"TFLITE_METADATA")
    root = standard.ModelMetadata.GetRootAs(bytes(content.buffers[buffer].data))
    (image,) = standard.ModelMetadataT.InitFromObj(root).subgraphMetadata[0].inputTensorMetadata
    options, space = image.processUnits[0].options, image.content.contentProperties.colorSpace
    return np.array([*options.mean, *options.std, space == standard.ColorSpaceType.RGB])


def onnx(file, images):
    import onnxruntime
    import tf2onnx.convert

    converted, _ = tf2onnx.convert.from_tflite(str(file))
    session = onnxruntime.InferenceSession(converted.SerializeToString(), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: image[np.newaxis]})[0] for image in images])


def openvino(file, images):
    from openvino import Core

    # Where the processor has bfloat16, OpenVINO would calculate with its eight bits.
    model = Core().compile_model(str(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.concatenate([model([image[np.newaxis]])[model.output(0)] for image in images])


def micro(file, images):
    from tflite_micro.python.tflite_micro import runtime

    interpreter, answers = runtime.Interpreter.from_file(str(file)), []
    for image in images:
        interpreter.set_input(image[np.newaxis], 0)
        interpreter.invoke()
        answers.append(interpreter.get_output(0)[0])
    return np.array(answers)


def arena(file, images):
    """For some sizes of the arena whether TensorFlow Lite for Microcontrollers can work in it."""
    from tflite_micro.python.tflite_micro import runtime

    def enough(size):
        try:
            return bool(runtime.Interpreter.from_file(str(file), arena_size=size))
        except RuntimeError:
            return False

    return np.array([enough(size) for size in (98_304, 150_000, 170_000)])


if __name__ == "__main__":
    client, folder = sys.argv[1], Path(sys.argv[2])
    (folder / client).mkdir()
    for file in sorted(folder.glob("*.tflite")):
        try:
            answers = globals()[client](file, np.load(file.with_suffix(".npy")))
            # int8 and uint8 probabilities are 256ths.
            if answers.dtype in (np.int8, np.uint8):
                answers = (answers.astype(np.float32) - np.iinfo(answers.dtype).min) / 256
            np.save(folder / client / f"{file.stem}.npy", answers)
        except Exception as error:
            (folder / client / f"{file.stem}.txt").write_text(f"{type(error).__name__}: {error}")
