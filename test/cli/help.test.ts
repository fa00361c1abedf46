/** Help of every command: it fits the terminal, shows how to begin, and what the exit codes mean. */
import { expect, test } from 'vitest';
import { command, type Ended, finished } from '../sim/sim-process.ts';

const run = (...args: string[]): Promise<Ended> => finished(command('eks-ip-prewarmer.ts', args));

test('of all: each command is named, and has help of its own with examples, exit codes and no line over 100 columns', async () => {
  const overview = await run('--help');
  const names = [...overview.stdout.matchAll(/^ {2}(\w+) {2,}\S/gm)].map(([, name = '']) => name);
  expect(names).toEqual(['doctor', 'plan', 'snapshot', 'simulate']);
  const helps = await Promise.all(names.map((name) => run(name, '--help')));
  for (const [index, { status, stdout, stderr }] of [...helps, overview].entries()) {
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Exit codes? .*0: .*\n?.*2: .*\n?.*130: interrupted \(Ctrl-C\)\.$/m);
    expect(stdout).toMatch(/\nExamples:\n {2}npx eks-ip-prewarmer /);
    if (index < names.length)
      expect(stdout).toMatch(new RegExp(`^Usage: eks-ip-prewarmer ${names[index]} .*<`));
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
  }
});

test.each<[string[], RegExp]>([
  [['doctor'], /^required option '--cluster <name>' not specified: see eks-ip-prewarmer doctor --help$/],
  [
    ['plan', '--cluster', 'shop', '--pod', '3'],
    /^unknown option '--pod' \(Did you mean --pods\?\): see eks-ip-prewarmer plan --help$/,
  ],
  [['simulate', 'a', 'b', '--pods', '3'], /got 2: a, b: see eks-ip-prewarmer simulate --help$/],
  [['doktor'], /^expected one of doctor, .*, got "doktor": see eks-ip-prewarmer --help$/],
  [['plan', '--cluster', 'shop', '--pods', '0'], /expected a whole number from 1 to 150000, got "0"$/],
])('wrong usage %j: one line that says where to look, and 2', async (args, said) => {
  const { status, stdout, stderr } = await run(...args);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr.trimEnd()).toMatch(said);
});
