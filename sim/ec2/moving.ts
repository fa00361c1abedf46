/** Addresses that move from one ENI to another. */
import { refused } from './errors.ts';
import type { HeldEni, Wish } from './held.ts';
import type { Inventory } from './inventory.ts';

/** Assigns, after taking named addresses from the ENIs of the subnet that have them. Only secondary addresses and
 *  prefixes can move, and only when the request allows it (EC2 API reference, `AllowReassignment`). */
export function moveHere(
  inventory: Inventory,
  eni: HeldEni,
  wish: Wish,
  allowReassignment: boolean,
): { ips: string[]; prefixes: string[] } {
  const named = new Set([...(wish.theseIps ?? []), ...(wish.thesePrefixes ?? [])]);
  if (named.size === 0) return inventory.assign(eni, wish);
  const moves = [...inventory.enis.values()]
    .filter((other) => other.subnetId === eni.subnetId)
    .map((holder) => ({
      holder,
      ips: holder.secondaryIps.filter((ip) => named.has(ip)),
      prefixes: holder.prefixes.filter((prefix) => named.has(prefix)),
    }))
    .filter(({ ips, prefixes }) => ips.length + prefixes.length > 0);
  const moving = moves.flatMap(({ ips, prefixes }) => [...ips, ...prefixes]);
  const [first] = moving;
  if (first === undefined) return inventory.assign(eni, wish);
  if (!allowReassignment) throw refused.notReassigned(first);
  const here = new Set([...eni.secondaryIps, ...eni.prefixes]);
  const isNew = (entry: string): boolean => !here.has(entry);
  const arriving = {
    ...wish,
    theseIps: (wish.theseIps ?? []).filter(isNew),
    thesePrefixes: (wish.thesePrefixes ?? []).filter(isNew),
  };
  const { space } = inventory.subnet(eni.subnetId);
  const leaving = moving.filter(isNew);
  for (const entry of leaving) space.release(entry);
  try {
    inventory.assign(eni, arriving);
  } catch (error) {
    for (const entry of leaving) space.take(entry);
    throw error;
  }
  for (const { holder, ips, prefixes } of moves) {
    if (holder !== eni) inventory.drop(holder, ips, prefixes);
  }
  return { ips: [...(wish.theseIps ?? [])], prefixes: [...(wish.thesePrefixes ?? [])] };
}
