// The tools on the mask. Mouse, pen, touch and keyboard all begin, go on and finish lines here.

import { around, runsOfLine, smooth } from "./drawing.js";
import { Overlay } from "./overlay.js";
import { Tiles } from "./tiles.js";
import { View } from "./view.js";

const BACKGROUND = "#23272d";
const CROSS = 12; // half the cursor's arms, in pixels of the page
const THINNED = 1.5; // pixels between the places of a line drawn by hand

export class Editor {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} changed is called after each line and step
   * @param {(text: string) => void} announce tells what happened to those who cannot see it
   */
  constructor(canvas, changed, announce) {
    this.canvas = canvas;
    this.changed = changed;
    this.announce = announce;
    this.tool = "move";
    this.widths = { brush: 12, eraser: 24, line: 4, freehand: 4 };
    this.shown = true;
    this.overlay = new Overlay();
    this.view = new View(canvas, (context, view) => this.#draw(context, view));
    this.tiles = new Tiles(() => this.view.redraw());
    this.close();
  }

  /** Show a photo; its mask comes later. */
  open(photo) {
    this.close();
    this.photo = photo;
    this.cursor = [Math.round(photo.width / 2), Math.round(photo.height / 2)];
    this.tiles.show(photo);
    this.view.show(photo);
  }

  /** Show nothing. */
  close() {
    [this.photo, this.work, this.line, this.hover, this.cursorShown] = [null, null, null, null, false];
    this.overlay.show(null);
    this.view.redraw();
  }

  /** Let the mask of a work be drawn on. */
  edit(work) {
    this.work = work;
    this.overlay.show(work.mask);
    this.view.redraw();
  }

  get width() {
    return this.widths[this.tool];
  }

  /** Begin a line at a place of the photo; gives whether the tool draws. */
  begin(place, width = this.width) {
    if (!this.work || this.tool === "move") return false;
    if (this.line) this.finish();
    this.line = { tool: this.tool, width, places: [place] };
    this.work.history.begin(this.work.answer);
    if (this.#paintsAtOnce()) this.#paint([place, place]);
    this.view.redraw();
    return true;
  }

  /** Go on to a place. */
  go(place, width = this.line?.width) {
    if (!this.line) return;
    const { places } = this.line;
    this.line.width = width;
    if (this.#paintsAtOnce()) this.#paint([places.at(-1), place]);
    if (this.line.tool === "line") places[1] = place;
    else places.push(place);
    this.view.redraw();
  }

  /** End the line. */
  finish() {
    if (!this.line) return;
    const { places, tool } = this.line;
    if (tool === "line") this.#paint([places[0], places.at(-1)]);
    if (tool === "freehand") this.#paint(smooth(thinned(places)));
    this.line = null;
    this.#end();
  }

  /** Give up the line; gives whether there was one. */
  abandon() {
    if (!this.line) return false;
    this.line = null;
    this.#show(this.work.history.cancel());
    // What was saved while it was drawn has a part of it.
    if (this.work.sentOpen) this.changed();
    return true;
  }

  /** Mark all that scores at least a level (0 to 255) in the stored score, while a slider moves. */
  mark(score, level) {
    if (this.line) this.finish();
    const { mask, history, answer } = this.work;
    const all = [0, 0, mask.width, mask.height];
    if (!history.open) {
      history.begin(answer);
      history.keep(all);
    }
    mask.mark(score, level);
    this.#show(all);
  }

  /** End what the slider did. */
  markEnds() {
    if (this.work?.history.open && !this.line) this.#end();
  }

  /** Say something of the photo, as one step; with bytes the mask becomes another one, with null empty. */
  say(answer, bytes) {
    const { mask, history } = this.work;
    this.abandon();
    history.begin(this.work.answer);
    this.work.answer = answer;
    if (bytes !== undefined) {
      const all = [0, 0, mask.width, mask.height];
      history.keep(all);
      if (bytes) mask.bytes.set(bytes);
      else mask.bytes.fill(0);
      this.#show(all);
    }
    history.end(true);
    this.changed();
  }

  /** Take back a step, or do it again. */
  step(way) {
    if (!this.work || this.abandon()) return;
    const step = this.work.history[way](this.work.answer);
    if (!step) return this.announce(way === "undo" ? "Nothing to undo." : "Nothing to redo.");
    this.work.answer = step.answer;
    this.#show(step.area);
    this.announce(way === "undo" ? "Undone." : "Redone.");
    this.changed();
  }

  /** Move the keyboard's cursor, or the photo where the tool is to move it. */
  move(dx, dy, finely) {
    if (!this.photo) return;
    if (this.tool === "move") return this.view.pan(-dx * 60, -dy * 60);
    const step = finely ? 1 : Math.max(1, Math.round(12 / this.view.scale));
    const [x, y] = this.cursor;
    this.cursor = [
      Math.min(this.photo.width - 1, Math.max(0, x + dx * step)),
      Math.min(this.photo.height - 1, Math.max(0, y + dy * step)),
    ];
    this.cursorShown = true;
    if (this.line) this.go(this.cursor);
    this.view.reveal(this.cursor);
  }

  /** Begin a line at the keyboard's cursor, or end the one that was begun. */
  press() {
    this.cursorShown = true;
    const [x, y] = this.cursor;
    if (this.line) {
      this.finish();
      this.announce(`Line ends at ${x}, ${y}.`);
    } else if (this.begin(this.cursor)) this.announce(`Line begins at ${x}, ${y}.`);
    else this.announce(this.work ? "Choose a tool first: B, E, L or F." : "This photo cannot be drawn on.");
    this.view.redraw();
  }

  #paintsAtOnce() {
    return this.line.tool === "brush" || this.line.tool === "eraser";
  }

  #paint(places) {
    const { mask, history } = this.work;
    const { tool, width } = this.line;
    for (let index = 0; index < Math.max(1, places.length - 1); index++) {
      const [from, to] = [places[index], places[index + 1] ?? places[index]];
      const area = around([from, to], width / 2 + 1, mask);
      history.keep(area);
      mask.fill(runsOfLine(from, to, width, mask), tool === "eraser" ? 0 : 255);
      this.#show(area);
    }
  }

  #end() {
    if (!this.work.history.end()) return;
    this.work.answer = { status: "corrected", reason: null };
    this.changed();
  }

  #show(area) {
    if (area) {
      this.work.mask.changed(area);
      this.overlay.changed(area);
    }
    this.view.redraw();
  }

  #draw(context, view) {
    context.fillStyle = BACKGROUND;
    context.fillRect(0, 0, view.canvas.width, view.canvas.height);
    if (!this.photo) return;
    this.tiles.draw(context, view);
    if (this.shown) this.overlay.draw(context, view);
    if (this.line && !this.#paintsAtOnce()) this.#drawLine(context, view);
    this.#drawCursor(context, view);
  }

  #drawLine(context, view) {
    context.lineCap = context.lineJoin = "round";
    for (const [width, colour] of [
      [this.line.width * view.scale + 3, "#191919"],
      [this.line.width * view.scale, "#ffe23c"],
    ]) {
      context.beginPath();
      for (const [x, y] of this.line.places) context.lineTo(view.across(x + 0.5), view.down(y + 0.5));
      context.lineWidth = Math.max(1, width);
      context.strokeStyle = colour;
      context.stroke();
    }
  }

  /** Draw a ring as wide as the tool, and a cross where the keyboard is. */
  #drawCursor(context, view) {
    if (this.tool === "move" || !this.work) return;
    const ratio = view.canvas.width / Math.max(1, view.canvas.clientWidth);
    const place = this.hover ?? (this.cursorShown ? this.cursor : null);
    if (!place) return;
    const [x, y] = [view.across(place[0] + 0.5), view.down(place[1] + 0.5)];
    const radius = Math.max(1.5, (this.width / 2) * view.scale);
    for (const [width, colour] of [
      [3 * ratio, "#191919"],
      [1.25 * ratio, "#ffffff"],
    ]) {
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      if (!this.hover) {
        const [near, far] = [radius + 2 * ratio, radius + CROSS * ratio];
        for (const [dx, dy] of [
          [1, 0],
          [-1, 0],
          [0, 1],
          [0, -1],
        ]) {
          context.moveTo(x + dx * near, y + dy * near);
          context.lineTo(x + dx * far, y + dy * far);
        }
      }
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.stroke();
    }
  }
}

/** Leave out places that are next to the one before; both ends stay. */
function thinned(places) {
  const kept = [places[0]];
  for (const place of places.slice(1, -1)) {
    if (Math.hypot(place[0] - kept.at(-1)[0], place[1] - kept.at(-1)[1]) >= THINNED) kept.push(place);
  }
  return [...kept, places.at(-1)];
}
