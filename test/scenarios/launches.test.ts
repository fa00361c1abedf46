import { describe, expect, test } from 'vitest';
import type { NodeId } from '../../lambdas/core/model.ts';
import { Invocations } from '../../sim/chaos/invocations.ts';
import type { Node } from '../../sim/cluster/node.ts';
import { METADATA_LAGS } from '../../sim/latencies.ts';
import type { Stage } from '../../sim/stage.ts';
import {
  announceGrowth,
  CLUSTER,
  changes,
  failedRequests,
  inWorld,
  launchFor,
  minutes,
  notesOf,
  SUBNET,
  seconds,
  staged,
  stepsOf,
} from './stage.ts';

/** ENIs of ours on the node, in order of device index. */
const ours = (node: {
  instance: {
    enis: {
      secondaryIps: string[];
      tags: Map<string, string>;
      attachment?: { deviceIndex: number } | undefined;
    }[];
  };
}) => node.instance.enis.filter(({ tags }) => tags.has('eks-ip-prewarmer/node'));

describe('a node launches', () => {
  test('an autoscaler saw pods nobody announced: the node starts with every address it can use', async () => {
    const { world, stage } = staged({ seed: 11 });
    const node = launchFor(world, 27);
    // Two minutes after the attach the rush is over, and they are told to go away with their node.
    await world.kernel.run(minutes(5));
    expect(node.ready).toBe(true);
    expect(node.instance.enis.map((eni) => eni.secondaryIps.length)).toEqual([9, 9, 9]);
    expect(ours(node)).toHaveLength(2);
    expect(ours(node).map(({ attachment }) => attachment)).toMatchObject([
      { deviceIndex: 1, deleteOnTermination: true },
      { deviceIndex: 2, deleteOnTermination: true },
    ]);
    const verified = notesOf(stage, 'verified').map(({ facts }) => facts);
    expect(verified.flatMap(({ seen }) => seen)).toEqual([node.instance.id]);
    expect(verified.flatMap(({ lateAttach }) => lateAttach)).toEqual([]);
  });

  test('three calls an ENI and one for the primary, however often its events are delivered', async () => {
    const { world, stage } = staged({ seed: 12 });
    const node = launchFor(world, 27);
    const again = { 'instance-id': node.instance.id, state: 'pending' };
    world.bus.put('aws.ec2', 'EC2 Instance State-change Notification', again);
    world.kernel.after(seconds(20), () => {
      world.bus.put('aws.ec2', 'EC2 Instance State-change Notification', { ...again, state: 'running' });
    });
    await world.kernel.run(minutes(3));
    expect(changes(world)).toEqual({
      CreateNetworkInterface: 2,
      AttachNetworkInterface: 2,
      ModifyNetworkInterfaceAttribute: 2,
      AssignPrivateIpAddresses: 1,
    });
    expect(stage.deadLetters.launches.depth.visible).toBe(0);
  });

  test('ten pods were announced: the node gets one ENI of ours, not two', async () => {
    const { world } = staged({ seed: 13 });
    announceGrowth(world, 10);
    await world.kernel.run(seconds(20));
    const node = launchFor(world, 10);
    await world.kernel.run(minutes(3));
    expect(ours(node).map((eni) => eni.secondaryIps.length)).toEqual([9]);
    expect(failedRequests(world)).toBe(0);
  });

  test('in observe mode the plan is in the journal and nothing in EC2 changes', async () => {
    const { world, stage } = staged({ seed: 14 }, { mode: 'observe' });
    const node = launchFor(world, 27);
    await world.kernel.run(minutes(3));
    expect(changes(world)).toEqual({});
    expect(ours(node)).toEqual([]);
    expect(stepsOf(stage).map((step) => step.do)).toContain('attach');
  });

  test('events a minute late: the node is left alone and the journal says why', async () => {
    const { world, stage } = staged({ seed: 15, eventsLateByMs: 60_000 });
    const node = launchFor(world, 27);
    await world.kernel.run(minutes(4));
    expect(changes(world)).toEqual({});
    expect(stepsOf(stage).filter(({ nodeId }) => nodeId === node.instance.id)).toMatchObject([
      { do: 'leave', reason: 'too late' },
      { do: 'leave', reason: 'too late' },
    ]);
  });

  test('the running event overtakes the pending one: the node is warm, once', async () => {
    const { world, stage } = staged({ seed: 16 });
    const node = launchFor(world, 27);
    const pending = world.bus.event('aws.ec2', 'EC2 Instance State-change Notification', {
      'instance-id': node.instance.id,
      state: 'pending',
    });
    world.kernel.after(seconds(30), () => stage.queues.launches.send(JSON.stringify(pending), 0));
    await world.kernel.run(minutes(3));
    expect(ours(node)).toHaveLength(2);
    expect(changes(world)['CreateNetworkInterface']).toBe(2);
  });

  test('an instance of somebody else launches: it is left alone, and one line says why', async () => {
    const { world, stage } = staged({ seed: 17 });
    const foreign = world.account.launch({
      type: 'm5.large',
      subnetId: SUBNET.id,
      tags: { Name: 'a build host' },
    });
    await world.kernel.run(seconds(30));
    expect(changes(world)).toEqual({});
    expect(stepsOf(stage)).toEqual([]);
    expect(foreign.enis).toHaveLength(1);
    expect(notesOf(stage, 'ignored')[0]?.facts['why']).toBe(
      `detail.instance-id: expected a node of ${CLUSTER}, got "${foreign.id}"`,
    );
  });

  test('the instance is gone before we look: the message is done with after a few looks', async () => {
    const { world, stage } = staged({ seed: 18 });
    const gone = world.bus.event('aws.ec2', 'EC2 Instance State-change Notification', {
      'instance-id': 'i-00000000000000bad',
      state: 'pending',
    });
    stage.queues.launches.send(JSON.stringify(gone), 0);
    await world.kernel.run(minutes(5));
    expect(stage.queues.launches.depth).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
    expect(stage.deadLetters.launches.depth.visible).toBe(0);
    expect(notesOf(stage, 'ignored').map(({ facts }) => facts['why'])).toEqual([
      'detail.instance-id: expected an instance that EC2 shows, got "i-00000000000000bad"',
    ]);
  });
});

