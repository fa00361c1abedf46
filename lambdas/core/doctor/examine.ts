/** All rules asked of one look at a cluster. */
import { CNI_VERSION_RULES } from './cni-version.ts';
import { COOLDOWN_RULES } from './cooldown.ts';
import type { Finding, Rule, Severity } from './finding.ts';
import { coldLaunches } from './launches.ts';
import { ACCOUNT_RULES } from './left-alone.ts';
import { POD_ROOM_RULES } from './pod-room.ts';
import { policyUnlikeNodes } from './policy-unlike-nodes.ts';
import { PREFIX_RULES } from './prefixes.ts';
import type { ClusterSeen, Part } from './seen.ts';
import { SUBNET_RULES } from './subnets.ts';
import { WARM_TARGET_RULES } from './warm-targets.ts';

export const RULES: readonly Rule[] = [
  ...WARM_TARGET_RULES,
  ...POD_ROOM_RULES,
  coldLaunches,
  ...PREFIX_RULES,
  ...SUBNET_RULES,
  ...COOLDOWN_RULES,
  ...CNI_VERSION_RULES,
  policyUnlikeNodes,
  ...ACCOUNT_RULES,
];

export interface Found extends Finding {
  readonly rule: string;
  readonly source: string;
}

export interface Examined {
  /** The most severe first. */
  readonly findings: readonly Found[];
  /** Rules that could not be asked, each with the parts it lacks. */
  readonly notJudged: readonly { readonly rule: string; readonly lacks: readonly Part[] }[];
}

const ORDER: Readonly<Record<Severity, number>> = { red: 0, yellow: 1, info: 2 };

export function examine(seen: ClusterSeen): Examined {
  const findings: Found[] = [];
  const notJudged: { rule: string; lacks: readonly Part[] }[] = [];
  for (const { name, source, needs, judge } of RULES) {
    const lacks = needs.filter((part) => !seen.parts.has(part));
    if (lacks.length > 0) {
      notJudged.push({ rule: name, lacks });
      continue;
    }
    const finding = judge(seen);
    if (finding !== undefined) findings.push({ rule: name, source, ...finding });
  }
  // Rules of one severity stay in their order.
  return { findings: findings.toSorted((a, b) => ORDER[a.severity] - ORDER[b.severity]), notJudged };
}
