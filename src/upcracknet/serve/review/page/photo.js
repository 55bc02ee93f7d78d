// One photo: its mask under the tools, what is said of it, its measures.

import * as api from "./api.js";
import { choose, element, find, say } from "./dom.js";
import { Editor } from "./editor.js";
import { readGrey } from "./mask.js";
import { showMeasures } from "./measures.js";
import { showPanel } from "./panel.js";
import { listenToPointers } from "./pointers.js";
import { Work } from "./work.js";

const REASONS = {
  shadow: "Shadow",
  joint: "Joint",
  sealed: "Sealed crack",
  object: "Object",
  other: "Other",
};
const OPEN = { status: null, reason: null };

export class PhotoPage {
  /**
   * @param {Survey} survey
   * @param {(id: number) => void} go to another photo
   * @param {() => void} showSaving is called when something is saved, or not
   */
  constructor(survey, go, showSaving) {
    Object.assign(this, { survey, go, showSaving });
    this.works = new Map(); // the photo that is open, and those that are not saved yet
    this.work = null;
    this.busy = false;
    this.editor = new Editor(find("canvas"), () => this.#changed(), say);
    listenToPointers(find("canvas"), this.editor);
    this.#listen();
    this.choose("move");
  }

  get unsaved() {
    return [...this.works.values()].filter((work) => work.unsaved);
  }

  /** Show a photo. */
  async open(id) {
    if (this.work?.row.id === id) return;
    this.leave();
    const row = this.survey.rows.get(id);
    const work = this.works.get(id) ?? new Work(row, (...what) => this.#heard(...what), askWhose);
    this.works.set(id, work);
    this.work = work;
    this.score = this.modelMask = null;
    if (row.status !== "failed") this.editor.open(row);
    find("note").value = work.note;
    find("threshold-box").hidden = !(row.has_score && row.editable);
    find("threshold").value = Math.round(100 * (row.threshold ?? 0.5));
    this.modelValue = find("threshold").value;
    find("threshold-value").textContent = `${this.modelValue} %`;
    showPanel(this.work, this.survey);
    showMeasures(find("measures"), { pending: true, why: "Loading …" });
    this.loading = this.#load(work);
    await this.loading;
  }

  async #load(work) {
    if (work.row.status === "failed") return showMeasures(find("measures"), null);
    try {
      if (!work.mask) await work.load();
      if (work !== this.work) return;
      if (work.mask) this.editor.edit(work);
      work.measure().catch((error) => this.#problem(error.message));
    } catch (error) {
      if (work === this.work) this.#problem(`The mask could not be read: ${error.message}`);
    }
  }

  /** Leave the photo; what is not saved is saved behind it. */
  leave() {
    const { work } = this;
    if (!work) return;
    this.editor.finish();
    this.editor.close();
    this.work = null;
    if (work.unsaved) work.save();
    else this.works.delete(work.row.id);
  }

  /** Choose a tool. */
  choose(tool) {
    this.editor.finish();
    this.editor.tool = tool;
    for (const button of find("tools").querySelectorAll("[data-tool]")) {
      button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
    }
    find("canvas").dataset.tool = tool;
    find("width-box").hidden = tool === "move";
    if (tool !== "move") find("width").value = this.editor.width;
    find("width-value").textContent = `${this.editor.width ?? ""} px`;
    this.editor.view.redraw();
  }

  /** Make the tool wider by a factor. */
  widen(factor) {
    if (this.editor.tool === "move") return;
    const now = this.editor.width;
    const wanted =
      factor > 1 ? Math.max(now + 1, Math.round(now * factor)) : Math.min(now - 1, Math.round(now * factor));
    this.editor.widths[this.editor.tool] = Math.min(200, Math.max(1, wanted));
    this.choose(this.editor.tool);
    say(`Width ${this.editor.width} pixels`);
  }

  /** Say that the mask is right, and go on. */
  accept() {
    return this.#answer(async (work) => {
      if (work.answer.status === "corrected") return; // it was made right by hand
      const bytes = work.answer.status === "rejected" && work.mask ? await this.#model(work) : undefined;
      this.#say(work, { status: "accepted", reason: null }, bytes);
    });
  }

