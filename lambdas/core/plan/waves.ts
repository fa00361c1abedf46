/** Pacing: pods per wave and the time between waves that let every pod find an address without any EC2 call. */
export interface Pacing {
  readonly pods: number;
  readonly podsPerWave: number;
  readonly waves: number;
  readonly everyMs: number;
  /** From the first wave to the last one's start. */
  readonly totalMs: number;
  readonly because: string;
}

/**
 * Waves for pods that replace others on nodes that cannot grow. A wave may take only the addresses that are free and not
 * cooling; those it gives back are usable again after the old pods ended (at most the termination grace) and cooled.
 * `undefined` when not one pod fits: then only more nodes or fewer pods help.
 */
export function paceReplacement(ask: {
  readonly pods: number;
  readonly freeAddresses: number;
  readonly terminationGraceMs: number;
  readonly ipCooldownMs: number;
}): Pacing | undefined {
  const podsPerWave = Math.min(ask.pods, ask.freeAddresses);
  if (podsPerWave < 1) return undefined;
  const waves = Math.ceil(ask.pods / podsPerWave);
  const everyMs = ask.terminationGraceMs + ask.ipCooldownMs;
  return {
    pods: ask.pods,
    podsPerWave,
    waves,
    everyMs,
    totalMs: (waves - 1) * everyMs,
    because: `${ask.freeAddresses} addresses are free; each one given back is usable again after ${everyMs / 1000} s`,
  };
}
