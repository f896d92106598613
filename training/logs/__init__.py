"""What a run writes while it runs: a table, and, where asked for, curves for TensorBoard and a run in MLflow.

Every log is told the whole history at every epoch, so it can put right what a kill, a resume or an outage
left wrong. Importing this package loads neither TensorBoard nor MLflow.
"""

from training.logs.opening import open_logs
from training.logs.port import History, LogError, Outcome, RunLog

__all__ = ["History", "LogError", "Outcome", "RunLog", "open_logs"]
