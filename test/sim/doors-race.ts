import {
  AssignPrivateIpAddressesCommand,
  CreateNetworkInterfaceCommand,
  DescribeInstancesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { DescribeClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { inProcessDoor, virtualClient } from '../../sim/wire/door.ts';
import { REGION, SUBNET, smallWorld } from './doors-world.ts';

const FOREVER = { fromMs: 0, toMs: 1e12 };

/** Twelve workers, each with clients of its own, race for the account; what each met, in the order it happened. */
export async function race(seed: number): Promise<string[]> {
  const world = smallWorld({
    seed,
    latencies: {
      default: [
        [0, 40],
        [0.5, 150],
        [1, 2_000],
      ],
    },
    throttling: { CreateNetworkInterface: { size: 5, perSecond: 2 } },
    faults: [{ kind: 'lostReply', action: 'Assign*', share: 0.1, ...FOREVER }],
  });
  const queue = world.queues.create({ name: 'q', visibilityTimeoutMs: 30_000 });
  world.bus.addRule({ matches: () => true, queueUrl: queue.url });
  const { arn: stateMachineArn } = world.stepFunctions.addMachine({
    name: 'rollout',
    definition: {
      QueryLanguage: 'JSONata',
      StartAt: 'Pause',
      States: { Pause: { Type: 'Wait', Seconds: 5, End: true } },
    },
    tasks: {},
  });
  const story: string[] = [];
  const tell = (text: string) => story.push(`${world.kernel.nowMs} ${text}`);
  for (let worker = 0; worker < 12; worker++) {
    const door = inProcessDoor(world);
    const settings = (service: 'ec2' | 'eks' | 'sqs' | 'states' | 'events') =>
      virtualClient({ door, service, region: REGION, callerName: `worker-${worker}` });
    const work = async (): Promise<void> => {
      const ec2 = new EC2Client(settings('ec2'));
      await new EKSClient(settings('eks')).send(new DescribeClusterCommand({ name: 'shop' }));
      for (let round = 0; round < 4; round++) {
        try {
          const created = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: SUBNET }));
          const id = created.NetworkInterface?.NetworkInterfaceId;
          tell(`${worker} created ${id} (${created.$metadata.requestId})`);
          const given = await ec2.send(
            new AssignPrivateIpAddressesCommand({
              NetworkInterfaceId: id,
              SecondaryPrivateIpAddressCount: 3,
            }),
          );
          tell(`${worker} got ${given.AssignedPrivateIpAddresses?.map((ip) => ip.PrivateIpAddress)}`);
        } catch (error) {
          tell(`${worker} failed: ${(error as Error).name}`);
        }
        await Promise.all([
          ec2.send(new DescribeInstancesCommand({})),
          new SQSClient(settings('sqs')).send(
            new SendMessageCommand({ QueueUrl: queue.url, MessageBody: `${worker}` }),
          ),
          new SFNClient(settings('states')).send(new StartExecutionCommand({ stateMachineArn })),
          new EventBridgeClient(settings('events')).send(
            new PutEventsCommand({
              Entries: [{ Source: 'eks-ip-prewarmer', DetailType: 'Wave Ready', Detail: `{"of":${worker}}` }],
            }),
          ),
        ]);
      }
    };
    world.kernel.after(worker * 10, () =>
      world.kernel.activity(work, (result) => expect(result.status).toBe('fulfilled')),
    );
  }
  await world.kernel.run(600_000);
  return [...story, ...queue.bodies];
}
