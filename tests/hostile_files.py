"""Model files made to harm whoever reads them, for tests: every kind that is known, made without Keras.

What runs code here only makes a marker file, so that a test can see whether it ran. `HOSTILE` lists them by
name, with the reasons for which they may be refused; where the file passes every step that needs no Keras, because
only building the model tells, `found_by` is "prepare". `heavy` ones are there to take memory or time.
"""

import base64
import io
import json
import marshal
import os
import pickle
import random
import socket
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np

from modiste.reading import Reason
from tests.unit import model_files as files

Make = Callable[[Path, Path], None]
"""Writes the file at the first path; what it would run makes the second."""

MIB = 1024 * 1024
_BULK_MIB = 64
"""Large enough that a reader that believes it is slow and fat, small enough to be made in a second."""


@dataclass(frozen=True, slots=True)
class Hostile:
    """One file: how it is made, and why it may be refused; OK where its payload must only be left alone."""

    name: str
    make: Make
    reasons: tuple[Reason, ...]
    file: str = "model.keras"
    found_by: Literal["inspect", "prepare"] = "inspect"
    heavy: bool = False

    def written(self, folder: Path, marker: Path) -> Path:
        """Write it into a folder."""
        path = folder / self.file
        self.make(path, marker)
        return path


HOSTILE: list[Hostile] = []


def _hostile(name: str, *reasons: Reason, **settings: Any) -> Callable[[Make], Make]:
    def take(make: Make) -> Make:
        HOSTILE.append(Hostile(name, make, reasons, **settings))
        return make

    return take


def _archive(path: Path, config: Any = None, h5: bytes | None = None, **more: bytes) -> None:
    path.write_bytes(files.keras_bytes(files.members(config, h5) | more))


def _hostile_config(name: str, config: Callable[[Path], Any], *reasons: Reason, **settings: Any) -> None:
    """List a file whose configuration alone is hostile; `config` is given the marker."""
    _hostile(name, *reasons, **settings)(lambda path, marker: _archive(path, config(marker)))


def _hostile_h5(
    name: str, spoil: Callable[[h5py.File, Path], None], *reasons: Reason, heavy: bool = False
) -> None:
    """List a file whose HDF5 part is hostile, twice: as an .h5 model, and as the weights in an archive."""

    def older(path: Path, marker: Path) -> None:
        path.write_bytes(files.h5_bytes(spoil=lambda file: spoil(file, marker)))

    def newer(path: Path, marker: Path) -> None:
        _archive(path, h5=files.h5_bytes(spoil=lambda file: spoil(file, marker)))

    _hostile(f"{name}, h5", *reasons, file="model.h5", heavy=heavy)(older)
    _hostile(f"{name}, keras", *reasons, heavy=heavy)(newer)


# What would run code


def lambda_bytecode(marker: Path) -> dict[str, Any]:
    """A function as Keras serialises one: its bytecode, which makes the marker and returns its argument."""
    function = eval(f"lambda x: (open({str(marker)!r}, 'w').close(), x)[1]")
    code = base64.b64encode(marshal.dumps(function.__code__)).decode()
    return {"class_name": "__lambda__", "config": {"code": code, "defaults": None, "closure": None}}


def lambda_layer(marker: Path, class_name: str = "Lambda", module: str = "keras.layers") -> dict[str, Any]:
    """A Lambda layer that makes the marker when it is called."""
    settings = {"name": "evil", "trainable": True, "function": lambda_bytecode(marker), "arguments": {}}
    return {"module": module, "class_name": class_name, "config": settings, "registered_name": None}


def _called(module: str, function: str, *arguments: Any) -> dict[str, Any]:
    """A functional model in which a function takes the place of a layer: Keras 3.8 called it with these."""
    evil = {
        "module": module,
        "class_name": "function",
        "config": function,
        "registered_name": "function",
        "name": "evil",
        "inbound_nodes": [{"args": list(arguments), "kwargs": {}}],
    }
    config = {
        "name": "m",
        "layers": [evil],
        "input_layers": [["evil", 0, 0]],
        "output_layers": [["evil", 0, 0]],
    }
    return {"module": "keras", "class_name": "Functional", "config": config, "registered_name": "Functional"}


def _object(class_name: str, module: str | None = "keras.layers", **settings: Any) -> dict[str, Any]:
    config = {"name": "evil", **settings}
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