describe('the race is lost all the same', () => {
  test('instance metadata shows our ENIs only after a minute and a half: each late attach is counted and said', async () => {
    const { world, stage } = staged({ seed: 19, metadataLags: { eniToImds: 90_000, ipToImds: 2_000 } });
    const node = launchFor(world, 27);
    await world.kernel.run(minutes(3));
    expect(ours(node)).toHaveLength(2);
    const late = notesOf(stage, 'verified').filter(({ level }) => level === 'warn');
    expect(late.map(({ facts }) => facts['lateAttach'])).toEqual([[node.instanceId]]);
  });
});

describe('EC2 says no', () => {
  test('attach is throttled at first: the node is tried again by itself and is warm in time', async () => {
    const { world, stage } = staged({ seed: 21 });
    const node = launchFor(world, 27);
    world.account.onStateChange((instance, state) => {
      if (instance.id !== node.instance.id || state !== 'running') return;
      const fromMs = world.kernel.nowMs;
      world.account.addFault({
        kind: 'throttle',
        action: 'AttachNetworkInterface',
        caller: 'prewarmer',
        fromMs,
        toMs: fromMs + seconds(6),
      });
    });
    await world.kernel.run(minutes(3));
    expect(notesOf(stage, 'call failed')[0]?.facts).toMatchObject({
      kind: 'throttled',
      code: 'RequestLimitExceeded',
    });
    expect(ours(node)).toHaveLength(2);
    expect(notesOf(stage, 'verified').at(-1)?.facts).toMatchObject({ lateAttach: [] });
  });

  test('the reply to an attach is lost at launch: it is looked for all the same, and counted as seen', async () => {
    const { world, stage } = staged({ seed: 25 });
    const node = launchFor(world, 27);
    world.account.addFault({
      kind: 'lostReply',
      action: 'AttachNetworkInterface',
      caller: 'prewarmer',
      fromMs: 0,
      toMs: minutes(1),
    });
    await world.kernel.run(minutes(5));
    expect(ours(node)).toHaveLength(2);
    const verified = notesOf(stage, 'verified').map(({ facts }) => facts);
    expect(verified.flatMap(({ seen }) => seen)).toEqual([node.instance.id]);
  });

  test('attaches are not answered, and did not come about: nothing was late, and no alarm says so', async () => {
    const { world, stage } = staged({ seed: 26 });
    const node = launchFor(world, 27);
    world.account.addFault({
      kind: 'lostReply',
      action: 'AttachNetworkInterface',
      caller: 'prewarmer',
      carriedOut: false,
      fromMs: 0,
      toMs: minutes(1),
    });
    await world.kernel.run(minutes(6));
    expect(ours(node)).toEqual([]);
    const verified = notesOf(stage, 'verified').map(({ facts }) => facts);
    expect(verified.flatMap(({ lateAttach }) => lateAttach)).toEqual([]);
    expect(verified.flatMap(({ notSeen }) => notSeen)).toEqual([node.instanceId]);
  });

  test('the subnet is full: nothing is created, the journal names it, and the reserve is untouched', async () => {
    const { world, stage } = staged({
      seed: 22,
      subnets: [{ ...SUBNET, free: { addresses: 17, prefixes: 0 } }],
    });
    const node = launchFor(world, 27);
    await world.kernel.run(seconds(14));
    expect(changes(world)).toEqual({});
    expect(stepsOf(stage)[0]).toMatchObject({ nodeId: node.instance.id, do: 'leave', reason: 'subnet full' });
    expect(world.account.subnet(SUBNET.id).freeAddresses).toBe(16);
  });

  test('the reply to a create is lost: the next try finds the same ENI, and none is left over', async () => {
    const { world } = staged({ seed: 23 });
    world.account.addFault({
      kind: 'lostReply',
      action: 'CreateNetworkInterface',
      caller: 'prewarmer',
      fromMs: 0,
      toMs: seconds(4),
    });
    const node = launchFor(world, 27);
    await world.kernel.run(minutes(3));
    expect(ours(node)).toHaveLength(2);
    expect(world.account.enis().filter((eni) => eni.attachment === undefined)).toEqual([]);
  });

  test('the reply to an attach is lost: the ENI is found attached and finished, none is attached twice', async () => {
    const { world, stage } = staged({ seed: 24 });
    const node = launchFor(world, 27);
    world.account.onStateChange((instance, state) => {
      if (instance.id !== node.instance.id || state !== 'running') return;
      const fromMs = world.kernel.nowMs;
      world.account.addFault({
        kind: 'lostReply',
        action: 'AttachNetworkInterface',
        caller: 'prewarmer',
        fromMs,
        toMs: fromMs + seconds(8),
      });
    });
    await world.kernel.run(minutes(3));
    await inWorld(world, () => stage.sweepNow());
    expect(ours(node)).toMatchObject([
      { attachment: { deleteOnTermination: true } },
      { attachment: { deleteOnTermination: true } },
    ]);
    expect(node.instance.enis).toHaveLength(3);
  });
});

