/** The XML that AWS's query protocols write: elements without attributes; a list is a row of elements of one name, `item`
 *  in EC2 and `member` everywhere else. */

/** `undefined` leaves the element out; an empty list is an empty element. */
export type Xml = string | number | boolean | undefined | readonly Xml[] | { readonly [name: string]: Xml };

type ListItem = 'item' | 'member';

export function element(name: string, content: Xml, listItem: ListItem = 'item'): string {
  if (content === undefined) return '';
  return `<${name}>${inner(content, listItem)}</${name}>`;
}

export function inner(content: Xml, listItem: ListItem = 'item'): string {
  if (Array.isArray(content)) return content.map((one: Xml) => element(listItem, one, listItem)).join('');
  if (typeof content === 'object') {
    return Object.entries(content)
      .map(([name, value]) => element(name, value, listItem))
      .join('');
  }
  return escaped(String(content));
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
