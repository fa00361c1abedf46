/** One small account, and a hand to call it with: what the tests of the embedded EC2 stand on. */
import { Chance } from '../../sim/chance.ts';
import { Account } from '../../sim/ec2/account.ts';
import type { AccountOptions } from '../../sim/ec2/account-options.ts';
import { ApiError, type Caller, type Ec2Action, type Ec2Actions, ReplyLost } from '../../sim/ec2/api.ts';
import { Kernel } from '../../sim/kernel.ts';

export const caller: Caller = { name: 'tester' };

export function ec2World(options: Partial<AccountOptions> = {}) {
  const kernel = new Kernel();
  const account = new Account({
    kernel,
    chance: new Chance(7),
    region: 'eu-central-1',
    accountId: '111122223333',
    subnets: [{ id: 'subnet-a', vpcId: 'vpc-1', zone: 'eu-central-1a', cidr: '10.0.0.0/22' }],
    latencies: { default: 100 },
    metadataLags: { eniToImds: 4_000, ipToImds: 2_000 },
    throttling: false,
    keepsLog: true,
    ...options,
  });
  /** Calls EC2 and returns the answer, or the code it refused with. */
  const ask = async <A extends Ec2Action>(
    action: A,
    input: Ec2Actions[A]['input'],
    by = caller,
  ): Promise<Ec2Actions[A]['output'] | string> => {
    let answer: Ec2Actions[A]['output'] | string = 'no answer';
    kernel.spawn(
      (function* () {
        try {
          answer = yield* account.call(by, action, input);
        } catch (error) {
          if (!(error instanceof ApiError || error instanceof ReplyLost)) throw error;
          answer = error.name;
        }
      })(),
    );
    await kernel.run(kernel.nowMs + (by.timeoutMs ?? 10_000));
    return answer;
  };
  const node = (type = 'm5.large') => {
    const instance = account.launch({ type, subnetId: 'subnet-a', tags: { Name: 'node' } });
    account.setState(instance.id, 'running');
    return account.instance(instance.id);
  };
  const create = (ips = 0) =>
    account.perform('CreateNetworkInterface', { subnetId: 'subnet-a', secondaryPrivateIpAddressCount: ips })
      .networkInterface;
  return { kernel, account, ask, node, create };
}
