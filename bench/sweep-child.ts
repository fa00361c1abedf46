/** The process the built sweep runs in, as Lambda would run it: nothing else is loaded, so that its peak memory is its own. */
export interface SweepRun {
  readonly answer: unknown;
  readonly seconds: number;
  /** Of the whole process, as Lambda counts it. */
  readonly peakMegabytes: number;
}

const { handler } = await import(process.argv[2] ?? '');
const from = performance.now();
const answer: unknown = await handler({});
const run: SweepRun = {
  answer,
  seconds: (performance.now() - from) / 1000,
  peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
};
process.send?.(run, () => process.exit());
