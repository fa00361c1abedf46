/** `eks-ip-prewarmer snapshot`: what of a cluster decides about addresses, as a file to simulate with or to send to somebody. */
import { Command } from 'commander';
import { type AccountOptions, toCluster, withAccount } from './account-options.ts';
import { progressOn } from './progress.ts';
import { type Subcommand, USAGE } from './usage.ts';

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
  npx eks-ip-prewarmer snapshot --cluster shop --scenario S4 > cluster.json      # no account needed
  npx eks-ip-prewarmer simulate cluster.json --pods 300 --over 2m

Exit code 0: written; 2: wrong usage, or AWS does not answer; 130: interrupted (Ctrl-C).`,
);

export const subcommand: Subcommand = {
  command,
  run: async () => {
    const options = command.opts<Options>();
    const progress = progressOn(process.stderr, `Reading ${options.cluster}`);
    const [{ openAccount }, { takeSnapshot }, { anonymise }] = await Promise.all([
      import('./account.ts'),
      import('./snapshot/take.ts'),
      import('./snapshot/anonymise.ts'),
    ]);
    const account = await openAccount(options);
    if ('complaint' in account) {
      progress.end();
      return cannot(account.complaint);
    }
    try {
      const taken = await account.ask(() => takeSnapshot(options.cluster, account));
      progress.end();
      if ('complaint' in taken) return cannot(taken.complaint);
      if ('failure' in taken) return cannot(account.failed.troubleWith(taken.failure, taken.call));
      const snapshot = options.anonymise ? anonymise(taken.snapshot) : taken.snapshot;
      process.stdout.write(`${JSON.stringify(snapshot, undefined, 2)}\n`);
      for (const note of snapshot.notes) console.error(note);
      return TAKEN;
    } finally {
      progress.end();
      account.close();
    }
  },
};

function cannot(line: string): number {
  console.error(line);
  return USAGE;
}
