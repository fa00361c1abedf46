/** How the page looks, and the few lines of script that let one read values off it. Without the script all is there to see. */

/** Of the present settings, of us announced, of us in waves, of the patched Deployment; then of the other ways. Each at least 3:1
 *  against its card (WCAG 2.2, 1.4.11), and told apart with red-green blindness too: chosen by a search over OKLab distances, as
 *  seen and as Machado's deuteranopia and protanopia matrices show them. */
const LIGHT = [
  '#fc4a20',
  '#425aec',
  '#2e9e5c',
  '#6c00a8',
  '#6f6f6f',
  '#544f10',
  '#762e61',
  '#0093be',
  '#4d1e03',
];
const DARK = [
  '#e62e1e',
  '#588cff',
  '#7ce59e',
  '#a262b6',
  '#eeeeee',
  '#f6f852',
  '#f175a4',
  '#54c6f3',
  '#e98a35',
];

const variables = (colours: readonly string[]): string =>
  colours.map((colour, index) => `--way-${index}:${colour};`).join('');

export const STYLE = `
:root{color-scheme:light dark;--page:#fbfbfa;--card:#fff;--ink:#1c1d1f;--soft:#5c6066;--rule:#e4e4e1;${variables(LIGHT)}}
@media screen and (prefers-color-scheme:dark){:root{--page:#131416;--card:#1b1d20;--ink:#ececee;--soft:#a2a7ae;--rule:#2e3136;${variables(DARK)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1180px;margin:0 auto;padding:32px 20px 64px}
h1{font-size:26px;line-height:1.2;margin:0 0 8px}
h2{font-size:17px;margin:32px 0 10px}
.lead{color:var(--soft);max-width:75ch;margin:0}
.charts .axis{grid-column:1/-1;color:var(--soft);font-size:13px;max-width:90ch;margin:0}
.bars{list-style:none;margin:0;padding:0;display:grid;gap:6px}
.bars li{display:grid;grid-template-columns:minmax(9em,17em) 1fr 4.5em;gap:12px;align-items:center}
@media (max-width:600px){.bars li{grid-template-columns:1fr 4.5em;gap:2px 12px}.bars .track{grid-area:2/1}.bars .value{grid-area:2/2}.bars .words{grid-area:2/1/2/3}}
.words{grid-column:2/-1;color:var(--soft)}
.track{background:var(--rule);border-radius:4px;height:16px;overflow:hidden}
.bar{display:block;height:100%;min-width:2px;border-radius:4px}
.value,td{text-align:right;font-variant-numeric:tabular-nums}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:16px;margin-top:32px}
.legend{grid-column:1/-1;display:flex;flex-wrap:wrap;gap:6px}
.legend button{font:inherit;font-size:13px;color:inherit;background:var(--card);border:1px solid var(--rule);border-radius:999px;padding:3px 10px;cursor:pointer}
.legend button[aria-pressed=false]{opacity:.45;text-decoration:line-through}
:focus-visible{outline:2px solid var(--way-1);outline-offset:2px}
i{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:7px}
figure{margin:0;background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:14px 14px 6px}
figcaption{font-weight:600;font-size:14px;margin-bottom:4px}
svg{display:block;width:100%;height:auto;overflow:visible;touch-action:pan-y}
svg text{fill:var(--soft);font-size:12px}
.rule{stroke:var(--rule)}.tick{stroke:var(--soft)}.due{stroke:var(--soft);stroke-dasharray:4 4}.cross{stroke:var(--soft)}
.line{fill:none;stroke-width:1.75;stroke-linejoin:round}.line.main{stroke-width:2.75}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{padding:7px 10px;border-bottom:1px solid var(--rule);white-space:nowrap}
th{text-align:right;font-weight:600}
thead th{color:var(--soft)}
tbody th{position:relative;text-align:left;padding-left:24px}tbody th i{position:absolute;left:6px;top:calc(50% - 5px)}
@media (max-width:600px){svg text{font-size:18px}.line{stroke-width:2.5}.line.main{stroke-width:4}tbody th{white-space:normal}th,td{padding-right:6px}}
#tip{position:absolute;white-space:nowrap;z-index:1;pointer-events:none;background:var(--card);color:var(--ink);border:1px solid var(--rule);border-radius:8px;padding:8px 10px;font-size:13px;box-shadow:0 4px 18px rgb(0 0 0/.18)}
#tip b{display:block;margin-bottom:2px}
#tip div{display:flex;gap:16px;justify-content:space-between}
${LIGHT.map((_, index) => `.line.way-${index}{stroke:var(--way-${index})}i.way-${index},.bar.way-${index}{background:var(--way-${index})}`).join('\n')}
@media print{body{background:#fff;print-color-adjust:exact}.legend{display:none}figure{break-inside:avoid}.charts{grid-template-columns:1fr 1fr}table{font-size:11px}th,td{padding:4px}tbody th{padding-left:20px}tbody th i{left:4px}}
`;

