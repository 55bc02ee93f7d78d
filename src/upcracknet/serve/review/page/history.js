// Undo and redo. Of each step only the squares of the mask that it changed are kept.

const SIDE = 128; // pixels
const LIMIT = 256 * 2 ** 20; // bytes

export class History {
  /**
   * @param {Mask} mask that is changed
   * @param {number} limit bytes that are kept; the oldest steps are forgotten first
   */
  constructor(mask, limit = LIMIT) {
    this.mask = mask;
    this.limit = limit;
    this.done = [];
    this.undone = [];
    this.open = null;
  }

  /** Begin a step; the answer is what was said of the photo before it. */
  begin(answer) {
    this.open = { answer, squares: new Map() };
  }

  /** Keep what lies in [x0, y0, x1, y1), before it is changed. */
  keep([x0, y0, x1, y1]) {
    if (x0 >= x1 || y0 >= y1) return;
    const across = Math.ceil(this.mask.width / SIDE);
    for (let row = Math.floor(y0 / SIDE); row * SIDE < y1; row++) {
      for (let column = Math.floor(x0 / SIDE); column * SIDE < x1; column++) {
        const number = row * across + column;
        if (!this.open.squares.has(number)) this.open.squares.set(number, this.#copy(column, row));
      }
    }
  }

  /** End the step; tells whether it changed a pixel. One that did not is kept only where asked for. */
  end(keepAnyway = false) {
    const { open } = this;
    this.open = null;
    for (const [number, square] of open.squares) if (!this.#differs(square)) open.squares.delete(number);
    if (!open.squares.size && !keepAnyway) return false;
    this.undone = [];
    this.done.push(open);
    while (this.done.length > 1 && this.#bytes() > this.limit) this.done.shift();
    return open.squares.size > 0;
  }

  /** Give up the step that was begun: all is as before. Gives the area that changed, or null. */
  cancel() {
    const { open } = this;
    this.open = null;
    return this.#swap(open);
  }

  /** Take back the last step. Gives {area, answer} of before it; null where there is none. */
  undo(answer) {
    return this.#step(this.done, this.undone, answer);
  }

  /** Do again the step that was taken back last. */
  redo(answer) {
    return this.#step(this.undone, this.done, answer);
  }

  #step(from, to, answer) {
    const step = from.pop();
    if (!step) return null;
    const area = this.#swap(step);
    const before = step.answer;
    step.answer = answer;
    to.push(step);
    return { area, answer: before };
  }

  /** Exchange the kept squares with those of the mask, so that the same step serves undo and redo. */
  #swap(step) {
    let area = null;
    for (const square of step.squares.values()) {
      const now = this.#copy(square.x / SIDE, square.y / SIDE);
      for (let y = 0; y < square.height; y++) {
        this.mask.bytes.set(
          square.bytes.subarray(y * square.width, (y + 1) * square.width),
          this.#at(square, y),
        );
      }
      square.bytes = now.bytes;
      const own = [square.x, square.y, square.x + square.width, square.y + square.height];
      area = area ? union(area, own) : own;
    }
    return area;
  }

  #copy(column, row) {
    const [x, y] = [column * SIDE, row * SIDE];
    const square = {
      x,
      y,
      width: Math.min(SIDE, this.mask.width - x),
      height: Math.min(SIDE, this.mask.height - y),
    };
    square.bytes = new Uint8Array(square.width * square.height);
    for (let line = 0; line < square.height; line++) {
      const start = this.#at(square, line);
      square.bytes.set(this.mask.bytes.subarray(start, start + square.width), line * square.width);
    }
    return square;
  }

  #differs(square) {
    const now = this.#copy(square.x / SIDE, square.y / SIDE).bytes;
    for (let index = 0; index < now.length; index++) if (now[index] !== square.bytes[index]) return true;
    return false;
  }

  #at(square, line) {
    return (square.y + line) * this.mask.width + square.x;
  }

  #bytes() {
    let sum = 0;
    for (const step of this.done) for (const square of step.squares.values()) sum += square.bytes.length;
    return sum;
  }
}

/** Give the rectangle around two others. */
export function union([ax0, ay0, ax1, ay1], [bx0, by0, bx1, by1]) {
  return [Math.min(ax0, bx0), Math.min(ay0, by0), Math.max(ax1, bx1), Math.max(ay1, by1)];
}
