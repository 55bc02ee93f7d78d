// The photos of the survey: in what order, which of them, and how many are reviewed.

import * as api from "./api.js";

/** What each answer is called. */
export const STATUS = {
  open: "not reviewed",
  accepted: "accepted",
  rejected: "rejected",
  corrected: "corrected",
  failed: "failed",
};

const number = (value) => value ?? -1;
const byName = (one, other) => one.name.localeCompare(other.name, undefined, { numeric: true });
const ORDERS = {
  doubt: (one, other) => number(other.doubt) - number(one.doubt) || byName(one, other),
  severity: (one, other) =>
    number(other.severity_rank) - number(one.severity_rank) ||
    number(other.crack_length_m) - number(one.crack_length_m) ||
    number(other.crack_length_px) - number(one.crack_length_px) ||
    byName(one, other),
  place: (one, other) =>
    (one.section ?? Infinity) - (other.section ?? Infinity) ||
    (one.chainage_m ?? Infinity) - (other.chainage_m ?? Infinity) ||
    byName(one, other),
  name: byName,
  suggested: (one, other) =>
    (one.suggested ?? Infinity) - (other.suggested ?? Infinity) || ORDERS.doubt(one, other),
};

/** Say what was done with a photo: a key of STATUS. */
export function statusOf(row) {
  return row.status === "failed" ? "failed" : (row.review_status ?? "open");
}

export class Survey {
  /** @param {() => void} changed is called when the photos to show are others, or in another order */
  constructor(changed) {
    this.changed = changed;
    this.rows = new Map();
    this.shown = [];
    this.filter = { order: "doubt", status: "", severity: "", text: "" };
  }

  async load() {
    Object.assign(this, await api.survey());
    for (const row of await api.photos()) this.rows.set(row.id, row);
    if (this.suggested.length) this.filter.order = "suggested";
    this.sort();
  }

  /** Fetch what has changed since. */
  async refresh(revision) {
    const rows = await api.photos(this.revision);
    this.revision = revision;
    this.put(rows);
  }

  /** Take over rows that have changed. The order stays, so that nothing moves under a person's hands. */
  put(rows) {
    for (const row of rows) this.rows.set(row.id, row);
    this.shown = this.shown.map(({ id }) => this.rows.get(id));
    if (rows.length) this.changed();
  }

  /** Filter and sort. */
  sort() {
    const { order, status, severity, text } = this.filter;
    const words = text.toLowerCase().split(/\s+/);
    this.shown = [...this.rows.values()].filter(
      (row) =>
        (!status || statusOf(row) === status) &&
        (!severity || (row.severity ?? "none") === severity) &&
        words.every((word) =>
          `${row.name} ${row.note ?? ""} ${row.reason ?? ""}`.toLowerCase().includes(word),
        ),
    );
    this.shown.sort(ORDERS[order]);
    this.changed();
  }

  /** Give the severities that there are, the gravest first. */
  get severities() {
    const ranks = new Map();
    for (const { severity, severity_rank: rank } of this.rows.values())
      if (severity) ranks.set(severity, rank);
    return [...ranks].sort((one, other) => other[1] - one[1]).map(([severity]) => severity);
  }

  /** Count the photos that can be reviewed, and those that were. */
  get progress() {
    const usable = [...this.rows.values()].filter((row) => row.status !== "failed");
    return { done: usable.filter((row) => row.review_status).length, all: usable.length };
  }

  /** Give the photo some places after another one; with open alone, the next that is not reviewed. */
  after(id, step, openAlone = false) {
    const at = this.shown.findIndex((row) => row.id === id);
    for (let index = at + step; index >= 0 && index < this.shown.length; index += step) {
      if (!openAlone || statusOf(this.shown[index]) === "open") return this.shown[index];
    }
    return openAlone ? this.shown.find((row) => statusOf(row) === "open" && row.id !== id) : undefined;
  }
}
