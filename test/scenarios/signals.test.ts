import { describe, expect, test } from 'vitest';
import type { Stage, StageOptions } from '../../sim/stage.ts';
import type { WorldSetup } from '../../sim/world.ts';
import { CLUSTER, changes, failedRequests, minutes, notesOf, seconds, staged } from './stage.ts';

const WORKERS = { name: 'workers', type: 'm5.large', launchedBy: 'managed' } as const;
/** Addresses an m5.large has for pods: three ENIs of nine. */
const FULL = [9, 9, 9];

const ours = (node: { instance: { enis: { tags: Map<string, string> }[] } }) =>
  node.instance.enis.filter(({ tags }) => tags.has('eks-ip-prewarmer/node'));

/** Plans for announced or displaced pods, in order. */
const rolloutsOf = (stage: Stage) =>
  notesOf(stage, 'plan')
    .filter(({ facts }) => facts['announcementId'] !== undefined)
    .map(({ facts }) => facts as { demand: string; steps: { nodeId: string }[] });

describe('one launch is told of by several events, each of them twice', () => {
  test('EC2, the lifecycle action and the successful launch are one launch: the calls of one', async () => {
    const { world, stage } = staged({ seed: 71, events: { duplicateShare: 1, reorderWithinMs: 2_000 } });
    const group = world.addNodeGroup({
      ...WORKERS,
      lifecycleHook: { defaultResult: 'CONTINUE', heartbeatMs: 30_000 },
    });
    for (let pod = 0; pod < 27; pod++) world.createPod(`waiting-${pod}`);
    group.scaleTo(1);
    await world.kernel.run(minutes(5));
    const [node] = group.nodes;
    expect(node?.instance.enis.map((eni) => eni.secondaryIps.length)).toEqual(FULL);
    expect(changes(world)).toEqual({
      CreateNetworkInterface: 2,
      AttachNetworkInterface: 2,
      ModifyNetworkInterfaceAttribute: 2,
      AssignPrivateIpAddresses: 1,
    });
    expect(stage.deadLetters.launches.depth.visible).toBe(0);
  });
});

describe('a spot node is taken back', () => {
  const spot = (seed: number) => {
    const { world, stage } = staged({ seed }, { policy: { launchDemand: 'none' } });
    const group = world.addNodeGroup({ ...WORKERS, established: { nodes: 2, addresses: FULL } });
    world.deploy({ kind: 'Deployment', name: 'web', replicas: 50 });
    return { world, stage, group };
  };
  const rebalance = (world: ReturnType<typeof spot>['world'], nodeId: string) =>
    world.bus.put('aws.ec2', 'EC2 Instance Rebalance Recommendation', { 'instance-id': nodeId });

  test('its pods are expected on the node that replaces it, which starts with addresses for them', async () => {
    const { world, stage, group } = spot(72);
    await world.kernel.run(minutes(3));
    const [leaving, staying] = group.nodes;
    if (leaving === undefined || staying === undefined) throw new Error('two nodes are there');
    rebalance(world, leaving.instanceId);
    await world.kernel.run(minutes(3) + seconds(20));
    group.interrupt(leaving);
    await world.kernel.run(minutes(3) + seconds(40));
    const [open] = await stage.stores.ledger.openDemand(CLUSTER, world.clockMs);
    expect(open).toMatchObject({
      id: `displaced/${leaving.instanceId}`,
      selector: { exceptNodes: [leaving.instanceId] },
    });
    expect(await stage.stores.ledger.openDemand(CLUSTER, world.clockMs)).toHaveLength(1);
    const told = rolloutsOf(stage);
    expect(told.map(({ demand }) => demand)[0]).toMatch(
      /^rebalance recommendation of i-\w+: 27 new replicas/,
    );
    // The one that goes is given nothing.
    const looked = told.flatMap(({ steps }) => steps.map(({ nodeId }) => nodeId));
    expect([...new Set(looked)]).toEqual([staying.instanceId]);
    await world.kernel.run(minutes(12));
    const replacement = group.nodes.find((node) => node !== staying);
    if (replacement === undefined) throw new Error('it is replaced');
    expect(replacement).not.toBe(leaving);
    expect(ours(replacement)).toHaveLength(2);
  });

  test('told of nothing, the replacement would have got nothing: nobody announced pods', async () => {
    const { world, group } = spot(72);
    await world.kernel.run(minutes(3));
    const [leaving, staying] = group.nodes;
    leaving?.terminate();
    await world.kernel.run(minutes(12));
    const replacement = group.nodes.find((node) => node !== staying);
    expect(replacement !== undefined && ours(replacement)).toEqual([]);
  });

  test('a node of somebody else is no business of ours', async () => {
    const { world, stage } = spot(73);
    rebalance(world, 'i-00000000000000bad');
    await world.kernel.run(seconds(30));
    expect(notesOf(stage, 'ignored').map(({ facts }) => facts['why'])).toEqual([
      'detail.instance-id: expected an instance that EC2 shows, got "i-00000000000000bad"',
    ]);
    expect(stage.figures.filter(({ figures }) => figures.Ignored !== undefined)).toMatchObject([
      { figures: { Ignored: 1 }, of: { reason: 'gone' } },
    ]);
  });
});