export const SCRIPT = `
const { charts, plot, width } = JSON.parse(document.getElementById('data').textContent);
const tip = document.getElementById('tip');
const hidden = new Set();
const valueAt = (points, at) => points.findLast(([seconds]) => seconds <= at)?.[1];
const clock = (seconds) => {
  const whole = Math.abs(Math.round(seconds));
  return (seconds <= -0.5 ? '−' : '') + Math.floor(whole / 60) + ':' + String(whole % 60).padStart(2, '0');
};
const DASH = 10;
// Where lines lie on each other, each shows a part.
const takeTurns = () => {
  for (const svg of document.querySelectorAll('svg')) {
    const shown = [...svg.querySelectorAll('.line')].filter(({ dataset }) => !hidden.has(dataset.way));
    for (const line of shown) {
      const alike = shown.filter((other) => other.getAttribute('points') === line.getAttribute('points'));
      line.style.strokeDasharray = alike.length < 2 ? '' : DASH + ' ' + DASH * (alike.length - 1);
      line.style.strokeDashoffset = -DASH * alike.indexOf(line);
    }
  }
};
takeTurns();
for (const button of document.querySelectorAll('.legend button'))
  button.addEventListener('click', () => {
    const way = button.dataset.way;
    const shown = button.getAttribute('aria-pressed') === 'false';
    button.setAttribute('aria-pressed', String(shown));
    if (shown) hidden.delete(way);
    else hidden.add(way);
    for (const line of document.querySelectorAll('.line[data-way="' + way + '"]'))
      line.setAttribute('visibility', shown ? 'visible' : 'hidden');
    takeTurns();
  });
for (const figure of document.querySelectorAll('figure')) {
  const { fromSeconds, toSeconds, lines } = charts.find(({ id }) => id === figure.dataset.chart);
  const svg = figure.querySelector('svg');
  const cross = svg.querySelector('.cross');
  let read = 0;
  const leave = () => {
    tip.hidden = true;
    cross.setAttribute('visibility', 'hidden');
  };
  const show = (seconds) => {
    read = Math.min(toSeconds, Math.max(fromSeconds, seconds));
    const x = plot.left + ((read - fromSeconds) / (toSeconds - fromSeconds)) * (plot.right - plot.left);
    cross.setAttribute('x1', x);
    cross.setAttribute('x2', x);
    cross.setAttribute('visibility', 'visible');
    const head = document.createElement('b');
    head.textContent = clock(read);
    tip.replaceChildren(head, ...lines.filter(({ way }) => !hidden.has(String(way))).map(({ way, name, points }) => {
      const row = document.createElement('div');
      const label = document.createElement('span');
      const swatch = document.createElement('i');
      swatch.className = 'way-' + way;
      label.append(swatch, name);
      const value = document.createElement('span');
      value.textContent = valueAt(points, read)?.toLocaleString('en-US') ?? '';
      row.append(label, value);
      return row;
    }));
    tip.hidden = false;
    // Below the chart, or above where there is no room: never on what is read.
    const box = svg.getBoundingClientRect();
    const middle = box.left + (x / width) * box.width - tip.offsetWidth / 2;
    const top = box.bottom + tip.offsetHeight < innerHeight ? box.bottom : box.top - tip.offsetHeight;
    tip.style.left = Math.max(4, Math.min(middle, innerWidth - tip.offsetWidth - 4)) + 'px';
    tip.style.top = Math.max(0, top + scrollY) + 'px';
  };
  const point = ({ clientX }) => {
    const box = svg.getBoundingClientRect();
    const x = ((clientX - box.left) / box.width) * width;
    if (x < plot.left || x > plot.right) return leave();
    show(fromSeconds + ((x - plot.left) / (plot.right - plot.left)) * (toSeconds - fromSeconds));
  };
  svg.addEventListener('pointermove', point);
  svg.addEventListener('pointerdown', point);
  svg.addEventListener('pointerleave', leave);
  svg.addEventListener('focus', () => svg.matches(':focus-visible') && show(read));
  svg.addEventListener('blur', leave);
  svg.addEventListener('keydown', (event) => {
    const step = event.shiftKey ? 60 : 5;
    const to = { ArrowLeft: read - step, ArrowRight: read + step, Home: fromSeconds, End: toSeconds }[event.key];
    if (event.key === 'Escape') return leave();
    if (to === undefined) return;
    event.preventDefault();
    show(to);
  });
}
`;
