/** A file of recordings of the real ipamd: what was given, what was done to the node, what was seen. Times are whole
 *  milliseconds since the process first started. */
import { z } from 'zod';

const count = z.int().nonnegative();

/** A number seen in every run; `[lowest, highest]` over the runs; `null` when there was nothing to see; `[lowest, null]`
 *  when there was something in some runs only. */
const seen = z.union([z.number(), z.null(), z.tuple([z.number(), z.number().nullable()])]);
export type Seen = z.infer<typeof seen>;

const tags = z.record(z.string(), z.string());

const fault = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('throttle'), fromMs: count, toMs: count, action: z.string() }),
  z.object({ kind: z.literal('subnetExhausted'), fromMs: count, toMs: count }),
  z.object({ kind: z.literal('noFreePrefix'), fromMs: count, toMs: count }),
  z.object({ kind: z.literal('eniNeverInImds'), fromMs: count, toMs: count }),
]);

const stimulus = z.discriminatedUnion('do', [
  z.object({ tMs: count, do: z.literal('addPod'), pod: z.string() }),
  z.object({ tMs: count, do: z.literal('deletePod'), pod: z.string() }),
  z.object({
    tMs: count,
    do: z.literal('createAttachEni'),
    eni: z.string(),
    ips: count.optional(),
    prefixes: count.optional(),
    deviceIndex: count.optional(),
    tags: tags.optional(),
  }),
  z.object({ tMs: count, do: z.literal('assignIps'), eni: z.string(), count }),
  z.object({ tMs: count, do: z.literal('assignPrefixes'), eni: z.string(), count }),
  z.object({ tMs: count, do: z.literal('unassignIps'), eni: z.string(), count }),
  z.object({ tMs: count, do: z.literal('detachEni'), eni: z.string() }),
  z.object({ tMs: count, do: z.literal('setTag'), eni: z.string(), tags }),
  z.object({ tMs: count, do: z.literal('ipamdRestart'), downMs: count }),
]);
export type Stimulus = z.infer<typeof stimulus>;

const given = z.object({
  instanceType: z.string(),
  eniLimit: z.int().positive(),
  ipv4PerEni: z.int().positive(),
  maxPods: count,
  env: z.record(z.string(), z.string()),
  latencyMs: z.object({ ec2Call: count, attach: count, eniToImds: count, ipToImds: count }),
  kubeletRetryMs: z.int().positive(),
  containerRestartMs: count,
  subnetFreeAddresses: count,
  subnetFreePrefixes: count,
  initialEnis: z.array(z.object({ eni: z.string(), ips: count, prefixes: count.default(0) })).min(1),
  faults: z.array(fault),
});
export type Given = z.infer<typeof given>;

const oneOrMore = z.union([z.string(), z.array(z.string())]);

const call = z.object({
  tMs: seen,
  action: z.string(),
  eni: oneOrMore.optional(),
  ips: seen.optional(),
  prefixes: seen.optional(),
  what: z.string().optional(),
  attempt: z.number().optional(),
  result: z.string(),
});

const sample = z.object({
  tMs: count,
  enis: seen,
  totalIps: seen,
  prefixes: seen.optional(),
  assigned: seen,
  cooling: seen,
  waitingPods: seen,
  inEc2: z.object({ enis: seen, ips: seen, prefixes: seen.optional(), subnetFree: seen }),
  ec2CallsSoFar: seen,
});

const summary = z.object({
  failedAdds: seen,
  failedAddsMean: z.number().optional(),
  worstWaitMs: seen,
  p50WaitMs: seen,
  podsWithoutAddress: seen,
  ec2Calls: seen,
  ec2CallsMean: z.number().optional(),
  ec2CallsByAction: z.record(z.string(), seen),
  ec2ErrorsByAction: z.record(z.string(), seen),
  enisCreated: seen,
  enisFreed: seen,
  ipsReleased: seen,
  prefixesReleased: seen,
  final: z.object({
    enis: seen,
    totalIps: seen,
    prefixes: seen.optional(),
    assigned: seen,
    inEc2Enis: seen,
    inEc2Ips: seen,
    inEc2Prefixes: seen.optional(),
  }),
});

const expectation = z.object({
  readyAtMs: z.array(seen),
  processExits: seen,
  adds: z.array(
    z.object({ pod: z.string(), askedAtMs: z.array(count), failedAttempts: seen, gotAddressAtMs: seen }),
  ),
  outside: z
    .array(z.object({ tMs: count, do: z.string(), eni: z.string().optional(), result: oneOrMore }))
    .optional(),
  foreignEnis: z.array(z.object({ eni: z.string(), inStoreFromMs: seen, leftStoreAtMs: seen })).optional(),
  samples: z.array(sample),
  ec2CallsSameInEveryRun: z.boolean(),
  ec2Calls: z.array(call),
  ec2CallsCut: count.optional(),
  summary,
});
export type Expectation = z.infer<typeof expectation>;

const scenario = z.object({
  id: z.string(),
  kind: z.string(),
  title: z.string(),
  durationMs: z.int().positive(),
  given,
  when: z.array(stimulus),
  // biome-ignore lint/suspicious/noThenProperty: the files name it so, and nobody awaits a scenario.
  then: expectation,
});
export type Scenario = z.infer<typeof scenario>;

const file = z.object({ scenarios: z.array(scenario).min(1) });

/** The scenarios of a file's text, or one line that names the field, what belongs there and what is there. */
export function readRecordings(text: string): { scenarios: Scenario[] } | { complaint: string } {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    return { complaint: `the file: expected JSON, got text that is not (${(error as Error).message})` };
  }
  const parsed = file.safeParse(content);
  if (parsed.success) return { scenarios: parsed.data.scenarios };
  const issue = parsed.error.issues[0];
  const path = issue?.path ?? [];
  const value = path.reduce<unknown>(
    (at, key) =>
      at === null || typeof at !== 'object' ? undefined : (at as Record<PropertyKey, unknown>)[key],
    content,
  );
  const expected = issue?.message.replace(/^Invalid input: /, '').replace(/, received .*$/, '');
  return { complaint: `${fieldName(path)}: ${expected}, got ${shorten(value)}` };
}

function fieldName(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the file';
  return path
    .map((key, n) => (typeof key === 'number' ? `[${key}]` : `${n === 0 ? '' : '.'}${String(key)}`))
    .join('');
}

function shorten(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
