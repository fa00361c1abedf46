/** DynamoDB's request units for what the functions ask of their stores: the simulator keeps those in memory, so the calls are
 *  counted where core makes them, and sized as adapters/dynamo-*.ts write them. */
import { gzipSync } from 'node:zlib';
import type { Ports } from '../lambdas/core/ports.ts';
import type { Port } from '../sim/chaos/invocations.ts';

export interface Units {
  readonly reads: number;
  readonly writes: number;
}

/** Source: DynamoDB Developer Guide, on-demand capacity: a strongly consistent read of up to 4 KB, a write of up to 1 KB. A
 *  conditional write that fails is paid for like one that does not, a read of nothing like a read of something. */
const READ_BYTES = 4_096;
const WRITE_BYTES = 1_024;
/** Keys, lease and expiry of an item, beside what it is about. */
const KEYS_BYTES = 150;
/** The budget's one item: seven actions, lanes, and runs in flight. */
const BUDGET_BYTES = 2_000;
/** Whose turn it is to read, of a burst. */
const TURNS_BYTES = 1_000;
/** What a node group taught: up to 50 samples of three kinds, some 80 bytes each. */
const LESSON_BYTES = 3 * 50 * 80;

const NOTHING: Units = { reads: 0, writes: 0 };

/** Text as JSON has it: names of attributes and values, a little more than DynamoDB counts. */
function bytesOf(value: unknown): number {
  if (value instanceof Map) return bytesOf(Object.fromEntries(value));
  return value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value));
}
const read = (bytes: number): Units => ({ reads: Math.max(1, Math.ceil(bytes / READ_BYTES)), writes: 0 });
const write = (bytes: number): Units => ({
  reads: 0,
  writes: Math.max(1, Math.ceil((bytes + KEYS_BYTES) / WRITE_BYTES)),
});
const both = (bytes: number): Units => ({ ...read(bytes), writes: write(bytes).writes });
const sum = (all: readonly Units[]): Units =>
  all.reduce((a, b) => ({ reads: a.reads + b.reads, writes: a.writes + b.writes }), NOTHING);

type Stores = Pick<Ports, 'ledger' | 'budget' | 'reads' | 'rolloutBook'>;
type Call = { [P in keyof Stores]: `${P}.${Extract<keyof Stores[P], string>}` }[keyof Stores];
type Cost = (args: readonly unknown[], answer: unknown) => Units;

const readsAnswer: Cost = (_, answer) => read(bytesOf(answer));
const writesFirst: Cost = ([first]) => write(bytesOf(first));
const writesSecond: Cost = ([, second]) => write(bytesOf(second));
const writesEach: Cost = ([records]) => sum((records as unknown[]).map((record) => write(bytesOf(record))));

/** By what is called; the compiler misses none. */
const COSTS: { readonly [C in Call]: Cost } = {
  'ledger.announce': writesFirst,
  'ledger.openDemand': readsAnswer,
  'ledger.claim': writesFirst,
  'ledger.lease': ([nodes], answer) => {
    const leased = answer as ReadonlyMap<string, unknown>;
    return sum((nodes as { nodeId: string }[]).map(({ nodeId }) => write(bytesOf(leased.get(nodeId)))));
  },
  'ledger.intend': writesEach,
  'ledger.release': writesEach,
  'ledger.nodes': ([ids], answer) => {
    const found = answer as ReadonlyMap<string, unknown>;
    return sum((ids as string[]).map((id) => read(bytesOf(found.get(id)))));
  },
  'ledger.sights': readsAnswer,
  'ledger.saw': writesSecond,
  'ledger.suspects': readsAnswer,
  'ledger.suspect': writesSecond,
  'ledger.marks': readsAnswer,
  'ledger.mark': writesFirst,
  'ledger.lessons': readsAnswer,
  'ledger.learn': ([, samples]) =>
    sum([...(samples as ReadonlyMap<string, unknown>).keys()].map(() => both(LESSON_BYTES))),
  'budget.spend': () => both(BUDGET_BYTES),
  'budget.report': () => both(BUDGET_BYTES),
  'budget.standing': () => read(BUDGET_BYTES),
  'reads.last': (_, answer) => read(packed(answer)),
  'reads.turn': () => both(TURNS_BYTES),
  'reads.share': ([first]) => write(packed(first)),
  'rolloutBook.find': readsAnswer,
  'rolloutBook.keep': writesFirst,
  'rolloutBook.readiness': readsAnswer,
  'rolloutBook.say': writesFirst,
};

/** What one call through a port costs in units: nothing where it goes elsewhere than to a table. */
export function unitsOf(port: Port, method: string, args: readonly unknown[], answer: unknown): Units {
  const call = `${port}.${method}`;
  return Object.hasOwn(COSTS, call) ? COSTS[call as Call](args, answer) : NOTHING;
}

const packed = (value: unknown): number =>
  value === undefined ? 0 : gzipSync(JSON.stringify(value)).byteLength;
