"""The page's modules, against numpy, shapely and Pillow."""

import base64
import io

import cv2
import numpy as np
import pytest
from PIL import Image
from shapely import LineString, Point, distance, points

SIZE = {"width": 60, "height": 40}


def drawn(page, runs, size=SIZE) -> np.ndarray:
    mask = np.zeros((size["height"], size["width"]), bool)
    for y, first, last in runs:
        mask[y, first : last + 1] = True
    return mask


@pytest.mark.parametrize(
    ("start", "end", "width"),
    [
        ((10, 10), (10, 10), 9),
        ((5, 5), (50, 31), 6),
        ((50.4, 8.7), (7.2, 30.1), 3),
        ((20, 2.5), (20, 60), 8),
        ((-30, 12), (90, 12), 4),
        ((3.3, 39), (58.1, 38.2), 12),
    ],
)
def test_a_line_is_the_pixels_within_half_its_width(modules, start, end, width):
    """Oracle: the distance of each pixel centre to the line, by shapely."""
    runs = modules.module(
        "const { runsOfLine } = await import('/page/drawing.js'); return runsOfLine(...args);",
        start, end, width, SIZE,
    )  # fmt: skip
    x, y = np.meshgrid(np.arange(60), np.arange(40))
    line = Point(start) if start == end else LineString([start, end])
    expected = distance(points(x, y), line) <= width / 2
    assert np.array_equal(drawn(modules, runs), expected)


@pytest.mark.parametrize(
    ("start", "end"), [((3.5, 3.5), (3.5, 3.5)), ((2.2, 3.9), (55.7, 36.1)), ((50, 2), (48, 39))]
)
def test_the_thinnest_line_is_one_piece(modules, start, end):
    runs = modules.module(
        "const { runsOfLine } = await import('/page/drawing.js'); return runsOfLine(...args);",
        start,
        end,
        1,
        SIZE,
    )
    mask = drawn(modules, runs).astype(np.uint8)
    assert mask.any()
    assert cv2.connectedComponents(mask, connectivity=8)[0] == 2
    assert mask.sum() <= np.hypot(end[0] - start[0], end[1] - start[1]) * 1.5 + 2


def test_a_smoothed_line_trembles_less_and_keeps_its_ends(modules):
    rng = np.random.default_rng(0)
    line = np.stack([np.arange(50.0), 20 + rng.normal(0, 1, 50)], axis=1)
    smoothed = np.array(
        modules.module(
            "const { smooth } = await import('/page/drawing.js'); return smooth(args[0]);", line.tolist()
        )
    )
    assert np.array_equal(smoothed[[0, -1]], line[[0, -1]])
    assert np.abs(np.diff(smoothed[:, 1], 2)).mean() < np.abs(np.diff(line[:, 1], 2)).mean() / 4


def test_a_mask_goes_to_png_and_back(modules):
    """Oracle: Pillow reads what the page writes; the page reads what Pillow writes."""
    mask = (np.random.default_rng(1).random((301, 517)) < 0.1).astype(np.uint8) * 255
    written, read = modules.module(
        """const { readGrey } = await import('/page/mask.js');
        const { writeGrey } = await import('/page/png.js');
        const given = new Blob([Uint8Array.from(atob(args[0]), (letter) => letter.charCodeAt(0))]);
        const picture = await readGrey(given);
        const bytes = new Uint8Array(await (await writeGrey(picture)).arrayBuffer());
        return [btoa(String.fromCharCode(...bytes)), [picture.width, picture.height]];""",
        as_png(mask),
    )
    back = Image.open(io.BytesIO(base64.b64decode(written)))
    assert back.mode == "L"
    assert read == [517, 301]
    assert np.array_equal(np.asarray(back), mask)


