/**
 * `eks-ip-prewarmer`: what people try first. Every command reads and changes nothing. Each is a file of its own, loaded when it is
 * asked for, so that help is there at once.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { cannot, endsAtParsing, type Subcommand, USAGE } from './usage.ts';

interface Listed {
  readonly says: string;
  load(): Promise<{ readonly subcommand: Subcommand }>;
}

/** In the order in which help shows them. */
const COMMANDS: Readonly<Record<string, Listed>> = {
  doctor: {
    says: 'names the traps in a cluster’s address settings: evidence, consequence, remedy, price',
    load: () => import('./doctor.ts'),
  },
  plan: {
    says: 'what the prewarmer would do for pods that come, and the failures to expect without it',
    load: () => import('./plan.ts'),
  },
  snapshot: {
    says: 'writes what of a cluster decides about addresses into a file',
    load: () => import('./snapshot.ts'),
  },
  simulate: {
    says: 'a burst on a snapshot’s cluster: as it is, under other settings, and with the prewarmer',
    load: () => import('./simulate.ts'),
  },
};

/** As shells say it: 128 and the number of SIGINT. */
const INTERRUPTED = 130;

const [asked, ...rest] = process.argv.slice(2);
process.once('SIGINT', () => {
  process.stderr.write('\nInterrupted. Nothing was changed.\n');
  process.exit(INTERRUPTED);
});
// Whoever read what was written has seen enough, for example `| head`; the exit code and a page are for others.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
try {
  process.exitCode = await main();
} catch (error) {
  console.error('A defect of this program, which is best reported with all of this:', error);
  process.exit(USAGE);
}

async function main(): Promise<number> {
  // `help doctor` and `doctor --help` are the same.
  const helped = asked === 'help' && rest[0] !== undefined;
  const name = helped ? rest[0] : asked;
  if (name === undefined || !Object.hasOwn(COMMANDS, name)) return overview(name);
  const listed = COMMANDS[name];
  if (listed === undefined) return overview(name);
  const { command, run } = (await listed.load()).subcommand;
  command.name(`eks-ip-prewarmer ${name}`);
  return endsAtParsing(command, helped ? ['--help'] : rest) ?? run(command);
}

function overview(name: string | undefined): number {
  if (name !== undefined && name !== 'help' && !name.startsWith('-')) {
    const names = Object.keys(COMMANDS).join(', ');
    return cannot(`expected one of ${names}, got "${name}": see eks-ip-prewarmer --help`);
  }
  const widest = Math.max(...Object.keys(COMMANDS).map(({ length }) => length));
  const lines = Object.entries(COMMANDS).map(([each, { says }]) => `  ${each.padEnd(widest)}  ${says}`);
  const command = new Command('eks-ip-prewarmer')
    .usage('<command> [options]')
    .description(
      'Addresses for pods on Amazon EKS before they ask for them. Reads an account; changes nothing.',
    )
    .version(version(), '-V, --version')
    .addHelpText(
      'after',
      `
Commands:
${lines.join('\n')}

Examples:
  npx eks-ip-prewarmer doctor --cluster shop
  npx eks-ip-prewarmer doctor --cluster shop --region eu-central-1 --json
  npx eks-ip-prewarmer doctor --cluster shop --scenario S1      # no account needed
  npx eks-ip-prewarmer plan --cluster shop --pods 300 --over 3m
  npx eks-ip-prewarmer snapshot --cluster shop > cluster.json
  npx eks-ip-prewarmer simulate cluster.json --pods 300 --over 2m --report out.html
  npx eks-ip-prewarmer help plan

Exit codes of every command: 0: nothing to say against; 1: something is; 2: wrong usage, or what
cannot be worked on; 130: interrupted (Ctrl-C).`,
    );
  return (
    endsAtParsing(command, name === undefined || name === 'help' ? ['--help'] : process.argv.slice(2)) ??
    USAGE
  );
}

/** Of the package this file is in, built or not. */
function version(): string {
  const [found] = ['..', '../..']
    .map((up) => join(import.meta.dirname, up, 'package.json'))
    .filter(existsSync);
  return found === undefined ? 'unknown' : JSON.parse(readFileSync(found, 'utf8')).version;
}
