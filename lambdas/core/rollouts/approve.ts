/** A person lets a wave go. */
import type { Ports } from '../ports.ts';
import type { Ignored, WaveApproved } from '../signals.ts';
import { waveOf } from './phase.ts';

export interface WaveOpened {
  readonly rolloutId: string;
  readonly cluster: string;
  readonly wave: number;
  readonly done: 'opened';
}

export async function approveWave(
  { rolloutId, wave: meant }: WaveApproved,
  { rolloutBook, rolloutMachine, journal }: Ports,
): Promise<WaveOpened | Ignored> {
  const gone = (why: string): Ignored => ({ kind: 'ignored', as: 'gone', why });
  const record = await rolloutBook.find(rolloutId);
  if (record === undefined) return gone(`no rollout ${rolloutId} was started here`);
  const { gate } = record;
  if (gate === undefined || waveOf(record)?.wave !== gate.wave)
    return gone(`no wave of ${rolloutId} waits for anybody`);
  if (meant !== undefined && meant !== gate.wave)
    return gone(`wave ${gate.wave} of ${rolloutId} waits, not wave ${meant}`);
  if ((await rolloutMachine.open(gate.token)) === 'gone')
    return gone(`wave ${gate.wave} of ${rolloutId} no longer waits`);
  journal.note('wave opened', { rolloutId, wave: gate.wave });
  return { rolloutId, cluster: record.announced.cluster, wave: gate.wave, done: 'opened' };
}