def as_png(mask: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(mask).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_smaller_copies_show_a_crack_of_one_pixel(modules):
    """Oracle: the greatest of each block, by numpy. Half of the copies are made from a part that changed."""
    mask = np.zeros((531, 1042), np.uint8)
    mask[[0, 17, 530], [0, 900, 1041]] = 255
    copies = modules.module(
        """const { Mask } = await import('/page/mask.js');
        const [width, height, early, late] = args;
        const bytes = new Uint8Array(width * height);
        for (const at of early) bytes[at] = 255;
        const mask = new Mask(width, height, bytes);
        for (const at of late) {
          bytes[at] = 255;
          const [x, y] = [at % width, Math.floor(at / width)];
          mask.changed([x, y, x + 1, y + 1]);
        }
        return mask.levels.map((level) => [level.width, level.height,
          [...level.bytes.entries()].filter(([, value]) => value).map(([at]) => at)]);""",
        1042, 531, [0], [17 * 1042 + 900, 530 * 1042 + 1041],
    )  # fmt: skip
    assert len(copies) == 4
    for level, (width, height, set_pixels) in enumerate(copies):
        step = 2**level
        padded = np.pad(mask, ((0, -531 % step), (0, -1042 % step)))
        blocks = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step).max(axis=(1, 3))
        assert (height, width) == blocks.shape
        assert np.flatnonzero(blocks).tolist() == set_pixels


def test_undo_and_redo_give_back_each_state(modules):
    states = modules.module(
        """const { History } = await import('/page/history.js');
        const mask = { width: 300, height: 200, bytes: new Uint8Array(60000) };
        const history = new History(mask);
        const states = [];
        const note = (answer) => states.push([mask.bytes.reduce((sum, value) => sum + value, 0), answer]);
        const paint = (x, y, value) => {
          history.keep([x, y, x + 150, y + 1]);
          mask.bytes.fill(value, y * 300 + x, y * 300 + x + 150);
        };
        history.begin('none'); paint(0, 5, 1); note(history.end());
        history.begin('one'); paint(100, 150, 2); paint(0, 5, 3); note(history.end());
        history.begin('two'); paint(0, 5, 3); note(history.end());
        history.begin('two'); paint(0, 5, 9); history.cancel(); note('cancelled');
        for (const way of ['undo', 'undo', 'undo', 'redo', 'redo', 'redo']) {
          const step = history[way](way);
          note(step && step.answer);
        }
        return states;"""
    )
    assert states == [
        [150, True], [750, True], [750, False], [750, "cancelled"],
        [150, "one"], [0, "none"], [0, None], [150, "undo"], [750, "undo"], [750, None],
    ]  # fmt: skip


def test_old_steps_are_forgotten_where_memory_is_short(modules):
    undone = modules.module(
        """const { History } = await import('/page/history.js');
        const mask = { width: 128, height: 128, bytes: new Uint8Array(128 * 128) };
        const history = new History(mask, 3 * 128 * 128);
        for (let step = 1; step <= 10; step++) {
          history.begin(step); history.keep([0, 0, 1, 1]); mask.bytes[0] = step; history.end();
        }
        let count = 0;
        while (history.undo('')) count++;
        return [count, mask.bytes[0]];"""
    )
    assert undone == [3, 7]


def test_ten_thousand_photos_are_a_few_elements(modules):
    """The list holds what is seen; its end is reached, and what is shown there are the last photos."""
    counts = modules.module(
        """const { Grid } = await import('/page/grid.js');
        const box = document.createElement('div');
        box.style.cssText = 'position: fixed; inset: 0; overflow-y: scroll; visibility: hidden';
        document.body.append(box);
        const photo = (id) => ({ id, name: `IMG_${id}.jpg`, status: 'failed', error: '' });
        const shown = Array.from({ length: 10000 }, (_, id) => photo(id));
        const grid = new Grid(box, { shown }, () => {});
        const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        grid.refresh();
        await frame();
        const first = box.querySelectorAll('.cell').length;
        box.dispatchEvent(new KeyboardEvent('keydown', { key: 'End' }));
        await frame();
        const last = [...box.querySelectorAll('.cell')].map((cell) => cell.dataset.id);
        const active = box.getAttribute('aria-activedescendant');
        box.remove();
        return [first, last.length, last.includes('9999'), last.includes('0'), active];"""
    )
    assert counts[0] < 60
    assert counts[1:] == [counts[1], True, False, "photo-9999"]
    assert counts[1] < 60
