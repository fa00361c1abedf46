/** Whether the nodes that are there can give addresses to an expected burst. */
import { adoptionWorstMs } from '../cni.ts';
import { type Addressable, growthStep } from '../rollouts/addressable.ts';
import { type Finding, many, type Rule } from './finding.ts';
import { priceOf, setEnv } from './remedies.ts';
import { addressableIn, mostOnOne } from './room.ts';
import { type ClusterSeen, ownNodes, podsCounted, settingsFor, type TypeSeen, typesOf } from './seen.ts';
import { keepingFree, trims } from './warm-targets.ts';

export const burstBeyondAddresses: Rule = {
  name: 'burst-beyond-addresses',
  looksFor: 'an expected burst (--burst) against what the nodes can address at once and grow by meanwhile',
  source: 'amazon-vpc-cni-k8s v1.23.1, one growth step every 5 s; kube-scheduler spreads over free slots',
  needs: ['settings', 'nodes'],
  judge: (seen) => {
    const { burst } = seen.expected;
    if (burst === undefined || ownNodes(seen).length === 0) return undefined;
    const can = addressableIn(seen);
    const grown = typesOf(seen).reduce((sum, type) => sum + growsBy(type, burst.overMs), 0);
    // Others wait for new nodes, and ask for nothing meanwhile (rule cold-launches).
    const here = Math.min(burst.pods, can.freeSlots);
    const failing = here - can.pods - grown;
    if (failing <= 0) return undefined;
    const seconds = burst.overMs / 1000;
    return {
      severity: 'red',
      title: `${here} pods of a burst find ${can.pods} addresses`,
      evidence: `${can.freeSlots} free pod slots on ${many(ownNodes(seen).length, 'node')}, of which ${can.freeAddresses} ${podsCounted(seen) ? 'have an address' : 'surely have an address (as though no node had just changed)'}. Spread over them, ${can.pods} pods come before ${can.limitedBy ?? 'a node'} runs out; the CNI adds about ${grown} in ${seconds} s`,
      consequence: `About ${failing} requests fail at first, and each pod tries again 10 to 15 s later: "failed to assign an IP address to container".`,
      ...(bySetting(seen, can, here) ?? byAnnouncing(seen, can, failing)),
    };
  },
};

function byAnnouncing(
  seen: ClusterSeen,
  can: Addressable,
  failing: number,
): Pick<Finding, 'remedy' | 'price'> {
  return {
    remedy: {
      says: `Announce the burst ${adoptionWorstMs(seen.policy) / 1000} s before it comes, with the prewarmer in mode warm: it fills the nodes that have room (docs/announcements.md has the file); or send it in waves of ${can.pods}.`,
      commands: [
        ['aws', 'events', 'put-events', '--region', seen.region, '--entries', 'file://announcement.json'],
      ],
    },
    price: {
      calls: 3 * ownNodes(seen).length,
      addresses: failing,
      rolls: 0,
      also: 'calls at most: one ENI a node',
    },
  };
}

/** Where the CNI trims what the prewarmer would bring. */
function bySetting(
  seen: ClusterSeen,
  can: Addressable,
  here: number,
): Pick<Finding, 'remedy' | 'price'> | undefined {
  const given = settingsFor(seen)?.mode;
  const [type] = typesOf(seen);
  if (given === undefined || type === undefined || !trims(given)) return undefined;
  const wanted = mostOnOne(seen, here);
  const { env, mode } = keepingFree(given, wanted, type.perEni);
  const values = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return {
    remedy: {
      says: `Set ${values.join(' and ')}, which keeps free what comes to one node, ${wanted} pods at most: in this mode the CNI gives back what the prewarmer would bring. Or send the burst in waves of ${can.pods}.`,
      commands: [setEnv(seen, env)],
    },
    price: priceOf(seen, mode),
  };
}

function growsBy({ settings, perEni, nodes }: TypeSeen, overMs: number): number {
  const step = growthStep(settings.mode, perEni);
  return step === undefined ? 0 : Math.floor(overMs / step.everyMs) * step.pods * nodes.length;
}
