/** What others do to the node's interfaces: at once, within EC2's limits, unseen by ipamd's books. */
import type { Account } from '../ec2/account.ts';
import type { Stimulus } from './recording.ts';

export type OutsideStimulus = Exclude<Stimulus, { do: 'addPod' | 'deletePod' | 'ipamdRestart' }>;

/** `eniId` is the interface the stimulus names, if there is one yet. Returns the id of one it made. Throws EC2's refusal. */
export function actOutside(
  account: Account,
  instanceId: string,
  stimulus: OutsideStimulus,
  eniId: string | undefined,
): string | undefined {
  const networkInterfaceId = eniId ?? 'eni-00000000000000000';
  switch (stimulus.do) {
    case 'createAttachEni':
      return createAttached(account, instanceId, stimulus);
    case 'assignIps':
      account.perform('AssignPrivateIpAddresses', {
        networkInterfaceId,
        secondaryPrivateIpAddressCount: stimulus.count,
      });
      return undefined;
    case 'assignPrefixes':
      account.perform('AssignPrivateIpAddresses', { networkInterfaceId, ipv4PrefixCount: stimulus.count });
      return undefined;
    case 'unassignIps': {
      const newest = account.eni(networkInterfaceId)?.secondaryIps.slice(-stimulus.count) ?? [];
      account.perform('UnassignPrivateIpAddresses', { networkInterfaceId, privateIpAddresses: newest });
      return undefined;
    }
    case 'detachEni': {
      const attachmentId = account.eni(networkInterfaceId)?.attachment?.id ?? '';
      account.perform('DetachNetworkInterface', { attachmentId });
      return undefined;
    }
    case 'setTag':
      account.perform('CreateTags', { resources: [networkInterfaceId], tags: stimulus.tags });
      return undefined;
  }
}

/** On the lowest free device index unless one is named; a refused attach leaves nothing behind. */
function createAttached(
  account: Account,
  instanceId: string,
  { ips, prefixes, tags, deviceIndex: named }: Extract<Stimulus, { do: 'createAttachEni' }>,
): string {
  const instance = account.instance(instanceId);
  const { id } = account.perform('CreateNetworkInterface', {
    subnetId: instance.subnetId,
    ...(ips !== undefined && { secondaryPrivateIpAddressCount: ips }),
    ...(prefixes !== undefined && { ipv4PrefixCount: prefixes }),
    ...(tags && { tags }),
  }).networkInterface;
  const taken = instance.enis.map(({ attachment }) => attachment?.deviceIndex);
  let deviceIndex = named ?? 0;
  while (named === undefined && taken.includes(deviceIndex)) deviceIndex++;
  try {
    account.perform('AttachNetworkInterface', { networkInterfaceId: id, instanceId, deviceIndex });
  } catch (refusal) {
    account.perform('DeleteNetworkInterface', { networkInterfaceId: id });
    throw refusal;
  }
  return id;
}
