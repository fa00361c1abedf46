/** A line chart as SVG, of our own few lines: text and rules take the page's colours, lines those of their way. */
import type { Sample } from './series.ts';

export interface Line {
  /** Which of the page's colours it has. */
  readonly way: number;
  /** One of those the page is about. */
  readonly main: boolean;
  readonly name: string;
  readonly points: readonly (readonly [atSeconds: number, value: number])[];
}

export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly lines: readonly Line[];
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

export const WIDTH = 560;
export const HEIGHT = 250;
/** Room for the scales. */
export const PLOT = { left: 56, top: 12, right: WIDTH - 12, bottom: HEIGHT - 34 } as const;

export function svg({ title, lines, fromSeconds, toSeconds }: Chart): string {
  const most = Math.max(1, ...lines.flatMap(({ points }) => points.map(([, value]) => value)));
  const { step, top } = scaleTo(most);
  const x = (at: number): number =>
    PLOT.left + ((at - fromSeconds) / (toSeconds - fromSeconds)) * (PLOT.right - PLOT.left);
  const y = (value: number): number => PLOT.bottom - (value / top) * (PLOT.bottom - PLOT.top);
  const rows = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step);
  const columns = ticks(fromSeconds, toSeconds);
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" tabindex="0" aria-label="${escaped(title)}, over time; arrow keys read values" data-top="${top}">`,
    ...rows.map(
      (value) =>
        `<line class="rule" x1="${PLOT.left}" x2="${PLOT.right}" y1="${at(y(value))}" y2="${at(y(value))}"/>` +
        `<text x="${PLOT.left - 8}" y="${at(y(value) + 4)}" text-anchor="end">${short(value)}</text>`,
    ),
    ...columns.map(
      (seconds) =>
        `<line class="tick" x1="${at(x(seconds))}" x2="${at(x(seconds))}" y1="${PLOT.bottom}" y2="${PLOT.bottom + 4}"/>` +
        `<text x="${at(x(seconds))}" y="${PLOT.bottom + 18}" text-anchor="middle">${clock(seconds)}</text>`,
    ),
    ...(fromSeconds < 0
      ? [
          `<line class="due" x1="${at(x(0))}" x2="${at(x(0))}" y1="${PLOT.top}" y2="${PLOT.bottom}"/>`,
          `<text x="${at(x(0) - 6)}" y="${PLOT.top + 10}" text-anchor="end">first pod due</text>`,
        ]
      : []),
    ...lines.map(
      ({ way, main, points }) =>
        `<polyline class="line way-${way}${main ? ' main' : ''}" data-way="${way}" points="${points
          .map(([seconds, value]) => `${at(x(seconds))},${at(y(value))}`)
          .join(' ')}"/>`,
    ),
    `<line class="cross" x1="0" x2="0" y1="${PLOT.top}" y2="${PLOT.bottom}" visibility="hidden"/>`,
    '</svg>',
  ].join('\n');
}

/** What a line shows, without the points in the middle of a level stretch. */
export function pointsOf(
  samples: readonly Sample[],
  of: (sample: Sample) => number,
  toSeconds: number,
): [number, number][] {
  const points: [number, number][] = [];
  for (const sample of samples) {
    if (sample.atSeconds > toSeconds) break;
    const value = of(sample);
    const level = points.at(-1)?.[1] === value && points.at(-2)?.[1] === value;
    if (level) points.pop();
    points.push([sample.atSeconds, value]);
  }
  return points;
}

/** A round step that cuts the scale into three to six, and the scale's end. */
export function scaleTo(most: number): { readonly step: number; readonly top: number } {
  const tenth = 10 ** Math.floor(Math.log10(most));
  const step = Math.max(
    1,
    [0.2, 0.25, 0.5, 1, 2].map((each) => each * tenth).find((each) => most / each <= 5) ?? tenth,
  );
  return { step, top: Math.ceil(most / step) * step };
}

function ticks(from: number, to: number): number[] {
  const step = [15, 30, 60, 120, 300, 600, 1_800, 3_600].find((each) => (to - from) / each <= 8) ?? 7_200;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.floor((to - first) / step) + 1 }, (_, index) => first + index * step);
}

const at = (value: number): string => String(Math.round(value * 10) / 10);
const short = (value: number): string =>
  value >= 10_000 ? `${Math.round(value / 100) / 10}k` : value.toLocaleString('en-US');
/** Minutes and seconds before or after the first pod. */
const clock = (seconds: number): string => {
  const [minutes, rest] = [Math.floor(Math.abs(seconds) / 60), Math.abs(seconds) % 60];
  return `${seconds < 0 ? '−' : ''}${minutes}:${String(rest).padStart(2, '0')}`;
};

export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