describe('a pending instance is held only as long as its creates take', () => {
  test('the table takes three seconds: nothing is sent that the lease might not outlast, and all is made once the instance runs', async () => {
    const invocations = new Invocations();
    const { world } = staged(
      { seed: 28 },
      {
        wrap: (ports) =>
          invocations.around(ports, async ({ port, method }, send) => {
            if (port === 'ledger' && method === 'intend')
              await world.kernel.park<void>((resolve) => {
                world.kernel.after(seconds(3), () => resolve());
              });
            return send();
          }),
      },
    );
    const node = launchFor(world, 27);
    let createdBefore: number | undefined;
    world.account.onStateChange((_, state) => {
      if (state === 'running') createdBefore = changes(world)['CreateNetworkInterface'] ?? 0;
    });
    await world.kernel.run(minutes(3));
    expect(createdBefore).toBe(0);
    expect(ours(node)).toHaveLength(2);
    expect(failedRequests(world)).toBe(0);
  });
});

describe('a launch that runs is heard of again if nobody acts', () => {
  type WorldOptions = Omit<Parameters<typeof staged>[0], 'seed'>;

  async function outcomeIn(
    { stores }: Stage,
    { instance }: Pick<Node, 'instance'>,
  ): Promise<string | undefined> {
    const nodeId = instance.id as NodeId;
    return (await stores.ledger.nodes([nodeId])).get(nodeId)?.outcome.state;
  }

  /** What runs of on-signal that hear of an instance that runs meet, from the first one on, with the outside. */
  function hearing(
    seed: number,
    meets: (
      nth: number,
      method: string,
      die: () => void,
      answer: unknown,
    ) => number | { readonly instead: unknown },
    options: WorldOptions = {},
  ) {
    const invocations = new Invocations();
    const heard = new Map<number, number>();
    let first: number | undefined;
    const { world, stage } = staged(
      { ...options, seed },
      {
        invoke: (name, run) => invocations.run(name, run),
        wrap: (ports) =>
          invocations.around(ports, async ({ port, method, invocation }, send) => {
            const answer = await send();
            if (invocation?.name !== 'on-signal') return answer;
            // The first one hides its messages before all else; those before it heard of a pending instance.
            if (port === 'deliveries') first ??= invocation.id;
            if (first === undefined || invocation.id < first) return answer;
            if (!heard.has(invocation.id)) heard.set(invocation.id, heard.size + 1);
            const nth = heard.get(invocation.id) ?? 0;
            const met = meets(nth, `${port}.${method}`, invocation.die, answer);
            if (typeof met === 'object') return met.instead as typeof answer;
            await world.kernel.park<void>((resolve) => {
              if (!invocation.dead) world.kernel.after(met, () => resolve());
            });
            return answer;
          }),
      },
    );
    return { world, stage, node: launchFor(world, 27), heard };
  }

  /** The first run dies after its first call of that name. */
  const diesAfter =
    (call: string) =>
    (nth: number, method: string, die: () => void): number => {
      if (nth === 1 && method === call) die();
      return 0;
    };

  test('the function dies when it has read: three seconds later another one does it all, in time', async () => {
    const { world, node, heard } = hearing(35, diesAfter('vpc.read'));
    await world.kernel.run(minutes(2));
    expect(heard.size).toBe(2);
    expect(ours(node)).toHaveLength(2);
    expect(failedRequests(world)).toBe(0);
  });

  test('it dies twice: then the message waits for its queue, and the node starts as without us', async () => {
    const { world, stage, node, heard } = hearing(36, (_, method, die) => {
      if (method === 'ledger.lease') die();
      return 0;
    });
    await world.kernel.run(minutes(2));
    expect(heard.size).toBe(2);
    expect(ours(node)).toHaveLength(0);
    expect(stage.queues.launches.depth).toMatchObject({ visible: 0, inFlight: 1 });
    await world.kernel.run(minutes(20));
    expect(stage.queues.launches.depth).toMatchObject({ visible: 0, inFlight: 0 });
    expect(stage.deadLetters.launches.depth.visible).toBe(1);
  });

  test('it reads for five seconds: another run hears of it too, and nothing is done twice', async () => {
    const { world, node, heard } = hearing(37, (nth, method) =>
      nth === 1 && method === 'vpc.read' ? seconds(5) : 0,
    );
    await world.kernel.run(minutes(5));
    expect(heard.size).toBeGreaterThan(1);
    expect(ours(node)).toHaveLength(2);
    expect(changes(world)).toMatchObject({ CreateNetworkInterface: 2, AttachNetworkInterface: 2 });
    expect(failedRequests(world)).toBe(0);
  });

  test('the function dies when it has written down that it attaches: another one attaches it all, in time', async () => {
    const { world, stage, node, heard } = hearing(35, diesAfter('ledger.intend'));
    await world.kernel.run(minutes(4));
    expect(heard.size).toBe(2);
    expect(ours(node)).toHaveLength(2);
    expect(changes(world)).toMatchObject({ CreateNetworkInterface: 2, AttachNetworkInterface: 2 });
    // Of the fill of its primary interface nobody can tell whether it was sent: that one is left to ipamd, which adds nine.
    expect(failedRequests(world)).toBeLessThanOrEqual(9);
    expect(await outcomeIn(stage, node)).toBe('seen');
  });

  test('it dies when they are attached, before it has heard so: another one finds them, and attaches none', async () => {
    const { world, stage, node, heard } = hearing(35, diesAfter('vpc.attachEni'));
    await world.kernel.run(minutes(4));
    expect(heard.size).toBe(2);
    expect(ours(node)).toHaveLength(2);
    expect(changes(world)).toMatchObject({ AttachNetworkInterface: 2, ModifyNetworkInterfaceAttribute: 2 });
    expect(failedRequests(world)).toBe(0);
    expect(await outcomeIn(stage, node)).toBe('seen');
  });

  test.each([
    ['as in use', undefined],
    ['because its slot is taken', 'InvalidParameterValue'],
    ['because the node has all it may have', 'AttachmentLimitExceeded'],
  ])(
    'it dies then, EC2 shows the node without them still, and refuses them %s: they are found all the same',
    async (_, code) => {
      let before: unknown;
      const { world, stage, node } = hearing(35, (nth, method, die, answer) => {
        if (nth === 1 && method === 'vpc.attachEni') {
          die();
          const fromMs = world.kernel.nowMs + seconds(3);
          const action = 'AttachNetworkInterface';
          const until = { caller: 'prewarmer', fromMs, toMs: fromMs + minutes(1) };
          if (code !== undefined)
            world.account.addFault({ kind: 'refuse', action, code, httpStatus: 400, ...until });
        }
        if (method !== 'vpc.read') return 0;
        before ??= answer;
        return { instead: before };
      });
      await world.kernel.run(minutes(4));
      expect(changes(world)).toMatchObject({ CreateNetworkInterface: 2, AttachNetworkInterface: 4 });
      expect(ours(node)).toHaveLength(2);
      expect(failedRequests(world)).toBe(0);
      expect(await outcomeIn(stage, node)).toBe('seen');
    },
  );

  /** Events come five seconds late, and instance metadata shows an interface too late for ipamd's start. */
  const LATE: WorldOptions = {
    events: { lateByMs: seconds(5) },
    metadataLags: {
      ...METADATA_LAGS,
      eniToImds: [
        [0, seconds(18)],
        [1, seconds(30)],
      ],
    },
  };
  test.each<[string, (method: string, die: () => void) => void]>([
    ['nobody dies', () => {}],
    ['the function dies when it has attached', (method, die) => method === 'vpc.attachEni' && die()],
    [
      'SQS does not answer when it is told to look',
      (method) => {
        if (method === 'continuations.later') throw new Error('no answer');
      },
    ],
  ])('the attach is late, and %s: it is counted, and its node group learns of it', async (_, first) => {
    const { world, stage, node } = hearing(
      1,
      (nth, method, die) => {
        if (nth === 1) first(method, die);
        return 0;
      },
      LATE,
    );
    await world.kernel.run(minutes(30));
    expect(ours(node)).toHaveLength(2);
    expect(await outcomeIn(stage, node)).toBe('late attach');
    const lessons = [...(await stage.stores.ledger.lessons(CLUSTER)).values()];
    expect(lessons.flatMap(({ races = [] }) => races)).toMatchObject([{ late: true }]);
    expect(stage.figures.filter(({ figures }) => figures.LateAttaches === 1)).toHaveLength(1);
  });

  test('its attaches take two seconds: nobody else hears of it', async () => {
    const { world, node, heard } = hearing(38, (_, method) => (method === 'vpc.attachEni' ? seconds(2) : 0));
    await world.kernel.run(minutes(1));
    expect(heard.size).toBe(1);
    expect(ours(node)).toHaveLength(2);
  });

  test('they take seven: another run hears of it, and none is attached twice', async () => {
    const { world, stage, node, heard } = hearing(38, (_, method) =>
      method === 'vpc.attachEni' ? seconds(7) : 0,
    );
    await world.kernel.run(minutes(4));
    expect(heard.size).toBe(2);
    expect(changes(world)).toMatchObject({ AttachNetworkInterface: 2 });
    expect(ours(node)).toHaveLength(2);
    expect(failedRequests(world)).toBe(0);
    expect(await outcomeIn(stage, node)).toBe('seen');
  });
});