describe('somebody asks for nodes', () => {
  const asked = (seed: number, launchDemand: string, setup: Partial<WorldSetup> = {}) => {
    const { world, stage } = staged(
      { seed, ...setup },
      { policy: { launchDemand }, signals: { cloudTrail: true } },
    );
    const group = world.addNodeGroup({ ...WORKERS, established: { nodes: 2, addresses: [9] } });
    return { world, stage, group };
  };
  const wish = (world: ReturnType<typeof asked>['world'], desiredSize: number) =>
    world.bus.put('aws.eks', 'AWS API Call via CloudTrail', {
      eventName: 'UpdateNodegroupConfig',
      requestID: `r-${desiredSize}`,
      requestParameters: { name: CLUSTER, nodegroupName: 'workers', scalingConfig: { desiredSize } },
    });

  test('where launches are left alone, the nodes to come are demand: their pods, once, however often it is told', async () => {
    const { world, stage } = asked(74, 'none');
    wish(world, 5);
    wish(world, 5);
    await world.kernel.run(seconds(40));
    const open = await stage.stores.ledger.openDemand(CLUSTER, world.clockMs);
    expect(open).toMatchObject([
      { id: 'scale-out/workers/desired-5', podsLeft: 3 * 27, selector: { nodeGroups: ['workers'] } },
    ]);
    // More of them: only what is beyond the wish before.
    wish(world, 6);
    await world.kernel.run(seconds(80));
    const all = await stage.stores.ledger.openDemand(CLUSTER, world.clockMs);
    expect(all.map(({ podsLeft }) => podsLeft)).toEqual([81, 27]);
  });

  test('as many again, once the first wish has ended, and told so late that it was still open when they were wished for', async () => {
    const { world, stage } = asked(74, 'none', { eventsLateByMs: minutes(5) });
    wish(world, 5);
    await world.kernel.run(minutes(18));
    wish(world, 5);
    const { ledger } = stage.stores;
    expect(await ledger.openDemand(CLUSTER, world.clockMs)).toMatchObject([{ podsLeft: 3 * 27 }]);
    await world.kernel.run(minutes(22));
    expect(await ledger.openDemand(CLUSTER, world.clockMs)).toEqual([]);
    await world.kernel.run(minutes(24));
    expect(await ledger.openDemand(CLUSTER, world.clockMs)).toMatchObject([
      { id: 'scale-out/workers/desired-5', podsLeft: 3 * 27 },
    ]);
  });

  test('where every launch is warmed in full, nothing is added, and that is said', async () => {
    const { world, stage } = asked(75, 'full');
    wish(world, 5);
    await world.kernel.run(seconds(40));
    expect(await stage.stores.ledger.openDemand(CLUSTER, world.clockMs)).toEqual([]);
    expect(notesOf(stage, 'ignored').map(({ facts }) => facts['why'])).toEqual([
      'policy.launchDemand: expected "skeleton" or "none": with "full" every launch is warmed in full anyway, got "full"',
    ]);
  });

  test('fewer nodes, a group of another cluster, a refresh: nothing, nothing, and all of its nodes', async () => {
    const { world, stage, group } = asked(76, 'skeleton');
    wish(world, 1);
    world.bus.put('aws.autoscaling', 'AWS API Call via CloudTrail', {
      eventName: 'SetDesiredCapacity',
      requestID: 'r',
      requestParameters: { autoScalingGroupName: 'somebody-elses', desiredCapacity: 50 },
    });
    const name = group.nodes[0]?.instance.tags.get('aws:autoscaling:groupName');
    const detail = { InstanceRefreshId: 'refresh-1', AutoScalingGroupName: name };
    for (let twice = 0; twice < 2; twice++)
      world.bus.put('aws.autoscaling', 'EC2 Auto Scaling Instance Refresh Started', detail);
    await world.kernel.run(seconds(40));
    expect(await stage.stores.ledger.openDemand(CLUSTER, world.clockMs)).toMatchObject([
      { id: 'scale-out/workers/refresh-1', podsLeft: 2 * 27 },
    ]);
    const reasons = stage.figures.flatMap(({ figures, of }) =>
      figures.Ignored === undefined ? [] : of['reason'],
    );
    expect(reasons.sort()).toEqual(['no address needed', 'not ours']);
  });
});

