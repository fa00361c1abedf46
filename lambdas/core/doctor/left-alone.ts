/** What we leave alone, and what stands in the way of the account rather than of a node. */
import { readCniSettings } from '../cni.ts';
import { say } from '../complaints.ts';
import { primaryEni } from '../model.ts';
import { candidate } from '../plan/eligibility.ts';
import { eniQuota } from './eni-quota.ts';
import { FREE, many, type Rule, some } from './finding.ts';
import { addressesAtReady } from './launches.ts';
import { ownNodes, type TypeSeen, typesOf } from './seen.ts';

export const settingsUnknown: Rule = {
  name: 'settings-unknown',
  looksFor: 'a CNI without the EKS add-on, or a configuration that is not JSON',
  source: 'EKS User Guide, add-on configuration; docs/policy.md, cniEnv',
  needs: ['cluster', 'add-on'],
  judge: (seen) => {
    if (seen.cluster.autoMode) return undefined;
    const read = readCniSettings(seen.cluster.vpcCni, seen.policy);
    if ('settings' in read) return undefined;
    return {
      severity: 'yellow',
      title: 'The CNI’s settings are not known',
      evidence: say(read.complaint),
      consequence:
        'Nothing can be said about warm targets, prefixes and versions, and the prewarmer leaves the nodes alone.',
      remedy: {
        says: 'Say what aws-node’s environment is, which the command shows: --cni-env NAME=VALUE here, policy.cniEnv for the prewarmer; or take the CNI as an EKS add-on.',
        commands: [['kubectl', '-n', 'kube-system', 'set', 'env', 'daemonset/aws-node', '--list']],
      },
      price: FREE,
    };
  },
};

export const leftAlone: Rule = {
  name: 'left-alone',
  looksFor: 'Auto Mode, Windows, IPv6, custom networking and others that the prewarmer leaves alone',
  source: 'the prewarmer’s own rules (lambdas/core/plan/eligibility.ts); EKS User Guide, Auto Mode',
  needs: ['cluster', 'nodes'],
  judge: (seen) => {
    // Nodes that start with all they may need want nothing of us.
    const enough = new Set(typesOf(seen).flatMap((each) => (startsWithAll(each) ? [each.type] : [])));
    const refused = seen.nodes.flatMap((node) => {
      const judged = candidate(node, seen.cluster, seen.policy);
      if ('candidate' in judged || (judged.refusal.reason === 'mode keeps nothing' && enough.has(node.type)))
        return [];
      return [judged.refusal];
    });
    if (refused.length === 0 && !seen.cluster.autoMode) return undefined;
    const reasons = [...Map.groupBy(refused, ({ reason }) => reason)];
    return {
      severity: 'info',
      title:
        refused.length === 0
          ? 'Auto Mode is on: AWS runs the CNI of its nodes'
          : `The prewarmer leaves ${many(refused.length, 'running node')} of ${seen.nodes.length} alone`,
      evidence:
        reasons.length === 0
          ? 'computeConfig.enabled'
          : some(
              reasons.map(([reason, all]) => `${many(all.length, 'node')}: ${reason} (${all[0]?.because})`),
            ),
      consequence: 'These nodes get addresses as their own settings have it, and nothing of ours.',
      remedy: {
        says:
          some([
            ...new Set(
              refused.flatMap(({ advice }) =>
                advice === undefined ? [] : [`${advice.setting}: ${advice.because}`],
              ),
            ),
          ]) || 'Nothing to be done.',
        commands: [],
      },
      price: FREE,
    };
  },
};

const startsWithAll = ({ settings, perEni, podCap }: TypeSeen): boolean =>
  addressesAtReady(settings.mode, perEni) >= podCap;

export const notDeleted: Rule = {
  name: 'enis-outlive-nodes',
  looksFor: 'ENIs of nodes without DeleteOnTermination: they and their addresses stay when the node goes',
  source:
    'EC2 API reference, AttachNetworkInterface; amazon-vpc-cni-k8s v1.23.1 sets it and only logs when it cannot',
  needs: ['nodes'],
  judge: (seen) => {
    const left = ownNodes(seen).flatMap((node) => {
      const primary = primaryEni(node);
      return node.enis.filter(
        (eni) => eni !== primary && !eni.deleteOnTermination && eni.attachmentStatus === 'attached',
      );
    });
    if (left.length === 0) return undefined;
    const addresses = left.reduce((sum, eni) => sum + 1 + eni.secondaryIps, 0);
    return {
      severity: 'yellow',
      title: `${many(left.length, 'ENI')} would outlive their nodes`,
      evidence: some(left.map(({ id }) => id)),
      consequence: `When their nodes go they stay behind and hold ${addresses} addresses, until somebody deletes them.`,
      remedy: {
        says: 'Set DeleteOnTermination on each.',
        commands: left
          .slice(0, 3)
          .map(({ id, attachmentId }) => [
            ...['aws', 'ec2', 'modify-network-interface-attribute', '--region', seen.region],
            ...[
              '--network-interface-id',
              id,
              '--attachment',
              `AttachmentId=${attachmentId},DeleteOnTermination=true`,
            ],
          ]),
      },
      price: { calls: left.length, addresses: 0, rolls: 0 },
    };
  },
};

export const ACCOUNT_RULES: readonly Rule[] = [settingsUnknown, eniQuota, notDeleted, leftAlone];
