/** docs/gate-endpoint.md: its recipes ask what is answered, and say what comes of it. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { argoAsks, flaggerPosts } from './function-urls.ts';
import { argoMeasures, CART, Endpoint, flaggerHears, isTrue, SECRET } from './gate-tools.ts';

const page = readFileSync(new URL('../../docs/gate-endpoint.md', import.meta.url), 'utf8');

/** Blocks of the page, by the section they stand in. */
const recipes = page.split(/^## /m).flatMap((section) =>
  [...section.matchAll(/^```\w+\n([\s\S]*?)^```$/gm)].map(([, block = '']) => ({
    section: section.split('\n')[0] ?? '',
    block,
  })),
);
const recipe = (section: string, having: string): string => {
  const found = recipes.filter((one) => one.section === section && one.block.includes(having));
  expect(found, `${section}: ${having}`).toHaveLength(1);
  return found[0]?.block ?? '';
};
/** The value behind a key of a YAML block, without quotes. */
const inYaml = (block: string, key: string): string => {
  const value = new RegExp(`^\\s*(?:- )?${key}: (.*)$`, 'm').exec(block)?.[1];
  expect(value, key).toBeDefined();
  return (value ?? '').replace(/^"(.*)"$/, '$1');
};
const targetOf = (url: string): string =>
  url.replace(/^https:\/\/URL_ID\.lambda-url\.[a-z0-9-]+\.on\.aws/, '');

test("its template is one that Argo Rollouts' metric can ask by, and it waits and goes on as the page says", async () => {
  const template = recipe('Argo Rollouts', 'kind: AnalysisTemplate');
  const step = recipe('Argo Rollouts', 'setWeight');
  expect(inYaml(step, 'templateName')).toBe(/metadata:\n {2}name: (\S+)/.exec(template)?.[1]);
  const workload = inYaml(step, 'value');
  const filled = (text: string): string =>
    text.replace('{{args.workload}}', workload).replace('{{args.gate-secret}}', SECRET);
  const [, header = ''] = template.split('headers:');
  const headers = { [inYaml(header, 'key')]: filled(inYaml(header, 'value')) };
  expect(inYaml(template, 'successCondition')).toBe('result == true');
  // Neither a failed measurement nor nobody's patience ends it before its time: analysis.go, `assessMetricStatus`.
  expect(inYaml(template, 'failureLimit')).toBe('-1');
  expect(inYaml(template, 'consecutiveSuccessLimit')).toBe('1');
  const endpoint = new Endpoint('secret');
  await endpoint.announce(workload);
  const measure = async () =>
    argoMeasures(
      await endpoint.ask(argoAsks(targetOf(filled(inYaml(template, 'url'))), headers)),
      inYaml(template, 'jsonPath'),
      isTrue,
    );
  expect(await measure()).toBe('Failed');
  endpoint.nowMs += 30_000;
  expect(await measure()).toBe('Successful');
});

test("its webhooks are such as Flagger's CRD allows, and hold and pass the canary", async () => {
  const canary = recipe('Flagger', 'kind: Canary');
  const webhooks = canary
    .slice(canary.indexOf('    webhooks:'))
    .split(/^ {6}- /m)
    .slice(1);
  expect(webhooks.map((webhook) => inYaml(webhook, 'type'))).toEqual([
    'confirm-rollout',
    'confirm-promotion',
  ]);
  for (const webhook of webhooks) {
    // artifacts/flagger/crd.yaml: the pattern of `timeout`; metadata is texts.
    expect(inYaml(webhook, 'timeout')).toMatch(/^[0-9]+(m|s)/);
    const lines = webhook.slice(webhook.indexOf('metadata:\n')).split('\n').slice(1, -1);
    const metadata = Object.fromEntries(
      lines.map((line) => [line.split(':')[0]?.trim(), line.split(': ')[1]?.replace('SECRET', SECRET)]),
    );
    const endpoint = new Endpoint('secret');
    await endpoint.announce(metadata['workload'] ?? 'cart');
    const post = { ...flaggerPosts(metadata), target: targetOf(inYaml(webhook, 'url')) };
    expect(flaggerHears(await endpoint.ask(post))).toMatchObject({ passed: false });
    endpoint.nowMs += 30_000;
    expect(flaggerHears(await endpoint.ask(post))).toEqual({ passed: true });
  }
});

test('its commands ask what is answered', async () => {
  const commands = recipes.filter(({ block }) => block.includes('$GATE_URL'));
  expect(commands).toHaveLength(2);
  for (const { block } of commands) {
    const query = /\$GATE_URL(\?[^"]*)"/.exec(block)?.[1];
    expect((await new Endpoint('iam').ask(argoAsks(`/gate${query}`))).statusCode).toBe(200);
  }
});

test('its example is an answer', async () => {
  const endpoint = new Endpoint('iam');
  await endpoint.announce();
  const [example] = recipes;
  expect(JSON.parse(example?.block ?? '')).toEqual(JSON.parse((await endpoint.ask(argoAsks(CART))).body));
});

test('every status it speaks of is in its table', () => {
  for (const status of [200, 400, 401, 403, 404, 405, 409, 429, 503])
    expect(page).toMatch(new RegExp(`^\\| .*\\b${status}\\b`, 'm'));
});
