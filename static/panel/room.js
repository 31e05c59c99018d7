/**
 * Room for the panel: the app's document ends before it, and so does what the app has fixed to the window, which does not
 * care where the document ends. All of it is given back.
 */
import { guarded, natives } from "../recorder/natives.js";

/** How long to wait for more of what an app adds at once. */
const ADDED_MS = 50;

/** @typedef {[HTMLElement, string, string, string]} Changed_ an element, a property, its value before and its priority */

export class Room {
  constructor() {
    /** @type {Changed_[]} */
    this.changed = [];
    /** @type {Set<Element>} */
    this.moved = new Set();
    /** @type {MutationObserver | null} */
    this.observer = null;
    this.isLooking = false;
    this.isRight = true;
    this.size = 0;
    this.hadStyle = true;
  }

  /**
   * @param {boolean} isRight at the right, else at the bottom
   * @param {number} size in px
   */
  take(isRight, size) {
    this.giveBack();
    this.isRight = isRight;
    this.size = size;
    const root = document.documentElement;
    this.hadStyle = root.hasAttribute("style");
    this.change(root, isRight ? "margin-right" : "margin-bottom", `${size}px`);
    this.look(root);
    this.observer = new natives.MutationObserver(
      guarded((records) => {
        const isNew = records.some((record) => record.type === "attributes" || record.addedNodes.length);
        if (!isNew || this.isLooking) return;
        this.isLooking = true;
        natives.setTimeout(
          guarded(() => {
            this.isLooking = false;
            if (this.observer) this.look(root);
          }),
          ADDED_MS,
        );
      }),
    );
    this.observer.observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ["class", "open"] });
  }

  /** @param {Element} within */
  look(within) {
    for (const element of within.querySelectorAll("*")) {
      if (!(element instanceof HTMLElement) || this.moved.has(element) || element.hasAttribute("data-api-recorder-panel")) continue;
      const { position } = getComputedStyle(element);
      if (position === "fixed") this.move(element);
    }
  }

  /** @param {HTMLElement} element fixed to the window */
  move(element) {
    const box = element.getBoundingClientRect();
    const limit = (this.isRight ? innerWidth : innerHeight) - this.size;
    const [start, end] = this.isRight ? [box.left, box.right] : [box.top, box.bottom];
    if (end <= limit || start >= (this.isRight ? innerWidth : innerHeight)) return;
    this.moved.add(element);
    // What spans the window is made smaller, what lies at its edge is moved.
    if (start < end - limit) this.change(element, this.isRight ? "max-width" : "max-height", `${Math.max(0, limit - Math.max(0, start))}px`);
    else this.change(element, "translate", this.isRight ? `${limit - end}px` : `0 ${limit - end}px`);
  }

  /**
   * @param {HTMLElement} element
   * @param {string} property
   * @param {string} value
   */
  change(element, property, value) {
    this.changed.push([element, property, element.style.getPropertyValue(property), element.style.getPropertyPriority(property)]);
    element.style.setProperty(property, value, "important");
  }

  giveBack() {
    this.observer?.disconnect();
    this.observer = null;
    for (const [element, property, value, priority] of this.changed.splice(0)) {
      if (value) element.style.setProperty(property, value, priority);
      else element.style.removeProperty(property);
      const isOurs = element === document.documentElement ? !this.hadStyle : true;
      if (isOurs && element.getAttribute("style") === "") element.removeAttribute("style");
    }
    this.moved.clear();
  }
}
