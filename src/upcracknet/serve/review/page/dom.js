// Small helpers for the page's elements.

/** Find the element of an id. */
export const find = (id) => document.getElementById(id);

/**
 * Make an element. Texts are set as texts, so that no name of a file can become part of the page.
 *
 * Attributes that are true are set without a value; false, null and undefined are left out; "onclick" and
 * the like take a function.
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null && child !== false));
  return made;
}

/** Say a text to those who use a screen reader. */
export function say(text) {
  find("said").textContent = text;
}

/** Draw a sign of the page's own set. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

let asked = Promise.resolve();

/**
 * Ask a question in a dialogue, once those before it are answered.
 *
 * @param {string} title of the dialogue
 * @param {string} text what it is about
 * @param {{text: string, value: string, key?: string}[]} answers the buttons, the first one first
 * @returns {Promise<string>} the value of the button; "" where the dialogue was closed
 */
export function choose(title, text, answers) {
  const answer = asked.then(() => ask(title, text, answers));
  asked = answer.catch(() => {});
  return answer;
}

function ask(title, text, answers) {
  const box = find("question");
  find("question-title").textContent = title;
  find("question-text").textContent = text;
  find("question-answers").replaceChildren(
    ...answers.map(({ text: words, value, key }) =>
      element(
        "button",
        { type: "submit", value, "data-key": key },
        key ? element("kbd", {}, key.toUpperCase()) : null,
        words,
      ),
    ),
  );
  return new Promise((resolve) => {
    box.returnValue = "";
    box.addEventListener("close", () => resolve(box.returnValue), { once: true });
    box.showModal();
  });
}

/** Let the keys on the buttons of a dialogue press them. */
export function listenToAnswers() {
  find("question").addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const button = find("question-answers").querySelector(
      `[data-key="${CSS.escape(event.key.toLowerCase())}"]`,
    );
    if (button) {
      event.preventDefault();
      button.click();
    }
  });
}