describe('a pipeline means a rollout', () => {
  const routes = [
    {
      when: { codepipeline: 'cart' },
      announce: {
        cluster: CLUSTER,
        workload: { kind: 'Deployment', namespace: 'default', name: 'cart' },
        replicas: { from: 0, to: 20 },
      },
    },
  ];

  test('its start, told twice and resumed, announces the workload once', async () => {
    const { world, stage } = staged({ seed: 77 }, { policy: { routes }, signals: { codePipeline: true } });
    const put = (state: string) =>
      world.bus.put('aws.codepipeline', 'CodePipeline Pipeline Execution State Change', {
        pipeline: 'cart',
        'execution-id': 'e-1',
        state,
      });
    for (const state of ['STARTED', 'STARTED', 'RESUMED', 'SUCCEEDED']) put(state);
    await world.kernel.run(seconds(30));
    expect(await stage.stores.ledger.openDemand(CLUSTER, world.clockMs)).toMatchObject([
      { id: 'codepipeline/0/e-1', podsLeft: 25 },
    ]);
  });

  test('its rule is off by default', async () => {
    const { world, stage } = staged({ seed: 77 }, { policy: { routes } });
    world.bus.put('aws.codepipeline', 'CodePipeline Pipeline Execution State Change', {
      pipeline: 'cart',
      'execution-id': 'e-1',
      state: 'STARTED',
    });
    await world.kernel.run(seconds(30));
    expect(await stage.stores.ledger.openDemand(CLUSTER, world.clockMs)).toEqual([]);
  });
});