class _Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self._marker = str(marker)

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (self._marker, "w"))


def pickled_npz(marker: Path) -> bytes:
    """Weights as an .npz, which Keras reads too, with an object array in it."""
    buffer = io.BytesIO()
    np.savez(buffer, weights=np.array([_Touch(marker)], dtype=object))
    return buffer.getvalue()


_REFERENCE, _UNKNOWN = Reason.FUNCTION_REFERENCE, Reason.UNKNOWN_OBJECT

_hostile_config("Lambda with bytecode", lambda m: files.with_layer(lambda_layer(m)), Reason.LAMBDA)
_hostile_config(
    "Lambda by its inner module",
    lambda m: files.with_layer(lambda_layer(m, module="keras.src.layers.core.lambda_layer")),
    Reason.LAMBDA,
)
_hostile_config(
    "Lambda without a module",
    lambda m: files.with_layer(files.older_layout(lambda_layer(m))),
    Reason.LAMBDA,
)
_hostile_config(
    "Lambda in an inner model", lambda m: files.with_layer(files.sequential(lambda_layer(m))), Reason.LAMBDA
)
_hostile_config(
    "Lambda in a wrapper",
    lambda m: files.with_layer(_object("TimeDistributed", layer=lambda_layer(m))),
    Reason.LAMBDA,
)
_hostile_config(
    "bytecode as an activation",
    lambda m: files.sequential(files.dense_layer(activation=lambda_bytecode(m))),
    Reason.LAMBDA,
)
_hostile_config(
    "bytecode in what builds a layer",
    lambda m: files.sequential(files.dense_layer() | {"build_config": {"input_shape": lambda_bytecode(m)}}),
    Reason.LAMBDA,
)
_hostile_config("os.system", lambda m: _called("os", "system", f"touch {m}"), _REFERENCE)
_hostile_config("builtins.exec", lambda m: _called("builtins", "exec", f"open({str(m)!r}, 'w')"), _REFERENCE)
_hostile_config("subprocess.run", lambda m: _called("subprocess", "run", ["touch", str(m)]), _REFERENCE)
_hostile_config("builtins.open", lambda m: _called("builtins", "open", str(m), "w"), _REFERENCE)
_hostile_config("numpy.save", lambda m: _called("numpy", "save", str(m), [1.0]), _REFERENCE)
_hostile_config(
    "subprocess.Popen as a class",
    lambda m: files.with_layer(_object("Popen", "subprocess", args=["touch", str(m)])),
    _UNKNOWN,
)
_hostile_config(
    "os.system as an activation",
    lambda m: files.sequential(files.dense_layer(activation=_called("os", "system")["config"]["layers"][0])),
    _REFERENCE,
)
_hostile_config(
    "os.system by name",
    lambda m: files.sequential(files.dense_layer(activation="os.system")),
    Reason.UNKNOWN_NAME,
)
_hostile_config(
    "keras.config.set_floatx", lambda m: _called("keras.config", "set_floatx", "float16"), _REFERENCE
)
_hostile_config(
    "keras.config.enable_unsafe_deserialization",
    lambda m: _called("keras.config", "enable_unsafe_deserialization"),
    _REFERENCE,
)
_hostile_config(
    "keras.utils.get_file",
    lambda m: _called("keras.utils", "get_file", "x", "http://127.0.0.1:1/"),
    _REFERENCE,
)
_hostile_config(
    "keras.models.load_model", lambda m: _called("keras.models", "load_model", str(m)), _REFERENCE
)
_hostile_config(
    "TFSMLayer", lambda m: files.with_layer(_object("TFSMLayer", filepath=str(m.parent))), _UNKNOWN
)
_hostile_config(
    "a pickled torch module",
    lambda m: files.with_layer(
        _object("TorchModuleWrapper", module=base64.b64encode(pickle.dumps(_Touch(m))).decode())
    ),
    _UNKNOWN,
)
for _layer in ("StringLookup", "IntegerLookup", "TextVectorization"):
    _hostile_config(
        f"{_layer} with a path",
        lambda m, kind=_layer: files.with_layer(_object(kind, vocabulary="/etc/passwd")),
        _UNKNOWN,
    )