  /** Say that there is no crack, and why, and go on. */
  reject() {
    return this.#answer(async (work) => {
      const answers = this.survey.reasons.map((reason, index) => ({
        text: REASONS[reason] ?? reason,
        value: reason,
        key: String(index + 1),
      }));
      const reason = await choose(
        "Reject",
        "No cracks are in this photo. What was taken for cracks?",
        answers,
      );
      if (!reason) return false;
      this.#say(work, { status: "rejected", reason }, work.mask ? null : undefined);
    });
  }

  /** Go back to the model's answer. */
  async forget() {
    await this.#answer(async (work) => {
      if (!work.answer.status) return false;
      const bytes = work.mask && work.answer.status !== "accepted" ? await this.#model(work) : undefined;
      this.#say(work, OPEN, bytes);
      say("Back to what the model found.");
      return false;
    });
  }

  /** Show the mask, or not; areas, or outlines alone. */
  toggle(name) {
    const button = find(name);
    const pressed = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(pressed));
    if (name === "hidden") this.editor.shown = !pressed;
    else this.editor.overlay.fill(!pressed);
    this.editor.view.redraw();
  }

  /** Go some photos on. */
  next(step) {
    const row = this.survey.after(this.work.row.id, step);
    if (row) this.go(row.id);
    else say(step > 0 ? "This is the last photo." : "This is the first photo.");
  }

  /** Take over rows that others have changed. */
  async refresh() {
    const { work } = this;
    const row = work && this.survey.rows.get(work.row.id);
    const isFree = () => !work.unsaved && !work.running && !work.history?.open;
    if (!work || !isFree() || work.shows(row)) return;
    const picture = await work.fetch(row);
    // What was drawn meanwhile is asked for when it is saved; row and mask change together.
    if (work !== this.work || !isFree()) return;
    work.take(row);
    work.become(picture);
    this.#heard(work, "taken");
  }

  async #answer(act) {
    const { work } = this;
    if (!work || this.busy || work.row.status === "failed") return;
    this.busy = true;
    try {
      await this.loading;
      if (work !== this.work || (await act(work)) === false) return;
      const next = this.survey.after(work.row.id, 1, true);
      if (next) this.go(next.id);
      else say("All photos are reviewed.");
    } catch (error) {
      this.#problem(error.message);
    } finally {
      this.busy = false;
    }
  }

  #say(work, answer, bytes) {
    if (work.history) return this.editor.say(answer, bytes);
    work.answer = answer;
    this.#changed();
  }

  async #model(work) {
    return (await readGrey(await api.modelMask(work.row.id))).bytes;
  }

  #changed() {
    this.work.changed();
    showPanel(this.work, this.survey);
  }

  /** A work says how its saving goes. */
  #heard(work, state, text = "") {
    Object.assign(work, { state, problem: text });
    if (["saved", "taken", "measured"].includes(state)) this.survey.put([work.row]);
    if (work === this.work) {
      if (state === "taken") {
        find("note").value = work.note;
        this.editor.edit(work);
      }
      if (state === "waiting") showMeasures(find("measures"), { pending: true });
      if (state === "saved" || state === "measured") {
        showMeasures(find("measures"), work.measures, (place) => this.editor.view.centre(place, 1));
      }
      showPanel(this.work, this.survey);
    } else if (!work.unsaved) this.works.delete(work.row.id);
    this.showSaving();
  }

  #problem(text) {
    find("photo-notes").append(element("p", { class: "warning", role: "alert" }, text));
  }

  #listen() {
    find("tools").addEventListener("click", (event) => {
      const tool = event.target.closest("[data-tool]")?.dataset.tool;
      if (tool) this.choose(tool);
    });
    find("width").addEventListener("input", ({ target }) => {
      this.editor.widths[this.editor.tool] = Number(target.value);
      find("width-value").textContent = `${target.value} px`;
      this.editor.view.redraw();
    });
    find("note").addEventListener("input", ({ target }) => {
      this.work.note = target.value;
      if (this.work.answer.status) this.work.changed();
      showPanel(this.work, this.survey);
    });
    find("threshold").addEventListener("input", () => this.#mark());
    find("threshold").addEventListener("change", () => this.#mark().then(() => this.editor.markEnds()));
  }

  /** Mark what scores at least as much as the slider says; where it began, what the model marked. */
  async #mark() {
    const { work } = this;
    const { value } = find("threshold");
    find("threshold-value").textContent = `${value} %`;
    const isModel = value === this.modelValue && work.row.threshold != null;
    const level = isModel ? 255 : Math.max(1, Math.round((value / 100) * 255));
    try {
      // The model's own mask: how it comes from the scores is more than one threshold.
      if (isModel) this.modelMask ??= this.#model(work);
      else this.score ??= api.score(work.row.id).then(readGrey);
      const bytes = isModel ? await this.modelMask : (await this.score).bytes;
      // The slider may be elsewhere by now: what comes late must not undo it.
      if (work !== this.work || !this.editor.work || find("threshold").value !== value) return;
      this.editor.mark(bytes, level);
    } catch (error) {
      this.score = this.modelMask = null;
      this.#problem(`The score could not be read: ${error.message}`);
    }
  }
}

function askWhose(work) {
  return choose(
    "Changed elsewhere",
    `${work.row.name} was changed in another tab or browser while you worked on it. Whose is kept?`,
    [
      { text: "Keep mine", value: "mine", key: "m" },
      { text: "Take theirs", value: "theirs", key: "t" },
    ],
  );
}