describe('announcements', () => {
  const put = (world: ReturnType<typeof staged>['world'], startsAt: string, more: object = {}) =>
    world.bus.put('eks-ip-prewarmer', 'Deployment Announced', {
      cluster: CLUSTER,
      workload: { kind: 'Deployment', namespace: 'default', name: 'cart' },
      replicas: { from: 0, to: 20 },
      startsAt,
      ...more,
    });

  test('of pods that came longer ago than they wait for nodes: ignored, with the time', async () => {
    const { world, stage } = staged({ seed: 78 });
    put(world, new Date(world.clockMs - minutes(16)).toISOString());
    put(world, new Date(world.clockMs - minutes(14)).toISOString(), { announcementId: 'recent' });
    await world.kernel.run(seconds(30));
    expect(notesOf(stage, 'ignored').map(({ facts }) => facts['why'])).toEqual([
      'detail.startsAt: expected a rollout that ended at most 900 s ago, got "2025-12-31T23:44:00.000Z"',
    ]);
    const open = await stage.stores.ledger.openDemand(CLUSTER, world.clockMs);
    expect(open.map(({ id }) => id)).toEqual(['recent']);
  });

  test('with a label: nodes that have it are looked at, others are not', async () => {
    const { world, stage } = staged({ seed: 79 });
    world.addNodeGroup({ ...WORKERS, established: { nodes: 1, addresses: [9] } });
    world.addNodeGroup({ ...WORKERS, name: 'others', established: { nodes: 1, addresses: [9] } });
    put(world, new Date(world.clockMs).toISOString(), {
      nodeSelection: { labels: { 'eks.amazonaws.com/nodegroup': 'others' } },
    });
    await world.kernel.run(seconds(30));
    const others = world.nodes.filter(({ instance }) => instance.tags.get('eks:nodegroup-name') === 'others');
    const looked = rolloutsOf(stage).flatMap(({ steps }) => steps.map(({ nodeId }) => nodeId));
    expect([...new Set(looked)]).toEqual(others.map(({ instanceId }) => instanceId));
  });
});

describe('a warm pool', () => {
  test('events come when the instance has stopped: it is given its addresses while nothing races it', async () => {
    const { world, stage } = staged({ seed: 80, eventsLateByMs: minutes(6) });
    const group = world.addNodeGroup({ ...WORKERS, warmPool: { size: 1 } });
    await world.kernel.run(minutes(12));
    const [member] = group.members;
    expect(member?.state).toBe('Warmed:Stopped');
    const node = member?.node;
    if (node === undefined) throw new Error('it is there');
    expect(node.instance.state).toBe('stopped');
    expect(ours(node)).toHaveLength(2);
    expect(node.instance.enis.map((eni) => eni.attachment?.deleteOnTermination)).toEqual([true, true, true]);
    // Then it is wanted: it starts with what it has, and fails no pod.
    for (let pod = 0; pod < 27; pod++) world.createPod(`waiting-${pod}`);
    group.scaleTo(1);
    await world.kernel.run(minutes(25));
    expect(node.ready).toBe(true);
    expect(node.instance.enis.map((eni) => eni.secondaryIps.length)).toEqual(FULL);
    expect(failedRequests(world)).toBe(0);
    expect(stage.figures.filter(({ figures }) => figures.LateAttaches !== undefined)).toEqual([]);
    expect(changes(world)['CreateNetworkInterface']).toBe(2 + 2);
  });
});