_hostile_config(
    "a registered class",
    lambda m: files.with_layer(_object("Dense") | {"registered_name": "evil>Dense"}),
    Reason.REGISTERED_OBJECT,
)
_hostile_config("a model of a class of its own", lambda m: _object("Evil", "evil", layers=[]), _UNKNOWN)
_hostile_config(
    "a hostile compile configuration, which is data",
    lambda m: (
        files.sequential()
        | {
            "compile_config": {
                "loss": lambda_bytecode(m),
                "optimizer": _object("Popen", "subprocess", args=["touch", str(m)]),
            }
        }
    ),
    Reason.OK,
)


@_hostile("a pickled npz beside the weights", Reason.ARCHIVE_MEMBERS)
def _(path: Path, marker: Path) -> None:
    _archive(path, **{"model.weights.npz": pickled_npz(marker)})


@_hostile("a pickled npz in place of the weights", Reason.WEIGHTS_DAMAGED)
def _(path: Path, marker: Path) -> None:
    _archive(path, h5=pickled_npz(marker))


@_hostile("a pickle named model.h5", Reason.WRONG_TYPE, file="model.h5")
def _(path: Path, marker: Path) -> None:
    path.write_bytes(pickle.dumps(_Touch(marker)))


@_hostile("members that climb out of the folder", Reason.ARCHIVE_MEMBERS)
def _(path: Path, marker: Path) -> None:
    _archive(path, **{f"../../{marker.name}": b""})


# What would take memory, time or space

_hostile_config(
    "Dense(10^6) on Dense(10^6)",
    lambda m: files.sequential(
        files.input_layer(),
        *({**files.dense_layer(name=f"d{n}", units=10**6), "build_config": None} for n in range(2)),
    ),
    Reason.TOO_MANY_PARAMETERS,
    found_by="prepare",
)
_hostile_config(
    "RepeatVector 10^8",
    lambda m: files.sequential(files.input_layer(), _object("RepeatVector", n=10**8)),
    Reason.ACTIVATIONS_TOO_LARGE,
    found_by="prepare",
)
_hostile_config(
    "UpSampling x2000",
    lambda m: files.sequential(
        {
            **files.input_layer(),
            "config": {"name": "i", "batch_shape": [None, 28, 28, 1], "dtype": "float32"},
        },
        _object("UpSampling2D", size=[2000, 2000]),
    ),
    Reason.ACTIVATIONS_TOO_LARGE,
    found_by="prepare",
)
_hostile_config(
    "3,000 layers",
    lambda m: files.sequential(files.input_layer(), *(files.dense_layer(name=f"d{n}") for n in range(3000))),
    Reason.TOO_MANY_LAYERS,
)
_hostile_config(
    "a name of a megabyte", lambda m: files.sequential(files.dense_layer(name="x" * MIB)), Reason.JSON_TEXT
)


def _with_member(path: Path, name: str, data: bytes, compression: int = zipfile.ZIP_STORED) -> None:
    path.write_bytes(files.keras_bytes(files.members() | {name: data}, compression))


@_hostile("spaces in config.json", Reason.JSON_TOO_LARGE, heavy=True)
def _(path: Path, marker: Path) -> None:
    config = b" " * (_BULK_MIB * MIB) + json.dumps(files.sequential()).encode()
    _with_member(path, "config.json", config, zipfile.ZIP_DEFLATED)


@_hostile("brackets in config.json", Reason.JSON_TOO_DEEP, heavy=True)
def _(path: Path, marker: Path) -> None:
    _with_member(path, "config.json", b"[" * 4 * MIB)


@_hostile("half a million keys, the last one twice", Reason.JSON_DUPLICATE_KEY, heavy=True)
def _(path: Path, marker: Path) -> None:
    keys = [*range(500_000), 499_999]
    _with_member(path, "config.json", ("{" + ",".join(f'"{key}":0' for key in keys) + "}").encode())


