/** Addresses that cool: nobody may have them for a while after their pod has ended. */

import { keptFree } from '../cni.ts';
import { ENI_GROWTH_MS, IP_COOLDOWN_MS } from '../limits.ts';
import { FREE, many, type Rule } from './finding.ts';
import { priceOf, priceOfRestart, setEnv } from './remedies.ts';
import { addressesOn, cooldownOf, ownNodes, settingsFor, typesOf } from './seen.ts';
import { keepingFree } from './warm-targets.ts';

export const cooldownChurn: Rule = {
  name: 'cooldown-churn',
  looksFor: 'CronJobs (--cronjobs) whose pods come while the addresses of the last run still cool',
  source:
    'amazon-vpc-cni-k8s v1.23.1: cooling addresses count as free, so the pool does not grow, and are given to nobody',
  needs: ['settings', 'nodes'],
  judge: (seen) => {
    const { churn } = seen.expected;
    const settings = settingsFor(seen);
    const [type] = typesOf(seen).filter(({ nodes }) => nodes.length > 0);
    if (churn === undefined || settings === undefined || type === undefined) return undefined;
    const nodes = ownNodes(seen).length;
    const perNode = Math.ceil(churn.pods / Math.min(nodes, churn.pods));
    const cooldownMs = settings.ipCooldownMs;
    // Runs whose pods have ended by the time the next ones come, and whose addresses are not free yet.
    const cooling =
      Math.ceil((churn.runsMs + cooldownMs) / churn.everyMs) - Math.ceil(churn.runsMs / churn.everyMs);
    const wanted = perNode * (1 + cooling);
    const kept = keptFree(type.settings.mode, type.perEni);
    const able = type.nodes.filter((node) => addressesOn(node, type.settings) < type.holds);
    // Where every pod a node may run has its address already, only those that cool are missing.
    if (wanted <= kept || (able.length === 0 && cooling === 0)) return undefined;
    const needed = Math.min(wanted, type.holds);
    const { env, mode } = keepingFree(settings.mode, needed, type.perEni);
    const values = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const still =
      cooling === 0 ? '' : `, and those of ${many(cooling, 'run')} before cool for ${cooldownMs / 1000} s`;
    return {
      severity: cooling > 0 ? 'red' : 'yellow',
      title: `CronJob pods need ${wanted} free addresses a node, and ${kept} are kept`,
      evidence: `${churn.pods} pods every ${churn.everyMs / 1000} s for ${churn.runsMs / 1000} s on ${many(nodes, 'node')}: ${perNode} a node and run${still}; ${type.type} keeps ${kept} free`,
      consequence:
        cooling > 0
          ? 'Cooling addresses count as free, so the CNI does not grow, and no pod gets them: pods of the run fail until they have cooled, then the next run finds the same.'
          : `Pods of a run beyond ${kept} on a node fail until the CNI has grown, up to ${ENI_GROWTH_MS / 1000} s.`,
      remedy:
        able.length > 0
          ? {
              says: `Keep ${needed} free on each node (${values.join(', ')}), or spread the schedules.`,
              commands: [setEnv(seen, env)],
            }
          : {
              says: `The nodes hold all they can: spread the schedules, so that a run comes ${cooldownMs / 1000} s after the one before has ended, or give these pods more nodes.`,
              commands: [],
            },
      price: able.length > 0 ? priceOf(seen, mode) : FREE,
    };
  },
};

export const longCooldown: Rule = {
  name: 'cooldown-long',
  looksFor: 'IP_COOLDOWN_PERIOD above its default of 30 s',
  source: 'amazon-vpc-cni-k8s v1.23.1, data_store.go',
  needs: ['settings'],
  judge: (seen) => {
    const cooldownMs = cooldownOf(seen);
    if (cooldownMs <= IP_COOLDOWN_MS) return undefined;
    const seconds = cooldownMs / 1000;
    return {
      severity: 'yellow',
      title: `Addresses rest for ${seconds} s after their pod`,
      evidence: `IP_COOLDOWN_PERIOD=${seconds}`,
      consequence: `A rolling update on full nodes, and every CronJob, has its addresses held ${seconds} s longer than its pods run; they count as free, so the CNI does not grow meanwhile.`,
      remedy: {
        says: 'Remove IP_COOLDOWN_PERIOD, unless kube-proxy is known to be slower than its default of 30 s.',
        commands: [setEnv(seen, { IP_COOLDOWN_PERIOD: undefined })],
      },
      price: priceOfRestart(seen),
    };
  },
};

export const COOLDOWN_RULES: readonly Rule[] = [cooldownChurn, longCooldown];
