// The mask over the photo: a hatched red with a bright rim and a dark one, which nobody needs colours to see.

import { SIDE } from "./tiles.js";

const KEPT = 160; // tiles
// Red, green, blue, opacity; as bytes in memory.
const FILL = pixel(214, 30, 60, 110);
const HATCH = pixel(120, 0, 40, 190);
const RIM = pixel(255, 226, 60, 255);
const OUTSIDE = pixel(20, 20, 20, 170);

function pixel(...bytes) {
  return new Uint32Array(new Uint8Array(bytes).buffer)[0];
}

export class Overlay {
  constructor() {
    this.kept = new Map();
    this.mask = null;
    this.filled = true;
  }

  /** Begin with another mask; null shows none. */
  show(mask) {
    this.kept.clear();
    this.mask = mask;
  }

  /** Show areas, or their outlines alone. */
  fill(filled) {
    this.filled = filled;
    this.kept.clear();
  }

  /** Forget what was drawn of an area of the photo, since its mask has changed: [x0, y0, x1, y1). */
  changed([x0, y0, x1, y1]) {
    for (const [key, tile] of this.kept) {
      const size = SIDE * 2 ** tile.level;
      const reach = 2 ** tile.level; // rims lie a pixel outside
      const [left, top] = [tile.column * size, tile.row * size];
      if (x0 >= left + size + reach || y0 >= top + size + reach || x1 <= left - reach || y1 <= top - reach)
        continue;
      const part = [x0 - left, y0 - top, x1 - left, y1 - top].map((side) => side / 2 ** tile.level);
      const area = [
        Math.max(0, Math.floor(part[0]) - 1),
        Math.max(0, Math.floor(part[1]) - 1),
        Math.min(SIDE, Math.ceil(part[2]) + 1),
        Math.min(SIDE, Math.ceil(part[3]) + 1),
      ];
      if (tile.picture && (area[2] - area[0]) * (area[3] - area[1]) < (SIDE * SIDE) / 2)
        this.#paint(tile, area);
      else this.kept.delete(key);
    }
  }

  /** Draw what is seen. */
  draw(context, view) {
    if (!this.mask) return;
    const level = view.level(this.mask.levels.length);
    const seen = view.tiles(level, SIDE);
    const size = SIDE * 2 ** level;
    context.imageSmoothingEnabled = false;
    for (let row = seen.top; row <= seen.bottom; row++) {
      for (let column = seen.left; column <= seen.right; column++) {
        const { picture } = this.#tile(level, column, row);
        if (!picture) continue;
        const [x, y] = [view.across(column * size), view.down(row * size)];
        context.drawImage(
          picture,
          x,
          y,
          view.across(column * size + picture.width * 2 ** level) - x,
          view.down(row * size + picture.height * 2 ** level) - y,
        );
      }
    }
  }

  #tile(level, column, row) {
    const key = `${level}/${column}/${row}`;
    let tile = this.kept.get(key);
    if (!tile) {
      tile = { level, column, row, picture: null };
      this.#paint(tile, [0, 0, SIDE, SIDE]);
    }
    this.kept.delete(key);
    this.kept.set(key, tile);
    if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
    return tile;
  }

  /** Paint a part of a tile, in its own pixels. A tile without any crack has no picture. */
  #paint(tile, [x0, y0, x1, y1]) {
    const { width, height, bytes } = this.mask.levels[tile.level];
    const [left, top] = [tile.column * SIDE, tile.row * SIDE];
    [x1, y1] = [Math.min(x1, width - left), Math.min(y1, height - top)];
    if (x0 >= x1 || y0 >= y1) return;
    const image = new ImageData(x1 - x0, y1 - y0);
    const pixels = new Uint32Array(image.data.buffer);
    let any = false;
    let at = 0;
    for (let y = top + y0; y < top + y1; y++) {
      const row = y * width;
      const [above, below] = [y > 0 ? row - width : row, y + 1 < height ? row + width : row];
      for (let x = left + x0; x < left + x1; x++, at++) {
        const before = x > 0 ? x - 1 : x,
          after = x + 1 < width ? x + 1 : x;
        const own = bytes[row + x];
        const near = own
          ? bytes[row + before] & bytes[row + after] & bytes[above + x] & bytes[below + x]
          : bytes[row + before] | bytes[row + after] | bytes[above + x] | bytes[below + x];
        if (own === near && (!own || !this.filled)) continue;
        any = true;
        if (!own) pixels[at] = OUTSIDE;
        else if (!near) pixels[at] = RIM;
        else pixels[at] = (x + y) % 8 < 2 ? HATCH : FILL;
      }
    }
    if (!any && !tile.picture) return;
    tile.picture ??= new OffscreenCanvas(Math.min(SIDE, width - left), Math.min(SIDE, height - top));
    tile.picture.getContext("2d").putImageData(image, x0, y0);
  }
}
