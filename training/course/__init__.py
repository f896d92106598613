"""The course: fourteen experiments, each a recipe or a sweep, run in one go and written to one page.

from training.course.budget import FULL
from training.course.experiments import EXPERIMENTS
from training.course.lab import Lab
from training.course.page import write_page
from training.course.running import run_course

lab = Lab(FULL, Path("runs/course"))
write_page(run_course(lab, sorted(EXPERIMENTS)), lab, Path("course.md"), "modiste course")
"""
