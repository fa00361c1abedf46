/** How the page looks, and the few lines of script that let one read values off it. Without the script all is there to see. */

/** Told apart by lightness as well as by hue. The first is what the cluster has. */
const LIGHT = [
  '#c2410c',
  '#6b7280',
  '#a16207',
  '#7c3aed',
  '#be185d',
  '#0369a1',
  '#15803d',
  '#0f766e',
  '#1e293b',
];
const DARK = [
  '#fb923c',
  '#9ca3af',
  '#facc15',
  '#a78bfa',
  '#f472b6',
  '#38bdf8',
  '#4ade80',
  '#2dd4bf',
  '#e2e8f0',
];

const variables = (colours: readonly string[]): string =>
  colours.map((colour, index) => `--way-${index}:${colour};`).join('');

export const STYLE = `
:root{color-scheme:light dark;--page:#fbfbfa;--card:#fff;--ink:#1c1d1f;--soft:#5c6066;--rule:#e4e4e1;${variables(LIGHT)}}
@media (prefers-color-scheme:dark){:root{--page:#131416;--card:#1b1d20;--ink:#ececee;--soft:#a2a7ae;--rule:#2e3136;${variables(DARK)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1180px;margin:0 auto;padding:32px 20px 64px}
h1{font-size:26px;line-height:1.2;margin:0 0 8px}
h2{font-size:17px;margin:32px 0 10px}
.lead{color:var(--soft);max-width:75ch;margin:0}
.axis{color:var(--soft);font-size:13px}
.bars{list-style:none;margin:0;padding:0;display:grid;gap:6px}
.bars li{display:grid;grid-template-columns:minmax(9em,17em) 1fr 4.5em;gap:12px;align-items:center}
@media (max-width:600px){.bars li{grid-template-columns:1fr 4.5em;gap:2px 12px}.bars .track{grid-area:2/1}.bars .value{grid-area:2/2}}
.track{background:var(--rule);border-radius:4px;height:16px;overflow:hidden}
.bar{display:block;height:100%;min-width:2px;border-radius:4px}
.value,td{text-align:right;font-variant-numeric:tabular-nums}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:16px;margin-top:32px}
.legend{grid-column:1/-1;display:flex;flex-wrap:wrap;gap:6px}
.legend button{font:inherit;font-size:13px;color:inherit;background:var(--card);border:1px solid var(--rule);border-radius:999px;padding:3px 10px;cursor:pointer}
.legend button[aria-pressed=false]{opacity:.45;text-decoration:line-through}
.legend button:focus-visible{outline:2px solid var(--way-5);outline-offset:1px}
i{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:7px}
figure{margin:0;background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:14px 14px 6px}
figcaption{font-weight:600;font-size:14px;margin-bottom:4px}
svg{display:block;width:100%;height:auto;touch-action:pan-y}
svg text{fill:var(--soft);font-size:11px}
.rule{stroke:var(--rule)}.tick{stroke:var(--soft)}.due{stroke:var(--soft);stroke-dasharray:4 4}.cross{stroke:var(--soft)}
.line{fill:none;stroke-width:2;stroke-linejoin:round}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{padding:7px 10px;border-bottom:1px solid var(--rule);white-space:nowrap}
th{text-align:right;font-weight:600}
thead th{color:var(--soft)}
tbody th{text-align:left}
#tip{position:fixed;white-space:nowrap;z-index:1;pointer-events:none;background:var(--card);color:var(--ink);border:1px solid var(--rule);border-radius:8px;padding:8px 10px;font-size:13px;box-shadow:0 4px 18px rgb(0 0 0/.18)}
#tip b{display:block;margin-bottom:2px}
#tip div{display:flex;gap:16px;justify-content:space-between}
${LIGHT.map((_, index) => `.line.way-${index}{stroke:var(--way-${index})}i.way-${index},.bar.way-${index}{background:var(--way-${index})}`).join('\n')}
@media print{body{background:#fff}.legend{display:none}figure{break-inside:avoid}}
`;

export const SCRIPT = `
const { charts, plot, width } = JSON.parse(document.getElementById('data').textContent);
const tip = document.getElementById('tip');
const hidden = new Set();
const valueAt = (points, at) => {
  let value;
  for (let index = 0; index < points.length && points[index][0] <= at; index++) value = points[index][1];
  return value;
};
for (const button of document.querySelectorAll('.legend button'))
  button.addEventListener('click', () => {
    const way = button.dataset.way;
    const shown = button.getAttribute('aria-pressed') === 'false';
    button.setAttribute('aria-pressed', String(shown));
    if (shown) hidden.delete(way);
    else hidden.add(way);
    for (const line of document.querySelectorAll('.line[data-way="' + way + '"]'))
      line.setAttribute('visibility', shown ? 'visible' : 'hidden');
  });
for (const figure of document.querySelectorAll('figure')) {
  const chart = charts.find(({ id }) => id === figure.dataset.chart);
  const svg = figure.querySelector('svg');
  const cross = svg.querySelector('.cross');
  const leave = () => {
    tip.hidden = true;
    cross.setAttribute('visibility', 'hidden');
  };
  svg.addEventListener('pointerleave', leave);
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * width;
    if (x < plot.left || x > plot.right) return leave();
    const at = chart.fromSeconds + ((x - plot.left) / (plot.right - plot.left)) * (chart.toSeconds - chart.fromSeconds);
    cross.setAttribute('x1', x);
    cross.setAttribute('x2', x);
    cross.setAttribute('visibility', 'visible');
    const head = document.createElement('b');
    head.textContent = Math.round(at) + ' s';
    tip.replaceChildren(head, ...chart.lines.filter(({ way }) => !hidden.has(String(way))).map(({ way, name, points }) => {
      const row = document.createElement('div');
      const label = document.createElement('span');
      const swatch = document.createElement('i');
      swatch.className = 'way-' + way;
      label.append(swatch, name);
      const value = document.createElement('span');
      value.textContent = valueAt(points, at)?.toLocaleString('en-US') ?? '';
      row.append(label, value);
      return row;
    }));
    tip.hidden = false;
    const left = event.clientX + 16 + tip.offsetWidth > innerWidth ? event.clientX - 16 - tip.offsetWidth : event.clientX + 16;
    tip.style.left = Math.max(4, left) + 'px';
    tip.style.top = Math.max(4, Math.min(event.clientY + 12, innerHeight - tip.offsetHeight - 4)) + 'px';
  });
}
`;
