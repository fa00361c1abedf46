/** The options by which a command is told where to read. Apart from what they open (account.ts), so that help is there at once. */
import { type Command, InvalidArgumentError } from 'commander';
import { toUrl, whole } from './usage.ts';

export interface AccountOptions {
  readonly region?: string;
  readonly profile?: string;
  readonly endpoint?: string;
  readonly scenario?: string;
  /** Seconds after the scenario's beginning. */
  readonly at?: number;
  readonly seed?: number;
  /** Whether the cluster's API server is asked too. */
  readonly kubernetes?: true;
}

/** Two virtual hours, as long as any story (docs/scenarios.md). */
const MOST_SECONDS = 7_200;
export const withAccount = (command: Command): Command =>
  command
    .option('--region <name>', 'Region of the cluster; AWS_REGION or the profile’s unless said', toRegion)
    .option('--profile <name>', 'profile of your AWS configuration; AWS_PROFILE unless said')
    .option(
      '--endpoint <url>',
      'ask the embedded AWS of npm run sim, for example http://127.0.0.1:4566',
      toUrl,
    )
    .option('--scenario <name>', 'ask a simulated world: one that ships, for example S1, or a file')
    .option('--at <seconds>', 'when, s after the scenario’s beginning', whole(0, MOST_SECONDS))
    .option('--seed <n>', 'the scenario’s seed', whole(0, 4_294_967_295))
    .option(
      '--kubernetes',
      'ask the cluster’s API server too, as whoever is signed in, for the pods and max-pods of each node',
    );

/** Source: EKS API reference, CreateCluster, name. */
export function toCluster(text: string): string {
  if (/^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/.test(text)) return text;
  throw new InvalidArgumentError(`expected the name of an EKS cluster, got "${text}"`);
}

function toRegion(text: string): string {
  if (/^[a-z0-9]+(-[a-z0-9]+)+$/.test(text)) return text;
  throw new InvalidArgumentError(`expected a Region such as eu-central-1, got "${text}"`);
}
