// Where the photo lies on the screen: zoom, pan, and one drawing a frame at most.

const LARGEST = 32; // screen pixels a pixel of the photo
const MARGIN = 40; // pixels of the screen that always show some of the photo

export class View {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {(context: CanvasRenderingContext2D, view: View) => void} draw all, once a frame
   */
  constructor(canvas, draw) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.draw = draw;
    this.photo = { width: 1, height: 1 };
    this.asked = false;
    this.fitted = true;
    // Centre of the canvas in pixels of the photo, and pixels of the canvas a pixel of the photo.
    [this.x, this.y, this.scale] = [0, 0, 1];
    new ResizeObserver(() => this.#resize()).observe(canvas);
  }

  /** Show a photo of a size, all of it. */
  show(photo) {
    this.photo = photo;
    this.fit();
  }

  /** Show the whole photo. */
  fit() {
    [this.x, this.y] = [this.photo.width / 2, this.photo.height / 2];
    this.scale = this.#whole();
    this.fitted = true;
    this.redraw();
  }

  /** Draw at the next frame. */
  redraw() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.draw(this.context, this);
    });
  }

  /** Move what is shown by pixels of the page. */
  pan(dx, dy) {
    const ratio = this.#ratio();
    this.x -= (dx * ratio) / this.scale;
    this.y -= (dy * ratio) / this.scale;
    this.#stay();
  }

  /** Zoom by a factor; the place at (x, y) of the page stays where it is, without one the middle. */
  zoom(factor, clientX, clientY) {
    const fixed = clientX === undefined ? [this.x, this.y] : this.place(clientX, clientY);
    const scale = Math.min(LARGEST, Math.max(Math.min(this.#whole(), 1) / 2, this.scale * factor));
    const share = this.scale / scale;
    this.x = fixed[0] + (this.x - fixed[0]) * share;
    this.y = fixed[1] + (this.y - fixed[1]) * share;
    this.scale = scale;
    this.#stay();
  }

  /** Show a place of the photo in the middle, at least at a scale. */
  centre([x, y], scale = 0) {
    [this.x, this.y] = [x + 0.5, y + 0.5];
    this.scale = Math.max(this.scale, scale);
    this.#stay();
  }

  /** Move what is shown just as far as it takes to see a place. */
  reveal([x, y]) {
    const reach = [this.canvas.width, this.canvas.height].map((side) => (side * 0.42) / this.scale);
    this.x = Math.min(Math.max(this.x, x - reach[0]), x + reach[0]);
    this.y = Math.min(Math.max(this.y, y - reach[1]), y + reach[1]);
    this.#stay();
  }

  /** Give the place of the photo at a place of the page; pixel centres are at whole numbers. */
  place(clientX, clientY) {
    const box = this.canvas.getBoundingClientRect();
    const ratio = this.#ratio();
    return [
      this.x + ((clientX - box.left) * ratio - this.canvas.width / 2) / this.scale - 0.5,
      this.y + ((clientY - box.top) * ratio - this.canvas.height / 2) / this.scale - 0.5,
    ];
  }

  /** Give the pixel of the canvas where a place of the photo begins. */
  across = (x) => Math.round((x - this.x) * this.scale + this.canvas.width / 2);
  down = (y) => Math.round((y - this.y) * this.scale + this.canvas.height / 2);

  /** Give the part of a copy of the photo, half the size each level, that is seen, in tiles of a side. */
  tiles(level, side) {
    const size = side * 2 ** level;
    const [w, h] = [this.canvas.width / 2 / this.scale, this.canvas.height / 2 / this.scale];
    const most = [Math.ceil(this.photo.width / size) - 1, Math.ceil(this.photo.height / size) - 1];
    return {
      left: Math.max(0, Math.floor((this.x - w) / size)),
      top: Math.max(0, Math.floor((this.y - h) / size)),
      right: Math.min(most[0], Math.floor((this.x + w) / size)),
      bottom: Math.min(most[1], Math.floor((this.y + h) / size)),
    };
  }

  /** Choose the copy of the photo that is about as fine as the screen. */
  level(count) {
    return Math.min(count - 1, Math.max(0, Math.floor(Math.log2(1 / this.scale) + 0.4)));
  }

  #whole() {
    const { width, height } = this.canvas;
    return Math.min(LARGEST, width / this.photo.width, height / this.photo.height) * 0.98;
  }

  #ratio() {
    return this.canvas.width / Math.max(1, this.canvas.clientWidth);
  }

  /** Keep some of the photo in sight. */
  #stay() {
    this.fitted = false;
    const [w, h] = [this.canvas.width, this.canvas.height].map((side) => (side / 2 - MARGIN) / this.scale);
    this.x = Math.min(this.photo.width + w, Math.max(-w, this.x));
    this.y = Math.min(this.photo.height + h, Math.max(-h, this.y));
    this.redraw();
  }

  #resize() {
    const ratio = Math.min(2, devicePixelRatio);
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight].map((side) =>
      Math.round(side * ratio),
    );
    if (!width || !height) return;
    Object.assign(this.canvas, { width, height });
    if (this.fitted) this.fit();
    // At once: a canvas that was resized is black.
    this.draw(this.context, this);
  }
}
