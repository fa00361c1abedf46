/** Where in a document a text that is no JSON stops being it: as a path, since nobody counts characters. */

interface Level {
  /** The key or index that is being read. */
  key: string | number;
  /** Of an object: a key comes next. */
  expectsKey: boolean;
}

/** The path of what stands at `position` of a JSON text, for example `nodes.12.enis.0.subnetId`. */
export function pathAt(json: string, position: number): string {
  const levels: Level[] = [];
  for (let at = 0; at < position; at++) {
    const level = levels.at(-1);
    switch (json[at]) {
      case '{':
        levels.push({ key: '', expectsKey: true });
        break;
      case '[':
        levels.push({ key: 0, expectsKey: false });
        break;
      case '}':
      case ']':
        levels.pop();
        break;
      case ',':
        if (typeof level?.key === 'number') level.key++;
        else if (level !== undefined) {
          level.expectsKey = true;
          level.key = '';
        }
        break;
      case '"': {
        const end = endOfString(json, at);
        if (level?.expectsKey && end < position) {
          level.key = json.slice(at + 1, end);
          level.expectsKey = false;
        }
        at = end;
      }
    }
  }
  return levels
    .map(({ key }) => String(key))
    .filter((key) => key !== '')
    .join('.');
}

/** Where the quote stands that ends the string begun at `start`. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at;
}
