/** The XML EC2 writes: elements without attributes, lists as `<item>` elements. */

/** `undefined` leaves the element out; an empty list is an empty element. */
export type Xml = string | number | boolean | undefined | readonly Xml[] | { readonly [name: string]: Xml };

export function element(name: string, content: Xml): string {
  if (content === undefined) return '';
  return `<${name}>${inner(content)}</${name}>`;
}

export function inner(content: Xml): string {
  if (Array.isArray(content)) return content.map((item: Xml) => element('item', item)).join('');
  if (typeof content === 'object') {
    return Object.entries(content)
      .map(([name, value]) => element(name, value))
      .join('');
  }
  return escaped(String(content));
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
