import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Account } from '../../sim/ec2/account.ts';
import { ApiError, type Eni } from '../../sim/ec2/api.ts';
import { type Bucket, type Buckets, DOCUMENTED_BUCKETS } from '../../sim/ec2/buckets.ts';
import { expectAddressesConserved, expectLimitsKept, expectRationed } from './ec2-conservation.ts';
import { happen, histories, type Intention, type Request, requestFor, SUBNETS } from './ec2-history.ts';
import { ec2World } from './ec2-stage.ts';

/** Small enough to run dry in a history. */
const BUCKET: Bucket = { size: 2, perSecond: 0.1 };
const names = Object.keys(DOCUMENTED_BUCKETS) as (keyof Buckets)[];
const BUCKETS = Object.fromEntries(names.map((name) => [name, BUCKET]));

/** ENIs and what they hold: all that a refused call must leave as it was. */
const inventory = (account: Account): string =>
  JSON.stringify([account.enis(), account.subnets()], (_, value) =>
    value instanceof Map ? [...value] : value,
  );

/** Plays every caller's intentions at once and looks at the account after each step. */
async function play(
  callers: readonly (readonly Intention[])[],
  { slow, rationed }: { readonly slow: boolean; readonly rationed: boolean },
) {
  const { kernel, account } = ec2World({
    subnets: SUBNETS,
    throttling: rationed && BUCKETS,
    latencies: {
      default: [
        [0, 50],
        [1, 900],
      ],
    },
    ...(slow && { attachmentTimes: { attachingMs: 2_000, detachingMs: 4_000 } }),
  });
  const answered = new Map<string, { asked: string; eniId: string }>();

  const check = (): void => {
    expectAddressesConserved(account);
    expectLimitsKept(account);
  };
  const checkToken = (input: object, eni: Eni): void => {
    if (!('clientToken' in input) || typeof input.clientToken !== 'string') return;
    const first = answered.get(input.clientToken) ?? { asked: JSON.stringify(input), eniId: eni.id };
    expect({ asked: JSON.stringify(input), eniId: eni.id }).toEqual(first);
    answered.set(input.clientToken, first);
  };
  const terminate = (step: Intention): void => {
    const before = account.enis();
    const running = new Set(account.instances().flatMap((i) => (i.state === 'terminated' ? [] : [i.id])));
    happen(account, step);
    const ended = account.instances().filter(({ id, state }) => running.has(id) && state === 'terminated');
    const goesToo = ({ attachment }: Eni): boolean =>
      attachment?.deleteOnTermination === true && ended.some(({ id }) => id === attachment.instanceId);
    const left = before.filter((eni) => !goesToo(eni)).map(({ id }) => id);
    expect(account.enis().map(({ id }) => id)).toEqual(left);
    expect(ended.every(({ enis }) => enis.length === 0)).toBe(true);
  };
  const refusals: string[] = [];
  const ask = function* (name: string, [action, input]: Request) {
    try {
      const output = yield* account.call({ name }, action, input);
      if ('networkInterface' in output) checkToken(input, output.networkInterface);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      refusals.push(error.code);
    }
  };
  const live = function* (name: string, intentions: readonly Intention[]) {
    for (const step of intentions) {
      yield* kernel.sleep(step.waitMs);
      const request = requestFor(account, step);
      if (request !== undefined) yield* ask(name, request);
      else if (step.kind === 'terminate') terminate(step);
      else happen(account, step);
      check();
    }
  };
  for (const [nth, intentions] of callers.entries()) kernel.spawn(live(`caller ${nth}`, intentions));
  await kernel.run(200_000);
  check();
  return { account, refusals };
}

test('whatever callers do at once, addresses are conserved, limits kept, tokens and DeleteOnTermination honoured', async () => {
  const refused = new Set<string>();
  await fc.assert(
    fc.asyncProperty(histories, fc.boolean(), async (callers, slow) => {
      const { refusals } = await play(callers, { slow, rationed: false });
      for (const code of refusals) refused.add(code);
    }),
    { seed: 20261124, numRuns: 250 },
  );
  // The histories do run into the walls they are to be kept in by.
  expect([...refused]).toEqual(
    expect.arrayContaining([
      'AttachmentLimitExceeded',
      'IdempotentParameterMismatch',
      'IncorrectState',
      'InsufficientCidrBlocks',
      'InsufficientFreeAddressesInSubnet',
      'InvalidIPAddress.InUse',
      'InvalidNetworkInterface.InUse',
      'InvalidSubnetCidrReservation.Conflict',
      'OperationNotPermitted',
      'PrivateIpAddressLimitExceeded',
    ]),
  );
});

test('whoever asks, a bucket grants no more than it holds and gets back', async () => {
  let throttled = 0;
  await fc.assert(
    fc.asyncProperty(histories, async (callers) => {
      const { account, refusals } = await play(callers, { slow: false, rationed: true });
      expectRationed(account.calls.log, BUCKET);
      throttled += refusals.filter((code) => code === 'RequestLimitExceeded').length;
    }),
    { seed: 20261124, numRuns: 100 },
  );
  expect(throttled).toBeGreaterThan(100);
});

test('a refused call leaves everything as it was', async () => {
  let refused = 0;
  await fc.assert(
    fc.property(histories, (callers) => {
      const { account } = ec2World({ subnets: SUBNETS });
      for (const step of callers.flat()) {
        const request = requestFor(account, step);
        if (request === undefined) {
          happen(account, step);
          continue;
        }
        const before = inventory(account);
        try {
          account.perform(request[0], request[1]);
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          expect(inventory(account)).toBe(before);
          refused++;
        }
      }
    }),
    { seed: 20261124, numRuns: 250 },
  );
  expect(refused).toBeGreaterThan(500);
});
