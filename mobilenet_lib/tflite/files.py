"""A .tflite file: its bytes, the tables in it, which can be changed and packed again, and opened to run.

A file is a FlatBuffer: a model that holds a graph, operators that refer to tensors by number, and the buffers of those
tensors that are constant. TensorFlow brings the classes of all its tables along.
"""

import copy
import io
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from tensorflow.lite.tools import flatbuffer_utils

from mobilenet_lib.costs import positive
from mobilenet_lib.records import MODELS, write

schema = flatbuffer_utils.schema_fb

File = bytes | bytearray | str | os.PathLike  # a .tflite file: its content, or where it lies

MODEL = MODELS / "cats-dogs.tflite"  # the one that the book keeps
LABELS = "labels.txt"  # the name that the documentation of the format gives to this file
OUTPUTS = ("probabilities", "maps")


def read(tflite_model: File) -> bytes:
    """The content of the file."""
    if not isinstance(tflite_model, File):
        raise ValueError(
            f"tflite_model must be the path or the content of a .tflite file, not a {type(tflite_model).__name__}"
        )
    return bytes(tflite_model) if isinstance(tflite_model, bytes | bytearray) else Path(tflite_model).read_bytes()


def called(tflite_model: File) -> str:
    """What an error calls the file."""
    if isinstance(tflite_model, bytes | bytearray):
        return f"these {len(tflite_model):,} bytes"
    return repr(os.fspath(tflite_model))


def damaged(tflite_model: File, reason: object) -> ValueError:
    """The error for a file that is not whole."""
    return ValueError(f"tflite_model must be a whole .tflite file, not {called(tflite_model)}: {reason}")


def save(tflite_model: bytes, path: str | os.PathLike) -> None:
    """Write what `convert` returned to `path`; a file that was there stays whole until the new one is."""
    write(Path(path), tflite_model)


def opened(tflite_model: File, threads: int = 1, **options: Any) -> Interpreter:
    """LiteRT's interpreter of the file, ready to run. Raises `ValueError` unless the file is whole."""
    content = read(tflite_model)
    if (threads := positive("threads", threads)) > 1024:  # where the system has no more, LiteRT ends the process
        raise ValueError(f"threads must be at most 1,024, not {threads!r}")
    try:
        interpreter = Interpreter(model_content=content, num_threads=threads, **options)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise damaged(tflite_model, str(error).strip()) from None
    return interpreter


def unpacked(tflite_model: File) -> schema.ModelT:
    """The tables of the file. It has to be whole: this does not check it, `opened` does."""
    return flatbuffer_utils.convert_bytearray_to_object(bytearray(read(tflite_model)))


def packed(content: schema.ModelT, labels: Sequence[str] = ()) -> bytes:
    """The file of these tables, with the names of the classes as a ZIP archive behind it."""
    file = io.BytesIO(flatbuffer_utils.convert_object_to_bytearray(content))
    if labels:
        with zipfile.ZipFile(file, "a") as attached:
            # An entry without a date, so that the same model gives the same file.
            attached.writestr(zipfile.ZipInfo(LABELS), "\n".join(labels) + "\n")
    return file.getvalue()


def buffer(content: bytes) -> schema.BufferT:
    made = schema.BufferT()
    made.data = np.frombuffer(content, np.uint8)
    return made


def constant(content: schema.ModelT, place: int) -> bool:
    """Whether the file has the values of this tensor, which then are weights or shapes."""
    data = content.buffers[content.subgraphs[0].tensors[place].buffer].data
    return data is not None and len(data) > 0


def cut(content: schema.ModelT, operators: list[schema.OperatorT], kernel: np.ndarray | None = None) -> bytes:
    """A file of these `operators` alone, with their weights; what flows into them from others is its input.

    With `kernel`, float32, in place of the kernel of the only one.
    """
    tensors = content.subgraphs[0].tensors
    places = dict.fromkeys(place for each in operators for place in (*each.inputs, *each.outputs) if place != -1)
    moved = {-1: -1} | {old: new for new, old in enumerate(places)}  # -1 stands for an input that is left out
    made = {place for operator in operators for place in operator.outputs}
    part, graph = schema.ModelT(), schema.SubGraphT()
    part.version, part.operatorCodes, part.subgraphs = content.version, content.operatorCodes, [graph]
    part.buffers, graph.tensors, graph.operators = [schema.BufferT()], [], []
    for place in places:
        tensor = copy.copy(tensors[place])
        tensor.buffer = 0
        if constant(content, place):
            tensor.buffer = len(part.buffers)
            part.buffers.append(content.buffers[tensors[place].buffer])
        graph.tensors.append(tensor)
    for operator in map(copy.copy, operators):
        operator.inputs = [moved[place] for place in operator.inputs]
        operator.outputs = [moved[place] for place in operator.outputs]
        graph.operators.append(operator)
    if kernel is not None:
        part.buffers[graph.tensors[graph.operators[0].inputs[1]].buffer] = buffer(kernel.tobytes())
    graph.inputs = [moved[place] for place in places if place not in made and not constant(content, place)]
    graph.outputs = graph.operators[-1].outputs
    return packed(part)
