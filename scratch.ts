import { writeFileSync } from 'node:fs';
import { openAccount } from './cli/account.ts';
import { burstOf } from './cli/simulate/burst.ts';
import { playWay } from './cli/simulate/play.ts';
import { alone, presentEnv } from './cli/simulate/ways.ts';
import { anonymise } from './cli/snapshot/anonymise.ts';
import { podsOf } from './cli/snapshot/pods.ts';
import { readSnapshot } from './cli/snapshot/read.ts';
import { takeSnapshot } from './cli/snapshot/take.ts';

const [sc = 'S1', pods = '60', roll] = process.argv.slice(2);
const acc = await openAccount({ scenario: sc });
if ('complaint' in acc) throw new Error(acc.complaint);
const name = acc.simulated!.world.clusters[0]!.name;
const taken = await acc.ask(() => takeSnapshot(name, acc));
if (!('snapshot' in taken)) throw new Error(JSON.stringify(taken));
const snap = taken.snapshot;
writeFileSync('/tmp/snap.json', JSON.stringify(snap, null, 1));
console.log(
  snap.nodes.length,
  snap.notes,
  readSnapshot(anonymise(snap), 'x') && 'complaint' in readSnapshot(anonymise(snap), 'x')
    ? readSnapshot(anonymise(snap), 'x')
    : 'ok',
  snap.nodes
    .map((n) => `${n.enis.map((e) => e.secondaryIps + '+' + e.prefixes)}:${podsOf(n, snap)}`)
    .slice(0, 5),
);
const burst = burstOf({
  pods: Number(pods),
  over: 0,
  startsIn: 300000,
  launches: true,
  ...(roll && { rolling: { maxSurge: '25%', maxUnavailable: '25%' } as const }),
});
const { rolloutTemplate } = await import('./infra/rollout-template.ts');
const template = rolloutTemplate();
for (const way of [
  ...alone(snap, burst, undefined),
  { name: 'us', env: presentEnv(snap), us: 'warm' as const },
  { name: 'waves', env: presentEnv(snap), us: 'waves' as const },
]) {
  const t = performance.now();
  const o = await playWay(snap, burst, way, { seed: 1, template });
  const f = o.figures;
  console.log(
    way.name,
    'failed',
    f.failedRequests,
    'worst',
    f.worstWaitMs,
    'calls',
    Object.values(f.ec2Calls).reduce((a, b) => a + b, 0),
    'thr',
    f.throttled,
    'idle',
    f.addressSecondsIdle,
    'last',
    o.lastPodSeconds,
    'without',
    f.withoutAddress,
    'launched',
    f.launched,
    o.stopped,
    o.report?.totals,
    o.report?.selfPaced?.patch.spec,
    Math.round(performance.now() - t),
  );
}
