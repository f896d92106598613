"""The model card (after Mitchell et al. 2019, "Model Cards for Model Reporting"), in Markdown.

It says what is known and nothing else: every number comes from the training at hand, and what was not
measured is said not to have been.
"""

from dataclasses import dataclass

from modiste.names import safe_name
from modiste.report import VersionReport
from training.report.card_classes import MOST, class_sections, number_section
from training.report.card_results import results
from training.report.grid import light_on_dark
from training.report.labels import Labels
from training.report.markdown import block, escaped, fact_table, table
from training.report.scatter import quantity_of
from training.report.seeds import SeedSpread
from training.report.toml import written
from training.trained import Trained


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the card states and a `Trained` does not know; the arguments of `draw_report`."""

    command: str | None
    libraries: dict[str, str]
    seeds: SeedSpread | None
    chosen_among: int


def model_card(trained: Trained, report: VersionReport, provenance: Provenance, labels: Labels | None) -> str:
    """Return the card; its links to pictures are relative to the folder of the report."""
    sections = [
        _what(trained),
        _use(trained),
        results(trained, report, provenance.seeds, provenance.chosen_among),
        number_section() if labels is None else class_sections(trained, report, labels),
        _training(trained, provenance),
        _recipe(trained, provenance.command),
    ]
    return "\n\n".join(sections) + "\n"


def _what(trained: Trained) -> str:
    recipe = trained.recipe
    name = safe_name(recipe.model)
    served = "" if name == recipe.model else f"\n\nIt is served as `{name}`."
    return f"# {escaped(recipe.model)}\n\n{escaped(recipe.description)}{served}"


def _use(trained: Trained) -> str:
    images = trained.dataset.test.x
    kind = "grey" if images.ndim == 3 else "RGB"
    size = f"{images.shape[2]} x {images.shape[1]} pixels (width x height)"
    seen = (
        f"It has seen images of the data set {escaped(trained.dataset.name)} alone, and was tested on others "
        "of the same set. How it does on images from elsewhere, of another size, cut or ground was not "
        "measured; expect worse."
    )
    if light_on_dark(images):
        seen += " All that it has seen is light on a dark ground; dark on light is strange to it."
    limits = [seen, *_closed(trained)]
    limits.append(
        "Nothing was measured by groups of people or by sources of images. The model is made for learning "
        "and comparing, not for decisions that could harm someone."
    )
    answers = f"It takes one {kind} image of {size}, values 0 to 255, and {_answer(trained)}"
    return f"## Use and limits\n\n{answers}\n\n" + "\n".join(f"- {limit}" for limit in limits)


def _closed(trained: Trained) -> list[str]:
    if trained.class_names is None:
        return []
    return [
        "It knows no other classes: whatever it is shown gets one of these, often with a high probability. "
        "A high probability does not say that an image is of a kind that it knows."
    ]


def _answer(trained: Trained) -> str:
    names = trained.class_names
    if names is None:
        return f"answers with a number, the {quantity_of(trained)}."
    shown = ", ".join(escaped(name) for name in names[:MOST])
    more = ", ..." if len(names) > MOST else ""
    return f"answers with the probability of each of {len(names)} classes: {shown}{more}."


def _training(trained: Trained, provenance: Provenance) -> str:
    recipe, data = trained.recipe, trained.dataset
    held, total = trained.validation_rows, len(data.train.x)
    facts: dict[str, object] = {
        "data set": escaped(data.name),
        "images": f"{total - held:,} for training, {held:,} for validation, {len(data.test.x):,} for test",
        "held out": f"{held / total:.0%} of the training images, split seed {recipe.data.split_seed}",
        "seed": recipe.seed,
        "epochs": f"{trained.epochs_run} of at most {recipe.fit.epochs}; {_kept(trained)}",
    }
    if "seconds" in trained.history:
        facts["time"] = f"{sum(trained.history['seconds']):.0f} s for all epochs"
    if provenance.libraries:
        facts["libraries"] = ", ".join(f"{name} {found}" for name, found in provenance.libraries.items())
    sums = [[f"`{part}`", f"`{digest}`"] for part, digest in data.sha256.items()]
    return "\n\n".join(["## Training", fact_table(facts), table(["data", "SHA-256"], sums, "ll")])


def _kept(trained: Trained) -> str:
    keeper = trained.recipe.keeper
    if keeper is None:
        return f"kept is the last, epoch {trained.kept_epoch}"
    figure = keeper.removeprefix("val_").replace("_", " ")
    return f"kept is epoch {trained.kept_epoch}, the best by validation {figure}"


def _recipe(trained: Trained, command: str | None) -> str:
    text = written(trained.recipe.model_dump(mode="json", exclude_none=True))
    how = "" if command is None else f"Made by\n\n{block(command)}\n\n"
    return f"## Recipe\n\n{how}{block(text, 'toml')}"
