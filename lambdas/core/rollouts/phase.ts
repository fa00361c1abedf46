/** What the phases of a batched rollout have in common: what they are asked, what they answer, and the record between them. */
import type { Ports, RolloutEvent } from '../ports.ts';
import { RolloutChanged, RolloutUnknown } from './errors.ts';
import { shortestWaitMs } from './history.ts';
import { podsInAll, type RolloutRecord, replicasAt, type Stop, type WaveRecord, waveSize } from './record.ts';

/** What a state of the machine hands to its function. */
export interface Phase {
  readonly rolloutId: string;
}

/** Where the machine goes next. */
export type Next =
  | { readonly go: 'plan' | 'warm' | 'verify' | 'advance' | 'done' }
  /** The same phase again, after a while. */
  | { readonly go: 'wait'; readonly waitMs: number }
  /** The next wave, once what this one took is there again. */
  | { readonly go: 'settle'; readonly waitMs: number }
  /** Somebody has to let the wave go first, within this time. */
  | { readonly go: 'hold'; readonly holdSeconds: number }
  | { readonly go: 'report'; readonly stop?: Stop };

export const stopFor = (cause: string, remedy: string): Next => ({ go: 'report', stop: { cause, remedy } });

export async function readRollout({ rolloutId }: Phase, { rolloutBook }: Ports): Promise<RolloutRecord> {
  const record = await rolloutBook.find(rolloutId);
  if (record === undefined) throw new RolloutUnknown(`no rollout ${rolloutId} was started here`);
  return record;
}

/** The wave under way, with the record; `undefined` when there is none. */
export const waveOf = ({ waves }: RolloutRecord): WaveRecord | undefined => {
  const last = waves.at(-1);
  return last?.settledAtMs === undefined ? last : undefined;
};

/** The record of a rollout that goes on, whether or not it had been stopped. */
export const goingOn = ({ stopped: _, stoppedAtRedrive: __, ...record }: RolloutRecord): RolloutRecord => ({
  ...record,
  state: 'running',
});

/** Writes the record with the wave under way as it is now. Whoever writes runs: a rollout that had been stopped goes on. */
export const keepWave = (record: RolloutRecord, wave: WaveRecord, ports: Ports): Promise<RolloutRecord> =>
  keep({ ...goingOn(record), waves: [...record.waves.slice(0, -1), wave] }, ports);

export async function keep(record: RolloutRecord, { rolloutBook }: Ports): Promise<RolloutRecord> {
  const kept = await rolloutBook.keep(record);
  if (kept === undefined) throw new RolloutChanged(`${record.rolloutId} was changed by another run`);
  return kept;
}

/** The same phase again in a while. What is waited for is told when it changes. */
export async function waitFor(
  waitsFor: string,
  waitMs: number,
  record: RolloutRecord,
  wave: WaveRecord,
  ports: Ports,
): Promise<Next> {
  const { clock, journal } = ports;
  const least = shortestWaitMs(record.rounds, clock(), record.deadlineMs);
  const waited = { ...record, rounds: record.rounds + 1 };
  await keepWave(waited, { ...wave, waitsFor }, ports);
  journal.measure(
    {
      RolloutPodsLeft: podsInAll(record.announced) - record.releasedPods,
      // A wave that waits for its own time has not begun to.
      WaveWaited: Math.max(0, clock() - wave.sinceMs),
    },
    { cluster: record.announced.cluster },
  );
  if (wave.waitsFor !== waitsFor) {
    journal.note('rollout waits', { rolloutId: record.rolloutId, wave: wave.wave, waitsFor });
    await tell('Rollout Progress', record, wave, { waitsFor }, ports);
  }
  return { go: 'wait', waitMs: Math.max(waitMs, least) };
}

/** Puts an event on the bus for whoever follows. One that is not taken costs nobody anything but its news. */
export async function tell(
  event: RolloutEvent,
  record: RolloutRecord,
  wave: WaveRecord | undefined,
  facts: Readonly<Record<string, unknown>>,
  ports: Ports,
): Promise<void> {
  try {
    await ports.bus.put(event, eventOf(record, wave, facts));
  } catch (error) {
    ports.journal.warn('event not put', { event, rolloutId: record.rolloutId, message: String(error) });
  }
}

/** The detail of our events: which rollout, how far, and what else there is to say. */
export function eventOf(
  { rolloutId, announced, releasedPods }: RolloutRecord,
  wave: WaveRecord | undefined,
  facts: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { cluster, announcementId, workload } = announced;
  const [inAll, size] = [podsInAll(announced), waveSize(announced)];
  return {
    ...{ rolloutId, announcementId, cluster, workload },
    pods: { released: releasedPods, of: inAll },
    replicas: replicasAt(announced, releasedPods),
    ...(wave !== undefined && { wave: wave.wave }),
    // A wave that had to be smaller makes for more.
    ...(wave !== undefined && size !== undefined && { ofWaves: Math.ceil(inAll / size) }),
    ...facts,
  };
}
