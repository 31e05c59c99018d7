/**
 * A long row of elements in blocks, of which the browser lays out only those in sight. It looks at every block in each
 * frame: few large ones cost it next to nothing, an element each made scrolling stumble at a few hundred.
 */

/** Elements of a block, until some come in between. */
const SIZE = 25;

export class Blocks {
  /**
   * @param {HTMLElement} root
   * @param {() => HTMLElement} newBlock
   * @param {number} height about how high an element is, in px
   */
  constructor(root, newBlock, height) {
    this.root = root;
    this.newBlock = newBlock;
    this.height = height;
    /** @type {HTMLElement[]} */
    this.elements = [];
  }

  /**
   * Takes `gone` elements out from `place` on, and puts others there.
   * @param {number} place
   * @param {number} gone
   * @param {HTMLElement[]} added
   */
  splice(place, gone, added = []) {
    const touched = new Set(this.elements.splice(place, gone, ...added).map((element) => take(element)));
    let last = this.elements[place - 1] ?? null;
    for (const element of added) {
      const block = this.roomAfter(last);
      touched.add(block);
      if (last?.parentElement === block) last.after(element);
      else block.prepend(element);
      last = element;
    }
    for (const block of touched) if (block) this.measure(block);
  }

  /**
   * How high a block is while it has not been laid out; one without elements goes.
   * @param {HTMLElement} block
   */
  measure(block) {
    const count = block.childElementCount;
    if (count) block.style.setProperty("contain-intrinsic-size", `auto ${count * this.height}px`);
    else block.remove();
  }

  clear() {
    this.elements = [];
    this.root.replaceChildren();
  }

  /**
   * The block that takes the next after `element`.
   * @param {HTMLElement | null} element
   */
  roomAfter(element) {
    const block = /** @type {HTMLElement | null} */ (element ? element.parentElement : this.root.firstElementChild);
    if (block && block.childElementCount < SIZE * (element === block.lastElementChild ? 1 : 2)) return block;
    const next = this.newBlock();
    if (!block || !element) {
      this.root.prepend(next);
      return next;
    }
    block.after(next);
    if (element === block.lastElementChild) return next;
    // A full block is parted where something comes in between.
    const rest = this.newBlock();
    for (let each = element.nextElementSibling; each; each = element.nextElementSibling) rest.append(each);
    next.after(rest);
    this.measure(rest);
    return next;
  }
}

/** @param {HTMLElement} element */
function take(element) {
  const block = element.parentElement;
  element.remove();
  return block;
}
