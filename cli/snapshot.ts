/** `eks-ip-prewarmer snapshot`: what of a cluster decides about addresses, as a file to simulate with or to send to somebody. */
import { Command } from 'commander';
import { type AccountOptions, toCluster, withAccount } from './account-options.ts';
import { progressOn } from './progress.ts';
import { cannot, type Subcommand } from './usage.ts';

interface Options extends AccountOptions {
  readonly cluster: string;
  readonly anonymise?: true;
}

const TAKEN = 0;

const command = withAccount(
  new Command()
    .usage('--cluster <name> [options]')
    .description(
      'Writes what of a cluster decides about addresses: its subnets, its nodes with their ENIs and numbers of addresses, the ' +
        'CNI’s settings. No address, no tag of yours, no other setting, nothing secret. Changes nothing.',
    )
    .requiredOption('--cluster <name>', 'the EKS cluster', toCluster)
    .option('--anonymise', 'replace ids, names and address ranges, each by the same everywhere'),
).addHelpText(
  'after',
  `
Examples:
  npx eks-ip-prewarmer snapshot --cluster shop > cluster.json
  npx eks-ip-prewarmer snapshot --cluster shop --anonymise > cluster.json
  npx eks-ip-prewarmer snapshot --cluster shop --kubernetes > cluster.json  # with pods
  npx eks-ip-prewarmer snapshot --cluster shop --scenario S4 > cluster.json      # no account needed
  npx eks-ip-prewarmer simulate cluster.json --pods 300 --over 2m

Exit code 0: written; 2: wrong usage, or AWS does not answer; 130: interrupted (Ctrl-C).`,
);

export const subcommand: Subcommand = {
  command,
  run: async () => {
    const options = command.opts<Options>();
    const progress = progressOn(process.stderr, `Reading ${options.cluster}`);
    const [
      { openAccount },
      { takeSnapshot },
      { withCounts },
      { countOn, kubeOf, NOT_COUNTED },
      { anonymise },
    ] = await Promise.all([
      import('./account.ts'),
      import('./snapshot/take.ts'),
      import('./snapshot/counts.ts'),
      import('./kubernetes.ts'),
      import('./snapshot/anonymise.ts'),
    ]);
    const account = await openAccount(options);
    if ('complaint' in account) return cannot(account.complaint, progress);
    try {
      const { taken, counted } = await account.ask(async () => {
        const taken = await takeSnapshot(options.cluster, account);
        const asks = 'snapshot' in taken && options.kubernetes === true;
        return {
          taken,
          counted: asks
            ? await countOn(kubeOf(account), options.cluster, account, progress.say)
            : NOT_COUNTED,
        };
      });
      progress.end();
      if ('complaint' in taken) return cannot(taken.complaint);
      if ('failure' in taken) return cannot(account.failed.troubleWith(taken.failure, taken.call));
      const whole = withCounts(taken.snapshot, taken.inventory.world.nodes, counted);
      const snapshot = options.anonymise ? anonymise(whole) : whole;
      process.stdout.write(`${JSON.stringify(snapshot, undefined, 2)}\n`);
      for (const line of [...snapshot.notes, ...counted.troubles]) console.error(line);
      return TAKEN;
    } finally {
      progress.end();
      account.close();
    }
  },
};
