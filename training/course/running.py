"""Running the course: experiment after experiment, and none that fails silently."""

import logging
from collections.abc import Sequence

from modiste.datasets import DatasetError
from training.course.experiments import EXPERIMENTS
from training.course.lab import Lab
from training.course.outcome import Done, Outcome
from training.errors import RunError, TrainingError
from training.sweep import SweepError


def run_course(lab: Lab, numbers: Sequence[int]) -> list[Done]:
    """Run the experiments of these numbers.

    One whose data are nowhere to be found, or whose training fails, is reported as not run, with the
    reason.

    Raises:
        RunError, SweepError: nothing can be kept in the lab's folder, or another process has it.
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
        except (RunError, SweepError):
            raise  # it is the folder's fault, and the experiments that follow would fare no better
        except TrainingError as error:
            print(f"Not run: {error}")
            outcome = Outcome(not_run=str(error))
        done.append(Done(number, outcome, lab.seconds - before))
    return done
