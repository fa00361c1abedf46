/** EC2's reads: by filter rather than by ids, all pages, each item handed on as it comes, and a failure as a value. */
import {
  type EC2Client,
  type Filter,
  type Instance,
  type NetworkInterface,
  paginateDescribeInstances,
  paginateDescribeNetworkInterfaces,
  paginateDescribeSubnets,
  type Subnet,
} from '@aws-sdk/client-ec2';
import { batchesOf } from '../core/batches.ts';
import { type Answer, type Failure, failed, succeeded } from '../core/failures.ts';
import { type Ec2Action, IDS_PER_DESCRIBE } from '../core/limits.ts';
import { inParallel } from '../core/parallel.ts';
import { failureOf } from './ec2-failures.ts';

/** Most that EC2 answers in one page of any of the reads. Source: EC2 API reference, MaxResults of each. */
const PAGE = 1_000;
/** An instance shows all addresses of its ENIs, and a page is in memory whole: 1,000 nodes of 45 addresses are 11 MB of XML, which
 *  took a read of 5,000 nodes 30 to 80 MB more than this does (`npm run bench -- --rollouts`). */
const INSTANCES_PER_PAGE = 250;
/** Reads of one kind under way at a time: 5,000 nodes are 34 chunks, of a bucket of 100 that others share. */
const READS_AT_ONCE = 4;

/** Ends a read of several requests at the first that fails; never leaves {@link reading}. */
class ReadFailed extends Error {
  readonly failure: Failure;
  constructor(failure: Failure, cause: unknown) {
    super(failure.message, { cause });
    this.failure = failure;
  }
}

/** The answer of a read of several requests: what `work` makes of them, or why one of them failed. */
export async function reading<T>(work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return succeeded(await work());
  } catch (error) {
    if (error instanceof ReadFailed) return failed(error.failure);
    throw error;
  }
}

/** Every node that may join carries this tag (EKS User Guide), whoever launched it. */
export const nodesOfCluster = (cluster: string): Filter[] => [
  { Name: 'tag-key', Values: [`kubernetes.io/cluster/${cluster}`] },
  { Name: 'instance-state-name', Values: ['pending', 'running'] },
];

/** One question for so many values as a filter takes; no question about nothing. */
export async function inChunks(
  Name: string,
  values: readonly string[],
  ask: (filters: Filter[]) => Promise<void>,
): Promise<void> {
  const questions = batchesOf(values, IDS_PER_DESCRIBE).map((Values) => [{ Name, Values }]);
  await inParallel(questions, READS_AT_ONCE, ask);
}

/** What `take` does not keep of an item is free to go with its page. */
export function eachInstance(
  client: EC2Client,
  Filters: Filter[],
  take: (item: Instance) => void,
): Promise<void> {
  const pages = paginateDescribeInstances(inPages(client, INSTANCES_PER_PAGE), { Filters });
  return eachPage('DescribeInstances', pages, (page) => {
    for (const { Instances } of page.Reservations ?? []) Instances?.forEach(take);
  });
}

/** `hiddenToo`: an account may hide what a service operator manages from whoever does not ask for it (EC2 API reference,
 *  DescribeNetworkInterfaces). */
export function eachEni(
  client: EC2Client,
  ask: { readonly filters: Filter[]; readonly hiddenToo?: true },
  take: (item: NetworkInterface) => void,
): Promise<void> {
  const pages = paginateDescribeNetworkInterfaces(inPages(client), {
    Filters: ask.filters,
    ...(ask.hiddenToo && { IncludeManagedResources: true }),
  });
  return eachPage('DescribeNetworkInterfaces', pages, (page) => page.NetworkInterfaces?.forEach(take));
}

export function eachSubnet(
  client: EC2Client,
  Filters: Filter[],
  take: (item: Subnet) => void,
): Promise<void> {
  const pages = paginateDescribeSubnets(inPages(client), { Filters });
  return eachPage('DescribeSubnets', pages, (page) => page.Subnets?.forEach(take));
}

/** MaxResults goes with filters, not with ids. */
const inPages = (client: EC2Client, pageSize = PAGE): { client: EC2Client; pageSize: number } => ({
  client,
  pageSize,
});

async function eachPage<P>(
  action: Ec2Action,
  pages: AsyncIterable<P>,
  take: (page: P) => void,
): Promise<void> {
  try {
    for await (const page of pages) take(page);
  } catch (error) {
    throw new ReadFailed(failureOf(error, { action }), error);
  }
}
