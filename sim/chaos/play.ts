/** Plays one history and judges it. Everything depends on the history alone. */
import type { Ports } from '../../lambdas/core/ports.ts';
import { METADATA_LAGS } from '../latencies.ts';
import { PREWARMER, Stage } from '../stage.ts';
import { World } from '../world.ts';
import { Book, type Listener } from './book.ts';
import { CLUSTERS, type History, type Stimulus } from './history.ts';
import { invariants, OFF } from './invariants/index.ts';
import type { Invariant } from './invariants/invariant.ts';
import { type Around, Invocations, oneQueueAtATime, Reaper } from './invocations.ts';
import { letHappen, type Scene } from './stimuli.ts';
import { watchAccount, watchPorts } from './watch.ts';

/** Trouble is over by the seventh minute; then come what was on queues, three sweeps, and what they set off. */
const LASTS_MS = 1_560_000;

const SUBNETS = ['a', 'b'].map((zone, nth) => ({
  id: `subnet-0a1b2c3d4e5f6071${nth}`,
  vpcId: 'vpc-0a1b2c3d4e5f60718',
  zone: `eu-central-1${zone}`,
  cidr: `10.0.${nth * 2}.0/23`,
}));

/** aws-node's environment where somebody else gives nodes their addresses. */
const ALLOCATES_NOTHING = { DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true' } as const;

export interface Violation {
  readonly invariant: string;
  readonly says: string;
  readonly atMs: number;
  readonly what: string;
}

export interface Played {
  readonly violation: Violation | undefined;
  /** Calls to the outside, and where functions died. */
  readonly outsideCalls: number;
  readonly deaths: readonly string[];
  /** Mutating calls of ours. */
  readonly changes: number;
}

export interface PlayOptions {
  /** A deliberate defect between core and its ports. */
  readonly defect?: (ports: Ports, world: World) => Ports;
  /** Names of the only invariants to judge; all that are on, unless said. */
  readonly only?: readonly string[];
  /** Hears the world when all is over. */
  readonly after?: (book: Book) => void;
}

export async function play(history: History, options: PlayOptions = {}): Promise<Played> {
  const world = worldOf(history);
  const { kernel } = world;
  const invocations = new Invocations();
  const kills = history.stimuli.flatMap((one) =>
    one.kind === 'kill'
      ? { fromMs: one.atMs, untilMs: one.toMs ?? Number.POSITIVE_INFINITY, after: one.after }
      : [],
  );
  const reaper = new Reaper(kills, () => kernel.nowMs);
  const book = new Book(world, history, invocations, reaper);
  const judged = invariants().filter(({ name }) =>
    options.only === undefined ? OFF[name] === undefined : options.only.includes(name),
  );
  const judge = new Judge(judged, book);
  const slow = holdUp(history.stimuli, world);
  const alone = history.stimuli.some((one) => one.kind === 'soleAllocator');
  const policy = { budgetShare: book.share, ...(alone && { soleAllocator: true }) };
  book.stage = new Stage(world, {
    mode: 'warm',
    policy,
    policyNow: () => (book.stoppedAtMs === undefined ? policy : { ...policy, stopped: true }),
    invoke: (name, run) => invocations.run(name, run),
    wrap: (ports) => {
      book.ledger = ports.ledger;
      let wrapped = invocations.around(ports, watchPorts(book, judge.listener));
      wrapped = invocations.around(wrapped, slow);
      wrapped = oneQueueAtATime(invocations.around(wrapped, reaper.around));
      return options.defect?.(wrapped, world) ?? wrapped;
    },
  });
  watchAccount(book, judge.listener);
  const scene: Scene = { world, book, subnetIds: SUBNETS.map(({ id }) => id), nodes: new Map(), pods: 0 };
  letHappen(history.stimuli, scene);
  await kernel.run(LASTS_MS, () => judge.violation !== undefined);
  if (judge.violation === undefined) await judge.end();
  options.after?.(book);
  return {
    violation: judge.violation,
    outsideCalls: reaper.calls,
    deaths: reaper.deaths,
    changes: book.sent.length,
  };
}

/** The world before anything happens: what a history has from the beginning on is in it. */
function worldOf({ seed, stimuli }: History): World {
  const stale = stimuli.find((one) => one.kind === 'staleReads');
  const slow = stimuli.find((one) => one.kind === 'slowMetadata');
  const alone = stimuli.find((one) => one.kind === 'soleAllocator');
  const cni = (name: string) => name === alone?.cluster && { cniEnv: ALLOCATES_NOTHING };
  const world = new World({
    seed,
    cluster: CLUSTERS[0],
    ...cni(CLUSTERS[0]),
    subnets: SUBNETS,
    ...(stale !== undefined && {
      readLag: {
        callers: (name) => name === PREWARMER,
        lagMs: [
          [0, 0],
          [1, stale.lagMs],
        ],
      },
    }),
    ...(slow !== undefined && { metadataLags: { ...METADATA_LAGS, eniToImds: slow.eniMs } }),
  });
  for (const name of CLUSTERS.slice(1))
    if (stimuli.some((one) => 'cluster' in one && one.cluster === name))
      world.addCluster({ name, ...cni(name) });
  return world;
}

/** Tables that take their time, and stores that fail. */
function holdUp(stimuli: readonly Stimulus[], { kernel, chance }: World): Around {
  const spells = stimuli.filter((one) => one.kind === 'slowTables');
  const failures = stimuli.filter((one) => one.kind === 'storeFails');
  const luck = chance.stream('stores that fail');
  return async (call, send) => {
    const failure = failures.find(
      ({ atMs, toMs, port }) => port === call.port && atMs <= kernel.nowMs && kernel.nowMs < toMs,
    );
    if (failure !== undefined && luck.chance(failure.share))
      throw new Error(`${call.port}.${call.method}: the service is unavailable`);
    const spell = spells.find(({ atMs, toMs }) => atMs <= kernel.nowMs && kernel.nowMs < toMs);
    if (spell === undefined || call.port === 'vpc' || call.port === 'continuations' || call.port === 'reads')
      return send();
    await kernel.park<void>((resolve) => {
      kernel.after(spell.tookMs, () => resolve());
    });
    return send();
  };
}

/** Asks every invariant about everything that happens; the first violation is the one. */
class Judge {
  readonly listener: Listener;
  readonly #invariants: readonly Invariant[];
  readonly #book: Book;
  violation: Violation | undefined;

  constructor(all: readonly Invariant[], book: Book) {
    this.#invariants = all;
    this.#book = book;
    this.listener = {
      sends: (call) => this.#ask((one) => one.sends?.(call, book)),
      answered: (call) => this.#ask((one) => one.answered?.(call, book)),
      granted: (grant) => this.#ask((one) => one.granted?.(grant, book)),
      settled: (record) => this.#ask((one) => one.settled?.(record, book)),
    };
  }

  async end(): Promise<void> {
    for (const invariant of this.#invariants) {
      const what = await invariant.ends?.(this.#book);
      if (what !== undefined) this.#note(invariant, what);
    }
  }

  #ask(question: (invariant: Invariant) => string | undefined): void {
    for (const invariant of this.#invariants) {
      const what = question(invariant);
      if (what !== undefined) this.#note(invariant, what);
    }
  }

  #note({ name, says }: Invariant, what: string): void {
    this.violation ??= { invariant: name, says, atMs: this.#book.nowMs, what };
  }
}
