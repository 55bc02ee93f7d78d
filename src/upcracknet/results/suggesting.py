"""Which photos are in doubt, and which to correct first."""

from upcracknet.results.corrections import correction_path
from upcracknet.results.folder import ResultFolder
from upcracknet.results.records import Record


def doubt(results: ResultFolder, record: Record) -> float:
    """Tell how much in doubt the cracks of a photo are.

    Args:
        results: the result folder.
        record: of a photo that is done.

    Returns:
        0 (clear) to 1: greatest where the cracks are half as long as the photo's longer side.
    """
    side = max(record.width or 1, record.height or 1)
    share = min(1.0, (record.crack_length_px or 0.0) / side)
    return 4 * share * (1 - share)


def suggest(results: ResultFolder, count: int) -> list[str]:
    """Choose the photos that nobody has looked at and that are most in doubt.

    Args:
        results: the result folder.
        count: most photos to choose.

    Returns:
        names of their results, the most useful first.
    """
    open_photos = [
        record
        for record in results.readable_records()
        if record.status == "done" and not correction_path(results, record.name).exists()
    ]
    open_photos.sort(key=lambda record: doubt(results, record), reverse=True)
    return [record.name for record in open_photos[:count]]
