"""What tiles cost: score and IoU of large synthetic roads in one piece and in tiles of several overlaps.

python benchmarks/tiles.py [MODEL]     # minutes; prints a table
"""

import statistics
import sys
import time

import numpy as np
import torch

from upcracknet import CrackDetector
from upcracknet.data.synthetic import synthesize_road
from upcracknet.tables import figure, markdown_table

HEIGHT, WIDTH, ROADS = 1408, 1984, 3
OVERLAPS = (0, 96, 192)
COLUMNS = (
    *("", "pixels scored, times one piece's", "s", "mean difference of the score"),
    *("beyond 0.1, %", "IoU"),
)


def main() -> None:
    model = sys.argv[1] if len(sys.argv) > 1 else "default"
    roads = [synthesize_road(seed, HEIGHT, WIDTH) for seed in range(40000, 40000 + ROADS)]
    whole = CrackDetector.from_pretrained(model, runtime="auto")
    images = [torch.from_numpy(road.photo).permute(2, 0, 1)[None].float() / 255 for road in roads]
    seen = []
    whole.scorer.network.register_forward_pre_hook(lambda network, inputs: seen.append(inputs[0].numel()))
    start = time.perf_counter()
    scores = [whole.scorer.score(image)[0].numpy() for image in images]
    seconds = {"one piece": time.perf_counter() - start}
    found = {"one piece": scores}
    worked = {"one piece": sum(seen)}
    for overlap in OVERLAPS:
        detector = CrackDetector(whole.scorer, whole.threshold, overlap=overlap, batch_size=1)
        seen.clear()
        start = time.perf_counter()
        found[f"overlap of {overlap}"] = [detector.detect(road.photo).score for road in roads]
        seconds[f"overlap of {overlap}"] = time.perf_counter() - start
        worked[f"overlap of {overlap}"] = sum(seen)
    print(f"{model}: {ROADS} synthetic roads of {WIDTH}×{HEIGHT} pixels\n")
    rows = []
    for name, values in found.items():
        apart = [np.abs(here - there) for here, there in zip(values, scores, strict=True)]
        masks = np.stack([whole.threshold.mask(score) for score in values])
        truth = np.stack([road.mask for road in roads])
        iou = 100 * (masks & truth).sum() / (masks | truth).sum()
        mean = statistics.mean(float(difference.mean()) for difference in apart)
        beyond = 100 * statistics.mean(float((difference > 0.1).mean()) for difference in apart)
        figures = (
            (worked[name] / worked["one piece"], 2),
            (seconds[name], 0),
            (mean, 5),
            (beyond, 2),
            (iou, 1),
        )
        rows.append((name, *(figure(*value) for value in figures)))
    print(markdown_table(COLUMNS, rows))


if __name__ == "__main__":
    main()