describe('a lifecycle hook of the operator’s waits for us', () => {
  const hooked = (
    seed: number,
    policy: Readonly<Record<string, unknown>>,
    wrap: StageOptions['wrap'] = (ports) => ports,
  ) => {
    const { world, stage } = staged({ seed }, { policy, wrap });
    const lifecycleHook = { name: 'prewarm', defaultResult: 'ABANDON', heartbeatMs: minutes(30) } as const;
    const group = world.addNodeGroup({ ...WORKERS, lifecycleHook });
    for (let pod = 0; pod < 27; pod++) world.createPod(`waiting-${pod}`);
    return { world, stage, group };
  };
  const answered = (stage: Stage) => notesOf(stage, 'hook answered').map(({ facts }) => facts['nodeId']);

  test('it is answered once its node has its addresses, which go away with it', async () => {
    const { world, stage, group } = hooked(82, { launchHook: 'prewarm' });
    group.scaleTo(1);
    await world.kernel.run(seconds(60));
    const [node] = group.nodes;
    if (node === undefined) throw new Error('it is there');
    expect(group.members.map(({ state }) => state)).toEqual(['InService']);
    expect(answered(stage)).toEqual([node.instanceId]);
    expect(node.instance.enis.map((eni) => eni.secondaryIps.length)).toEqual(FULL);
  });

  test('EC2 allows us nothing: it is answered all the same', async () => {
    const { world, stage, group } = hooked(83, { launchHook: 'prewarm' });
    for (const action of ['Create*', 'Attach*', 'Assign*', 'Describe*'])
      world.account.addFault({
        kind: 'refuse',
        action,
        caller: 'prewarmer',
        code: 'UnauthorizedOperation',
        httpStatus: 403,
        fromMs: 0,
        toMs: minutes(60),
      });
    group.scaleTo(1);
    await world.kernel.run(minutes(2));
    expect(group.members.map(({ state }) => state)).toEqual(['InService']);
    expect(answered(stage)).toHaveLength(1);
  });

  test('the run itself fails: it is answered all the same', async () => {
    const wrap: StageOptions['wrap'] = (ports) => ({
      ...ports,
      clusters: {
        describe: async () => {
          throw new Error('nobody thought of this');
        },
      },
    });
    const { world, stage, group } = hooked(86, { launchHook: 'prewarm' }, wrap);
    group.scaleTo(1);
    await world.kernel.run(minutes(2));
    expect(group.members.map(({ state }) => state)).toEqual(['InService']);
    expect(answered(stage)).toHaveLength(1);
    expect(notesOf(stage, 'stays on the queue').length).toBeGreaterThan(0);
  });

  test.each([
    ['no hook is named', {}],
    ['another one is', { launchHook: 'somebody-elses' }],
  ])('%s: it is left alone', async (_, policy) => {
    const { world, stage, group } = hooked(84, policy);
    group.scaleTo(1);
    await world.kernel.run(minutes(5));
    expect(group.members.map(({ state }) => state)).toEqual(['Pending:Wait']);
    expect(answered(stage)).toEqual([]);
    expect(notesOf(stage, 'hook not answered')).toEqual([]);
  });

  test('the answer comes too late for anybody: that is said, and nothing fails', async () => {
    const { world, stage, group } = hooked(85, { launchHook: 'prewarm' });
    const token = 'somebody-answered-before';
    group.scaleTo(1);
    await world.kernel.run(seconds(60));
    const [node] = group.nodes;
    world.bus.put('aws.autoscaling', 'EC2 Instance-launch Lifecycle Action', {
      LifecycleActionToken: token,
      AutoScalingGroupName: node?.instance.tags.get('aws:autoscaling:groupName'),
      LifecycleHookName: 'prewarm',
      EC2InstanceId: node?.instanceId,
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
    });
    await world.kernel.run(minutes(2));
    expect(notesOf(stage, 'hook not answered').map(({ facts }) => facts['why'])).toEqual([
      expect.stringMatching(/^ValidationError: No active Lifecycle Action found/),
    ]);
    expect(notesOf(stage, 'stays on the queue')).toEqual([]);
  });
});

describe('poison', () => {
  test('a message that cannot be worked on is tried five times; then it waits for a person, and the journal says why', async () => {
    const { world, stage } = staged({ seed: 81 });
    world.account.addFault({
      kind: 'refuse',
      action: 'Describe*',
      caller: 'prewarmer',
      code: 'UnauthorizedOperation',
      httpStatus: 403,
      fromMs: 0,
      toMs: minutes(60),
    });
    world.bus.put('aws.ec2', 'EC2 Spot Instance Interruption Warning', {
      'instance-id': 'i-0abcd111122223333',
      'instance-action': 'terminate',
    });
    await world.kernel.run(minutes(30));
    expect(stage.queues.signals.depth).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
    expect(stage.deadLetters.signals.depth.visible).toBe(1);
    expect(notesOf(stage, 'stays on the queue')).toHaveLength(5);
    expect(notesOf(stage, 'goes to the dead letters').map(({ facts }) => facts)).toEqual([
      {
        error: expect.stringMatching(/^spot interruption of i-0abcd111122223333 cannot be worked on: Unauth/),
        messageId: expect.any(String),
      },
    ]);
    // Whoever looks at the dead letter finds the reason on it.
    const [letter] = stage.deadLetters.signals.receive(1);
    expect(letter?.messageAttributes).toMatchObject({
      ERROR_CODE: { stringValue: 'FUNCTION_FAILED' },
      ERROR_MESSAGE: { stringValue: expect.stringMatching(/cannot be worked on: UnauthorizedOperation/) },
    });
  });
});
