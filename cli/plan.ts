/** `eks-ip-prewarmer plan`: what the stack would do for pods that come, and what is to be expected without it. */
import { Command, InvalidArgumentError } from 'commander';
import type { Account } from './account-clients.ts';
import { type AccountOptions, toCluster, withAccount } from './account-options.ts';
import { type Progress, progressOn } from './progress.ts';
import { type BurstOptions, misfit, podsOption, withBurst } from './simulate/burst.ts';
import { cannot, type Subcommand } from './usage.ts';

const FINE = 0;
const FAILURES_EXPECTED = 1;

interface Options extends AccountOptions, Omit<BurstOptions, 'pods'> {
  readonly cluster: string;
  readonly pods?: number;
  readonly policy?: string;
  readonly simulation: boolean;
  readonly json?: true;
}

const command = withAccount(
  withBurst(
    new Command()
      .usage('--cluster <name> (--pods <n> | --workload <namespace/name>) [options]')
      .description(
        'What the prewarmer would do for pods that come, node by node with reasons, in totals, as a patch to paste where only ' +
          'pacing helps; and the failed requests to be expected without it, from a simulation of this very cluster. Changes nothing.',
      )
      .requiredOption('--cluster <name>', 'the EKS cluster', toCluster)
      .option('--pods <n>', 'pods that come', podsOption),
  )
    .option(
      '--workload <namespace/name>',
      'the Deployment: its settings and replicas are asked of Kubernetes, and what --kubernetes asks',
      toWorkload,
    )
    .option('--policy <file>', 'the prewarmer’s policy document (JSON), as deployed')
    .option('--no-simulation', 'only the plan')
    .option('--json', 'one JSON document and nothing else'),
).addHelpText(
  'after',
  `
Examples:
  npx eks-ip-prewarmer plan --cluster shop --pods 300 --over 3m
  npx eks-ip-prewarmer plan --cluster shop --pods 120 --rolling maxSurge=25%,maxUnavailable=0
  npx eks-ip-prewarmer plan --cluster shop --pods 300 --kubernetes    # by exact pods (docs/lens.md)
  npx eks-ip-prewarmer plan --cluster shop --workload web/checkout --node-group blue,green
  npx eks-ip-prewarmer plan --cluster shop --pods 60 --scenario S1      # no account needed

Exit code 0: no failed request is to be expected without us, or not simulated; 1: some are;
2: wrong usage, or AWS does not answer; 130: interrupted (Ctrl-C).`,
);

export const subcommand: Subcommand = {
  command,
  run: async () => {
    const options = command.opts<Options>();
    const wrong = misfit({ ...options, pods: options.pods ?? 0 });
    if (wrong !== undefined) return cannot(wrong);
    const progress = progressOn(process.stderr, `Plan for ${options.cluster}`);
    progress.say('reading the cluster');
    const { openAccount } = await import('./account.ts');
    const account = await openAccount(options);
    try {
      return 'complaint' in account
        ? cannot(account.complaint, progress)
        : await plan(account, options, progress);
    } finally {
      progress.end();
      if (!('complaint' in account)) account.close();
    }
  },
};

async function plan(account: Account, options: Options, progress: Progress): Promise<number> {
  const [{ readPlan }, { policyGiven }] = await Promise.all([
    import('./plan/read.ts'),
    import('./policy-given.ts'),
  ]);
  const given = await policyGiven(account, options.policy);
  if ('complaint' in given) return cannot(given.complaint, progress);
  const { policy, document } = given;
  const read = await account.ask(() => readPlan(account, options.cluster, options, policy));
  if ('complaint' in read) return cannot(read.complaint, progress);

  const [{ planText, expectation }, { notes, notPlayed, outcomeDocument }, { nowhere, placed, unplayable }] =
    await Promise.all([import('./plan/text.ts'), import('./simulate/text.ts'), import('./simulate/ways.ts')]);
  const { snapshot, report, effort } = read;
  // A number that somebody typed is taken at its word.
  const burst = options.pods === undefined ? placed(snapshot, read.burst) : read.burst;
  const wrong = options.simulation ? nowhere(snapshot.nodes, burst) : undefined;
  if (wrong !== undefined) return cannot(wrong, progress);
  const not = unplayable(snapshot, burst);
  const plays = options.simulation && not === undefined;
  if (plays) progress.show('simulating');
  const played = plays
    ? await (await import('./simulate/run.ts')).compare(snapshot, burst, {
        ...{
          seed: options.seed ?? 1,
          brief: true,
          planned: report,
          progress: progress.say,
          policy: document,
        },
      })
    : undefined;
  progress.end();
  for (const line of read.troubles) console.error(line);
  const said = [
    ...(plays ? notPlayed(read.burst, burst) : []),
    ...notes(snapshot, burst, played?.outcomes ?? []),
  ];
  if (options.json)
    console.log(
      JSON.stringify({
        ...{ where: account.where, ...report, effort, notRead: read.troubles },
        expected: played?.outcomes.map(outcomeDocument) ?? null,
        notes: said,
        ...(not !== undefined && { notSimulated: not }),
      }),
    );
  else {
    const texts = [planText(read, account.where, played), expectation(played, not, said)];
    console.log(texts.filter((text) => text !== '').join('\n\n'));
  }
  const failed = played?.outcomes[0]?.figures.failedRequests ?? 0;
  return failed > 0 ? FAILURES_EXPECTED : FINE;
}

function toWorkload(text: string): { namespace: string; name: string } {
  const [, namespace, name] = /^([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253})$/.exec(text) ?? [];
  if (namespace === undefined || name === undefined)
    throw new InvalidArgumentError(`expected a namespace and a name such as web/checkout, got "${text}"`);
  return { namespace, name };
}
