// Builds elements. Text always goes in as text nodes, never as HTML.

/** What may stand inside an element; null and false stand for nothing. */
export type Child = Node | string | null | false;

/** Attributes by name; false leaves one out, true gives it no value. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Makes an HTML element with attributes and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  fill(element, ...children);
  return element;
}

/** Replaces an element's children. */
export function fill(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren(...children.filter((c): c is Node | string => c !== null && c !== false));
}

/** Sets an element's text, and leaves the page alone if it is that already. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Finds an element of the page that its HTML is known to have. */
export function find<E extends Element>(id: string, type: new () => E): E {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return element;
}
