/** How to pace a rollout where no warming helps: in words, and as a patch to paste. */
import type { RolloutReport } from '../../lambdas/core/decide-rollout.ts';
import { count, wrapped } from '../tables.ts';

export function pacing(
  report: RolloutReport,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): string[] {
  const { pacing: paced, selfPaced, pacingUnknown } = report;
  if (pacingUnknown !== undefined) return ['', wrapped(`Pacing: ${pacingUnknown}.`, '  ')];
  if (paced === undefined) return [];
  const { podsPerWave, everyMs, waves, because } = paced;
  const how = `Pacing: ${count(podsPerWave)} pods every ${everyMs / 1000} s, ${waves} waves: ${because}.`;
  if (selfPaced === undefined) return ['', wrapped(how, '  ')];
  return [
    '',
    wrapped(how, '  '),
    wrapped(
      `Kubernetes paces itself so, in ${selfPaced.takesMs / 1000} s or more, with this patch: ${selfPaced.because}.`,
      '  ',
    ),
    '',
    `# kubectl -n ${namespace} patch deployment ${name} --patch-file patch.yaml`,
    yaml(selfPaced.patch),
  ];
}

/** An object of objects, texts and numbers as YAML. A text stands in quotes where YAML could take it for something else. */
export function yaml(value: object, indent = ''): string {
  return Object.entries(value)
    .map(([key, each]) =>
      typeof each === 'object' && each !== null
        ? `${indent}${key}:\n${yaml(each, `${indent}  `)}`
        : `${indent}${key}: ${typeof each === 'string' && !/^[A-Za-z][A-Za-z0-9]*$/.test(each) ? JSON.stringify(each) : each}`,
    )
    .join('\n');
}
