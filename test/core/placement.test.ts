import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Slots, spread } from '../../lambdas/core/plan/placement.ts';

const slots = fc
  .array(fc.nat(60), { maxLength: 12 })
  .map((free) => free.map((freePods, index): Slots => ({ nodeId: `i-${index}`, freePods })));

const sum = (placed: ReadonlyMap<string, number>): number => [...placed.values()].reduce((a, b) => a + b, 0);

describe('spread: the node with most room is filled first, until all are level', () => {
  test.each([
    [0, [5, 5], [0, 0], 0],
    [4, [5, 1], [4, 0], 0],
    [5, [5, 1], [5, 0], 0],
    [6, [5, 1], [5, 1], 0],
    [9, [5, 1], [5, 1], 3],
    [3, [4, 4, 4], [1, 1, 1], 0],
    [4, [4, 4, 4], [2, 1, 1], 0],
    [3, [], [], 3],
  ])('%i pods on nodes with %j free: %j, %i unplaced', (pods, free, expected, unplaced) => {
    const answer = spread(
      pods,
      free.map((freePods, index) => ({ nodeId: `i-${index}`, freePods })),
    );
    expect(free.map((_, index) => answer.placed.get(`i-${index}`))).toEqual(expected);
    expect(answer.unplaced).toBe(unplaced);
  });
});

describe('for any nodes and any pods', () => {
  test('every pod is placed or unplaced, none twice, no node above its slots, none left over while there is room', () => {
    fc.assert(
      fc.property(fc.nat(400), slots, (pods, nodes) => {
        const { placed, unplaced } = spread(pods, nodes);
        expect(sum(placed) + unplaced).toBe(pods);
        for (const { nodeId, freePods } of nodes) {
          expect(placed.get(nodeId)).toBeGreaterThanOrEqual(0);
          expect(placed.get(nodeId)).toBeLessThanOrEqual(freePods);
        }
        const room = nodes.reduce((all, { freePods }) => all + freePods, 0);
        expect(unplaced).toBe(Math.max(0, pods - room));
      }),
    );
  });

  test('nodes that took a pod end within one slot of each other, and above none that took nothing', () => {
    fc.assert(
      fc.property(fc.nat(400), slots, (pods, nodes) => {
        const { placed } = spread(pods, nodes);
        const after = nodes.map(({ nodeId, freePods }) => ({
          taken: placed.get(nodeId) ?? 0,
          left: freePods - (placed.get(nodeId) ?? 0),
        }));
        const most = Math.max(0, ...after.map(({ left }) => left));
        for (const { taken, left } of after) if (taken > 0) expect(left).toBeGreaterThanOrEqual(most - 1);
      }),
    );
  });

  test('one pod more takes nothing from anybody', () => {
    fc.assert(
      fc.property(fc.nat(400), slots, (pods, nodes) => {
        const [less, more] = [spread(pods, nodes), spread(pods + 1, nodes)];
        for (const { nodeId } of nodes)
          expect(more.placed.get(nodeId)).toBeGreaterThanOrEqual(less.placed.get(nodeId) ?? 0);
        expect(more.unplaced).toBeGreaterThanOrEqual(less.unplaced);
      }),
    );
  });

  test('the order in which EC2 lists the nodes makes no difference', () => {
    fc.assert(
      fc.property(fc.nat(400), slots, fc.infiniteStream(fc.nat()), (pods, nodes, random) => {
        const shuffled = nodes
          .map((node) => ({ node, at: random.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ node }) => node);
        const [one, other] = [spread(pods, nodes), spread(pods, shuffled)];
        for (const { nodeId } of nodes) expect(other.placed.get(nodeId)).toBe(one.placed.get(nodeId));
        expect(other.unplaced).toBe(one.unplaced);
      }),
    );
  });
});
