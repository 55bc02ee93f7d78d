"""Evaluation (Sections IV-B to IV-E): measures, protocols, the paper's tables as data, coloured panels."""

from upcracknet.evaluation.evaluate import evaluate
from upcracknet.evaluation.metrics import Scores
from upcracknet.evaluation.protocol import NATIVE, PAPER, PROTOCOLS, Protocol, ProtocolName
from upcracknet.evaluation.published import published_table
from upcracknet.evaluation.report import write_report
from upcracknet.evaluation.results import EvaluationResult

__all__ = [
    "NATIVE",
    "PAPER",
    "PROTOCOLS",
    "EvaluationResult",
    "Protocol",
    "ProtocolName",
    "Scores",
    "evaluate",
    "published_table",
    "write_report",
]
