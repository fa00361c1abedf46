/** Where in a document a text that is no JSON stops being it: as a path, since nobody counts characters. */

/** A snapshot has five; what has many more is none. */
const MOST_LEVELS = 8;

/** Where a text stops being JSON; its length where it only ended too early. JSON.parse says so, or leaves it to be found. */
export function brokenAt(text: string): number {
  const found = positionIn(text);
  if (found !== undefined) return found;
  let [fine, broken] = [0, text.length];
  while (broken - fine > 1) {
    const middle = Math.floor((fine + broken) / 2);
    if (positionIn(text.slice(0, middle)) === middle) fine = middle;
    else broken = middle;
  }
  return fine;
}

/** `undefined`: something in it is wrong, and JSON.parse does not say where. */
function positionIn(text: string): number | undefined {
  try {
    JSON.parse(text);
    return text.length;
  } catch (error) {
    const { message } = error as Error;
    if (/unterminated|end of JSON/i.test(message)) return text.length;
    const said = /at position (\d+)/.exec(message)?.[1];
    return said === undefined ? undefined : Number(said);
  }
}

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
  const keys = levels.map(({ key }) => String(key)).filter((key) => key !== '');
  return [...keys.slice(0, MOST_LEVELS), ...(keys.length > MOST_LEVELS ? ['…'] : [])].join('.');
}

/** Where the quote stands that ends the string begun at `start`. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at;
}
