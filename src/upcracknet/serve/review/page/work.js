// What one person does to one photo, and how it is saved: half a second after each line, again if need be.

import * as api from "./api.js";
import { History } from "./history.js";
import { Mask, readGrey } from "./mask.js";
import { writeGrey } from "./png.js";

const DELAY = 500; // ms
const PATIENCE = 700; // ms between questions for measures
const RETRIES = [2000, 5000, 15000]; // ms; the last one on and on

/** A photo that is worked on. Its mask stays in memory until it is saved. */
export class Work {
  /**
   * @param {object} row the photo in the list
   * @param {(work: Work, state: string, text: string) => void} report how saving goes
   * @param {(work: Work) => Promise<string>} conflict asks whose answer is kept: "mine" or "theirs"
   */
  constructor(row, report, conflict) {
    this.row = row;
    this.report = report;
    this.conflict = conflict;
    this.mask = this.history = this.measures = null;
    this.take(row);
    [this.wanted, this.saved, this.running, this.timer, this.failures] = [0, 0, null, null, 0];
  }

  /** Take over what the folder says of the photo. */
  take(row) {
    this.row = row;
    this.answer = { status: row.review_status ?? null, reason: row.reason ?? null };
    this.note = row.note ?? "";
    this.revision = row.revision;
    this.maskStamp = row.mask_stamp;
  }

  /** Whether a row is of the answer and of the mask that this shows. */
  shows(row) {
    return row.revision === this.revision && row.mask_stamp === this.maskStamp;
  }

  /** Fetch mask and measures. */
  async load() {
    this.become(await this.fetch(this.row));
  }

  /** Fetch the mask of a row; null where it cannot be drawn on. */
  async fetch({ editable, id }) {
    return editable ? readGrey(await api.mask(id)) : null;
  }

  /** Show a mask that was fetched. */
  become(picture) {
    this.mask = picture && new Mask(picture.width, picture.height, picture.bytes);
    this.history = picture && new History(this.mask);
  }

  /** Fetch the measures, once they are made. */
  async measure() {
    const { revision } = this;
    for (;;) {
      const measures = await api.measures(this.row.id);
      const row = measures?.pending || this.row.measured ? this.row : await api.row(this.row.id);
      if (revision !== this.revision || row.revision !== revision || this.wanted !== this.saved) return;
      [this.measures, this.row] = [measures, row];
      this.report(this, "measured", "");
      if (!measures?.pending) return;
      await new Promise((resolve) => setTimeout(resolve, PATIENCE));
    }
  }

  /** Whether something is not saved. */
  get unsaved() {
    return this.wanted !== this.saved || this.noteWaits;
  }

  /** Whether there is a note and nothing that it could be saved with. */
  get noteWaits() {
    return !this.answer.status && this.note.trim() !== "";
  }

  /** Save soon: something has changed. */
  changed() {
    this.wanted++;
    this.report(this, "waiting", "");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), DELAY);
  }

  /** Save now; resolves once all is saved, or could not be. */
  save() {
    clearTimeout(this.timer);
    this.running ??= this.#saveAll().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  async #saveAll() {
    while (this.saved !== this.wanted) {
      const at = this.wanted;
      this.report(this, "saving", "");
      try {
        await this.#send();
        this.saved = at;
        this.failures = 0;
      } catch (error) {
        if (error instanceof api.Conflict) await this.#settle(error.row);
        else {
          const wait = RETRIES[Math.min(this.failures++, RETRIES.length - 1)];
          this.report(this, "failed", error.message);
          this.timer = setTimeout(() => this.save(), wait);
          return;
        }
      }
    }
    this.report(this, "saved", "");
  }

  async #send() {
    this.sentOpen = Boolean(this.history?.open); // a line that is not finished, and may be given up
    const { id } = this.row;
    const { status, reason } = this.answer;
    let answer = null;
    if (status) {
      const picture = status === "corrected" && this.mask ? await writeGrey(this.mask) : null;
      answer = await api.save(
        id,
        { status, reason, note: this.note.trim(), revision: this.revision, mask_stamp: this.maskStamp },
        picture,
      );
    } else if (this.row.review_status) answer = await api.forget(id, this.revision);
    if (!answer) return;
    this.row = answer.photo;
    [this.revision, this.maskStamp] = [answer.photo.revision, answer.photo.mask_stamp];
    this.measures = { pending: true };
    this.measure().catch(() => {});
  }

  /** Another tab was faster: mine on top of theirs, or theirs. */
  async #settle(current) {
    let whose = "";
    while (!whose) whose = await this.conflict(this);
    if (whose === "mine") {
      [this.revision, this.maskStamp, this.row] = [current.revision, current.mask_stamp, current];
      return;
    }
    this.saved = this.wanted;
    this.take(await api.row(this.row.id));
    await this.load();
    this.measure().catch(() => {});
    this.report(this, "taken", "");
  }
}
