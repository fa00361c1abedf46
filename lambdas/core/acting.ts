/** What this deployment may do in a cluster. */
import type { ClusterSetting, Ports } from './ports.ts';

type Settled = Pick<Ports, 'settings'>;

/** What was deployed for it; `undefined` for a cluster that is not ours. */
export const settingOf = (cluster: string, { settings }: Settled): ClusterSetting | undefined =>
  settings.clusters.find(({ name }) => name === cluster);

/** Whether anything of its may be changed in EC2 now. */
export const mayAct = (cluster: string, ports: Settled): boolean =>
  settingOf(cluster, ports)?.mode === 'warm' && !ports.settings.policy.stopped;
