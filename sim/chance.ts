/**
 * Chance from a seed. Every actor draws from a stream of its own, named after it (`chance.stream('node i-3 boot')`), so
 * that what one actor does never shifts what another one draws: two policies on one seed meet the same boots.
 */
export interface Stream {
  /** In [0, 1). */
  next(): number;
  between(low: number, high: number): number;
  /** Whole milliseconds drawn from a distribution given by its quantiles. */
  from(quantiles: Quantiles): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** `length` lower-case hexadecimal digits: ids as AWS shapes them. */
  hex(length: number): string;
}

/** A distribution as points [probability, value], ascending, joined by straight lines; the first has probability 0, the
 *  last 1. The source of the figures belongs beside each use. */
export type Quantiles = readonly (readonly [probability: number, value: number])[];

export class Chance {
  readonly seed: number;
  constructor(seed: number) {
    this.seed = seed;
  }

  stream(name: string): Stream {
    let state = hash(`${this.seed}/${name}`);
    const next = (): number => {
      // mulberry32: 32 bits of state, passes the usual small tests, and needs no library to be the same everywhere.
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    return {
      next,
      between: (low, high) => low + next() * (high - low),
      from: (quantiles) => Math.round(quantile(quantiles, next())),
      chance: (probability) => next() < probability,
      pick: <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T,
      hex: (length) => {
        let text = '';
        while (text.length < length) text += Math.floor(next() * 16).toString(16);
        return text;
      },
    };
  }
}

/** The value below which a share `p` of the distribution lies. */
export function quantile(quantiles: Quantiles, p: number): number {
  let [fromP, fromValue] = quantiles[0] ?? [0, 0];
  for (const [toP, toValue] of quantiles) {
    if (p <= toP && toP > fromP) return fromValue + ((toValue - fromValue) * (p - fromP)) / (toP - fromP);
    [fromP, fromValue] = [toP, toValue];
  }
  return fromValue;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value | 0;
}
