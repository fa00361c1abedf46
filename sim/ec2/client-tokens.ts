/** A client token makes a create happen once: the same question gets the first answer, another one is refused.
 *  Source: EC2 Developer Guide, ensuring idempotency. */
import type { Ec2Actions } from './api.ts';
import { copyEni } from './copies.ts';
import { refused } from './errors.ts';

type Input = Ec2Actions['CreateNetworkInterface']['input'];
type Output = Ec2Actions['CreateNetworkInterface']['output'];

export class ClientTokens {
  readonly #known = new Map<string, { asked: string; answer: Output }>();

  /** A refused create does not use up its token. */
  once(input: Input, create: () => Output): Output {
    const { clientToken = '', ...rest } = input;
    const asked = JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)));
    const known = this.#known.get(clientToken);
    if (known !== undefined && known.asked !== asked) throw refused.tokenReused();
    const answer = known?.answer ?? create();
    this.#known.set(clientToken, { asked, answer });
    return { ...answer, networkInterface: copyEni(answer.networkInterface) };
  }
}
