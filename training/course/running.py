"""Running the course: experiment after experiment, and none that fails silently."""

import logging
from collections.abc import Sequence

from modiste.datasets import DatasetError
from training.course.experiments import EXPERIMENTS
from training.course.lab import Lab
from training.course.outcome import Done, Outcome


def run_course(lab: Lab, numbers: Sequence[int]) -> list[Done]:
    """Run the experiments of these numbers.

    One whose data are nowhere to be found is reported as not run, with the reason.

    Raises:
        TrainingError: a training did not come to its end.
        KeyboardInterrupt: Ctrl-C, or SIGTERM; what was done is remembered in the lab's folder.
    """
    # That many graphs are made is known: each training has a network of its own.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    done = []
    for number in numbers:
        experiment = EXPERIMENTS[number]
        print(f"\n== Experiment {number}: {experiment.title}", flush=True)
        before = lab.seconds
        try:
            outcome = experiment.run(lab)
        except DatasetError as error:
            print(f"Not run: {error}")
            # The places that were searched are this machine's, and stand in the terminal alone.
            outcome = Outcome(not_run=str(error).splitlines()[0].removesuffix(" Tried, in this order:"))
        done.append(Done(number, outcome, lab.seconds - before))
    return done
