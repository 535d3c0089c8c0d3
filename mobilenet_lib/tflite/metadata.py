"""What travels with the weights: how an image is normalized, and which class has which name.

The standard by which other programs know it: https://developers.google.com/edge/litert/conversion/tensorflow/metadata
In a FlatBuffer a table is a list of numbered fields; the comments give the names that the standard has for them.
"""

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from flatbuffers.number_types import Float32Flags, Uint8Flags
from flatbuffers.table import Table

from mobilenet_lib.tflite.checks import span
from mobilenet_lib.tflite.files import LABELS, OUTPUTS, File, buffer, damaged, read, schema

ENTRY = "TFLITE_METADATA"


def labels(tflite_model: File) -> tuple[str, ...]:
    """The names of the classes that travel with the file; none if it has none. Raises `ValueError` for damaged ones."""
    content = read(tflite_model)
    if LABELS.encode() not in content:  # the metadata name them, too
        return ()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as attached:
            return tuple(attached.read(LABELS).decode().splitlines()) if LABELS in attached.namelist() else ()
    except Exception as error:  # zipfile raises whatever it stumbles over
        raise damaged(tflite_model, f"its labels are damaged ({error})") from error


def describe(content: schema.ModelT, labels: Sequence[str], channels: int, normalization: tuple[float, float]) -> None:
    """Add the metadata to the tables of a file."""
    mean, deviation = normalization
    low, high = span(mean, deviation)  # the least and the most that goes in
    unit = {0: 1, 1: {0: [mean], 1: [deviation]}}  # options_type: NormalizationOptions, options: mean, std
    space = {3: 1, 1: 2}.get(channels, 0)  # RGB, GRAYSCALE, or UNKNOWN
    pixels = {0: 2, 1: {0: space}}  # content_properties_type: ImageProperties, content_properties: color_space
    image = {0: "image", 3: pixels, 4: [unit], 5: {0: [high], 1: [low]}}  # name, content, process_units, stats
    outputs: list[dict[int, Any]] = [{0: name} for name, _ in zip(OUTPUTS, content.subgraphs[0].outputs, strict=False)]
    if labels:
        outputs[0][6] = [{0: LABELS, 2: 2}]  # associated_files: name, type TENSOR_AXIS_LABELS
    tensors = [{2: [image], 3: outputs}]  # input_tensor_metadata, output_tensor_metadata
    builder = flatbuffers.Builder()
    root = _pack(builder, {0: "MobileNet", 3: tensors, 7: "1.0.0"})  # name, subgraph_metadata, min_parser_version
    builder.Finish(root, file_identifier=b"M001")
    entry = schema.MetadataT()
    entry.name, entry.buffer = ENTRY, len(content.buffers)
    content.buffers.append(buffer(builder.Output()))
    content.metadata = [*(content.metadata or []), entry]


def normalization(tflite_model: File) -> tuple[np.ndarray, np.ndarray] | None:
    """Mean and standard deviation that an image is normalized with, of all channels or of each.

    None if the file does not say. Raises `ValueError` for damaged metadata.
    """
    try:
        file = schema.Model.GetRootAs(read(tflite_model))
        entries = [file.Metadata(number) for number in range(file.MetadataLength())]
        buffers = [file.Buffers(entry.Buffer()) for entry in entries if entry.Name() == ENTRY.encode()]
        packed = [buffer.DataAsNumpy().tobytes() for buffer in buffers]
        # Down the fields that `describe` writes: to the input, and to what is to be done with it.
        tables = [Table(content, int.from_bytes(content[:4], "little")) for content in packed]
        for field in (3, 2):
            tables = [part for table in tables for part in _tables(table, field)[:1]]
        for unit in [part for table in tables for part in _tables(table, 4)]:
            if unit.GetSlot(_slot(0), 0, Uint8Flags) == 1:
                options = Table(unit.Bytes, unit.Indirect(unit.Pos + unit.Offset(_slot(1))))
                places = [options.Offset(_slot(field)) for field in (0, 1)]
                mean, deviation = (options.GetVectorAsNumpy(Float32Flags, place) for place in places)
                if not (len(mean) and len(deviation) and np.isfinite(mean).all() and (deviation > 0).all()):
                    raise ValueError(f"a mean of {mean} and a deviation of {deviation}")
                return mean, deviation
    except Exception as error:  # whatever the damage leads to
        raise damaged(tflite_model, f"its metadata are damaged ({error})") from error
    return None


def _slot(field: int) -> int:
    return 4 + 2 * field


def _tables(table: Table, field: int) -> list[Table]:
    """The tables of a list in `field`."""
    if not (offset := table.Offset(_slot(field))):
        return []
    start = table.Vector(offset)
    return [Table(table.Bytes, table.Indirect(start + 4 * number)) for number in range(table.VectorLen(offset))]


def _pack(builder: flatbuffers.Builder, value: Any) -> int:
    """Write a string, a list of floats, a table (a dictionary by field numbers) or a list of tables; where it is."""
    if isinstance(value, str):
        return builder.CreateString(value)
    if isinstance(value, list) and isinstance(value[0], float):
        return builder.CreateNumpyVector(np.array(value, np.float32))
    if isinstance(value, list):
        places = [_pack(builder, table) for table in value]
        builder.StartVector(4, len(places), 4)
        for place in reversed(places):
            builder.PrependUOffsetTRelative(place)
        return builder.EndVector()
    places = {field: part if isinstance(part, int) else _pack(builder, part) for field, part in value.items()}
    builder.StartObject(max(places) + 1)
    for field, place in places.items():
        if isinstance(value[field], int):
            builder.PrependUint8Slot(field, place, 0)
        else:
            builder.PrependUOffsetTRelativeSlot(field, place, 0)
    return builder.EndObject()
