/** The page of `simulate --report`: what a person sees of it, in a browser where this machine has one. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { XMLValidator } from 'fast-xml-parser';
import { beforeAll, expect, test } from 'vitest';
import { burstOf } from '../../cli/simulate/burst.ts';
import { page } from '../../cli/simulate/page.ts';
import { SCRIPT, STYLE } from '../../cli/simulate/page-style.ts';
import { compare } from '../../cli/simulate/run.ts';
import { finished } from '../sim/sim-process.ts';
import { node, SMALL } from './snapshots.ts';

const CHROMIUM = [
  process.env['CHROME_PATH'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find(existsSync);

/** Full nodes, to which nine pods come: ipamd's calls fail some, and lines part. */
let html: string;
let names: readonly string[];
beforeAll(async () => {
  const burst = burstOf({ pods: 30, over: 0, startsIn: 300_000, launches: true });
  const full = { ...SMALL, nodes: [node(1, [9, 9, 9]), node(2, [9, 9, 9])] };
  const { outcomes } = await compare(full, burst, { seed: 1, progress: () => {} });
  names = outcomes.map(({ way }) => way.name);
  html = page({ title: 'Thirty pods', outcomes, notes: ['a note'] });
}, 60_000);

test('its charts are well-formed, and its script is one', () => {
  const charts = html.match(/<svg [\s\S]*?<\/svg>/g) ?? [];
  expect(charts).toHaveLength(4);
  for (const chart of charts) expect(XMLValidator.validate(chart)).toBe(true);
  expect(() => new Script(SCRIPT)).not.toThrow();
});

test('a way has the colour it has on every page, and no two have the same', () => {
  const colourOf = (name: string): string | undefined =>
    new RegExp(`<i class="(way-\\d)"></i>${name}</button>`).exec(html)?.[1];
  expect(['present settings', 'with us, announced', 'with us, in waves'].map(colourOf)).toEqual([
    ...['way-0', 'way-1', 'way-2'],
  ]);
  expect(new Set(names.map(colourOf)).size).toBe(names.length);
});

test('each colour stands out from its card by 3:1, text by 4.5:1, in the light and in the dark', () => {
  const schemes = [...STYLE.matchAll(/:root\{(.*?)\}/g)].map(
    ([, text = '']) =>
      new Map([...text.matchAll(/--([\w-]+):(#\w+);?/g)].map(([, name, hex]) => [name, hex])),
  );
  expect(schemes).toHaveLength(2);
  for (const colours of schemes) {
    const card = colours.get('card') ?? '';
    const ways = [...colours].flatMap(([name, hex]) => (name?.startsWith('way-') ? [hex ?? ''] : []));
    expect(ways).toHaveLength(9);
    for (const way of ways) expect(contrast(way, card), `${way} on ${card}`).toBeGreaterThanOrEqual(3);
    for (const ground of [card, colours.get('page') ?? ''])
      for (const text of ['ink', 'soft'])
        expect(contrast(colours.get(text) ?? '', ground), text).toBeGreaterThanOrEqual(4.5);
  }
});

/** Source: WCAG 2.2, relative luminance and contrast ratio. */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(hex: string): number {
  const digits = hex.length === 4 ? hex.replaceAll(/[\da-f]/g, '$&$&') : hex;
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(digits.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Done in the page by somebody with a pointer, then with a keyboard; what he sees. */
const VISITOR = `
const seen = { errors, requests: performance.getEntriesByType('resource').length };
const svg = document.querySelector('figure[data-chart="failed"] svg');
const tip = document.getElementById('tip');
const rows = () => Object.fromEntries([...tip.querySelectorAll('div')].map((row) => [...row.children].map(({ textContent }) => textContent)));
const box = svg.getBoundingClientRect();
const at = (x) => ({ clientX: box.left + box.width * x, clientY: box.top + 20, bubbles: true });
svg.dispatchEvent(new PointerEvent('pointermove', at(0.97)));
seen.pointer = { at: tip.querySelector('b').textContent, rows: rows(), hidden: tip.hidden };
const [name, value] = Object.entries(seen.pointer.rows)[0];
const tipBox = tip.getBoundingClientRect();
seen.covers = tipBox.top < box.bottom - 1 && tipBox.bottom > box.top + 1;
svg.dispatchEvent(new PointerEvent('pointerleave'));
seen.left = tip.hidden;
svg.focus();
const key = (key) => svg.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
key('End');
seen.end = rows();
key('Home');
key('ArrowRight');
seen.second = tip.querySelector('b').textContent;
const [button] = document.querySelectorAll('.legend button');
button.click();
seen.hides = { line: svg.querySelector('.line').getAttribute('visibility'), pressed: button.getAttribute('aria-pressed') };
key('End');
seen.without = rows();
button.click();
seen.shown = svg.querySelector('.line').getAttribute('visibility');
seen.wide = document.documentElement.scrollWidth <= innerWidth;
const result = document.createElement('pre');
result.id = 'seen';
result.textContent = JSON.stringify(seen);
document.body.append(result);
`;

test.skipIf(CHROMIUM === undefined)(
  'in a browser: no error, nothing asked of anybody, values by pointer and by keyboard, lines that hide',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'page-'));
    const file = join(folder, 'out.html');
    const visited = html
      .replace(
        '<head>',
        '<head><script>var errors = []; onerror = (message) => errors.push(message);</script>',
      )
      .replace('</body>', `<script type="module">${VISITOR}</script></body>`);
    await writeFile(file, visited);
    const { status, stdout } = await finished(
      spawn(CHROMIUM ?? '', [
        ...[
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          '--no-first-run',
          '--disable-background-networking',
        ],
        ...['--disable-component-update', '--disable-sync', `--user-data-dir=${join(folder, 'profile')}`],
        ...['--window-size=600,900', '--dump-dom', `file://${file}`],
      ]),
    );
    await rm(folder, { recursive: true });
    expect(status).toBe(0);
    const seen = JSON.parse(/<pre id="seen">(.*?)<\/pre>/s.exec(stdout)?.[1] ?? '{}');
    const failed = Object.fromEntries(
      [...html.matchAll(/<span class="name">(.*?)<\/span>.*?<span class="value">(.*?)<\/span>/g)].map(
        ([, name, value]) => [name, value],
      ),
    );
    expect(Object.values(failed).some((value) => value !== '0')).toBe(true);
    expect(seen).toMatchObject({ errors: [], requests: 0, covers: false, left: true, wide: true });
    expect(seen.pointer).toMatchObject({
      hidden: false,
      at: expect.stringMatching(/^\d:\d\d$/),
      rows: failed,
    });
    expect(seen.end).toEqual(failed);
    expect(seen.second).toBe('−4:55');
    expect(seen.hides).toEqual({ line: 'hidden', pressed: 'false' });
    expect(Object.keys(seen.without)).toEqual(names.slice(1));
    expect(seen.shown).toBe('visible');
  },
);
