import { describe, expect, test } from 'vitest';
import { CLOSED, heldUpMs, letThrough, troubled } from '../../lambdas/core/budget/circuit.ts';
import { NOW_MS } from './fixtures.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** A circuit as a story. Seconds from the start. */
function aCircuit() {
  let circuit = CLOSED;
  const ms = (seconds: number): number => NOW_MS + seconds * SECOND;
  return {
    grant(seconds: number, calls: number) {
      expect(heldUpMs(circuit, ms(seconds))).toBe(0);
      circuit = letThrough(circuit, calls, ms(seconds));
    },
    fail(seconds: number, troubles: number, notMade = 0) {
      circuit = troubled(circuit, troubles, notMade, ms(seconds));
    },
    heldUpMs: (seconds: number): number => heldUpMs(circuit, ms(seconds)),
  };
}
/** One that opened at second 0. */
function anOpenCircuit() {
  const circuit = aCircuit();
  circuit.grant(0, 10);
  circuit.fail(0, 10);
  return circuit;
}

describe('a closed circuit', () => {
  test('opens for a minute when most of at least ten calls failed', () => {
    const circuit = aCircuit();
    circuit.grant(0, 12);
    circuit.fail(5, 6);
    expect(circuit.heldUpMs(5)).toBe(0);
    circuit.fail(5, 1);
    expect(circuit.heldUpMs(5)).toBe(MINUTE);
    expect(circuit.heldUpMs(64.999)).toBe(1);
    expect(circuit.heldUpMs(65)).toBe(0);
  });

  test('stays closed while nine calls or fewer say nothing', () => {
    const circuit = aCircuit();
    circuit.grant(0, 9);
    circuit.fail(0, 9);
    expect(circuit.heldUpMs(0)).toBe(0);
  });

  test('stays closed when four of ten calls fail for an hour', () => {
    const circuit = aCircuit();
    for (let second = 0; second < 3_600; second += 10) {
      circuit.grant(second, 10);
      circuit.fail(second + 5, 4);
      expect(circuit.heldUpMs(second + 5)).toBe(0);
    }
  });

  test('old calls do not count: an hour of success does not hide that all of a minute’s calls fail', () => {
    const circuit = aCircuit();
    for (let second = 0; second < 3_600; second += 10) circuit.grant(second, 10);
    let second = 3_600;
    for (; circuit.heldUpMs(second) === 0 && second < 3_700; second += 10) {
      circuit.grant(second, 10);
      circuit.fail(second, 10);
    }
    expect(second).toBeLessThanOrEqual(3_600 + 60);
    expect(circuit.heldUpMs(second)).toBeGreaterThan(0);
  });

  test('calls that a failed one made pointless are no successes', () => {
    const circuit = aCircuit();
    // Ten ENIs of three calls each, and every create fails.
    circuit.grant(0, 30);
    circuit.fail(5, 10, 20);
    expect(circuit.heldUpMs(5)).toBe(MINUTE);
  });
});

describe('an open circuit', () => {
  test('after its minute one ask is a trial; all others wait for its end', () => {
    const circuit = anOpenCircuit();
    circuit.grant(60, 3);
    expect(circuit.heldUpMs(60)).toBe(30 * SECOND);
    expect(circuit.heldUpMs(89)).toBe(SECOND);
  });

  test('no trouble heard of the trial closes it: everybody may ask, and old troubles are forgotten', () => {
    const circuit = anOpenCircuit();
    circuit.grant(60, 3);
    circuit.grant(90, 7);
    circuit.fail(90, 7);
    circuit.grant(90, 20);
    expect(circuit.heldUpMs(90)).toBe(0);
  });

  test('another trouble opens it for twice as long, up to ten minutes', () => {
    const circuit = anOpenCircuit();
    let second = 60;
    const heldUp = Array.from({ length: 6 }, () => {
      circuit.grant(second, 3);
      circuit.fail(second + 8, 1);
      const ms = circuit.heldUpMs(second + 8);
      second += 8 + ms / SECOND;
      return ms / MINUTE;
    });
    expect(heldUp).toEqual([2, 4, 8, 10, 10, 10]);
  });

  test('troubles of calls that were granted before it opened prolong nothing', () => {
    const circuit = anOpenCircuit();
    circuit.fail(20, 5);
    expect(circuit.heldUpMs(20)).toBe(40 * SECOND);
    circuit.fail(60, 5);
    expect(circuit.heldUpMs(60)).toBe(0);
  });

  test('once closed by a trial it opens for a minute again, not for longer', () => {
    const circuit = anOpenCircuit();
    circuit.grant(60, 3);
    circuit.fail(61, 1);
    circuit.grant(181, 3);
    circuit.grant(211, 10);
    circuit.fail(212, 10);
    expect(circuit.heldUpMs(212)).toBe(MINUTE);
  });
});
