/** `{% … %}`: JSONata as Step Functions runs it, on the world's clock and chance. The service runs JSONata 2.0.6 and stops
 *  an expression after one second; the package here is newer and is not stopped. */
import { createHash } from 'node:crypto';
import jsonata from 'jsonata';
import { Chance, type Stream } from '../chance.ts';
import { queryError } from './errors.ts';

const EXPRESSION = /^\{%([\s\S]*)%\}$/;

export const isExpression = (value: unknown): value is `{%${string}%}` =>
  typeof value === 'string' && EXPRESSION.test(value);

const compiled = new Map<string, jsonata.Expression>();

/** The expression inside the brackets, compiled once. Throws what the parser says. */
export function compile(text: string): jsonata.Expression {
  const source = EXPRESSION.exec(text)?.[1]?.trim() ?? text;
  let expression = compiled.get(source);
  if (!expression) {
    expression = jsonata(source);
    compiled.set(source, expression);
  }
  return expression;
}

/** `$states` and the variables in force, by name without the dollar. */
export type Bindings = Readonly<Record<string, unknown>>;

export class Expressions {
  readonly #helpers: Bindings;

  /** `epochMs` is the wall clock's time at virtual zero. */
  constructor({ stream, nowMs }: { stream: Stream; nowMs: () => number }) {
    this.#helpers = {
      partition: (array: unknown[], size: number) =>
        range(0, array.length - 1, size).map((start) => array.slice(start, start + size)),
      range,
      hash: (data: string, algorithm: string) =>
        createHash(String(algorithm).replace('-', '').toLowerCase()).update(data).digest('hex'),
      random: (seed?: number) =>
        seed === undefined ? stream.next() : new Chance(seed).stream('$random').next(),
      uuid: () => uuid(stream),
      parse: (text: string) => JSON.parse(text),
      eval: () => {
        throw new Error('$eval is not supported by Step Functions; use $parse');
      },
      // JSONata's own, which would ask this machine's clock and dice.
      millis: nowMs,
      now: (picture?: string, zone?: string) =>
        picture === undefined
          ? new Date(nowMs()).toISOString()
          : compile('$fromMillis($at, $picture, $zone)').evaluate(undefined, { at: nowMs(), picture, zone }),
      shuffle: (array: unknown[]) =>
        array
          .map((item) => ({ item, place: stream.next() }))
          .sort((a, b) => a.place - b.place)
          .map(({ item }) => item),
    };
  }

  /** `template` with every expression in it replaced by its value. `field` names the place in complaints. */
  async evaluate(template: unknown, field: string, bindings: Bindings): Promise<unknown> {
    if (isExpression(template)) return this.#value(template, field, bindings);
    if (Array.isArray(template))
      return Promise.all(template.map((item, i) => this.evaluate(item, `${field}[${i}]`, bindings)));
    if (typeof template !== 'object' || template === null) return template;
    const entries = Object.entries(template).map(
      async ([key, value]) => [key, await this.evaluate(value, `${field}/${key}`, bindings)] as const,
    );
    return Object.fromEntries(await Promise.all(entries));
  }

  async #value(text: string, field: string, bindings: Bindings): Promise<unknown> {
    let json: string | undefined;
    try {
      // No input: `$` alone means nothing in a state machine. As JSON: sequences become plain arrays, functions an error.
      const value: unknown = await compile(text).evaluate(undefined, { ...this.#helpers, ...bindings });
      json = JSON.stringify(value);
    } catch (error) {
      const { message } = error as { message?: string };
      throw queryError(`The JSONata expression '${text}' of field '${field}' failed: ${message}`);
    }
    if (json === undefined)
      throw queryError(`The JSONata expression '${text}' of field '${field}' returned nothing (undefined).`);
    return JSON.parse(json);
  }
}

function range(first: number, last: number, step: number): number[] {
  if (!(Math.abs(step) >= 1)) throw new Error(`a step of at least 1 was expected, got ${step}`);
  const numbers: number[] = [];
  for (let n = first; step > 0 ? n <= last : n >= last; n += step) numbers.push(n);
  return numbers;
}

/** Version 4, from the world's dice. */
export function uuid(stream: Stream): string {
  const variant = stream.pick(['8', '9', 'a', 'b']);
  return [
    stream.hex(8),
    stream.hex(4),
    `4${stream.hex(3)}`,
    `${variant}${stream.hex(3)}`,
    stream.hex(12),
  ].join('-');
}
