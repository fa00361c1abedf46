/** Settings as the CDK's context has them (`-c mode=warm`, or cdk.json), over those of a `prewarmer.config.ts`. */
import { isObject } from '../lambdas/core/policy-shapes.ts';
import { type Check, judge, unknownFields } from './checks.ts';
import { type Asked, askedIn, judgePlaces, judgeSeen, type Seen, withVpcs } from './clusters-seen.ts';
import type { IpPrewarmerProps } from './props.ts';
import { readSettings } from './settings.ts';
import type { Trouble } from './trouble.ts';

/** Said of every cluster named. */
const OF_CLUSTERS = ['mode', 'vpcId', 'lens', 'gate'] as const;
const OF_ALL = [
  'name',
  'policy',
  'signals',
  'gateEndpoint',
  'budgetTable',
  'alarmTopicArn',
  'alarmEmail',
  'logRetentionDays',
  'permissionsBoundary',
  'vpc',
] as const;
/** Texts on the command line, where a document, a number or a yes is meant. */
const JSON_KEYS = ['lens', 'gate', 'policy', 'signals', 'vpc', 'logRetentionDays', 'lookup'];
export const CONTEXT_KEYS: readonly string[] = ['cluster', 'lookup', ...OF_CLUSTERS, ...OF_ALL];
/** Context of the CDK's own that looks like ours; all its other keys carry a `:`, `@` or `/`. */
const TOOLING = ['acknowledged-issue-numbers', 'cli-telemetry'];
/** Stacks whose assets the CDK's CLI wants; none where it deploys nothing (`cdk destroy`, `cdk ls`). */
const BUNDLED = 'aws:cdk:bundling-stacks';

export type ContextRead = { readonly warnings: readonly string[] } & (
  | { readonly props: IpPrewarmerProps; readonly troubles?: undefined }
  | { readonly props?: undefined; readonly troubles: readonly Trouble[] }
);

/** What an operator said, in both places: not judged yet. */
export interface Said {
  /** Ours of the context. */
  readonly ours: Readonly<Record<string, unknown>>;
  /** As a construct is given them. */
  readonly settings: unknown;
  /** What of it EKS should be asked about: nothing where the operator will not have it, or nothing is deployed. */
  readonly asked: readonly Asked[];
}

/** `config`: what a `prewarmer.config.ts` exports. A key of the context replaces what it says; `cluster`, one name or several
 *  with commas between, chooses among its clusters, or names others. */
export function saidIn(context: Readonly<Record<string, unknown>>, config: unknown = {}): Said {
  const ours = Object.fromEntries(
    Object.entries(context).filter(([key]) => !/[:@/]/.test(key) && !TOOLING.includes(key)),
  );
  const settings = isObject(config) ? { ...config, ...overrides(ours, config) } : config;
  const stacks = context[BUNDLED];
  const unasked =
    parsed('lookup', ours['lookup']) === false || (Array.isArray(stacks) && stacks.length === 0);
  return { ours, settings, asked: unasked ? [] : askedIn(settings) };
}

/** `seen`: what EKS said, where it was asked. */
export function readSaid({ ours, settings: said, asked }: Said, seen?: Seen): ContextRead {
  const given = seen === undefined ? said : withVpcs(said, seen);
  const { settings, troubles = [] } = readSettings(given);
  const { troubles: ofClusters, warnings } =
    seen === undefined ? { troubles: [], warnings: [] } : judgeSeen(asked, seen);
  const ofPlaces = seen === undefined ? [] : judgePlaces(given, seen);
  const all = [
    ...unknownFields(ours, CONTEXT_KEYS),
    ...judge('lookup', LOOKUP, parsed('lookup', ours['lookup'])),
    ...named([...troubles, ...ofPlaces, ...ofClusters], ours),
  ];
  return settings !== undefined && all.length === 0
    ? { props: given as unknown as IpPrewarmerProps, warnings }
    : { troubles: all, warnings };
}

export const readContext = (context: Readonly<Record<string, unknown>>, config?: unknown): ContextRead =>
  readSaid(saidIn(context, config));

const LOOKUP: Check = {
  expected: 'true or false',
  remedy: 'Leave it out to have clusters looked up where there are credentials',
  ok: (given) => typeof given === 'boolean',
};

function overrides(
  ours: Readonly<Record<string, unknown>>,
  config: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const said = (keys: readonly string[]) =>
    Object.fromEntries(keys.filter((key) => key in ours).map((key) => [key, parsed(key, ours[key])]));
  const listed: readonly unknown[] = Array.isArray(config['clusters']) ? config['clusters'] : [];
  const names = namesIn(ours['cluster']);
  const chosen =
    names === undefined
      ? listed
      : names.map((name) => listed.filter(isObject).find((one) => one['name'] === name) ?? { name });
  return {
    // The configuration's name is that of its own clusters together: others go into a stack of theirs.
    ...(names !== undefined && { name: undefined }),
    ...said(OF_ALL),
    ...(chosen.length > 0 && {
      clusters: chosen.map((one) => (isObject(one) ? { ...one, ...said(OF_CLUSTERS) } : one)),
    }),
  };
}

const namesIn = (given: unknown): readonly unknown[] | undefined =>
  typeof given === 'string'
    ? given.split(',').map((name) => name.trim())
    : given === undefined || Array.isArray(given)
      ? given
      : [given];

/** What is not JSON stays as it came. */
function parsed(key: string, given: unknown): unknown {
  if (typeof given !== 'string' || !JSON_KEYS.includes(key)) return given;
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}

/** Called as the operator said it, and once though it is wrong of several clusters. */
function named(troubles: readonly Trouble[], ours: Readonly<Record<string, unknown>>): Trouble[] {
  const renamed = troubles.map((trouble) => ({ ...trouble, field: fieldIn(ours, trouble.field) }));
  return renamed.filter(
    ({ field, expected, got }, index) =>
      renamed.findIndex(
        (other) => other.field === field && other.expected === expected && other.got === got,
      ) === index,
  );
}

function fieldIn(ours: Readonly<Record<string, unknown>>, field: string): string {
  const key = /^clusters\.\d+\.(\w+)$/.exec(field)?.[1] ?? (field === 'clusters' ? 'name' : undefined);
  if (key === 'name') return 'cluster' in ours ? 'cluster' : field;
  return key !== undefined && key in ours ? key : field;
}
