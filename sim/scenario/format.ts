/**
 * What a scenario file may say, field by field, with units and defaults. The published JSON schema is generated from this
 * (`npm run bench -- --schema`), and so is the type the simulator plays. What fields mean together is checked in
 * consistent.ts.
 */
import * as z from 'zod';
import { list, number, object, text, whole } from './fields.ts';
import { CLUSTER, CNI, SUBNET } from './format-clusters.ts';
import { DELIVERY, FAULT, SLOW_METADATA, STALE_READS, STEP } from './format-story.ts';

const COLUMN = object({
  name: text('a name of 1 to 40 characters', /^\S.{0,39}$/),
  cni: CNI.optional().describe('Put over the cni of every cluster.'),
  prewarmer: z
    .enum(['off', 'observe', 'warm'], { error: 'one of "off", "observe", "warm"' })
    .default('off')
    .describe('Whether the prewarmer is deployed, and in which mode.'),
  gate: z
    .boolean({ error: 'true or false' })
    .optional()
    .describe(
      'All nodes launched come with the start-up taint of the launch gate, and the prewarmer has the lens. Default: false.',
    ),
  events: DELIVERY.optional().describe('Instead of the events of the scenario.'),
  policy: z.record(z.string(), z.unknown()).optional().describe('Put over the policy of the scenario.'),
}).describe('A way to run the cluster, to be compared with the others on the same seeds.');

/** Columns a file may call by name. */
export const COLUMN_NAMES = [
  'W=1',
  'W=2',
  'IP 5/10',
  'P=1',
  'P=2',
  'ours',
  'ours, late',
  'ours, lost',
  'ours, gate',
  'ours, late, gate',
] as const;

export const SCENARIO = object({
  $schema: z.string().optional().describe('For editors only.'),
  name: text('a name of 1 to 20 letters, digits, - or _', /^[A-Za-z0-9_-]{1,20}$/),
  title: z
    .string({ error: 'a sentence' })
    .min(1, { error: 'a sentence' })
    .describe('The trouble, in one sentence.'),
  source: z
    .string({ error: 'a text' })
    .optional()
    .describe('Where such trouble was reported, or what is assumed.'),
  minutes: number('a number of minutes from 1 to 120', 1, 120)
    .default(15)
    .describe('How long the story lasts, in virtual minutes.'),
  seeds: whole('a whole number of seeds from 1 to 1000', 1, 1_000)
    .default(3)
    .describe('Seeds the benchmark plays unless it is told a number.'),
  subnets: list(SUBNET, 'subnets').min(1, { error: 'at least one subnet' }),
  clusters: list(CLUSTER, 'clusters').min(1, { error: 'at least one cluster' }),
  story: list(STEP, 'steps').default([]).describe('What happens, in any order; each step has its time.'),
  faults: list(FAULT, 'faults').default([]).describe('Trouble ordered for a span of time.'),
  events: DELIVERY.default({ lateSeconds: 0, lostShare: 0, duplicateShare: 0, reorderSeconds: 0 }),
  staleReads: STALE_READS.optional().describe('Whose reads of EC2 lag, and how far. Default: nobody’s.'),
  slowMetadata: SLOW_METADATA.optional().describe('Default: the times of sim/latencies.ts.'),
  policy: z
    .record(z.string(), z.unknown(), { error: 'an object' })
    .optional()
    .describe('The prewarmer’s policy, as in its deployment. Default: its defaults.'),
  columns: list(
    z.union([z.enum(COLUMN_NAMES), COLUMN], {
      error: `a column of your own, or one of ${COLUMN_NAMES.map((each) => `"${each}"`).join(', ')}`,
    }),
    'columns',
  )
    .min(1, { error: 'at least one column' })
    .default(['W=1', 'W=2', 'IP 5/10', 'P=1', 'P=2', 'ours'])
    .describe('What is compared.'),
}).describe('A scenario for the embedded AWS: one account, one VPC, clusters, and what happens in them.');

export type Scenario = z.output<typeof SCENARIO>;
export type Cluster = Scenario['clusters'][number];
export type NodeGroup = Cluster['nodeGroups'][number];
export type Workload = Cluster['workloads'][number];
export type Delivery = z.output<typeof DELIVERY>;
export type Step = Scenario['story'][number];
export type Fault = Scenario['faults'][number];
export type Column = z.output<typeof COLUMN>;

/** The schema editors and users read, of what may be written (before defaults). */
export const jsonSchema = (): unknown => ({
  ...z.toJSONSchema(SCENARIO, { io: 'input', target: 'draft-2020-12' }),
  title: 'Scenario of eks-ip-prewarmer’s embedded AWS',
});
