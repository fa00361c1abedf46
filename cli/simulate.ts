/** `eks-ip-prewarmer simulate`: the same burst on a snapshot's cluster under its settings, under others, and with us. */
import { statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Command } from 'commander';
import { progressOn } from './progress.ts';
import { type BurstOptions, burstOf, misfit, podsOption, withBurst } from './simulate/burst.ts';
import { cannot, type Subcommand, toAssignments, whole } from './usage.ts';

interface Options extends BurstOptions {
  readonly settings?: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly json?: true;
  readonly report?: string;
}

const PLAYED = 0;

const command = withBurst(
  new Command()
    .usage('<snapshot> --pods <n> [options]')
    .description(
      'Plays the same burst of pods on a snapshot’s cluster, in virtual time: under its present settings, under alternatives, ' +
        'with the prewarmer and with it in waves; one table. Asks nobody and changes nothing.',
    )
    .argument('<snapshot>', 'file that eks-ip-prewarmer snapshot wrote')
    .requiredOption('--pods <n>', 'pods that come', podsOption),
)
  .option(
    '--settings <NAME=value...>',
    'one more way: the present settings with these',
    toAssignments(/^([A-Za-z0-9_]+)=(\S*)$/, 'a setting such as WARM_ENI_TARGET=2'),
  )
  .option('--seed <n>', 'the world’s seed', whole(0, 4_294_967_295), 1)
  .option('--report <file>', 'write a page with charts, too')
  .option('--json', 'one JSON document and nothing else')
  .addHelpText(
    'after',
    `
Examples:
  npx eks-ip-prewarmer snapshot --cluster shop > cluster.json
  npx eks-ip-prewarmer simulate cluster.json --pods 300 --over 2m
  npx eks-ip-prewarmer simulate cluster.json --pods 300 --settings WARM_ENI_TARGET=3 MAX_ENI=4
  npx eks-ip-prewarmer simulate cluster.json --pods 120 --rolling maxSurge=25% --report out.html

Exit code 0: played; 2: wrong usage, or a snapshot that cannot be played; 130: interrupted (Ctrl-C).`,
  );

export const subcommand: Subcommand = {
  command,
  run: async () => {
    const [file = ''] = command.args;
    const options = command.opts<Options>();
    const wrong = misfit(options);
    if (wrong !== undefined) return cannot(wrong);
    const { seed, settings, report } = options;
    // Before anybody waits for what could not be kept.
    if (report !== undefined && (!isFolder(dirname(report)) || isFolder(report)))
      return cannot(`--report: expected a file in a folder that is there, got "${report}"`);
    const [{ readSnapshotFile, withPods }, { settingsComplaint, unplayable }] = await Promise.all([
      import('./snapshot/read.ts'),
      import('./simulate/ways.ts'),
    ]);
    const read = await readSnapshotFile(file);
    if ('complaint' in read) return cannot(read.complaint);
    const burst = burstOf(options);
    const snapshot = withPods(read.snapshot, burst);
    const not = settingsComplaint(options.settings) ?? unplayable(snapshot, burst);
    if (not !== undefined) return cannot(not);
    const progress = progressOn(process.stderr, `Simulating ${file}`);
    progress.show('preparing');
    const { compare } = await import('./simulate/run.ts');
    const compared = await compare(snapshot, burst, {
      ...{ seed, progress: progress.say },
      ...(settings !== undefined && { settings }),
    });
    progress.end();
    const { introduction, KEY, notes, outcomeDocument, table } = await import('./simulate/text.ts');
    const { wrapped } = await import('./tables.ts');
    const said = notes(snapshot, burst, compared.outcomes);
    const intro = introduction(snapshot, burst, seed);
    if (options.json)
      console.log(
        JSON.stringify({
          ...{ simulated: true, seed, takenAt: snapshot.takenAt, cluster: snapshot.cluster.name },
          ...{ notes: said, ways: compared.outcomes.map(outcomeDocument) },
        }),
      );
    else {
      console.log(`${intro}\n\n${table(compared.outcomes)}\n\n${KEY}`);
      if (said.length > 0) console.log(`\n${said.map((note) => wrapped(`- ${note}`, '  ')).join('\n')}`);
      if (compared.report?.pacing !== undefined)
        console.log((await import('./plan/pacing.ts')).pacing(compared.report, burst.workload).join('\n'));
    }
    if (report === undefined) return PLAYED;
    const { page } = await import('./simulate/page.ts');
    return write(report, page({ title: intro, outcomes: compared.outcomes, notes: said }));
  },
};

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

async function write(file: string, page: string): Promise<number> {
  try {
    await writeFile(file, page);
    return PLAYED;
  } catch (error) {
    return cannot(`--report: cannot be written: ${(error as Error).message}`);
  }
}
