// The photo in tiles: fetched where they are seen, the nearest first, and forgotten when they are too many.

import * as api from "./api.js";

export const SIDE = 512; // pixels
const KEPT = 192; // tiles: 192 MiB
const AT_ONCE = 6;

export class Tiles {
  /** @param {() => void} arrived is called when a tile has come */
  constructor(arrived) {
    this.arrived = arrived;
    this.kept = new Map();
    this.asked = new Map();
    this.failed = new Set();
    this.photo = null;
  }

  /** Begin with another photo. */
  show(photo) {
    for (const asked of this.asked.values()) asked.abort();
    for (const tile of this.kept.values()) tile.close();
    this.kept.clear();
    this.asked.clear();
    this.failed.clear();
    this.photo = photo;
    this.levels = photo.levels;
  }

  /** Draw what is seen, and ask for what is missing of it. */
  draw(context, view) {
    const level = view.level(this.levels);
    const seen = view.tiles(level, SIDE);
    const missing = [];
    context.imageSmoothingEnabled = view.scale < 2;
    for (let row = seen.top; row <= seen.bottom; row++) {
      for (let column = seen.left; column <= seen.right; column++) {
        if (!this.#drawTile(context, view, level, column, row)) missing.push([level, column, row]);
      }
    }
    // The coarsest copy stands in for what is not there yet.
    const coarsest = this.levels - 1;
    const standIn = view.tiles(coarsest, SIDE);
    const first = [];
    for (let row = standIn.top; row <= standIn.bottom; row++) {
      for (let column = standIn.left; column <= standIn.right; column++) {
        if (!this.kept.has(name(coarsest, column, row))) first.push([coarsest, column, row]);
      }
    }
    this.#fetch([...first, ...sortByDistance(missing, view)]);
  }

  #drawTile(context, view, level, column, row) {
    const size = SIDE * 2 ** level;
    const right = Math.min(this.photo.width, (column + 1) * size);
    const bottom = Math.min(this.photo.height, (row + 1) * size);
    const [x, y] = [view.across(column * size), view.down(row * size)];
    const [w, h] = [view.across(right) - x, view.down(bottom) - y];
    for (let coarser = level; coarser < this.levels; coarser++) {
      const shift = coarser - level;
      const key = name(coarser, column >> shift, row >> shift);
      const tile = this.kept.get(key);
      if (!tile) continue;
      this.kept.delete(key);
      this.kept.set(key, tile); // the last used are the last forgotten
      const step = 2 ** coarser;
      const left = (column * size) / step - (column >> shift) * SIDE;
      const top = (row * size) / step - (row >> shift) * SIDE;
      const width = Math.min(tile.width - left, (right - column * size) / step);
      const height = Math.min(tile.height - top, (bottom - row * size) / step);
      if (width > 0 && height > 0) context.drawImage(tile, left, top, width, height, x, y, w, h);
      return shift === 0 || this.failed.has(name(level, column, row));
    }
    return this.failed.has(name(level, column, row));
  }

  #fetch(wanted) {
    const keys = new Set(wanted.map((place) => name(...place)));
    for (const [key, asked] of this.asked) if (!keys.has(key)) asked.abort();
    for (const place of wanted) {
      const key = name(...place);
      if (this.asked.size >= AT_ONCE) return;
      if (!this.asked.has(key) && !this.failed.has(key)) this.#fetchOne(key, place);
    }
  }

  async #fetchOne(key, place) {
    const { photo } = this;
    const asked = new AbortController();
    this.asked.set(key, asked);
    try {
      const tile = await createImageBitmap(await api.tile(photo, place, asked.signal));
      if (photo !== this.photo) return tile.close();
      this.kept.set(key, tile);
      for (const [old, other] of this.kept) {
        if (this.kept.size <= KEPT) break;
        this.kept.delete(old);
        other.close();
      }
    } catch {
      if (!asked.signal.aborted && photo === this.photo) this.failed.add(key);
    } finally {
      if (this.asked.get(key) === asked) this.asked.delete(key);
      if (photo === this.photo) this.arrived();
    }
  }
}

const name = (level, column, row) => `${level}/${column}/${row}`;

function sortByDistance(places, view) {
  const distance = ([level, column, row]) => {
    const size = SIDE * 2 ** level;
    return Math.hypot((column + 0.5) * size - view.x, (row + 0.5) * size - view.y);
  };
  return places.sort((one, other) => distance(one) - distance(other));
}
