// The photos as small pictures. Only those in sight are part of the page, so that 10,000 are no burden.

import * as api from "./api.js";
import { element, icon } from "./dom.js";
import { STATUS, statusOf } from "./survey.js";
import { colourOf, cracksOf, figure } from "./words.js";

const CELL = { width: 224, height: 252, gap: 12 }; // pixels
const SPARE = 2; // rows above and below what is seen

export class Grid {
  /**
   * @param {HTMLElement} box scrolls, takes the keyboard
   * @param {Survey} survey
   * @param {(id: number) => void} open a photo
   */
  constructor(box, survey, open) {
    this.box = box;
    this.survey = survey;
    this.open = open;
    this.space = element("div", { class: "space", role: "presentation" });
    this.active = 0;
    this.cells = new Map();
    box.append(this.space);
    box.addEventListener("scroll", () => this.#later());
    box.addEventListener("keydown", (event) => this.#key(event));
    this.space.addEventListener("click", (event) => {
      const cell = event.target.closest("[data-id]");
      if (cell) this.open(Number(cell.dataset.id));
    });
    new ResizeObserver(() => this.#later()).observe(box);
  }

  /** Draw all again: other photos, another order. */
  refresh() {
    for (const cell of this.cells.values()) cell.remove();
    this.cells.clear();
    this.active = Math.max(0, Math.min(this.active, this.survey.shown.length - 1));
    this.#later();
  }

  /** Begin at the top. */
  top() {
    this.active = 0;
    this.box.scrollTop = 0;
  }

  /** Make a photo the active one, in sight. */
  activate(id) {
    const index = this.survey.shown.findIndex((row) => row.id === id);
    if (index >= 0) this.#go(index);
  }

  #later() {
    this.asked ??= requestAnimationFrame(() => {
      this.asked = null;
      this.#draw();
    });
  }

  #layout() {
    const columns = Math.max(1, Math.floor((this.box.clientWidth - CELL.gap) / (CELL.width + CELL.gap)));
    const width = (this.box.clientWidth - CELL.gap * (columns + 1)) / columns;
    return { columns, width, step: CELL.height + CELL.gap };
  }

  #draw() {
    const { columns, width, step } = this.#layout();
    const { shown } = this.survey;
    this.space.style.height = `${Math.ceil(shown.length / columns) * step + CELL.gap}px`;
    const first = Math.max(0, Math.floor(this.box.scrollTop / step) - SPARE) * columns;
    const rows = Math.ceil(this.box.clientHeight / step) + 2 * SPARE + 1;
    const last = Math.min(shown.length, first + rows * columns);
    for (const [index, cell] of this.cells) {
      if (index >= first && index < last) continue;
      cell.remove();
      this.cells.delete(index);
    }
    for (let index = first; index < last; index++) {
      if (!this.cells.has(index)) {
        const made = this.#cell(shown[index], index);
        this.cells.set(index, made);
        this.space.append(made);
      }
      const cell = this.cells.get(index);
      cell.style.width = `${width}px`;
      const x = CELL.gap + (index % columns) * (width + CELL.gap);
      const y = CELL.gap + Math.floor(index / columns) * step;
      cell.style.transform = `translate(${x}px, ${y}px)`;
      cell.setAttribute("aria-selected", String(index === this.active));
    }
    const active = this.cells.get(this.active);
    if (active) this.box.setAttribute("aria-activedescendant", active.id);
    else this.box.removeAttribute("aria-activedescendant");
  }

  #cell(row, index) {
    const status = statusOf(row);
    const cracks = row.status === "failed" ? "could not be used" : cracksOf(row);
    const doubt = row.doubt == null ? "" : `doubt ${figure(row.doubt * 100)} %`;
    const swatch = element("span", { class: "swatch" });
    swatch.style.background = colourOf(row);
    return element(
      "div",
      {
        role: "option",
        id: `photo-${row.id}`,
        class: "cell",
        "data-id": row.id,
        "data-status": status,
        "aria-setsize": this.survey.shown.length,
        "aria-posinset": index + 1,
        "aria-label": [row.name, STATUS[status], row.reason, cracks, doubt].filter(Boolean).join(", "),
      },
      row.status === "failed"
        ? element("span", { class: "no-picture" }, row.error ?? "")
        : element("img", { src: api.thumbnail(row), alt: "", draggable: "false", decoding: "async" }),
      element("span", { class: "name", title: row.name }, row.name),
      element("span", { class: "facts" }, swatch, cracks),
      element(
        "span",
        { class: "facts" },
        element("span", { class: "badge" }, icon(status), STATUS[status]),
        element("span", { class: "doubt" }, doubt),
      ),
    );
  }

  #key(event) {
    const { columns } = this.#layout();
    const page = Math.max(1, Math.floor(this.box.clientHeight / (CELL.height + CELL.gap))) * columns;
    const steps = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -columns,
      ArrowDown: columns,
      PageUp: -page,
      PageDown: page,
      Home: -Infinity,
      End: Infinity,
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in steps) this.#go(this.active + steps[event.key]);
    else if (event.key === "Enter" || event.key === " ") {
      const row = this.survey.shown[this.active];
      if (row) this.open(row.id);
    } else return;
    event.preventDefault();
  }

  #go(index) {
    const { columns, step } = this.#layout();
    this.active = Math.max(0, Math.min(this.survey.shown.length - 1, index));
    const top = Math.floor(this.active / columns) * step;
    const { scrollTop, clientHeight } = this.box;
    if (top < scrollTop) this.box.scrollTop = top;
    if (top + step + CELL.gap > scrollTop + clientHeight)
      this.box.scrollTop = top + step + CELL.gap - clientHeight;
    this.#draw();
  }
}
