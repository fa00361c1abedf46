/** Hold wave: its addresses are there, and somebody has to let it go. The machine waits without any function running. */
import type { Ports } from '../ports.ts';
import { NotHeld, RolloutUnknown } from './errors.ts';
import { eventOf, keep, type Phase, readRollout, waveOf } from './phase.ts';
import { readyFacts } from './verify.ts';

export interface HoldPhase extends Phase {
  /** Step Functions' task token: whoever sends it back lets the wave go. */
  readonly token: string;
}

/** Tells who waits, once more with each try: every try has a token of its own, and only the last one counts. */
export async function holdWave(phase: HoldPhase, ports: Ports): Promise<void> {
  try {
    await hold(phase, ports);
  } catch (error) {
    if (error instanceof RolloutUnknown) throw error;
    throw new NotHeld(String(error), { cause: error });
  }
}

async function hold({ token, ...phase }: HoldPhase, ports: Ports): Promise<void> {
  const record = await readRollout(phase, ports);
  const wave = waveOf(record);
  if (wave === undefined) return;
  const { gate } = record.announced.waves;
  // Kept first: nobody can approve what cannot be answered.
  const kept = await keep({ ...record, gate: { wave: wave.wave, token } }, ports);
  const facts = { ...readyFacts(wave, gate), ...(gate === 'callback' && { taskToken: token }) };
  await ports.bus.put('Wave Ready', eventOf(kept, wave, facts));
  ports.journal.note('wave held', { rolloutId: record.rolloutId, wave: wave.wave, gate });
}
