/** `eks-ip-prewarmer doctor`: the traps in a cluster's address settings. */
import { Command } from 'commander';
import { withAccount } from './account-options.ts';
import type { Subcommand } from './eks-ip-prewarmer.ts';

const command = withAccount(new Command().description('Under construction.')).requiredOption(
  '--cluster <name>',
  'the EKS cluster',
);

export const subcommand: Subcommand = { command, run: async () => 0 };
