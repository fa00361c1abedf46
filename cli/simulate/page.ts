/** The page with charts: one file that needs nothing else, for a screen in the light and in the dark, and for paper. */
import { count } from '../tables.ts';
import { type Chart, escaped, type Line, PLOT, pointsOf, svg, WIDTH } from './chart.ts';
import { SCRIPT, STYLE } from './page-style.ts';
import type { Outcome } from './play.ts';
import type { Sample } from './series.ts';
import { failedIn, figuresOf, labelOf } from './text.ts';
import { IN_WAVES, PATCHED, PRESENT, WITH_US } from './ways.ts';

export interface Page {
  readonly title: string;
  readonly outcomes: readonly Outcome[];
  readonly notes: readonly string[];
}

const CHARTS: readonly {
  readonly id: string;
  readonly title: string;
  readonly of: (sample: Sample) => number;
}[] = [
  { id: 'pods', title: 'Pods with an address', of: ({ pods }) => pods },
  {
    id: 'failed',
    title: 'Failed requests for an address, so far',
    of: ({ failedRequests }) => failedRequests,
  },
  { id: 'addresses', title: 'Addresses on nodes, used or not', of: ({ addresses }) => addresses },
  { id: 'calls', title: 'EC2 calls of everybody, so far', of: ({ ec2Calls }) => ec2Calls },
];
/** Shown after the last thing that happens, s; and at least in all. */
const AFTERWARDS = 30;
const AT_LEAST = 120;

/** In the order of their colours, which are the same on every page; whatever else was played takes those after them. */
const MAIN = [PRESENT, WITH_US, IN_WAVES, PATCHED];

/** Of each outcome, which of the page's colours it has. */
function coloursOf(outcomes: readonly Outcome[]): number[] {
  let next = MAIN.length;
  return outcomes.map(({ way }) => (MAIN.includes(way.name) ? MAIN.indexOf(way.name) : next++));
}

export function page({ title, outcomes, notes }: Page): string {
  const colours = coloursOf(outcomes);
  const fromSeconds = Math.min(0, ...outcomes.map(({ samples }) => samples[0]?.atSeconds ?? 0));
  const toSeconds = lastOf(outcomes);
  const charts = CHARTS.map(
    ({ id, title: named, of }): Chart => ({
      ...{ id, title: named, fromSeconds, toSeconds },
      lines: outcomes.map(
        (outcome, index): Line => ({
          ...{ way: colours[index] ?? 0, name: labelOf(outcome), main: MAIN.includes(outcome.way.name) },
          points: pointsOf(outcome.samples, of, toSeconds),
        }),
      ),
    }),
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Addresses for pods, simulated</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Addresses for pods, simulated</h1>
<p class="lead">${escaped(title.replaceAll('\n', ' ').replaceAll(/(\d) s\b/g, '$1\u00a0s'))}</p>
<section aria-label="Failed requests by way">
<h2>Failed requests for an address</h2>
${bars(outcomes, colours)}
</section>
<section class="charts" aria-label="Charts over time">
${legend(outcomes, colours)}
<p class="axis">Minutes and seconds since the first pod was due, in virtual time. Where lines lie on each other, their colours take turns. A name above hides its line and shows it again.</p>
${charts.map((chart) => `<figure data-chart="${chart.id}"><figcaption>${escaped(chart.title)}</figcaption>\n${svg(chart)}</figure>`).join('\n')}
</section>
<section aria-label="Figures">
<h2>Figures</h2>
${table(outcomes, colours)}
</section>
${notes.length > 0 ? `<section aria-label="Notes"><h2>Notes</h2><ul>${notes.map((note) => `<li>${escaped(note)}</li>`).join('')}</ul></section>` : ''}
</main>
<div id="tip" role="status" hidden></div>
<script type="application/json" id="data">${data(charts)}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

/** When nothing happens any more that a chart could show. */
function lastOf(outcomes: readonly Outcome[]): number {
  let last = AT_LEAST;
  for (const { samples } of outcomes) {
    const end = samples.at(-1);
    const changed = samples.findLast(
      ({ pods, failedRequests }) => pods !== end?.pods || failedRequests !== end.failedRequests,
    );
    last = Math.max(last, (changed?.atSeconds ?? 0) + AFTERWARDS);
  }
  return last;
}

function bars(outcomes: readonly Outcome[], colours: readonly number[]): string {
  const most = Math.max(1, ...outcomes.map(({ figures }) => figures.failedRequests));
  const rows = outcomes.map((outcome, index) => {
    const { way, stopped } = outcome;
    const { failedRequests, withoutAddress } = outcome.figures;
    const name = `<span class="name">${escaped(way.name)}</span>`;
    // An empty bar would be the best of all.
    if (stopped !== undefined || (failedRequests === 0 && withoutAddress > 0))
      return `<li>${name}<span class="words">${failedIn(outcome)}</span></li>`;
    const width = Math.round((failedRequests / most) * 1000) / 10;
    return `<li>${name}<span class="track">${failedRequests > 0 ? `<span class="bar way-${colours[index]}" style="width:${width}%"></span>` : ''}</span><span class="value">${count(failedRequests)}</span></li>`;
  });
  return `<ol class="bars">${rows.join('\n')}</ol>`;
}

const legend = (outcomes: readonly Outcome[], colours: readonly number[]): string =>
  `<div class="legend" role="group" aria-label="Show or hide">${outcomes
    .map(
      (outcome, index) =>
        `<button type="button" aria-pressed="true" data-way="${colours[index]}"><i class="way-${colours[index]}"></i>${escaped(labelOf(outcome))}</button>`,
    )
    .join('')}</div>`;

const HEAD = [
  '',
  'Failed',
  'Worst wait, s',
  'p99 wait, s',
  'EC2 calls',
  'Throttled',
  'Idle, address·s',
  'Last pod, s',
];

function table(outcomes: readonly Outcome[], colours: readonly number[]): string {
  const rows = outcomes.map((outcome, index) => {
    const cells = figuresOf(outcome).map((cell) => `<td>${cell}</td>`);
    return `<tr><th scope="row"><i class="way-${colours[index]}"></i>${escaped(labelOf(outcome))}</th>${cells.join('')}</tr>`;
  });
  return `<div class="scroll" role="region" tabindex="0" aria-label="Figures of each way"><table><thead><tr>${HEAD.map((each) => `<th scope="col">${each}</th>`).join('')}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
}

/** What the page's script reads values off. Nothing in it can end the element it stands in. */
const data = (charts: readonly Chart[]): string =>
  JSON.stringify({
    ...{ plot: PLOT, width: WIDTH },
    charts: charts.map(({ id, fromSeconds, toSeconds, lines }) => ({ id, fromSeconds, toSeconds, lines })),
  }).replaceAll('<', '\\u003c');
