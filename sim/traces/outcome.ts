/** What one run of a scenario shows, in the words of the recordings. */
import type { CallRecord } from '../ec2/call-counts.ts';

export interface Outcome {
  readonly readyAtMs: readonly number[];
  readonly processExits: number;
  readonly adds: readonly AddSeen[];
  readonly outside: readonly OutsideSeen[];
  readonly foreignEnis: readonly ForeignSeen[];
  readonly samples: readonly SampleSeen[];
  readonly ec2Calls: readonly CallSeen[];
  readonly summary: SummarySeen;
}

export interface AddSeen {
  readonly pod: string;
  readonly askedAtMs: number[];
  gotAddressAtMs: number | null;
}

export interface OutsideSeen {
  readonly tMs: number;
  readonly do: string;
  readonly eni?: string;
  readonly result: string;
}

export interface ForeignSeen {
  readonly eni: string;
  inStoreFromMs: number | null;
  leftStoreAtMs: number | null;
}

export interface SampleSeen {
  readonly tMs: number;
  readonly enis: number | null;
  readonly totalIps: number | null;
  readonly prefixes: number | null;
  readonly assigned: number | null;
  readonly cooling: number | null;
  readonly waitingPods: number;
  readonly inEc2: { enis: number; ips: number; prefixes: number; subnetFree: number };
  readonly ec2CallsSoFar: number;
}

export interface CallSeen {
  readonly tMs: number;
  readonly action: string;
  readonly eni?: string;
  readonly ips?: number;
  readonly prefixes?: number;
  readonly what?: string;
  readonly attempt?: number;
  readonly result: string;
}

export interface SummarySeen {
  readonly failedAdds: number;
  readonly worstWaitMs: number;
  readonly p50WaitMs: number;
  readonly podsWithoutAddress: number;
  readonly ec2Calls: number;
  readonly ec2CallsByAction: Readonly<Record<string, number>>;
  readonly ec2ErrorsByAction: Readonly<Record<string, number>>;
  readonly enisCreated: number;
  readonly enisFreed: number;
  readonly ipsReleased: number;
  readonly prefixesReleased: number;
  readonly final: {
    readonly enis: number | null;
    readonly totalIps: number | null;
    readonly prefixes: number | null;
    readonly assigned: number | null;
    readonly inEc2Enis: number;
    readonly inEc2Ips: number;
    readonly inEc2Prefixes: number;
  };
}

/** A call as the recordings show it; `nameOf` turns EC2's ids into their names. */
export function describeCall(record: CallRecord, nameOf: (eniId: string) => string): CallSeen {
  const { tMs, action, input, result, attempt } = record;
  const eni =
    'networkInterfaceIds' in input && input.networkInterfaceIds
      ? input.networkInterfaceIds.map(nameOf).join('+')
      : record.eniId && nameOf(record.eniId);
  return {
    tMs,
    action,
    ...(eni !== undefined && { eni }),
    ...amounts(record),
    ...(action === 'ModifyNetworkInterfaceAttribute' && {
      what: 'groups' in input && input.groups ? 'groups' : 'deleteOnTermination',
    }),
    ...(attempt > 1 && { attempt }),
    result,
  };
}

/** Addresses or prefixes asked for or given back. */
function amounts({ input }: CallRecord): { ips?: number; prefixes?: number } {
  if ('privateIpAddresses' in input) return { ips: input.privateIpAddresses?.length ?? 0 };
  if ('ipv4Prefixes' in input) return { prefixes: input.ipv4Prefixes?.length ?? 0 };
  if ('secondaryPrivateIpAddressCount' in input) return { ips: input.secondaryPrivateIpAddressCount ?? 0 };
  if ('ipv4PrefixCount' in input) return { prefixes: input.ipv4PrefixCount ?? 0 };
  return {};
}

export function summarize(run: Omit<Outcome, 'summary'>): SummarySeen {
  const { adds, ec2Calls, samples } = run;
  const waits = adds
    .flatMap(({ gotAddressAtMs, askedAtMs }) =>
      gotAddressAtMs === null ? [] : [gotAddressAtMs - (askedAtMs[0] ?? 0)],
    )
    .sort((a, b) => a - b);
  const done = (action: string): CallSeen[] =>
    ec2Calls.filter((c) => c.action === action && c.result === 'ok');
  const released = done('UnassignPrivateIpAddresses');
  const last = samples.at(-1);
  return {
    failedAdds: adds.reduce((sum, add) => sum + failures(add), 0),
    worstWaitMs: waits.at(-1) ?? 0,
    p50WaitMs: waits[Math.floor((waits.length - 1) / 2)] ?? 0,
    podsWithoutAddress: adds.length - waits.length,
    ec2Calls: ec2Calls.length,
    ec2CallsByAction: tally(ec2Calls.map(({ action }) => action)),
    ec2ErrorsByAction: tally(
      ec2Calls.filter(({ result }) => result !== 'ok').map(({ action, result }) => `${action}:${result}`),
    ),
    enisCreated: done('CreateNetworkInterface').length,
    enisFreed: done('DetachNetworkInterface').length,
    ipsReleased: released.reduce((sum, { ips }) => sum + (ips ?? 0), 0),
    prefixesReleased: released.reduce((sum, { prefixes }) => sum + (prefixes ?? 0), 0),
    final: {
      enis: last?.enis ?? null,
      totalIps: last?.totalIps ?? null,
      prefixes: last?.prefixes ?? null,
      assigned: last?.assigned ?? null,
      inEc2Enis: last?.inEc2.enis ?? 0,
      inEc2Ips: last?.inEc2.ips ?? 0,
      inEc2Prefixes: last?.inEc2.prefixes ?? 0,
    },
  };
}

export const failures = ({ askedAtMs, gotAddressAtMs }: AddSeen): number =>
  askedAtMs.length - (gotAddressAtMs === null ? 0 : 1);

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
