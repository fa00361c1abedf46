import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SlotIndex } from '../../sim/cluster/slots.ts';

test('whatever changes, the emptiest and the fullest node are those a look at all of them would find', () => {
  const change = fc.record({ node: fc.nat(6), free: fc.nat(5) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const index = new SlotIndex<number>();
      const free = new Map<number, number>();
      for (const each of changes) {
        index.set(each.node, each.free);
        // A node counts from when it first had a slot: its place among equals is of that time.
        if (each.free > 0 || free.has(each.node)) free.set(each.node, each.free);
        const open = [...free].filter(([, slots]) => slots > 0);
        const by = (better: (a: number, b: number) => boolean): number | undefined => {
          let best: readonly [number, number] | undefined;
          for (const entry of open) if (best === undefined || better(entry[1], best[1])) best = entry;
          return best?.[0];
        };
        expect(index.emptiest()).toBe(by((a, b) => a > b));
        expect(index.fullest()).toBe(by((a, b) => a < b));
      }
    }),
    { seed: 1, numRuns: 300 },
  );
});
