"""The ruler of figures before decision 16: the same crack maps, masks shrunk by another rule."""

from upcracknet.data.dataset import CrackDataset
from upcracknet.detection import CrackMap
from upcracknet.evaluation.metrics import MEASURES, ConfusionCounts, Scores, count
from upcracknet.evaluation.protocol import PAPER_SHIFTED, EvaluationItem
from upcracknet.evaluation.sweep import ThresholdCurve


class FormerRuler:
    """Counts crack maps against the masks as protocol ``paper-shifted`` shrinks them.

    Args:
        dataset: whose annotation they are compared with.
    """

    def __init__(self, dataset: CrackDataset) -> None:
        self._name = dataset.name
        self._samples = {sample.name: sample for sample in dataset}
        self._counts, self._curve = ConfusionCounts(), ThresholdCurve.empty()

    def add(self, item: EvaluationItem, crack_map: CrackMap) -> None:
        """Count one crack map; a patch is cut and not shrunk, so its mask is the same by both rules."""
        truth, sample = item.truth, self._samples.get(item.name)
        if sample is not None:
            truth = PAPER_SHIFTED.prepare(self._name, sample)[0].truth
        self._counts += count(crack_map.mask, truth)
        self._curve += ThresholdCurve.of(crack_map.score, truth)

    def figures(self) -> dict[str, float]:
        """Give the measures pooled, and the IoU at the best fixed threshold; fractions of 1."""
        scores = Scores.of(self._counts)
        return {measure: getattr(scores, measure) for measure in MEASURES} | {
            "best_threshold_iou": self._curve.best.scores.iou
        }