describe('bad input in a batch', () => {
  test('a message that is no JSON, one without its fields and a good one: the good one is worked on', async () => {
    const { world, stage } = staged({ seed: 31 });
    const node = launchFor(world, 27);
    stage.queues.launches.send('{ not json', 0);
    stage.queues.launches.send(
      JSON.stringify({
        source: 'aws.ec2',
        'detail-type': 'EC2 Instance State-change Notification',
        detail: {},
      }),
      0,
    );
    await world.kernel.run(minutes(3));
    expect(ours(node)).toHaveLength(2);
    expect(notesOf(stage, 'ignored')).toHaveLength(2);
    expect(stage.deadLetters.launches.depth.visible).toBe(0);
  });

  test('a launch on the queue of looks: it is none of that function’s business, and the journal says so', async () => {
    const { world, stage } = staged({ seed: 33, eventsLateByMs: minutes(60) });
    const node = launchFor(world, 27);
    const event = world.bus.event('aws.ec2', 'EC2 Instance State-change Notification', {
      'instance-id': node.instanceId,
      state: 'pending',
    });
    stage.queues.verifications.send(JSON.stringify(event), 0);
    await world.kernel.run(minutes(1));
    expect(changes(world)).toEqual({});
    expect(notesOf(stage, 'ignored')[0]?.facts['why']).toBe(
      'detail.kind: expected "verify-due", "boot-look" or "gate-look" on this queue, got "node-launching"',
    );
  });

  test('the add-on’s configuration cannot be read: the node is left, the journal shows what came', async () => {
    const { world, stage } = staged({ seed: 32 });
    Object.assign(world.clusters[0]?.addon ?? {}, { configurationValues: 'env: {WARM_ENI_TARGET: 1' });
    launchFor(world, 27);
    await world.kernel.run(minutes(2));
    expect(changes(world)).toEqual({});
    expect(stepsOf(stage)[0]).toMatchObject({ do: 'leave', reason: 'unknown CNI settings' });
    expect(stepsOf(stage)[0]?.because).toContain('WARM_ENI_TARGET');
  });
});
