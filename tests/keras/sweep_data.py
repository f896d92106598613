"""Sweeps that take seconds: files of a small recipe, of a comparison and of a search over it."""

from pathlib import Path

RECIPE = """
description = "Small."
model = "small"
data = { dataset = "fashion_mnist" }
fit = { epochs = 3 }
optimizer = { name = "adam" }
loss = { name = "sparse_categorical_crossentropy", from_logits = true }
checkpoint = { monitor = "val_loss" }
gate = { min_test_accuracy = 0.3 }

[network]
layers = [
  { type = "flatten" },
  { type = "dropout", rate = 0.1 },
  { type = "dense", units = 10 },
]
"""

COMPARISON = """
description = "One that learns, one that cannot."
recipe = "small.toml"
seeds = [1, 2]

[[variants]]
name = "broken"
changes = { optimizer = { name = "sgd", learning_rate = 1e38 } }

[[variants]]
name = "sound"
"""

SEARCH = """
description = "Small."
recipe = "small.toml"

[search]
trials = 2
seed = 46
startup_trials = 1
pruner = { startup_trials = 1, warmup_epochs = 1 }

[search.space]
"optimizer.learning_rate" = { low = 0.0001, high = 0.1, log = true }
"network.layers.1.rate" = { choices = [0.1, 0.5] }
"""


def write_sweeps(folder: Path) -> None:
    """Write ``small.toml``, ``comparison.toml`` and ``search.toml``."""
    for name, text in {"small": RECIPE, "comparison": COMPARISON, "search": SEARCH}.items():
        (folder / f"{name}.toml").write_text(text)
