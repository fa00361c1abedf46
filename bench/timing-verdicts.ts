/** What the timing matrix says of two promises: at most half the failures are left where we act, and none where launching nodes came
 *  up with full interfaces. Which rows those are is told by the runs. */
import { adoptionWorstMs } from '../lambdas/core/cni.ts';
import { DEFAULT_POLICY } from '../lambdas/core/policy.ts';
import { launchesFull, NODES_OF_A_ROW, TIMING_LEADS_S, TIMING_MOMENTS } from '../sim/scenarios/timing.ts';
import { table } from './text.ts';
import type { TimingCell } from './timing-cell.ts';

const MOST_LEFT = 0.5;
/** A running node adopts what it is given within this time, as far as the stack knows before it has learnt better. */
const ADOPTED_S = adoptionWorstMs(DEFAULT_POLICY) / 1000;

/** Share of the failed requests that are left. */
const leftOf = ({ failedRequests, failedWithoutUs }: TimingCell): number => failedRequests / failedWithoutUs;

/** README, where it helps and where it does not: elsewhere nodes are left, unless their type has slots to spare. */
const marked = ({ moment, leadS }: TimingCell): boolean => {
  const { nodes } = TIMING_MOMENTS[moment];
  return nodes === 'launching' || (nodes === 'quiet' && leadS >= ADOPTED_S);
};

/** We acted in a row if any of its nodes was given something after the announcement. */
export function verdicts(cells: readonly TimingCell[]): string {
  const acted = cells.filter(
    ({ nodesWarmed, fills, failedWithoutUs }) => nodesWarmed + fills > 0 && failedWithoutUs > 0,
  );
  const [there, spare] = [acted.filter(marked), acted.filter((cell) => !marked(cell))];
  const above = there.filter((cell) => leftOf(cell) > MOST_LEFT);
  return [
    `Nodes that launch, or are quiet and told of ${ADOPTED_S} s ahead: where any was given something and requests fail without us, at most`,
    `half of the failures are left in ${halved(there)} of ${there.length} rows. More than half${above.length === 0 ? ': in none.' : ':'}`,
    ...named(above),
    'At shorter leads, and on nodes that grow, only types with slots to spare are given something, empty interfaces: at most half left',
    `in ${halved(spare)} of ${spare.length} rows.`,
    launchVerdict(cells.filter(launchesFull)),
    '',
    leftTable(acted),
  ].join('\n');
}

const halved = (cells: readonly TimingCell[]): number =>
  cells.filter((cell) => leftOf(cell) <= MOST_LEFT).length;

function launchVerdict(rows: readonly TimingCell[]): string {
  const sum = (read: (cell: TimingCell) => number): number => rows.reduce((all, cell) => all + read(cell), 0);
  const failing = rows.filter(({ failedInWon }) => failedInWon > 0);
  return (
    'Launching nodes whose CNI keeps full interfaces: both nodes had theirs before ipamd started in ' +
    `${sum(({ wonSeeds }) => wonSeeds)} of ${sum(({ seeds }) => seeds)} runs,\nwith ` +
    `${sum(({ failedInWon }) => failedInWon)} failed requests in those${
      failing.length === 0 ? '' : `:\n${named(failing).join('\n')}`
    }.`
  );
}

const rowOf = ({ mode, moment, type }: TimingCell): string => `${mode}, ${moment}, ${type}`;
const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

/** A line a mode, moment and type: `67 % at 65, 80 s`, and how many of the nodes were given an interface. */
const named = (cells: readonly TimingCell[]): string[] =>
  [...Map.groupBy(cells, rowOf)].map(([row, these]) => {
    const shares = [...Map.groupBy(these, (cell) => percent(leftOf(cell)))].map(
      ([share, alike]) => `${share} at ${alike.map(({ leadS }) => leadS).join(', ')} s`,
    );
    const warmed = these.reduce((sum, { nodesWarmed }) => sum + nodesWarmed, 0);
    const nodes = these.reduce((sum, { seeds }) => sum + NODES_OF_A_ROW * seeds, 0);
    return `  ${row}: ${shares.join('; ')} (${percent(warmed / nodes)} of the nodes warmed)`;
  });

/** Rows of which nothing is left at any lead are not shown. */
function leftTable(cells: readonly TimingCell[]): string {
  const rows = [...Map.groupBy(cells, rowOf)]
    .filter(([, these]) => these.some((cell) => leftOf(cell) > 0))
    .map(([row, these]) => [
      row,
      ...TIMING_LEADS_S.map((leadS) => {
        const cell = these.find((one) => one.leadS === leadS);
        return cell === undefined ? '' : percent(leftOf(cell));
      }),
    ]);
  return table([['failures left', ...TIMING_LEADS_S.map((leadS) => `${leadS} s`)], ...rows]);
}
