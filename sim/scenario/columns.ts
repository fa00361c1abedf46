/** The ways to run a cluster that scenarios compare: the CNI alone at the settings its documents name, and ours. */
import type { COLUMN_NAMES, Column, Delivery, Scenario } from './format.ts';

type Known = (typeof COLUMN_NAMES)[number];

const prefixes = (warm: number): Column['cni'] => ({
  ENABLE_PREFIX_DELEGATION: 'true',
  WARM_PREFIX_TARGET: String(warm),
});

const ON_TIME: Delivery = { lateSeconds: 0, lostShare: 0, duplicateShare: 0, reorderSeconds: 0 };
/** By then the ipamd of nearly every node has started, and no launch event is of use any more. */
const TOO_LATE_S = 60;

const KNOWN: { readonly [Name in Known]: Omit<Column, 'name'> } = {
  'W=1': { prewarmer: 'off', cni: { WARM_ENI_TARGET: '1' } },
  'W=2': { prewarmer: 'off', cni: { WARM_ENI_TARGET: '2' } },
  'IP 5/10': { prewarmer: 'off', cni: { WARM_IP_TARGET: '5', MINIMUM_IP_TARGET: '10' } },
  'P=1': { prewarmer: 'off', cni: prefixes(1) },
  'P=2': { prewarmer: 'off', cni: prefixes(2) },
  ours: { prewarmer: 'warm' },
  'ours, late': { prewarmer: 'warm', events: { ...ON_TIME, lateSeconds: TOO_LATE_S } },
  'ours, gate': { prewarmer: 'warm', gate: true },
  'ours, late, gate': {
    prewarmer: 'warm',
    gate: true,
    events: { ...ON_TIME, lateSeconds: TOO_LATE_S },
  },
  'ours, lost': { prewarmer: 'warm', events: { ...ON_TIME, lostShare: 1 } },
};

export const columnsOf = (scenario: Scenario): readonly Column[] =>
  scenario.columns.map((column) =>
    typeof column === 'string' ? { name: column, ...KNOWN[column] } : column,
  );
