/** What the lens and the gate add to a stack, and that without them nothing is added. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { GATE_GROUP, LENS_GROUP, SCALE_GROUP } from '../../infra/lens-access.ts';
import { GATE_TAINT } from '../../lambdas/core/model.ts';
import { statementsOf, templateOf, WARM } from './synthesized.ts';

const page = readFileSync(new URL('../../docs/lens.md', import.meta.url), 'utf8');
const entriesOf = (context: Record<string, unknown>): unknown[] =>
  Object.values(templateOf(context).findResources('AWS::EKS::AccessEntry'))
    .map(({ Properties }) => [
      String(Properties.PrincipalArn['Fn::GetAtt'][0]).replace(/Role.*$/, ''),
      Properties.KubernetesGroups,
    ])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));

test('off: no access entry, and the functions are told of neither', () => {
  const template = JSON.stringify(templateOf(WARM).toJSON());
  expect(entriesOf(WARM)).toEqual([]);
  expect(template).not.toMatch(/lens|gate\\*"/);
});

test('the lens alone: those who plan become known to the cluster, in one group, and who advances waves in the one that scales', () => {
  expect(entriesOf({ ...WARM, lens: 'true' })).toEqual([
    ['AdvanceWave', [LENS_GROUP, SCALE_GROUP]],
    ['OnSignal', [LENS_GROUP]],
    ['ReportRollout', [LENS_GROUP]],
    ['Sweep', [LENS_GROUP]],
    ['VerifyWave', [LENS_GROUP]],
    ['WarmWave', [LENS_GROUP]],
  ]);
});

test('with the gate those who open gates become known too, and may describe the cluster and send launches back', () => {
  const context = { ...WARM, lens: true, gate: true };
  expect(entriesOf(context)).toEqual([
    ['AdvanceWave', [LENS_GROUP, SCALE_GROUP]],
    ['LookAgain', [GATE_GROUP]],
    ['OnSignal', [LENS_GROUP]],
    ['ReportRollout', [LENS_GROUP]],
    ['Sweep', [LENS_GROUP, GATE_GROUP]],
    ['VerifyWave', [LENS_GROUP]],
    ['WarmWave', [LENS_GROUP]],
  ]);
  const held = (settings: Record<string, unknown>): string[] =>
    statementsOf(templateOf(settings))
      .filter(({ holder }) => holder === 'LookAgain')
      .flatMap(({ actions }) => actions);
  expect(held(context)).toEqual(expect.arrayContaining(['eks:DescribeCluster', 'eks:DescribeAddon']));
  expect(held(WARM)).not.toContain('eks:DescribeCluster');
});

test('the page for operators names the groups, the taint and every right the code asks for', () => {
  for (const group of [LENS_GROUP, GATE_GROUP, SCALE_GROUP]) expect(page).toContain(`name: ${group}`);
  expect(page).toContain(GATE_TAINT.key);
  const rules = [...page.matchAll(/apiGroups: (\[.*\])\n\s+resources: (\[.*\])\n\s+verbs: (\[.*\])/g)].map(
    ([, ...parts]) => parts.map((part) => JSON.parse(part)),
  );
  expect(rules).toEqual([
    [[''], ['pods'], ['list']],
    [['apps'], ['deployments'], ['get']],
    // From the command line.
    [[''], ['nodes', 'pods'], ['list']],
    [['apps'], ['deployments'], ['get']],
    [['apps'], ['deployments/scale'], ['patch']],
    [[''], ['nodes'], ['get', 'list', 'patch']],
  ]);
});
