// Lines as pixels. Places are (x, y) in pixels of the photo, pixel centres at whole numbers.

/**
 * Find the pixels of a straight line with round ends: those whose centre lies within half its width.
 *
 * @param {[number, number]} from one end
 * @param {[number, number]} to the other end
 * @param {number} line width in pixels
 * @param {{width: number, height: number}} photo its size in pixels
 * @returns {[number, number, number][]} row, first and last column of each run of pixels
 */
export function runsOfLine([x0, y0], [x1, y1], line, photo) {
  const radius = Math.max(line / 2, 0.5);
  const runs = [];
  const first = Math.max(0, Math.ceil(Math.min(y0, y1) - radius));
  const last = Math.min(photo.height - 1, Math.floor(Math.max(y0, y1) + radius));
  const length = Math.hypot(x1 - x0, y1 - y0);
  const [nx, ny] = length ? [(-(y1 - y0) / length) * radius, ((x1 - x0) / length) * radius] : [0, 0];
  const corners = [
    [x0 + nx, y0 + ny],
    [x1 + nx, y1 + ny],
    [x1 - nx, y1 - ny],
    [x0 - nx, y0 - ny],
  ];
  for (let y = first; y <= last; y++) {
    // The line is convex, so each row of it is one run: the hull of both ends and the sides between them.
    let left = Infinity,
      right = -Infinity;
    for (const [x, centre] of [
      [x0, y0],
      [x1, y1],
    ]) {
      const half = Math.sqrt(radius ** 2 - (y - centre) ** 2);
      if (half >= 0) [left, right] = [Math.min(left, x - half), Math.max(right, x + half)];
    }
    corners.forEach(([ax, ay], index) => {
      const [bx, by] = corners[(index + 1) % 4];
      if (ay > y === by > y) return;
      const x = ax + ((y - ay) / (by - ay)) * (bx - ax);
      [left, right] = [Math.min(left, x), Math.max(right, x)];
    });
    const [start, end] = [Math.max(0, Math.ceil(left)), Math.min(photo.width - 1, Math.floor(right))];
    if (start <= end) runs.push([y, start, end]);
  }
  // A dot as thin as a pixel may fall between four centres.
  for (const [x, y] of [
    [Math.round(x0), Math.round(y0)],
    [Math.round(x1), Math.round(y1)],
  ]) {
    if (x >= 0 && y >= 0 && x < photo.width && y < photo.height) runs.push([y, x, x]);
  }
  return runs;
}

/** Smooth a line that a trembling hand drew; its ends stay. */
export function smooth(places, passes = 4) {
  let smoothed = places;
  for (let pass = 0; pass < passes; pass++) {
    smoothed = smoothed.map((place, index, all) => {
      if (index === 0 || index === all.length - 1) return place;
      const [before, after] = [all[index - 1], all[index + 1]];
      return [0, 1].map((axis) => (before[axis] + 2 * place[axis] + after[axis]) / 4);
    });
  }
  return smoothed;
}

/** Give the rectangle around places, wider by a margin, as whole pixels within a photo: [x0, y0, x1, y1). */
export function around(places, margin, photo) {
  const xs = places.map(([x]) => x),
    ys = places.map(([, y]) => y);
  return [
    Math.max(0, Math.floor(Math.min(...xs) - margin)),
    Math.max(0, Math.floor(Math.min(...ys) - margin)),
    Math.min(photo.width, Math.ceil(Math.max(...xs) + margin) + 1),
    Math.min(photo.height, Math.ceil(Math.max(...ys) + margin) + 1),
  ];
}
