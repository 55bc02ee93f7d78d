// A mask in memory: one byte a pixel, and smaller copies of it for looking from afar.

const SMALLEST = 256; // pixels on the longer side of the smallest copy

/** Read a picture of one channel, such as a mask or a score: one byte a pixel, row by row. */
export async function readGrey(blob) {
  const picture = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const { width, height } = picture;
  const bytes = new Uint8Array(width * height);
  // In strips: four bytes a pixel of the whole picture would be too many.
  const rows = Math.max(1, Math.floor(4e6 / width));
  const context = new OffscreenCanvas(width, Math.min(rows, height)).getContext("2d", {
    willReadFrequently: true,
  });
  for (let top = 0; top < height; top += rows) {
    const count = Math.min(rows, height - top);
    context.drawImage(picture, 0, top, width, count, 0, 0, width, count);
    const pixels = new Uint32Array(context.getImageData(0, 0, width, count).data.buffer);
    for (let index = 0, at = top * width; index < pixels.length; index++, at++) bytes[at] = pixels[index];
  }
  picture.close();
  return { width, height, bytes };
}

/** A mask, 255 is crack, and copies of half the size each, where a pixel is crack if any of its four is. */
export class Mask {
  constructor(width, height, bytes) {
    this.width = width;
    this.height = height;
    this.bytes = bytes;
    this.levels = [{ width, height, bytes }];
    for (
      let level = this.levels[0];
      Math.max(level.width, level.height) > SMALLEST;
      level = this.levels.at(-1)
    ) {
      const [w, h] = [Math.ceil(level.width / 2), Math.ceil(level.height / 2)];
      this.levels.push({ width: w, height: h, bytes: new Uint8Array(w * h) });
    }
    this.changed([0, 0, width, height]);
  }

  /** Bring the smaller copies up to date where pixels were changed: [x0, y0, x1, y1). */
  changed([x0, y0, x1, y1]) {
    for (let index = 1; index < this.levels.length; index++) {
      const { width, height, bytes } = this.levels[index - 1];
      const small = this.levels[index];
      [x0, y0] = [x0 >> 1, y0 >> 1];
      [x1, y1] = [Math.min(small.width, (x1 + 1) >> 1), Math.min(small.height, (y1 + 1) >> 1)];
      for (let y = y0; y < y1; y++) {
        const upper = 2 * y * width;
        const lower = 2 * y + 1 < height ? upper + width : upper;
        for (let x = x0; x < x1; x++) {
          const left = 2 * x,
            right = left + 1 < width ? left + 1 : left;
          small.bytes[y * small.width + x] =
            bytes[upper + left] | bytes[upper + right] | bytes[lower + left] | bytes[lower + right];
        }
      }
    }
  }

  /** Set runs of pixels, as runsOfLine gives them. */
  fill(runs, value) {
    for (const [y, first, last] of runs)
      this.bytes.fill(value, y * this.width + first, y * this.width + last + 1);
  }

  /** Mark what scores at least a level, and nothing else. */
  mark(score, level) {
    for (let index = 0; index < score.length; index++) this.bytes[index] = score[index] >= level ? 255 : 0;
  }
}
