/** The process the built on-signal runs in, as Lambda would run it: a first invocation, and one on the same environment. */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { peakMegabytes } from './peak-memory.ts';

export interface SignalRun {
  /** From the event to the first request to EC2, ms: cold with loading the code, then warm. */
  readonly firstCallMs: readonly number[];
  /** Until the answer, s. */
  readonly seconds: readonly number[];
  /** Messages that stay on the queue. */
  readonly failed: readonly number[];
  /** Of the whole process, as Lambda counts it. */
  readonly peakMegabytes: number;
}

/** EC2 alone is asked by forms: the other services speak JSON. */
let ec2AskedAtMs: number | undefined;
const send = http.request;
http.request = ((...args: Parameters<typeof send>) => {
  const [options] = args as unknown as [{ readonly headers?: Readonly<Record<string, string>> }];
  if (options.headers?.['content-type']?.startsWith('application/x-www-form-urlencoded') === true)
    ec2AskedAtMs ??= performance.now();
  return send(...args);
}) as typeof send;

const [file = '', ...events] = process.argv.slice(2);
const firstCallMs: number[] = [];
const seconds: number[] = [];
const failed: number[] = [];
for (const event of events) {
  ec2AskedAtMs = undefined;
  const from = performance.now();
  const { handler } = await import(file);
  const answer: { readonly batchItemFailures: readonly unknown[] } = await handler(
    JSON.parse(readFileSync(event, 'utf8')),
  );
  firstCallMs.push(Math.round((ec2AskedAtMs ?? Number.NaN) - from));
  seconds.push((performance.now() - from) / 1000);
  failed.push(answer.batchItemFailures.length);
}
const run: SignalRun = {
  firstCallMs,
  seconds,
  failed,
  peakMegabytes: peakMegabytes(),
};
process.send?.(run, () => process.exit(0));
