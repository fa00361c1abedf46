/**
 * The hourly search for ENIs somebody left behind: any node's ipamd deletes unattached ENIs of its VPC and cluster that
 * look as if an ipamd had made them at least five minutes ago. Whoever parks ENIs must not make them look so.
 * Source: amazon-vpc-cni-k8s v1.23.1, cleanUpLeakedENIs.
 */
import type { Stream } from '../chance.ts';
import type { Eni } from '../ec2/api.ts';
import { isoSeconds } from '../iso-seconds.ts';
import type { Process } from '../kernel.ts';
import type { Daemon } from './daemon.ts';
import { CLUSTER_TAG, CREATED_TAG, NODE_TAG, writeTags } from './enis.ts';
import { DESCRIPTION_PREFIX, deleteEni } from './make-enis.ts';
import { attempt } from './sdk.ts';

const INTERVAL_MS = 3_600_000;
/** Each run, also the first, begins after a whole number of seconds below this. */
const LONGEST_DELAY_S = 300;
const MINIMUM_AGE_MS = 300_000;
const PAGE_SIZE = 1_000;

/** `stream` is its own, so that the search never shifts what the pool manager draws. */
export function* watchLeaks(d: Daemon, stream: Stream): Process {
  for (;;) {
    yield* d.kernel.sleep(Math.floor(stream.next() * LONGEST_DELAY_S) * 1000);
    const leaked = yield* attempt(findLeaks(d));
    if (leaked.ok) for (const eniId of leaked.value) yield* deleteEni(d, eniId);
    yield* d.kernel.sleep(INTERVAL_MS);
  }
}

function* findLeaks(d: Daemon): Process<string[]> {
  const { clusterName } = d.settings;
  const filters = [
    { name: 'tag-key', values: [NODE_TAG] },
    { name: 'status', values: ['available'] },
    { name: 'vpc-id', values: [d.host.vpcId] },
    ...(clusterName === '' ? [] : [{ name: `tag:${CLUSTER_TAG}`, values: [clusterName] }]),
  ];
  const leaked: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = yield* d.sdk.send('DescribeNetworkInterfaces', {
      filters,
      maxResults: PAGE_SIZE,
      ...(nextToken !== undefined && { nextToken }),
    });
    for (const eni of page.networkInterfaces) if (yield* isLeaked(d, eni)) leaked.push(eni.id);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return leaked;
}

/** One without a time of creation is stamped now and judged in a later run; an unreadable time counts as long ago. */
function* isLeaked(d: Daemon, eni: Eni): Process<boolean> {
  if (!eni.description.startsWith(DESCRIPTION_PREFIX)) return false;
  const stamp = eni.tags.get(CREATED_TAG);
  const madeAtMs = Date.parse(stamp ?? '');
  if (Number.isNaN(madeAtMs)) yield* writeTags(d, eni.id, { [CREATED_TAG]: isoSeconds(d.nowMs) });
  return stamp !== undefined && !(d.nowMs - madeAtMs < MINIMUM_AGE_MS);
}