@_hostile("half a million empty lists", Reason.NOT_A_MODEL, heavy=True)
def _(path: Path, marker: Path) -> None:
    _with_member(path, "config.json", b"[" + b"[]," * (MIB // 2) + b"[]]")


@_hostile("a number of a million digits", Reason.JSON_NUMBER, heavy=True)
def _(path: Path, marker: Path) -> None:
    _with_member(path, "config.json", b'{"a": 0.' + b"1" * MIB + b"}")


@_hostile("50,000 members", Reason.ARCHIVE_MEMBERS, heavy=True)
def _(path: Path, marker: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(50_000):
            archive.writestr(str(number), b"")


@_hostile("duplicate config.json", Reason.ARCHIVE_DUPLICATE, heavy=True)
def _(path: Path, marker: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the duplicate
        for config in (files.sequential(), files.with_layer(lambda_layer(marker))):
            archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", files.weights())


@_hostile("zeros behind the weights, packed", Reason.ARCHIVE_COMPRESSED, heavy=True)
def _(path: Path, marker: Path) -> None:
    _with_member(path, "model.weights.h5", files.weights() + bytes(_BULK_MIB * MIB), zipfile.ZIP_DEFLATED)


@_hostile("zeros behind the weights", Reason.WEIGHTS_DAMAGED, file="model.h5", heavy=True)
def _(path: Path, marker: Path) -> None:
    path.write_bytes(files.h5_bytes())
    os.truncate(path, _BULK_MIB * MIB)


@_hostile("a file of four gibibytes", Reason.TOO_LARGE, file="model.h5", heavy=True)
def _(path: Path, marker: Path) -> None:
    path.write_bytes(files.h5_bytes())
    os.truncate(path, 4096 * MIB)


def _many_floats(file: h5py.File, marker: Path) -> None:
    file.create_dataset("model_weights/x", (10**9,), "f4", chunks=(1024,), compression="gzip")


def _fewer_floats(file: h5py.File, marker: Path) -> None:
    file.create_dataset("model_weights/x", (10**8,), "f4", chunks=(1024,))


def _more_than_there_are(file: h5py.File, marker: Path) -> None:
    for number in range(4):
        file.create_dataset(f"model_weights/x{number}", (2**62,), "f4", chunks=(1024,))


def _large_chunks(file: h5py.File, marker: Path) -> None:
    array = file.create_dataset(
        "model_weights/x", (4,), "u1", maxshape=(None,), chunks=(_BULK_MIB * MIB,), compression="gzip"
    )
    array[:] = 1


def _packed_chunk(file: h5py.File, marker: Path) -> None:
    """A chunk of one megabyte by its word, which unpacks to many."""
    array = file.create_dataset("model_weights/x", (MIB,), "u1", chunks=(MIB,), compression="gzip")
    packer = zlib.compressobj(9)
    block = bytes(MIB)
    packed = b"".join(packer.compress(block) for _ in range(_BULK_MIB)) + packer.flush()
    array.id.write_direct_chunk((0,), packed)


def _many_groups(file: h5py.File, marker: Path) -> None:
    group = file["model_weights"]
    for number in range(150):
        group = group.create_group(f"g{number}")


_STORED = (Reason.WEIGHTS_NOT_STORED, Reason.WEIGHTS_TOO_LARGE)
_hostile_h5("10^9 floats declared", _many_floats, *_STORED, heavy=True)
_hostile_h5("10^8 floats declared", _fewer_floats, *_STORED, heavy=True)
_hostile_h5("more floats than bytes there are", _more_than_there_are, *_STORED, heavy=True)
_hostile_h5("chunks larger than their array", _large_chunks, *_STORED, heavy=True)
_hostile_h5(
    "a chunk that unpacks to more than it says",
    _packed_chunk,
    Reason.WEIGHTS_DAMAGED,
    Reason.OK,
    *_STORED,
    heavy=True,
)
_hostile_h5("groups in groups", _many_groups, Reason.WEIGHTS_TOO_LARGE, heavy=True)
_hostile_h5(
    "a group in itself",
    lambda file, marker: file["model_weights/dense"].__setitem__("again", file["model_weights"]),
    Reason.WEIGHTS_TOO_LARGE,
)


# What would read other files

_hostile_h5(
    "an external link",
    lambda file, marker: file.__setitem__("model_weights/x", h5py.ExternalLink("/etc/passwd", "/")),
    Reason.WEIGHTS_EXTERNAL,
)
_hostile_h5(
    "a soft link",
    lambda file, marker: file.__setitem__("model_weights/x", h5py.SoftLink("/model_weights/dense")),
    Reason.WEIGHTS_EXTERNAL,
)
_hostile_h5(
    "values in another file",
    lambda file, marker: file.create_dataset("model_weights/x", (4,), "u1", external=[("/etc/passwd", 0, 4)]),
    Reason.WEIGHTS_EXTERNAL,
)


def _virtual(file: h5py.File, marker: Path) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4,))
    file.create_virtual_dataset("model_weights/x", layout)


_hostile_h5("an array of other files' parts", _virtual, Reason.WEIGHTS_EXTERNAL)


# What would load without a word


def _kernel(value: float) -> Callable[[h5py.File, Path], None]:
    def spoil(file: h5py.File, marker: Path) -> None:
        file["model_weights/dense/dense/kernel"][1, 2] = value

    return spoil


_hostile_h5("a weight that is NaN", _kernel(np.nan), Reason.WEIGHTS_NOT_FINITE)
_hostile_h5("a weight that is infinite", _kernel(-np.inf), Reason.WEIGHTS_NOT_FINITE)
_hostile_h5(
    "a bfloat16 weight that is NaN",
    lambda file, marker: file.create_dataset(
        "model_weights/x", data=np.array([0x3F80, 0x7FC0], "<u2").view("V2")
    ),
    Reason.WEIGHTS_NOT_FINITE,
)
_hostile_h5(
    "texts for weights",
    lambda file, marker: file.create_dataset("model_weights/x", data=["a"], dtype=h5py.string_dtype()),
    Reason.WEIGHTS_TYPE,
)


# What is no file, or another one


@_hostile("a FIFO", Reason.NOT_A_FILE)
def _(path: Path, marker: Path) -> None:
    os.mkfifo(path)


@_hostile("a link to a device", Reason.SYMBOLIC_LINK)
def _(path: Path, marker: Path) -> None:
    path.symlink_to("/dev/zero")


@_hostile("a link to itself", Reason.SYMBOLIC_LINK)
def _(path: Path, marker: Path) -> None:
    path.symlink_to(path.name)


@_hostile("a folder", Reason.NOT_A_FILE)
def _(path: Path, marker: Path) -> None:
    path.mkdir()


@_hostile("a socket", Reason.NOT_A_FILE)
def _(path: Path, marker: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = os.open(path.parent, os.O_RDONLY)
        made.bind(f"/proc/self/fd/{here}/{path.name}")  # the path of a socket has 100 bytes at most
        os.close(here)


@_hostile("nothing", Reason.WRONG_TYPE)
def _(path: Path, marker: Path) -> None:
    path.touch()


@_hostile("random bytes", Reason.WRONG_TYPE)
def _(path: Path, marker: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(10_000))


@_hostile("random bytes behind the right beginning", Reason.ARCHIVE_DAMAGED)
def _(path: Path, marker: Path) -> None:
    path.write_bytes(b"PK\x03\x04" + random.Random(2).randbytes(10_000))


@_hostile("random bytes behind the right beginning, h5", Reason.WEIGHTS_DAMAGED, file="model.h5")
def _(path: Path, marker: Path) -> None:
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + random.Random(3).randbytes(10_000))


@_hostile("an archive cut short", Reason.ARCHIVE_DAMAGED)
def _(path: Path, marker: Path) -> None:
    path.write_bytes(files.keras_bytes()[:-100])


@_hostile("an HDF5 file cut short", Reason.WEIGHTS_DAMAGED, file="model.h5")
def _(path: Path, marker: Path) -> None:
    path.write_bytes(files.h5_bytes()[:-1000])


@_hostile("an archive named .h5", Reason.WRONG_TYPE, file="model.h5")
def _(path: Path, marker: Path) -> None:
    path.write_bytes(files.keras_bytes())


@_hostile("weights alone", Reason.NOT_A_MODEL, file="model.h5")
def _(path: Path, marker: Path) -> None:
    path.write_bytes(files.weights())


@_hostile("an encrypted member", Reason.ARCHIVE_ENCRYPTED)
def _(path: Path, marker: Path) -> None:
    data = bytearray(files.keras_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)


@_hostile("a member that claims other sizes than it has", Reason.ARCHIVE_DAMAGED)
def _(path: Path, marker: Path) -> None:
    data = bytearray(files.keras_bytes(files.members(), zipfile.ZIP_DEFLATED))
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"config.json"))
    data[at + 24 : at + 28] = struct.pack("<L", 100)
    path.write_bytes(data)


@_hostile("bytes behind the archive", Reason.ARCHIVE_DAMAGED)
def _(path: Path, marker: Path) -> None:
    path.write_bytes(files.keras_bytes() + b"more")


@_hostile("an archive behind an archive", Reason.ARCHIVE_DAMAGED)
def _(path: Path, marker: Path) -> None:
    path.write_bytes(files.keras_bytes() + files.keras_bytes())
