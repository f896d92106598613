"""A publisher that kills itself at a given moment: run by test_publish_kills.py, one fork a moment.

Keras is imported once and forked before its first operation, which is when TensorFlow starts threads.
Every child builds a real model and publishes it through the real code; an audit hook, which Python
calls before it opens, makes or renames anything, sends the signal. Prints one line for each moment:
its name, how the child ended, and what then stands in the model's folder.
"""

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
from training_data import small_dataset, small_recipe

from modiste import metrics
from training.model.compilation import compile_model
from training.model.network import build
from training.publishing.publish import publish
from training.trained import Tested, Trained

MODEL = "small"


def trained() -> Trained:
    """A fresh model, with figures that need no training."""
    dataset, recipe = small_dataset(), small_recipe()
    model = build(recipe, (28, 28), 10)
    compile_model(model, recipe, 20)
    probabilities = np.full((len(dataset.test.x), 10), 0.1, np.float32)
    labels = dataset.test.y.astype(np.int64)
    tested = Tested(labels, probabilities, metrics.evaluate(probabilities, labels, recipe.head))
    history = {name: (1.0,) for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
    return Trained(recipe, model, history, 1, tested, dataset, dataset.class_names, 160)


def strike(number: int, event: str, part: str, after_rename: bool) -> None:
    """Send the signal to this process at the first `event` on a path that contains `part`."""
    renamed = False

    def hook(name: str, arguments: tuple) -> None:
        nonlocal renamed
        where = str(arguments[0]) if arguments else ""
        if name == event and part in where and (renamed or not after_rename):
            os.kill(os.getpid(), number)
        renamed = renamed or (name == "os.rename" and ".publishing-" in where)

    sys.addaudithook(hook)


def in_child(artifacts: Path, moment: dict) -> int:
    """Publish in a forked child, struck at the moment; return the child's wait status."""
    child = os.fork()
    if child == 0:
        try:
            result = trained()
            if moment["event"]:
                strike(moment["signal"], moment["event"], moment["part"], moment["after_rename"])
            publish(result, artifacts, prepared=False)
        except KeyboardInterrupt:
            os._exit(130)
        os._exit(0)
    return os.waitpid(child, 0)[1]


if __name__ == "__main__":
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for line in sys.stdin:
        asked = json.loads(line)
        status = in_child(Path(asked["artifacts"]), asked)
        print(json.dumps({"status": os.waitstatus_to_exitcode(status)}), flush=True)
