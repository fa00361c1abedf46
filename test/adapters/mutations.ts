/** Events bent at random, seeded: what senders might do wrong, and what nobody should. */
import type { Stream } from '../../sim/chance.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const STRANGE: readonly ((chance: Stream) => Json)[] = [
  () => null,
  () => '',
  () => 'x'.repeat(10_000),
  () => '\u0000\uD800🙂\u202E‮‮',
  () => '__proto__',
  () => -1,
  () => 0,
  () => 1e308,
  () => Number.MAX_SAFE_INTEGER,
  () => 0.1,
  () => true,
  () => [],
  () => ({}),
  () => [[[[[[[[[[]]]]]]]]]],
  () => ({ constructor: { prototype: { kind: 'ignored' } }, toString: 'x', length: -1 }),
  () => Array.from({ length: 200 }, (_, n) => `i-${n}`),
  (chance) => nested(Math.floor(chance.between(1, 60))),
  () => 'i-00000000000000bad',
  () => 'NaN',
  () => '150%',
  () => '2026-13-45T99:99:99Z',
  () => 'eu-central-1',
  () => '999999999999',
];

const nested = (depth: number): Json => (depth === 0 ? 'deep' : { a: nested(depth - 1) });

/** The event with one to four changes, each somewhere in it. */
export function bend(event: Json, chance: Stream, others: readonly Json[]): unknown {
  let bent = structuredClone(event);
  const changes = 1 + Math.floor(chance.between(0, 4));
  for (let nth = 0; nth < changes; nth++) bent = change(bent, chance, others);
  return bent;
}

function change(root: Json, chance: Stream, others: readonly Json[]): Json {
  const pick = <T>(some: readonly T[]): T | undefined => some[Math.floor(chance.between(0, some.length))];
  const holders = objectsIn(root);
  const holder = pick(holders);
  if (holder === undefined) return strange(chance);
  const keys = Object.keys(holder);
  const key = pick(keys) ?? 'more';
  switch (Math.floor(chance.between(0, 7))) {
    case 0:
      delete holder[key];
      return root;
    case 1:
      holder[`${key}2`] = strange(chance);
      return root;
    case 2: {
      // A part of another event in its place.
      const donor = objectsIn(pick(others) ?? null).flatMap((one) => Object.values(one));
      holder[key] = structuredClone(pick(donor) ?? null);
      return root;
    }
    case 3:
      holder[key] = { [key]: holder[key] ?? null };
      return root;
    case 4:
      return chance.chance(0.05) ? strange(chance) : root;
    default:
      Object.defineProperty(holder, key, {
        value: strange(chance),
        enumerable: true,
        writable: true,
        configurable: true,
      });
      return root;
  }
}

const strange = (chance: Stream): Json =>
  (STRANGE[Math.floor(chance.between(0, STRANGE.length))] ?? STRANGE[0])?.(chance) ?? null;

/** All objects in a document, itself the first, none deeper than anybody writes one. */
function objectsIn(root: Json, depth = 0): { [key: string]: Json }[] {
  if (typeof root !== 'object' || root === null || depth > 8) return [];
  if (Array.isArray(root)) return root.slice(0, 5).flatMap((one) => objectsIn(one, depth + 1));
  return [root, ...Object.values(root).flatMap((one) => objectsIn(one, depth + 1))];
}
