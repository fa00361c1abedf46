/** docs/failures.md, from the tables the code acts by. `npm run readme` writes it; a test holds the two together. */
import { KIND_OF_CODE } from '../lambdas/adapters/ec2-failures.ts';
import { type FailureKind, REACTIONS, type Reaction } from '../lambdas/core/failures.ts';
import { MARKED_FOR_MS } from '../lambdas/core/plan/marks.ts';

/** Kinds that codes map to in part, by what was asked. */
const BY_ACTION: Readonly<Partial<Record<FailureKind, string>>> = {
  uncertain:
    'the 5xx and time-outs below `transient`, where a second request would count twice (attach, assign)',
  transient: 'the same elsewhere: InternalError, Unavailable, TimeoutError and the like',
  'node-gone':
    'InvalidNetworkInterfaceID.NotFound, InvalidInstanceID.NotFound, where nothing of ours is younger',
  'node-not-ready': 'the same to attach and modify, because what we made a moment ago may not be known yet',
  'subnet-full': 'InvalidParameterValue whose message speaks of sufficient free addresses',
  conflict: 'InvalidParameterValue to attach (a taken device index) and delete',
  unexpected: 'InvalidParameterValue elsewhere, and every code not named on this page',
  stopped: 'none: our own kill switch',
};

export function failuresPage(): string {
  const kinds = Object.keys(REACTIONS) as FailureKind[];
  const rows = kinds.map((kind) => {
    const codes = Object.keys(KIND_OF_CODE).filter((code) => KIND_OF_CODE[code] === kind);
    const named = [codes.map((code) => `\`${code}\``).join(', '), BY_ACTION[kind]].filter(Boolean).join('; ');
    const { says, trouble, stops } = REACTIONS[kind];
    return `| **${kind}** | ${named} | ${says} | ${again(REACTIONS[kind])} | ${stops} | ${trouble ? 'yes' : ''} |`;
  });
  const [first, second, third] = MARKED_FOR_MS.map((ms) => ms / 60_000);
  return `# When EC2 says no

Every answer that is not a yes is one of these kinds; the code knows no others (\`lambdas/core/failures.ts\`,
\`lambdas/adapters/ec2-failures.ts\`, from which this page is written by \`npm run readme\`). Each code is injected into the
simulated EC2 one by one, and what happens then is checked in the world (\`test/scenarios/failures.test.ts\`).

Waits have full jitter: a random part of the span, which doubles with each try up to its cap. Waiting is done on the queue or
left to the sweep, never in a running function. *Stops* says what is left alone besides the call; a full subnet or zone for
${first}, then ${second}, then ${third} minutes. Kinds marked *circuit* speak against EC2 or against ourselves: when most granted calls end so,
nothing is sent for a minute, then one call is tried.

| Kind | Codes | What we do | Asked again | Stops | Circuit |
|---|---|---|---|---|---|
${rows.join('\n')}
`;
}

function again({ again }: Reaction): string {
  if (again === undefined) return 'no';
  const { afterMs, baseMs, capMs, tries } = again;
  const seconds = (ms: number): string => `${ms / 1000} s`;
  const span =
    baseMs === capMs ? `up to ${seconds(baseMs)}` : `up to ${seconds(baseMs)}, doubling to ${seconds(capMs)}`;
  const times = tries === 1 ? 'once' : `${tries} times`;
  return `${times}, after ${afterMs > 0 ? `${seconds(afterMs)} and ` : ''}${span}`;
}
